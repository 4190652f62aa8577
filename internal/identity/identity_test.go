package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/policy/exchange"
)

type memStore map[string][]byte

func (m memStore) Get(name string) ([]byte, error) { return m[name], nil }

func (m memStore) Put(name string, value []byte) error {
	m[name] = value
	return nil
}

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func start() *clock { return &clock{time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

const ourIssuer = "http://127.0.0.1:7400"

func open(t *testing.T, store KeyStore, c *clock) *Issuer {
	t.Helper()
	i, err := OpenIssuer(store, ourIssuer+"/", c.now)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestMintAndVerify(t *testing.T) {
	c, store := start(), memStore{}
	i := open(t, store, c)
	token, err := i.Mint(exchange.Claims{Subject: "e1/Charge", Role: "order-role", StateMachine: "order", Execution: "e1",
		State: "Charge", Command: 7, Attempt: 2, Act: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	// A second process on the same store verifies what the first one signed.
	v := NewVerifier(open(t, store, c), nil, c.now)
	if got := v.OwnIssuer(); got != ourIssuer {
		t.Errorf("OwnIssuer() = %q", got)
	}
	got, err := v.Verify(t.Context(), token, Written(ourIssuer+DiscoveryPath), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"iss": {ourIssuer}, "aud": {Audience}, "sub": {"e1/Charge"}, "role": {"order-role"}, "state_machine": {"order"},
		"execution": {"e1"}, "state": {"Charge"}, "command": {"7"}, "attempt": {"2"}, "act": {"demo"}, "none": nil,
	} {
		if diff := cmp.Diff(want, got.Claim(name)); diff != "" {
			t.Errorf("claim %s: %s", name, diff)
		}
	}
	if exp, ok := got.Time("exp"); !ok || !exp.Equal(c.t.Add(TokenLife)) {
		t.Errorf("exp = %v, %v", exp, ok)
	}
	if diff := cmp.Diff([]string{ourIssuer}, got.Issuers()); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyRefuses(t *testing.T) {
	c := start()
	i := open(t, memStore{}, c)
	v := NewVerifier(i, nil, c.now)
	good, err := i.Mint(exchange.Claims{Subject: "role/r", Role: "r"})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	enc := base64.RawURLEncoding.EncodeToString
	swap := func(header string) string { return enc([]byte(header)) + "." + parts[1] + "." + parts[2] }
	flipped := []byte(parts[1])
	flipped[10] ^= 1
	other := open(t, memStore{}, c)
	foreign, err := other.Mint(exchange.Claims{Subject: "role/r", Role: "r"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, token, reason string }{
		{"none", swap(`{"alg":"none"}`), "JwtInvalid"},
		{"None", swap(`{"alg":"None"}`), "JwtInvalid"},
		{"two algs by case", swap(`{"alg":"RS256","ALG":"none"}`), "TokenSignatureInvalid"},
		{"alg twice", swap(`{"alg":"RS256","alg":"none"}`), "JwtInvalid"},
		{"crit", swap(`{"alg":"RS256","crit":["x"]}`), "JwtInvalid"},
		{"HS256 with a public key", swap(`{"alg":"HS256"}`), "TokenSignatureKeyNotFound"},
		{"empty signature", parts[0] + "." + parts[1] + ".", "JwtInvalid"},
		{"two parts", parts[0] + "." + parts[1], "JwtInvalid"},
		{"padding", parts[0] + "=." + parts[1] + "." + parts[2], "JwtInvalid"},
		{"line end", parts[0] + "\n." + parts[1] + "." + parts[2], "JwtInvalid"},
		{"changed payload", parts[0] + "." + string(flipped) + "." + parts[2], "TokenSignatureInvalid"},
		{"unknown kid", foreign, "TokenSignatureKeyNotFound"},
		{"too long", strings.Repeat("a", maxToken+1), "JwtInvalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), tt.token, Written(ourIssuer+DiscoveryPath), nil)
			var te *TokenError
			if !errors.As(err, &te) || te.Reason != tt.reason {
				t.Errorf("Verify: %v, want reason %s", err, tt.reason)
			}
		})
	}
	if _, err := v.Verify(t.Context(), good, nil, nil); err == nil {
		t.Error("a token was taken without any key")
	}
}

func TestConfiguredKeys(t *testing.T) {
	c := start()
	v := NewVerifier(nil, nil, c.now)
	secret := []byte("0123456789abcdef0123456789abcdef")
	// RFC 7515-style token made with the key above: {"alg":"HS256"} {"sub":"a"}.
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"a","n":[1,"x"],"o":{"k":1},"z":null,"exp":1e99}`))
	token := head + "." + base64.RawURLEncoding.EncodeToString(hmacSum(secret, head))
	got, err := v.Verify(t.Context(), token, nil, []Key{{Secret: secret}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1", "x"}, got.Claim("n")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`{"k":1}`}, got.Claim("o")); diff != "" {
		t.Error(diff)
	}
	if got.Claim("z") != nil || !got.Has("z") || got.Issuers() != nil || got.Algorithm() != "HS256" {
		t.Errorf("null claim, issuers or algorithm wrong: %+v", got)
	}
	if _, ok := got.Time("exp"); ok {
		t.Error("a time beyond all years was taken")
	}
	if _, err := v.Verify(t.Context(), token, nil, []Key{{Secret: secret[:31]}}); err == nil {
		t.Error("a secret shorter than its hash was taken")
	}
	if _, err := v.Verify(t.Context(), token, nil, []Key{{N: "AQAB", E: "AQAB"}}); err == nil {
		t.Error("a tiny RSA key was taken")
	}
}

func TestRotation(t *testing.T) {
	c, store := start(), memStore{}
	i := open(t, store, c)
	old, err := i.Mint(exchange.Claims{Role: "r"})
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Rotate(); err != nil {
		t.Fatal(err)
	}
	fresh, err := i.Mint(exchange.Claims{Role: "r"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseJWKS(open(t, store, c).JWKS())
	if err != nil || len(keys) != 2 {
		t.Fatalf("published keys: %d, %v", len(keys), err)
	}
	v := NewVerifier(open(t, store, c), nil, c.now)
	for _, token := range []string{old, fresh} {
		if _, err := v.Verify(t.Context(), token, Written(ourIssuer+DiscoveryPath), nil); err != nil {
			t.Error(err)
		}
	}
	if strings.Split(old, ".")[0] == strings.Split(fresh, ".")[0] {
		t.Error("the new key has the old key's kid")
	}
	c.t = c.t.Add(keysRetired + time.Hour)
	if err := i.Rotate(); err != nil {
		t.Fatal(err)
	}
	// The first key is gone; the second has signed until now, so that it stays.
	if keys, err := ParseJWKS(i.JWKS()); err != nil || len(keys) != 2 {
		t.Errorf("after all tokens of the first key died: %d keys, %v", len(keys), err)
	}
}

func TestDamagedStore(t *testing.T) {
	for _, data := range [][]byte{{}, {9}, {recordFormat}, append([]byte{recordFormat}, "[]"...), append([]byte{recordFormat}, `[{"pkcs8":"AAAA"}]`...)} {
		if _, err := OpenIssuer(memStore{issuerRecord: data}, ourIssuer, start().now); err == nil {
			t.Errorf("a damaged record %q was opened", data)
		}
	}
}

// network answers like an issuer elsewhere, and counts.
type network struct {
	issuer *Issuer
	fail   bool
	calls  int
}

func (n *network) get(_ context.Context, url, _ string) ([]byte, error) {
	n.calls++
	switch {
	case n.fail:
		return nil, errors.New("down")
	case url == n.issuer.URL()+DiscoveryPath:
		return n.issuer.Discovery(), nil
	case url == n.issuer.URL()+JWKSPath:
		return n.issuer.JWKS(), nil
	}
	return nil, errors.New("no such document")
}

func TestFetchedKeys(t *testing.T) {
	c := start()
	n := &network{issuer: open(t, memStore{}, c)}
	v := NewVerifier(nil, n.get, c.now)
	config := Written(ourIssuer + DiscoveryPath)
	verify := func() error {
		token, err := n.issuer.Mint(exchange.Claims{Role: "r"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Verify(t.Context(), token, config, nil)
		return err
	}
	step := func(name string, wantErr bool, wantCalls int) {
		t.Helper()
		n.calls = 0
		if err := verify(); (err != nil) != wantErr || n.calls != wantCalls {
			t.Errorf("%s: error %v, %d calls; want error %v, %d calls", name, err, n.calls, wantErr, wantCalls)
		}
	}
	step("first", false, 2)
	step("from memory", false, 0)
	if err := n.issuer.Rotate(); err != nil {
		t.Fatal(err)
	}
	step("a new kid at once: no storm of fetches", true, 0)
	c.t = c.t.Add(refetchAfter)
	step("a new kid a minute later", false, 2)
	n.fail = true
	c.t = c.t.Add(freshFor)
	step("issuer down: last good keys", false, 1)
	step("issuer down: not asked again", false, 0)
	c.t = c.t.Add(staleFor)
	step("issuer down for a day: closed", true, 1)
	step("still closed, not asked again", true, 0)
	n.fail = false
	c.t = c.t.Add(retryAfter)
	step("issuer back", false, 2)
}

func TestKeySets(t *testing.T) {
	rsa := `"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("v", 341) + `Q"`
	for _, tt := range []struct {
		name, doc string
		keys      int
		fails     bool
	}{
		{"one", `{"keys":[{"kid":"a",` + rsa + `}]}`, 1, false},
		{"unusable ones are left out", `{"keys":[{"kty":"OKP"},{"kty":"RSA","n":"AQAB","e":"AQAB"},{"use":"enc",` + rsa + `}]}`, 0, false},
		{"one kid twice", `{"keys":[{"kid":"a",` + rsa + `},{"kid":"a",` + rsa + `}]}`, 0, true},
		{"a secret", `{"keys":[{"kty":"oct","k":"AAAA"}]}`, 0, true},
		{"a private key", `{"keys":[{"d":"AQAB",` + rsa + `}]}`, 0, true},
		{"a member twice", `{"keys":[],"keys":[]}`, 0, true},
		{"no keys", `{}`, 0, true},
		{"not an object", `[]`, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := ParseJWKS([]byte(tt.doc))
			if (err != nil) != tt.fails || len(keys) != tt.keys {
				t.Errorf("%d keys, %v", len(keys), err)
			}
		})
	}
}

func TestHTTPGetRefusesPlainHTTP(t *testing.T) {
	for _, url := range []string{"http://issuer.example/x", "ftp://127.0.0.1/", "://"} {
		if _, err := HTTPGet(nil)(t.Context(), url, url); err == nil || !strings.Contains(err.Error(), "https") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func hmacSum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
