package identity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A key of a set for many tenants signs for the issuer that it names alone.
func TestKeyNamesItsIssuer(t *testing.T) {
	const tenant, consumers = "11111111-2222-4333-8444-555555555555", "9188040d-6c67-4c5b-b112-36a304b66dad"
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, of, iss, tid string
		good               bool
	}{
		{"no issuer", "", "https://anybody.example", "", true},
		{"its own", "https://login.microsoftonline.com/" + tenant + "/v2.0", "https://login.microsoftonline.com/" + tenant + "/v2.0", tenant, true},
		{"template", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/" + tenant + "/v2.0", tenant, true},
		{"template, version 1", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://sts.windows.net/" + tenant + "/", tenant, true},
		{"another tenant's", "https://login.microsoftonline.com/" + consumers + "/v2.0", "https://login.microsoftonline.com/" + tenant + "/v2.0", tenant, false},
		{"another cloud's", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://sts.chinacloudapi.cn/" + tenant + "/", tenant, false},
		{"tid of another tenant", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/" + tenant + "/v2.0", consumers, false},
		{"no tid", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/" + tenant + "/v2.0", "", false},
		{"the template itself", "https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0", "{tenantid}", false},
		{"not Entra's", "https://op.example/a/v2.0", "https://sts.windows.net/a/", "a", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			jwk := map[string]string{"kty": "RSA", "kid": "k", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
				"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())}
			if c.of != "" {
				jwk["issuer"] = c.of
			}
			set, _ := json.Marshal(map[string]any{"keys": []any{jwk}})
			get := func(_ context.Context, url, _ string) ([]byte, error) {
				if url == "https://op.example/keys" {
					return set, nil
				}
				return []byte(`{"issuer":"x","jwks_uri":"https://op.example/keys"}`), nil
			}
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
			if err != nil {
				t.Fatal(err)
			}
			payload, _ := json.Marshal(map[string]string{"iss": c.iss, "tid": c.tid})
			signed, err := signer.Sign(payload)
			if err != nil {
				t.Fatal(err)
			}
			token, _ := signed.CompactSerialize()
			_, err = NewVerifier(nil, get, time.Now).Verify(t.Context(), token, Written("https://op.example/c"), nil)
			var refused *TokenError
			if good := err == nil; good != c.good || !good && (!errors.As(err, &refused) || refused.Reason != "TokenSignatureKeyNotFound") {
				t.Errorf("verified is %v (%v), want %v", good, err, c.good)
			}
		})
	}
	if _, err := ParseJWKS([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","issuer":5}]}`)); err != nil {
		t.Errorf("a key that cannot be used spoils the set: %v", err)
	}
}
