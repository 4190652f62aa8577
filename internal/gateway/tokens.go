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
	own := make([]identity.Key, len(keys))
	for i, k := range keys {
		own[i] = identity.Key(k)
	}
	from := make([]identity.Source, len(sources))
	for i, s := range sources {
		from[i] = identity.Source(s)
	}
	got, err := t.v.Verify(ctx, token, from, own)
	var refused *identity.TokenError
	var lacking *identity.KeysError
	switch {
	case errors.As(err, &refused):
		out := &policy.TokenError{Reason: refused.Reason, Message: refused.Message}
		if errors.As(err, &lacking) {
			out.Detail = lacking.Detail
		}
		return nil, out
	case err != nil:
		return nil, err
	}
	return got, nil
}
