package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stile/internal/identity"
)

// Error is a refusal of a token or a login; its text names no part of the token.
type Error struct{ Message string }

// Error gives the message.
func (e *Error) Error() string { return e.Message }

func refuse(message string) error { return &Error{message} }

// clockSkew is how far a provider's clock may be ahead of ours. Nothing is added
// to a token's end.
const clockSkew = time.Minute

// IssuerOf reads a token's `iss` without verifying anything, to choose the
// Provider that will; "" where there is none.
func IssuerOf(token string) string { return peek(token).Issuer }

// EndOf reads a token's `exp` without verifying anything; zero where there is none.
// It is for a token that Bearer has taken.
func EndOf(token string) time.Time {
	if c := peek(token); c.Expires > 0 {
		return time.Unix(c.Expires, 0)
	}
	return time.Time{}
}

// peeked are claims that nobody has verified.
type peeked struct {
	Issuer   string          `json:"iss"`
	Audience json.RawMessage `json:"aud"`
	Expires  int64           `json:"exp"`
}

func (c peeked) audiences() (list []string) {
	var one string
	if json.Unmarshal(c.Audience, &one) == nil {
		return []string{one}
	}
	if json.Unmarshal(c.Audience, &list) != nil {
		return nil
	}
	return list
}

func peek(token string) (c peeked) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return peeked{}
	}
	return c
}

// Bearer says who calls an API with a token: an access token for one of the
// provider's audiences, or an ID token of its application. Errors are *Error.
func (p *Provider) Bearer(ctx context.Context, token string) (identity.Caller, error) {
	t, err := p.verify(ctx, token)
	if err != nil {
		return identity.Caller{}, err
	}
	if !slices.ContainsFunc(t.Claim("aud"), func(a string) bool { return a == p.cfg.ClientID || slices.Contains(p.cfg.Audiences, a) }) {
		return identity.Caller{}, refuse("the token was made for another audience")
	}
	return p.callerOf(t, true)
}

// IDToken says who logged in (OpenID Connect Core section 3.1.3.7). Errors are
// *Error.
func (p *Provider) IDToken(ctx context.Context, token, nonce string) (identity.Caller, error) {
	t, err := p.verify(ctx, token)
	if err != nil {
		return identity.Caller{}, err
	}
	aud, azp := t.Claim("aud"), t.Claim("azp")
	switch {
	case !slices.Contains(aud, p.cfg.ClientID):
		return identity.Caller{}, refuse("the ID token was made for another application")
	case len(aud) > 1 && len(azp) == 0, len(azp) > 0 && !slices.Equal(azp, []string{p.cfg.ClientID}):
		return identity.Caller{}, refuse("the ID token was made for another party (azp)")
	case nonce == "" || !slices.Equal(t.Claim("nonce"), []string{nonce}):
		return identity.Caller{}, refuse("the ID token answers another login (nonce)")
	case !t.Has("iat"):
		return identity.Caller{}, refuse("the ID token does not say when it was made (iat)")
	}
	return p.callerOf(t, false)
}

// verify checks what all tokens have: signature, issuer, tenant, times.
func (p *Provider) verify(ctx context.Context, token string) (*identity.Token, error) {
	t, err := p.verifier.Verify(ctx, token, identity.Written(p.cfg.Issuer+identity.DiscoveryPath), nil)
	if err != nil {
		var te *identity.TokenError
		switch {
		case errors.As(err, &te) && te.Reason == "JwtInvalid":
			return nil, refuse("the token cannot be read, or has an algorithm that is not allowed")
		case errors.As(err, &te) && te.Reason == "TokenSignatureInvalid":
			return nil, refuse("the token's signature does not verify")
		}
		// The text may name inner addresses: it is not for who brought the token.
		p.cfg.Log.Info("a token was not verified", "provider", p.cfg.Name, "error", err)
		return nil, refuse("no key of the provider is known for the token")
	}
	iss := t.Claim("iss")
	switch {
	case !slices.ContainsFunc(t.Issuers(), p.Accepts):
		return nil, refuse("the provider's discovery document names another issuer")
	case len(iss) != 1 || !p.Accepts(iss[0]):
		return nil, refuse("the token was made by another issuer")
	case p.tenant != "" && !slices.Equal(t.Claim("tid"), []string{p.tenant}):
		return nil, refuse("the token was made for another tenant")
	}
	return t, p.inTime(t)
}

