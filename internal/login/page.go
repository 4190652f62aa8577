package login

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"stile/internal/identity/oidc"
	"stile/internal/identity/session"
)

// Paths of a login in the browser: where it begins, with the query provider (and
// next), and where the provider sends the browser back to.
const (
	StartPath    = "/login/start"
	CallbackPath = "/login/callback"
)

// Cookies: the session, and the login that this browser has begun.
const (
	sessionCookie = "stile"
	flowCookie    = "stile-login"
)

// base is the control listener as the browser sees it.
func (l *Login) base(r *http.Request) string {
	if u := l.providers.url(); u != nil && strings.EqualFold(u.Host, r.Host) {
		return u.Scheme + "://" + u.Host
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (l *Login) isSecure(r *http.Request) bool { return strings.HasPrefix(l.base(r), "https:") }

// cookieName binds a cookie to its host where the browser can: over TLS. Else the
// port is part of the name, since cookies of one host know no ports and several
// servers may run on a machine.
func (l *Login) cookieName(r *http.Request, name string) string {
	if l.isSecure(r) {
		return "__Host-" + name
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		return name + "-" + port
	}
	return name
}

// keep sets a cookie; a maxAge below zero takes it away.
func (l *Login) keep(w http.ResponseWriter, r *http.Request, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: l.cookieName(r, name), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: l.isSecure(r), SameSite: http.SameSiteLaxMode})
}

func (l *Login) forget(w http.ResponseWriter, r *http.Request, name string) {
	if len(r.CookiesNamed(l.cookieName(r, name))) > 0 {
		l.keep(w, r, name, "", -1)
	}
}

// local holds where to go after a login to this server's own pages.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(u.Path, "/login") || strings.HasPrefix(u.Path, "/-/") {
		return "/"
	}
	return next
}

func (l *Login) write(w http.ResponseWriter, status int, v Page) {
	v.Known = l.config.Lax || v.Principal != ""
	if err := l.config.Pages.Login(w, status, v); err != nil {
		l.config.Log.Error("page failed", "page", "login", "error", err)
		http.Error(w, "the page could not be made; the log has the cause", http.StatusInternalServerError)
	}
}

// choices are the links that begin a login.
func (l *Login) choices(next string) (out []Choice) {
	for _, p := range l.providers.configured() {
		q := url.Values{"provider": {p.Name}, "next": {local(next)}}
		out = append(out, Choice{Name: p.Name, Kind: p.Kind, Href: StartPath + "?" + q.Encode()})
	}
	return out
}

// page lists the providers, and says who is logged in.
func (l *Login) page(w http.ResponseWriter, r *http.Request) {
	v := Page{Title: "Log in", Open: l.config.Lax, Providers: l.choices(r.URL.Query().Get("next"))}
	if cookies := r.CookiesNamed(l.cookieName(r, sessionCookie)); len(cookies) == 1 {
		if s, err := l.bySession(cookies[0].Value); err == nil {
			v.Title, v.Who, v.Principal, v.CSRF = "Account", s.Caller.Name, s.Caller.String(), s.CSRF
		} else {
			l.forget(w, r, sessionCookie)
		}
	}
	l.write(w, http.StatusOK, v)
}

