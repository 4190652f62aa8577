package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
	"testing"
	"time"
)

// Fault is what is wrong with a token.
type Fault int

// The faults.
const (
	WrongAudience  Fault = iota // made for another API
	WrongTenant                 // made by another Entra tenant, with the same keys, as Entra's are
	TenantMismatch              // `tid` is another tenant, `iss` is not
	WrongIssuer                 // made by another issuer, with a published key
	Expired                     // was good until an hour ago
	NotYet                      // will be good in an hour
	UnknownKid                  // signed with a key that was never published
	AlgConfusion                // HS256 with the published key's PEM as the secret
	AlgNone                     // not signed
)

// Faults are those of the provider matrix.
func Faults() []Fault {
	return []Fault{WrongAudience, WrongTenant, WrongIssuer, Expired, UnknownKid, AlgConfusion}
}

// String names the fault for people.
func (f Fault) String() string {
	return [...]string{"wrong audience", "wrong tenant", "tenant mismatch", "wrong issuer", "expired", "not yet valid",
		"unknown kid", "alg confusion", "alg none"}[f]
}

// Inapplicable says why a kind cannot have a fault; "" where it can.
func (k Kind) Inapplicable(f Fault) string {
	if (f == WrongTenant || f == TenantMismatch) && !k.Entra() {
		return k.String() + " has no tenants: another organisation is another issuer"
	}
	return ""
}

func newKey(t testing.TB, kind Kind) signingKey {
	t.Helper()
	var id [8]byte
	_, _ = rand.Read(id[:]) // crypto/rand.Read does not fail
	k := signingKey{id: hex.EncodeToString(id[:])}
	var err error
	if kind == Generic {
		k.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		k.key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// minting is how one token is made.
type minting struct {
	user   *User
	app    bool
	id     bool
	nonce  string
	client string
	faults []Fault
}

// MintOption says what token Mint makes.
type MintOption func(*minting)

// For makes the token of a user; without it the token is ada's.
func For(u User) MintOption { return func(m *minting) { m.user = &u } }

// ForApp makes a token of client credentials, without a user.
func ForApp() MintOption { return func(m *minting) { m.app = true } }

// ID makes an ID token for the application, with the nonce.
func ID(nonce string) MintOption { return func(m *minting) { m.id, m.nonce = true, nonce } }

// With gives the token faults.
func With(faults ...Fault) MintOption {
	return func(m *minting) { m.faults = append(m.faults, faults...) }
}

// Mint signs an access token of ada, or what the options say. claims replace and
// add; a nil value takes a claim away.
func (p *Provider) Mint(claims map[string]any, options ...MintOption) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := minting{client: p.ClientID}
	for _, o := range options {
		o(&m)
	}
	return p.mint(m, claims)
}

// mint is called with mu held.
func (p *Provider) mint(m minting, over map[string]any) string {
	if m.user == nil {
		u := p.users["ada"]
		m.user = &u
	}
	now := p.now()
	c := map[string]any{"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(p.life).Unix()}
	switch {
	case m.id:
		p.idClaims(c, m)
	case p.Kind.Entra():
		p.entraClaims(c, m)
	case p.Kind == Generic:
		p.genericClaims(c, m)
	default:
		p.oktaClaims(c, m)
	}
	key, alg := p.keys[0], "RS256"
	if p.Kind == Generic {
		alg = "ES256"
	}
	if p.Kind == OktaOrg && !m.id {
		key = p.alien // Okta says that only Okta can validate these
	}
	for _, f := range m.faults {
		switch f {
		case WrongAudience:
			c["aud"] = "https://other.example.com"
		case WrongTenant:
			c["tid"] = OtherTenant
			c["iss"] = strings.ReplaceAll(c["iss"].(string), Tenant, OtherTenant)
		case TenantMismatch:
			c["tid"] = OtherTenant
		case WrongIssuer:
			c["iss"] = "https://issuer.example.net/"
		case Expired:
			shift(c, -time.Hour-p.life)
		case NotYet:
			shift(c, time.Hour)
		case UnknownKid:
			key = p.alien
		case AlgConfusion:
			alg = "HS256"
		case AlgNone:
			alg = "none"
		}
	}
	maps.Copy(c, over)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return sign(key, alg, c)
}

func shift(c map[string]any, by time.Duration) {
	for _, name := range []string{"iat", "nbf", "exp"} {
		if at, ok := c[name].(int64); ok { // Okta's tokens have no nbf
			c[name] = at + int64(by/time.Second)
		}
	}
}

// sign makes a compact JWS. It panics where a claim is no JSON, as tests should.
func sign(k signingKey, alg string, claims map[string]any) string {
	enc := base64.RawURLEncoding.EncodeToString
	header, _ := json.Marshal(map[string]string{"alg": alg, "kid": k.id, "typ": "JWT"}) // strings always marshal
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	text := enc(header) + "." + enc(payload)
	sum := sha256.Sum256([]byte(text))
	var sig []byte
	switch key := k.key.(type) {
	case *rsa.PrivateKey:
		sig, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		r, s, signErr := ecdsa.Sign(rand.Reader, key, sum[:])
		if err = signErr; err == nil {
			sig = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	switch alg {
	case "HS256":
		der, _ := x509.MarshalPKIXPublicKey(k.key.Public()) // its kinds always marshal
		mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		mac.Write([]byte(text))
		sig = mac.Sum(nil)
	case "none":
		sig = nil
	}
	if err != nil {
		panic(err)
	}
	return text + "." + enc(sig)
}

// jwk is a public key as a key set publishes it.
func (k signingKey) jwk() map[string]string {
	enc := base64.RawURLEncoding.EncodeToString
	switch key := k.key.Public().(type) {
	case *rsa.PublicKey:
		return map[string]string{"kty": "RSA", "use": "sig", "kid": k.id, "n": enc(key.N.Bytes()), "e": "AQAB"}
	case *ecdsa.PublicKey:
		return map[string]string{"kty": "EC", "use": "sig", "kid": k.id, "alg": "ES256", "crv": "P-256",
			"x": enc(key.X.FillBytes(make([]byte, 32))), "y": enc(key.Y.FillBytes(make([]byte, 32)))}
	}
	return nil
}
