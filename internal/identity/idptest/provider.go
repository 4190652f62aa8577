// Package idptest plays an OpenID provider on loopback, for tests of several
// packages: Entra ID with tokens of version 1 and 2, Okta's org and custom
// authorization servers, and a plain one.
//
// It answers discovery, keys, authorization code with PKCE, client credentials and
// device codes as the vendors document, and it checks what they check: redirect
// URIs, client secrets, code verifiers. On demand it hands out bad tokens (Fault),
// changes its keys (Rollover), or is not there (Down). It verifies nothing for
// anybody and is in no binary.
//
// Invariants: a good token is good in every respect, and a bad one differs from it
// in what its Fault says and nothing else.
package idptest

import (
	"context"
	"crypto"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Kind is whom the provider plays.
type Kind int

// The kinds.
const (
	EntraV1    Kind = iota // Entra ID whose API asks for access tokens of version 1
	EntraV2                // Entra ID with access tokens of version 2
	OktaOrg                // Okta's org server: its access tokens are for Okta alone
	OktaCustom             // Okta's custom authorization server
	Generic                // any other provider
)

// Kinds are all kinds, in order.
func Kinds() []Kind { return []Kind{EntraV1, EntraV2, OktaOrg, OktaCustom, Generic} }

// String names the kind for people.
func (k Kind) String() string {
	return [...]string{"Entra v1", "Entra v2", "Okta org server", "Okta custom server", "generic"}[k]
}

// Config is the kind as stile.yaml spells it.
func (k Kind) Config() string { return [...]string{"entra", "entra", "okta", "okta", "generic"}[k] }

// Entra says that the kind is one of Entra's.
func (k Kind) Entra() bool { return k == EntraV1 || k == EntraV2 }

// Tenant is the Entra tenant of every provider; OtherTenant is none of its.
const (
	Tenant      = "8f0b1c9a-6d0e-4b67-9d55-0c3a8b7d2e11"
	OtherTenant = "11e2d7b8-a3c0-55d9-76b4-e0d69ac1b0f8"
)

// User is a person whom the provider knows.
type User struct {
	// Name logs in (login_hint, or the form); Subject is the `sub`, OID Entra's oid.
	Name, Subject, OID string
	// Groups are group ids, Roles Entra's app roles.
	Groups, Roles []string
	// Overage says that Entra names a place for the groups and not the groups.
	Overage bool
}

// Provider is one provider, running until the test ends. It is safe for concurrent
// use; the exported fields do not change.
type Provider struct {
	Kind Kind
	// URL is where the provider listens, without trailing slash.
	URL string
	// Issuer is what stile.yaml names. TokenIssuer is the `iss` of access tokens
	// (another one for Entra v1), Config the discovery document that names it.
	Issuer, TokenIssuer, Config string
	// ClientID and ClientSecret are the registered application; Audience the API.
	ClientID, ClientSecret, Audience string

	base    string // what the provider's own URLs begin with
	host    string // host:port of the listener
	mu      sync.Mutex
	now     func() time.Time
	keys    []signingKey // newest first; the first signs
	alien   signingKey   // never published
	users   map[string]User
	auto    string
	faults  []Fault
	down    bool
	token   TokenAnswer
	set     KeysAnswer
	life    time.Duration
	codes   map[string]*grant // authorization codes and refresh tokens
	devices map[string]*device
	issued  int
	asked   map[string]int
	before  func(next http.Handler) http.Handler
}

type signingKey struct {
	id  string
	key crypto.Signer
}

// Option changes how a Provider is made.
type Option func(*Provider)

// Public gives the provider the URLs that the vendor's have (login.microsoftonline.com,
// dev-1.okta.com): reach it through Transport.
func Public() Option {
	return func(p *Provider) {
		switch {
		case p.Kind.Entra():
			p.base = "https://login.microsoftonline.com"
		case p.Kind == Generic:
			p.base = "https://id.example.com"
		default:
			p.base = "https://dev-1.okta.com"
		}
	}
}

// New starts a provider with the application (ClientID) and the users ada, in the
// group ops with the role Operator, and bob, in nothing.
func New(t testing.TB, kind Kind, options ...Option) *Provider {
	t.Helper()
	p := &Provider{Kind: kind, ClientID: "c0ffee00-1111-4222-8333-444455556666", ClientSecret: "client-secret-of-the-test",
		now: time.Now, users: map[string]User{}, life: time.Hour, codes: map[string]*grant{}, devices: map[string]*device{}, asked: map[string]int{}}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	p.URL = srv.URL
	p.base, p.host = srv.URL, strings.TrimPrefix(srv.URL, "http://")
	for _, o := range options {
		o(p)
	}
	switch kind {
	case EntraV1, EntraV2:
		p.Issuer = p.base + "/" + Tenant + "/v2.0"
		p.TokenIssuer, p.Config, p.Audience = p.Issuer, p.Issuer+discoveryPath, p.ClientID
		if kind == EntraV1 {
			p.TokenIssuer, p.Config = "https://sts.windows.net/"+Tenant+"/", p.base+"/"+Tenant+discoveryPath
			p.Audience = "api://" + p.ClientID
		}
	case OktaOrg:
		p.Issuer, p.Audience = p.base, p.base
	case OktaCustom:
		p.Issuer, p.Audience = p.base+"/oauth2/default", "api://default"
	case Generic:
		p.Issuer, p.Audience = p.base, "https://api.example.com"
	}
	if !kind.Entra() {
		p.TokenIssuer, p.Config = p.Issuer, p.Issuer+discoveryPath
	}
	p.keys = []signingKey{newKey(t, kind)}
	p.alien = newKey(t, kind)
	p.AddUser(User{Name: "ada", Subject: "00u-ada", OID: "aaaaaaaa-0000-4000-8000-00000000ada0", Groups: []string{"ops"}, Roles: []string{"Operator"}})
	p.AddUser(User{Name: "bob", Subject: "00u-bob", OID: "bbbbbbbb-0000-4000-8000-00000000b0b0"})
	return p
}

// AddUser makes a user known, or changes one.
func (p *Provider) AddUser(u User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[u.Name] = u
}

// AutoApprove logs the user of that name in wherever a request names no other in
// login_hint; "" asks by a form.
func (p *Provider) AutoApprove(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.auto = name
}

// SetNow gives the provider another clock.
func (p *Provider) SetNow(now func() time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
}

// SetLife sets how long tokens live; an hour before the first call.
func (p *Provider) SetLife(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life = d
}

// Rollover makes a new signing key. The old one stays published; Forget ends that.
func (p *Provider) Rollover(t testing.TB) {
	t.Helper()
	k := newKey(t, p.Kind)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append([]signingKey{k}, p.keys...)
}

// Forget publishes no key but the newest.
func (p *Provider) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = p.keys[:1]
}