// start sends the browser to a provider.
func (l *Login) start(w http.ResponseWriter, r *http.Request) {
	p := l.providers.named(r.URL.Query().Get("provider"))
	if p == nil {
		l.write(w, http.StatusNotFound, Page{Title: "Log in", Problem: "There is no such provider.", Providers: l.choices("/")})
		return
	}
	target, flow, err := p.Begin(r.Context(), l.base(r)+CallbackPath, local(r.URL.Query().Get("next")))
	if err != nil {
		l.config.Log.Error("a login could not begin", "provider", p.Name(), "error", err)
		l.write(w, http.StatusBadGateway, Page{Title: "Log in", Problem: "The provider " + p.Name() + " does not answer as it should; the log has the cause.",
			Providers: l.choices("/")})
		return
	}
	sealed, err := l.flows.Seal(flow)
	if err != nil {
		l.config.Log.Error("a login could not begin", "provider", p.Name(), "error", err)
		l.write(w, http.StatusInternalServerError, Page{Title: "Log in", Problem: "The login could not begin; the log has the cause.", Providers: l.choices("/")})
		return
	}
	l.keep(w, r, flowCookie, sealed, int(oidc.FlowLife.Seconds()))
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// begun opens the login that this browser's cookie holds, where it is the one that
// comes back.
func (l *Login) begun(r *http.Request) (oidc.Flow, bool) {
	state, cookies := r.URL.Query().Get("state"), r.CookiesNamed(l.cookieName(r, flowCookie))
	if len(cookies) != 1 || state == "" {
		return oidc.Flow{}, false
	}
	return l.flows.Open(cookies[0].Value, state)
}

// callback ends a login that this browser has begun.
func (l *Login) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	fail := func(status int, problem string) {
		l.config.Refused(r.Context(), "page", problem)
		l.write(w, status, Page{Title: "Log in", Problem: problem, Providers: l.choices("/")})
	}
	flow, ok := l.begun(r)
	l.forget(w, r, flowCookie)
	if !ok {
		fail(http.StatusUnauthorized, "This browser has not begun this login, or has begun another one since. Begin again.")
		return
	}
	p := l.providers.named(flow.Provider)
	if !l.flows.Use(flow) || p == nil {
		fail(http.StatusUnauthorized, "The login is over: it took longer than ten minutes, or was used before. Begin again.")
		return
	}
	if q.Get("error") != "" || q.Has("iss") && !p.Accepts(q.Get("iss")) { // RFC 9207
		l.config.Log.Warn("a login was refused by its provider", "provider", p.Name(), "error", knownError(q.Get("error")))
		fail(http.StatusUnauthorized, "The provider "+p.Name()+" did not log you in.")
		return
	}
	c, err := p.Redeem(r.Context(), flow, q.Get("code"))
	if err != nil {
		l.config.Log.Warn("a login was refused", "provider", p.Name(), "error", err)
		var refused *oidc.Error
		var grant *oidc.GrantError
		switch {
		case errors.As(err, &grant):
			fail(http.StatusUnauthorized, "The provider "+p.Name()+" did not log you in.")
			return
		case errors.As(err, &refused):
			fail(http.StatusUnauthorized, "You were not logged in: "+refused.Message+".")
			return
		}
		fail(http.StatusBadGateway, "The provider "+p.Name()+" does not answer as it should; the log has the cause.")
		return
	}
	for _, old := range r.CookiesNamed(l.cookieName(r, sessionCookie)) {
		if err := l.sessions.End(old.Value); err != nil {
			l.config.Log.Error("a session could not be ended", "error", err)
		}
	}
	id, err := l.sessions.Start(c)
	if err == nil {
		err = l.config.LoggedIn(r.Context(), c)
	}
	if err != nil {
		l.config.Log.Error("a session could not be kept", "error", err)
		fail(http.StatusServiceUnavailable, "The session could not be kept; the log has the cause.")
		return
	}
	l.keep(w, r, sessionCookie, id, int(session.MaxLife.Seconds()))
	l.config.Log.Info("logged in", "principal", c.String(), "provider", p.Name())
	http.Redirect(w, r, flow.Next, http.StatusSeeOther)
}

// logout ends the session of the cookie, where the form carries its token.
func (l *Login) logout(w http.ResponseWriter, r *http.Request) {
	cookies := r.CookiesNamed(l.cookieName(r, sessionCookie))
	for _, c := range cookies {
		s, err := l.bySession(c.Value)
		if err != nil {
			continue // it has ended
		}
		if !l.carriesCSRF(w, r, s) {
			l.config.Pages.Refuse(w, http.StatusForbidden, "Forbidden", "the request does not carry this session's token: load the page again")
			return
		}
		if err := l.sessions.End(c.Value); err != nil {
			l.config.Log.Error("a session could not be ended", "error", err)
			l.config.Pages.Refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable", "the session could not be ended; the log has the cause")
			return
		}
	}
	l.forget(w, r, sessionCookie)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// knownError is an error code of RFC 6749 and OpenID Connect, or "other": whoever has
// the address may write what they like there.
func knownError(code string) string {
	switch code {
	case "access_denied", "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error",
		"temporarily_unavailable", "interaction_required", "login_required", "account_selection_required", "consent_required":
		return code
	}
	return "other"
}
