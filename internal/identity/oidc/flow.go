package oidc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"time"

	"stile/internal/identity"
)

// FlowLife is how long a person may take to log in.
const FlowLife = 10 * time.Minute

// Flow is a login that has begun. It holds the code verifier: it leaves this process
// sealed alone, in the cookie of the browser that began (Flows).
type Flow struct {
	// Provider is its name; State goes to the provider and comes back.
	Provider, State string
	// Next is where the person wanted to go.
	Next string
	// Until is when the flow ends.
	Until time.Time

	nonce, verifier, redirect string
}

// Begin starts a login and gives the provider's address to send the browser to.
// redirect is where the provider sends it back.
func (p *Provider) Begin(ctx context.Context, redirect, next string) (string, Flow, error) {
	e, err := p.Endpoints(ctx)
	if err != nil {
		return "", Flow{}, err
	}
	if e.Authorization == "" || e.Token == "" {
		return "", Flow{}, refuse("the provider " + p.cfg.Name + " has no endpoints for a login in the browser")
	}
	u, err := url.Parse(e.Authorization)
	if err != nil {
		return "", Flow{}, refuse("the provider's address for logins cannot be read")
	}
	f := Flow{Provider: p.cfg.Name, State: random(), Next: next, Until: p.cfg.Now().Add(FlowLife),
		nonce: random(), verifier: random(), redirect: redirect}
	sum := sha256.Sum256([]byte(f.verifier))
	q := u.Query()
	for name, value := range map[string]string{"response_type": "code", "client_id": p.cfg.ClientID, "redirect_uri": redirect,
		"scope": p.Scope(), "state": f.State, "nonce": f.nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method": "S256"} {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String(), f, nil
}

// Redeem ends a login: the code for an ID token, and that for who logged in.
// Errors that a person may read are *Error.
func (p *Provider) Redeem(ctx context.Context, f Flow, code string) (identity.Caller, error) {
	if !p.cfg.Now().Before(f.Until) {
		return identity.Caller{}, refuse("the login took longer than ten minutes")
	}
	e, err := p.Endpoints(ctx)
	if err != nil {
		return identity.Caller{}, err
	}
	got, err := p.post(ctx, e, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {f.redirect}, "code_verifier": {f.verifier}})
	if err != nil {
		return identity.Caller{}, err
	}
	if got.ID == "" {
		return identity.Caller{}, refuse("the provider gave no ID token")
	}
	return p.IDToken(ctx, got.ID, f.nonce)
}

// random gives 256 random bits in base64url.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return base64.RawURLEncoding.EncodeToString(b[:])
}