func (p *Provider) inTime(t *identity.Token) error {
	now := p.cfg.Now()
	exp, ok := t.Time("exp")
	if !ok {
		return refuse("the token has no end (exp)")
	}
	if !now.Before(exp) {
		return refuse("the token has expired")
	}
	for _, name := range []string{"nbf", "iat"} {
		at, ok := t.Time(name)
		if t.Has(name) && !ok || ok && at.After(now.Add(clockSkew)) {
			return refuse("the token is not valid yet (" + name + ")")
		}
	}
	return nil
}

// callerOf reads who a verified token speaks for. api says that a program may call
// for itself; at a login there is always a person.
func (p *Provider) callerOf(t *identity.Token, api bool) (identity.Caller, error) {
	c := identity.Caller{Kind: identity.KindUser, Provider: p.cfg.Name}
	if api {
		app, ok := p.program(t)
		if !ok {
			return identity.Caller{}, refuse("the token speaks for neither a person nor a program (idtyp)")
		}
		if app != "" {
			c.Kind, c.ID, c.Name = identity.KindApp, app, app
		}
	}
	if c.Kind == identity.KindUser {
		c.ID = p.subject(t)
		c.Name = first(t, "name", "preferred_username", "email", "upn", "unique_name", "sub")
	}
	if !plain(c.ID) {
		return identity.Caller{}, refuse("the token does not name its subject")
	}
	if !plain(c.Name) {
		c.Name = c.ID
	}
	c.Roles = onlyPlain(t.Claim(p.cfg.Roles))
	if p.leftOut(t) {
		p.overage.Do(func() {
			p.cfg.Log.Warn("a token of "+p.cfg.Name+" leaves the groups out, since there are too many: its holder has none here",
				"help", "have Entra send the groups that are assigned to the application, or use app roles")
		})
		return c, nil
	}
	c.Groups = onlyPlain(t.Claim(p.cfg.Groups))
	return c, nil
}

// program gives the client id of a token that a program got for itself, "" for a
// person's; ok false where the token says that it is something else.
func (p *Provider) program(t *identity.Token) (id string, ok bool) {
	sub := first(t, "sub")
	switch p.cfg.Kind {
	case Entra:
		client := first(t, "azp", "appid")
		switch kind := first(t, "idtyp"); {
		case kind == "app", kind == "" && client != "" && !t.Has("scp"):
			// Without idtyp, which is optional: a person's access token always has scopes,
			// and an ID token has no azp or appid.
			return client, client != ""
		case kind != "" && kind != "user":
			return "", false
		}
	case Okta:
		if client := first(t, "cid"); client != "" && client == sub {
			return client, true
		}
	default:
		if client := first(t, "client_id", "azp"); client != "" && client == sub {
			return client, true
		}
	}
	return "", true
}

// subject is the claim that stile.yaml names; else Entra's oid, which is one for
// all applications, Okta's uid, since an access token's sub is a login name there,
// and sub.
func (p *Provider) subject(t *identity.Token) string {
	switch {
	case p.cfg.Subject != "":
		return first(t, p.cfg.Subject)
	case p.cfg.Kind == Entra:
		return first(t, "oid")
	case p.cfg.Kind == Okta:
		return first(t, "uid", "sub")
	}
	return first(t, "sub")
}

// leftOut says that the token names a place for the groups and not the groups.
func (p *Provider) leftOut(t *identity.Token) bool {
	if has := t.Claim("hasgroups"); len(has) > 0 && has[0] != "false" {
		return true
	}
	for _, text := range t.Claim("_claim_names") {
		var names map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &names) != nil {
			return true
		}
		if _, ok := names[p.cfg.Groups]; ok {
			return true
		}
	}
	return false
}

// first gives the first of the claims that is there and is one value.
func first(t *identity.Token, names ...string) string {
	for _, n := range names {
		if v := t.Claim(n); len(v) == 1 && v[0] != "" {
			return v[0]
		}
	}
	return ""
}

// onlyPlain leaves out what no assignment can name.
func onlyPlain(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !plain(s) })
}

// plain holds a subject to what assignments.yaml and a log line can spell.
func plain(s string) bool {
	return s != "" && len(s) <= 255 && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}
