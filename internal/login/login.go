package login

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"stile/internal/config"
	"stile/internal/identity"
	"stile/internal/identity/session"
	"stile/internal/sfn"
	"stile/internal/sigv4"
)

// Failures of who.
var (
	errNobody  = errors.New("log in first")
	errSeveral = errors.New("the request carries more than one Authorization header or session")
)

// Handler puts the login before the pages and the control API, and adds its own.
func (l *Login) Handler(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", l.page)
	mux.HandleFunc("GET "+StartPath, l.start)
	mux.HandleFunc("GET "+CallbackPath, l.callback)
	mux.HandleFunc("POST /logout", l.logout)
	mux.HandleFunc("GET /-/v1/login", l.tell)
	mux.Handle("GET /assets/", next)
	mux.Handle("GET /-/v1/whoami", l.guard(http.HandlerFunc(l.whoami)))
	mux.Handle("/", l.guard(next))
	return mux
}

// guard lets a request through with its Caller in the context.
func (l *Login) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, open, err := l.who(r)
		if err != nil {
			l.refuse(w, r, err)
			return
		}
		if open != nil && !l.carriesCSRF(w, r, *open) {
			l.config.Pages.Refuse(w, http.StatusForbidden, "Forbidden", "the request does not carry this session's token: load the page again")
			return
		}
		ctx, end := l.until(r, open)
		defer end()
		next.ServeHTTP(w, r.WithContext(identity.WithCaller(ctx, c)))
	})
}

// maxForm bounds a form of the page: an approval's output among it.
const maxForm = 1 << 20

// carriesCSRF holds what changes something to the session's token, in a header or
// in a form's field.
func (l *Login) carriesCSRF(w http.ResponseWriter, r *http.Request, s session.Session) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	if token := r.Header.Get("X-Stile-CSRF"); token != "" {
		return s.Carries(token)
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(strings.ToLower(kind)) != "application/x-www-form-urlencoded" {
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	return r.ParseForm() == nil && s.Carries(r.PostForm.Get("csrf"))
}

func viaOf(r *http.Request) string {
	if isAPI(r) {
		return "api"
	}
	return "page"
}

func isAPI(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/-/") || r.URL.Path == "/metrics"
}

// refuse answers who is not let through: a page leads to the login, everything
// else gets 401.
func (l *Login) refuse(w http.ResponseWriter, r *http.Request, err error) {
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	nobody := errors.Is(err, errNobody)
	if nobody && reading && !isAPI(r) {
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	l.challenge(w, nobody)
	text := reasonOf(err)
	if !nobody {
		l.config.Refused(r.Context(), viaOf(r), recordedOf(err))
	}
	if nobody {
		text = l.advice()
	}
	if isAPI(r) || !reading {
		l.config.Pages.Refuse(w, http.StatusUnauthorized, "Unauthorized", text)
		return
	}
	l.forget(w, r, sessionCookie)
	l.write(w, http.StatusUnauthorized, Page{Title: "Log in", Problem: text, Providers: l.choices(r.URL.RequestURI())})
}

// challenge names the credentials that are taken.
func (l *Login) challenge(w http.ResponseWriter, nobody bool) {
	bearer := `Bearer realm="stile"`
	if !nobody {
		bearer += `, error="invalid_token"`
	}
	w.Header().Add("WWW-Authenticate", bearer)
	if l.providers.keys() {
		w.Header().Add("WWW-Authenticate", `AWS4-HMAC-SHA256 service="`+l.config.Scope.Service+`", region="`+l.config.Scope.Region+`"`)
	}
}

// advice says how to become somebody here.
func (l *Login) advice() string {
	keys, people := l.providers.keys(), len(l.providers.all()) > 0
	switch {
	case people && keys:
		return "log in with `stile login`, or sign with an access key: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	case people:
		return "log in with `stile login`"
	case keys:
		return "sign with an access key of " + config.FileName + ": AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	}
	return "nobody can log in here: " + config.FileName + " names neither identity providers nor access-keys"
}

// reasonOf is an error's text for who asked; what is not about the credential
// stays in the log.
func reasonOf(err error) string {
	var unsigned *sigv4.Error
	var refused *sfn.Error
	switch {
	case errors.As(err, &unsigned):
		return unsigned.Message
	case errors.As(err, &refused):
		return refused.Message
	}
	return err.Error()
}

// recordedOf is an error's text for the audit: of a signature that is not good its
// code, since AWS's texts quote what was sent.
func recordedOf(err error) string {
	var unsigned *sigv4.Error
	if errors.As(err, &unsigned) {
		return unsigned.Code
	}
	return reasonOf(err)
}

// Metrics guards the metrics, nil where there are none: without providers `serve` shows them to this machine,
// with providers to whoever is proven.
func (l *Login) Metrics(next http.Handler) http.Handler {
	if next == nil {
		return nil
	}
	guarded := l.guard(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		here := err == nil && from.Addr().Unmap().IsLoopback()
		if here && len(l.providers.all()) == 0 && l.providers.url() == nil && r.Header.Get("Authorization") == "" {
			next.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// Names are the host names of the control listener besides loopback ones: none where
// everybody may do all, or a proxy would bring everybody.
func (l *Login) Names() []string {
	if u := l.providers.url(); u != nil && !l.config.Lax {
		return []string{strings.ToLower(u.Hostname())}
	}
	return nil
}

// whoami tells a caller who they are.
func (l *Login) whoami(w http.ResponseWriter, r *http.Request) {
	c := identity.CallerFrom(r.Context())
	l.config.Pages.Answer(w, struct {
		Principal string   `json:"principal"`
		Provider  string   `json:"provider,omitempty"`
		Name      string   `json:"name,omitempty"`
		Groups    []string `json:"groups"`
		Roles     []string `json:"roles"`
		Via       string   `json:"via"`
		Open      bool     `json:"open"`
	}{c.String(), c.Provider, c.Name, slices.Concat([]string{}, c.Groups), slices.Concat([]string{}, c.Roles), c.Via, c.Lax})
}

// tell says how to log in: what is public of the providers.
func (l *Login) tell(w http.ResponseWriter, _ *http.Request) {
	type provider struct {
		Name      string   `json:"name"`
		Kind      string   `json:"kind"`
		Issuer    string   `json:"issuer"`
		ClientID  string   `json:"clientId"`
		Scopes    []string `json:"scopes"`
		Audiences []string `json:"audiences"`
	}
	list := []provider{}
	for _, p := range l.providers.configured() {
		list = append(list, provider{p.Name, p.Kind, p.Issuer, p.ClientID, slices.Concat([]string{}, p.Scopes), slices.Concat([]string{}, p.Audiences)})
	}
	l.config.Pages.Answer(w, struct {
		Providers  []provider `json:"providers"`
		AccessKeys bool       `json:"accessKeys"`
		Open       bool       `json:"open"`
	}{list, l.providers.keys(), l.config.Lax})
}
