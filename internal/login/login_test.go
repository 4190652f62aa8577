package login

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"stile/internal/config"
	"stile/internal/console"
	"stile/internal/identity"
	"stile/internal/identity/idptest"
	"stile/internal/identity/session"
	"stile/internal/sigv4"
)

// pages writes as the console does.
type pages struct{}

func (pages) Login(w http.ResponseWriter, status int, p Page) error {
	v := console.LoginView{Info: console.Info{Project: "p"}, Title: p.Title, Problem: p.Problem, Who: p.Who, Principal: p.Principal, CSRF: p.CSRF, Open: p.Open}
	for _, c := range p.Providers {
		v.Providers = append(v.Providers, console.LoginChoice(c))
	}
	return console.WriteLogin(w, status, v)
}

func (pages) Refuse(w http.ResponseWriter, status int, code, message string) {
	console.Refuse(w, status, code, message)
}

func (pages) Answer(w http.ResponseWriter, v any) { console.Answer(w, v) }

// newLogin is a Login of a project with one provider; change completes its parts.
func newLogin(t *testing.T, change func(*Config)) *Login {
	t.Helper()
	idp := idptest.New(t, idptest.Generic)
	project := &config.Config{Identity: config.Identity{Providers: []config.Provider{
		{Name: "generic", Kind: idp.Kind.Config(), Issuer: idp.Issuer, ClientID: idp.ClientID}}}}
	c := Config{
		Project:  func() (*config.Config, string) { return project, "" },
		Sessions: mapStore{}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Pages:    pages{},
		Signed:   func(*http.Request) (identity.Caller, error) { return identity.Caller{}, errors.New("not signed") },
		Refused:  func(context.Context, string, string) {},
		LoggedIn: func(context.Context, identity.Caller) error { return nil },
	}
	if change != nil {
		change(&c)
	}
	return New(c)
}

func TestLocal(t *testing.T) {
	for next, want := range map[string]string{"/": "/", "/executions/a%2Fb?x=1": "/executions/a%2Fb?x=1", "": "/", "//evil": "/", "/\\evil": "/", "https://evil/": "/",
		"javascript:alert(1)": "/", "/\t/evil": "/", "/login?next=/": "/", "/-/v1/executions": "/", "evil": "/", "/%0a": "/%0a"} {
		if got := local(next); got != want {
			t.Errorf("local(%q) = %q, want %q", next, got, want)
		}
	}
}

// TestGuardPutsTheCallerIntoTheContext, and the session's token beside it.
func TestGuardPutsTheCallerIntoTheContext(t *testing.T) {
	var got identity.Caller
	var csrf string
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, csrf = identity.CallerFrom(r.Context()), session.CSRF(r.Context())
	})
	l := newLogin(t, nil)
	ada := identity.Caller{Kind: "user", ID: "ada", Provider: "generic", Name: "Ada"}
	id, err := l.sessions.Start(ada)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
	r.AddCookie(&http.Cookie{Name: "stile", Value: id})
	l.guard(next).ServeHTTP(httptest.NewRecorder(), r)
	if got.String() != "user:ada" || got.Via != "page" || len(csrf) != 43 {
		t.Errorf("%+v, token %q", got, csrf)
	}
	// A form carries the token in a field, and the handler reads the form after it.
	form := url.Values{"csrf": {csrf}, "choice": {"yes"}}.Encode()
	for token, want := range map[string]int{form: 200, "choice=yes": 403} {
		var choice string
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { choice = r.FormValue("choice") })
		r := httptest.NewRequest("POST", "http://127.0.0.1/approvals/x", strings.NewReader(token))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: "stile", Value: id})
		w := httptest.NewRecorder()
		l.guard(next).ServeHTTP(w, r)
		if w.Code != want || (choice == "yes") != (want == 200) {
			t.Errorf("%s: %d, choice %q", token, w.Code, choice)
		}
	}
	// A provider that the project does not name any more vouches for nobody.
	other, err := l.sessions.Start(identity.Caller{Kind: "user", ID: "ada", Provider: "gone"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.bySession(other); err == nil {
		t.Error("a session of a provider that is gone was taken")
	}
}

type mapStore map[string][]byte

func (m mapStore) Get(name string) ([]byte, error)     { return m[name], nil }
func (m mapStore) Put(name string, value []byte) error { m[name] = value; return nil }
func (m mapStore) Delete(name string) error            { delete(m, name); return nil }
func (m mapStore) Each(string, func(string, []byte) bool) error {
	return nil
}

// TestRefusalsAreTold with a reason that quotes nothing of what was sent, and who
// brings nothing is no refusal.
func TestRefusalsAreTold(t *testing.T) {
	const sent = "sent-and-not-good"
	for _, tt := range []struct{ path, header, via, reason string }{
		{"/-/v1/whoami", "Bearer " + sent, "api", "the token is of no provider that stile.yaml names"},
		{"/", "Basic " + sent, "page", "the Authorization header is neither a bearer token nor a signature of version 4"},
		{"/metrics", "AWS4-HMAC-SHA256 Credential=" + sent, "api", "IncompleteSignatureException"},
		{"/", "", "", ""},
		{"/-/v1/whoami", "", "", ""},
	} {
		var via, reason string
		l := newLogin(t, func(c *Config) {
			c.Refused = func(_ context.Context, v, r string) { via, reason = v, r }
			c.Signed = func(r *http.Request) (identity.Caller, error) {
				return identity.Caller{}, &sigv4.Error{Code: "IncompleteSignatureException", Message: r.Header.Get("Authorization")}
			}
		})
		passed := false
		r, w := httptest.NewRequest("GET", tt.path, nil), httptest.NewRecorder()
		if tt.header != "" {
			r.Header.Set("Authorization", tt.header)
		}
		l.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = true })).ServeHTTP(w, r)
		if via != tt.via || reason != tt.reason || passed || w.Code < 300 {
			t.Errorf("%s %q: %d, told %q %q, passed %v", tt.path, tt.header, w.Code, via, reason, passed)
		}
	}
}

func TestKnownError(t *testing.T) {
	for code, want := range map[string]string{"access_denied": "access_denied", "": "other", "access_denied\nlevel=ERROR": "other", "eyJhbGciOi": "other"} {
		if got := knownError(code); got != want {
			t.Errorf("%q: %q", code, got)
		}
	}
}
