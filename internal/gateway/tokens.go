package gateway

import (
	"context"
	"errors"

	"stile/internal/identity"
	"stile/policy"
)

// tokens makes identity's verifier what validate-jwt needs.
type tokens struct{ v *identity.Verifier }

// NewTokens gives the policies a verifier.
func NewTokens(v *identity.Verifier) policy.Tokens { return tokens{v} }

// OwnIssuer is our own `iss`.
func (t tokens) OwnIssuer() string { return t.v.OwnIssuer() }

// Decrypt opens a JWE; a refusal is a *policy.TokenError.
func (t tokens) Decrypt(token string, keys []policy.DecryptionKey) (string, error) {
	own := make([]identity.DecryptionKey, len(keys))
	for i, k := range keys {
		own[i] = identity.DecryptionKey(k)
	}
	inner, err := identity.Decrypt(token, own)
	var refused *identity.TokenError
	if errors.As(err, &refused) {
		return "", &policy.TokenError{Reason: refused.Reason, Message: refused.Message}
	}
	return inner, err
}

// Verify verifies; a refusal is a *policy.TokenError.
func (t tokens) Verify(ctx context.Context, token string, sources []policy.KeySource, keys []policy.SigningKey) (policy.Claims, error) {
	var ownRoom [4]identity.Key
	var fromRoom [4]identity.Source
	own, from := ownRoom[:0], fromRoom[:0]
	for _, k := range keys {
		own = append(own, identity.Key(k))
	}
	for _, s := range sources {
		from = append(from, identity.Source(s))
	}
	got, err := t.v.Verify(ctx, token, from, own)
	if err == nil {
		return got, nil
	}
	var refused *identity.TokenError
	var lacking *identity.KeysError
	switch {
	case errors.As(err, &refused):
		out := &policy.TokenError{Reason: refused.Reason, Message: refused.Message}
		if errors.As(err, &lacking) {
			out.Detail = lacking.Detail
		}
		return nil, out
	}
	return nil, err
}