// Down takes the provider off: every request is answered 503 until Down(false).
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Break makes every token that is handed out from now on bad; without arguments
// they are good again.
func (p *Provider) Break(faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = faults
}

// TokenAnswer is how the token endpoint answers what it would grant.
type TokenAnswer int

// The answers of the token endpoint.
const (
	TokenJSON       TokenAnswer = iota // as it should
	TokenWrongType                     // the same JSON as text/html
	TokenRedirected                    // 307 to another host
	TokenFails                         // 500
)

// TokenAnswers chooses how the token endpoint answers.
func (p *Provider) TokenAnswers(a TokenAnswer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = a
}

// KeysAnswer is how the key set answers.
type KeysAnswer int

// The answers of the key set.
const (
	KeysJSON    KeysAnswer = iota // as it should
	KeysDown                      // 503
	KeysGarbage                   // 200 and no JSON
	KeysEmpty                     // 200 and a set without keys
)

// KeysAnswers chooses how the key set answers; discovery is not changed by it.
func (p *Provider) KeysAnswers(a KeysAnswer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set = a
}

// Before puts a handler before the provider, which it is given: what comes and goes
// can be seen there, or answered otherwise. nil takes it away.
func (p *Provider) Before(f func(next http.Handler) http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = f
}

// ServeHTTP answers as the provider, through what stands before it.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	before := p.before
	p.mu.Unlock()
	var h http.Handler = http.HandlerFunc(p.serve)
	if before != nil {
		h = before(h)
	}
	h.ServeHTTP(w, r)
}

// Issued counts the answers of the token endpoint that held a token.
func (p *Provider) Issued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.issued
}

// Asked counts the requests to one of discovery, keys, authorize, token, device.
func (p *Provider) Asked(endpoint string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[endpoint]
}

// TokenURL is the token endpoint.
func (p *Provider) TokenURL() string { return p.base + tokenPath }

// Transport carries requests for the provider's own hosts to it, and no others
// anywhere; TLS ends in it. It serves Public providers and loopback ones.
func (p *Provider) Transport() http.RoundTripper {
	own := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", p.host)
	}}
	names := map[string]bool{p.host: true, "sts.windows.net": p.Kind.Entra()}
	if u, err := url.Parse(p.base); err == nil {
		names[u.Host] = true
	}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if !names[r.URL.Host] {
			return nil, &net.DNSError{Err: "no such host", Name: r.URL.Host, IsNotFound: true}
		}
		again := r.Clone(r.Context())
		again.URL.Scheme = "http"
		return own.RoundTrip(again)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
