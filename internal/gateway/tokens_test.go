package gateway

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"stile/internal/identity"
	"stile/policy"
	"stile/policy/exchange"
)

type memStore map[string][]byte

func (m memStore) Get(name string) ([]byte, error) { return m[name], nil }

func (m memStore) Put(name string, value []byte) error {
	m[name] = value
	return nil
}

func TestTokens(t *testing.T) {
	now := func() time.Time { return noon }
	issuer, err := identity.OpenIssuer(memStore{}, "http://127.0.0.1:7400", now)
	if err != nil {
		t.Fatal(err)
	}
	tokens := NewTokens(identity.NewVerifier(issuer, nil, now))
	token, err := issuer.Mint(exchange.Claims{Subject: "role/order-role", Role: "order-role"})
	if err != nil {
		t.Fatal(err)
	}
	config := []policy.KeySource{{URL: tokens.OwnIssuer() + "/.well-known/openid-configuration"}}
	claims, err := tokens.Verify(t.Context(), token, config, nil)
	if err != nil || claims.Claim("role")[0] != "order-role" || claims.Issuers()[0] != tokens.OwnIssuer() {
		t.Errorf("%v, %+v", err, claims)
	}
	_, err = tokens.Verify(t.Context(), token+"A", config, nil)
	var refused *policy.TokenError
	if !errors.As(err, &refused) || refused.Reason == "" {
		t.Errorf("a changed token: %v", err)
	}
	if _, err := tokens.Verify(t.Context(), token, nil, []policy.SigningKey{{Secret: []byte("k")}}); !errors.As(err, &refused) {
		t.Errorf("a foreign key: %v", err)
	}
}

// TestWhyThereAreNoKeysIsNotForTheCaller: the addresses of discovery documents, and
// what the network says of them, stay with who runs the gateway.
func TestWhyThereAreNoKeysIsNotForTheCaller(t *testing.T) {
	get := func(context.Context, string, string) ([]byte, error) {
		return nil, errors.New("dial tcp 10.1.2.3:443: refused")
	}
	tokens := NewTokens(identity.NewVerifier(nil, get, func() time.Time { return noon }))
	_, err := tokens.Verify(t.Context(), "eyJhbGciOiJSUzI1NiJ9.e30.AA", []policy.KeySource{{URL: "https://inner.example/config?code=secret"}}, nil)
	var refused *policy.TokenError
	if !errors.As(err, &refused) || refused.Reason != "TokenSignatureKeyNotFound" || strings.ContainsAny(refused.Message, "/:") ||
		!strings.Contains(refused.Detail, "inner.example") || !strings.Contains(refused.Detail, "10.1.2.3") {
		t.Errorf("%+v", refused)
	}
}
