package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"stile/internal/config"
	"stile/internal/console"
	"stile/internal/identity"
	"stile/internal/identity/oidc"
	"stile/internal/identity/session"
	"stile/internal/sfn"
	"stile/internal/sigv4"
)

// login stands before the pages and the control API and decides who calls: by a
// bearer token, by a signature with an access key, or by the cookie of a session.
// Who brings a credential that is not good is refused, in `dev` too; who brings
// none passes in `dev` on loopback alone.
type login struct {
	providers *providers
	sessions  *session.Sessions
	flows     *oidc.Flows
	// signed verifies signatures as the Step Functions API does.
	signed *signatures
	info   func() console.Info
	// lax lets everybody pass who brings no credential.
	lax bool
	now func() time.Time
	log *slog.Logger
	// audit records logins, failed ones too.
	audit *auditor
}

// Failures of who.
var (
	errNobody  = errors.New("log in first")
	errSeveral = errors.New("the request carries more than one Authorization header or session")
)

// newLogin joins the parts.
func (s *server) newLogin() *login {
	signed := s.newSignatures(nil)
	return &login{providers: s.identities, sessions: session.New(keyStore{s.data.config}, time.Now), flows: oidc.NewFlows(time.Now),
		signed: signed, info: s.info, lax: signed.lax, now: time.Now, log: s.log, audit: s.audit}
}

// handler puts the login before the pages and the control API, and adds its own.
func (l *login) handler(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", l.page)
	mux.HandleFunc("GET "+startPath, l.start)
	mux.HandleFunc("GET "+callbackPath, l.callback)
	mux.HandleFunc("POST /logout", l.logout)
	mux.HandleFunc("GET /-/v1/login", l.tell)
	mux.Handle("GET /assets/", next)
	mux.Handle("GET /-/v1/whoami", l.guard(http.HandlerFunc(l.whoami)))
	mux.Handle("/", l.guard(next))
	return mux
}

// guard lets a request through with its Caller in the context.
func (l *login) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, open, err := l.who(r)
		if err != nil {
			l.refuse(w, r, err)
			return
		}
		if open != nil && !l.carriesCSRF(w, r, *open) {
			console.Refuse(w, http.StatusForbidden, "Forbidden", "the request does not carry this session's token: load the page again")
			return
		}
		ctx, end := l.until(r, open)
		defer end()
		next.ServeHTTP(w, r.WithContext(identity.WithCaller(ctx, c)))
	})
}

// who decides who calls. A header wins over a cookie: no other site can send it.
func (l *login) who(r *http.Request) (identity.Caller, *session.Session, error) {
	headers, cookies := r.Header.Values("Authorization"), r.CookiesNamed(l.cookieName(r, sessionCookie))
	switch {
	case len(headers) > 1, len(headers) == 0 && len(cookies) > 1:
		return identity.Caller{}, nil, errSeveral
	case len(headers) == 1:
		c, err := l.byHeader(r, headers[0])
		return c, nil, err
	case len(cookies) == 1:
		s, err := l.bySession(cookies[0].Value)
		if err != nil {
			return identity.Caller{}, nil, err
		}
		return s.Caller, &s, nil
	case l.lax:
		return identity.Caller{Lax: true, Via: viaOf(r)}, nil, nil
	}
	return identity.Caller{}, nil, errNobody
}

func (l *login) byHeader(r *http.Request, header string) (identity.Caller, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		c, err := l.bearer(r.Context(), strings.TrimSpace(rest))
		c.Via = "api"
		return c, err
	case scheme == "AWS4-HMAC-SHA256":
		signer, err := l.signed.verify(r)
		if err != nil {
			return identity.Caller{}, err
		}
		return callerOfKey(signer, "api"), nil
	}
	return identity.Caller{}, errors.New("the Authorization header is neither a bearer token nor a signature of version 4")
}

// callerOfKey is whom a signature with an access key speaks for.
func callerOfKey(signer sigv4.Caller, via string) identity.Caller {
	kind, id, _ := strings.Cut(signer.Principal, ":")
	return identity.Caller{Kind: kind, ID: id, Name: signer.KeyID, Via: via}
}

// bearer asks the providers whose issuer the token names.
func (l *login) bearer(ctx context.Context, token string) (identity.Caller, error) {
	issuer := oidc.IssuerOf(token)
	err := errors.New("the token is of no provider that " + config.FileName + " names")
	for _, p := range l.providers.all() {
		if !p.Accepts(issuer) {
			continue
		}
		var c identity.Caller
		if c, err = p.Bearer(ctx, token); err == nil {
			return c, nil
		}
	}
	return identity.Caller{}, err
}

// bySession finds a session whose provider is still one of the project's.
func (l *login) bySession(id string) (session.Session, error) {
	s, err := l.sessions.Find(id)
	switch {
	case errors.Is(err, session.ErrNone), err == nil && l.providers.named(s.Caller.Provider) == nil:
		return s, errors.New("the session has ended: log in again")
	case err != nil:
		l.log.Error("sessions cannot be read", "error", err)
		return s, errors.New("the session could not be read")
	}
	s.Caller.Via = "page"
	return s, nil
}

// maxForm bounds a form of the page: an approval's output among it.
const maxForm = 1 << 20

// carriesCSRF holds what changes something to the session's token, in a header or
// in a form's field.
func (l *login) carriesCSRF(w http.ResponseWriter, r *http.Request, s session.Session) bool {
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
func (l *login) refuse(w http.ResponseWriter, r *http.Request, err error) {
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	nobody := errors.Is(err, errNobody)
	if nobody && reading && !isAPI(r) {
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	l.challenge(w, nobody)
	text := reasonOf(err)
	if !nobody {
		l.audit.loginRefused(r.Context(), viaOf(r), recordedOf(err))
	}
	if nobody {
		text = l.advice()
	}
	if isAPI(r) || !reading {
		console.Refuse(w, http.StatusUnauthorized, "Unauthorized", text)
		return
	}
	l.forget(w, r, sessionCookie)
	l.write(w, http.StatusUnauthorized, console.LoginView{Title: "Log in", Problem: text, Providers: l.choices(r.URL.RequestURI())})
}

// challenge names the credentials that are taken.
func (l *login) challenge(w http.ResponseWriter, nobody bool) {
	bearer := `Bearer realm="stile"`
	if !nobody {
		bearer += `, error="invalid_token"`
	}
	w.Header().Add("WWW-Authenticate", bearer)
	if l.providers.keys() {
		w.Header().Add("WWW-Authenticate", `AWS4-HMAC-SHA256 service="`+l.signed.options.Service+`", region="`+l.signed.options.Region+`"`)
	}
}

// advice says how to become somebody here.
func (l *login) advice() string {
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

// scrape guards the metrics: without providers `serve` shows them to this machine,
// with providers to whoever is proven.
func (l *login) scrape(next http.Handler) http.Handler {
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

// names are the host names of the control listener besides loopback ones: none where
// everybody may do all, or a proxy would bring everybody.
func (l *login) names() []string {
	if u := l.providers.url(); u != nil && !l.lax {
		return []string{strings.ToLower(u.Hostname())}
	}
	return nil
}

// whoami tells a caller who they are.
func (l *login) whoami(w http.ResponseWriter, r *http.Request) {
	c := identity.CallerFrom(r.Context())
	console.Answer(w, struct {
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
func (l *login) tell(w http.ResponseWriter, _ *http.Request) {
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
	console.Answer(w, struct {
		Providers  []provider `json:"providers"`
		AccessKeys bool       `json:"accessKeys"`
		Open       bool       `json:"open"`
	}{list, l.providers.keys(), l.lax})
}
