package identity

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"stile/policy/exchange"
)

// minted is a token of our own with the verifier that knows its key.
func minted(tb testing.TB, claims exchange.Claims) (*Verifier, string) {
	tb.Helper()
	c := start()
	i, err := OpenIssuer(memStore{}, ourIssuer+"/", c.now)
	if err != nil {
		tb.Fatal(err)
	}
	token, err := i.Mint(claims)
	if err != nil {
		tb.Fatal(err)
	}
	return NewVerifier(i, nil, c.now), token
}

// TestWhatWasProvenIsNoDecision: a token that was verified is refused as soon as the key
// that verified it does not count, and its claims are the same each time.
func TestWhatWasProvenIsNoDecision(t *testing.T) {
	v, token := minted(t, exchange.Claims{Subject: "e1/Charge", Role: "order-role"})
	own := Written(ourIssuer + DiscoveryPath)
	for range 3 {
		got, err := v.Verify(t.Context(), token, own, nil)
		if err != nil || got.Claim("sub")[0] != "e1/Charge" || got.Issuers()[0] != ourIssuer || got.Algorithm() == "" {
			t.Fatalf("%+v, %v", got, err)
		}
		exp, ok := got.Time("exp")
		if _, absent := got.Time("sub"); !ok || exp.IsZero() || absent || got.Has("nothing") || !got.Has("sub") {
			t.Fatalf("times of %+v", got)
		}
		var refused *TokenError
		if _, err := v.Verify(t.Context(), token, nil, nil); !errors.As(err, &refused) || refused.Reason != "TokenSignatureKeyNotFound" {
			t.Fatalf("without keys: %v", err)
		}
		if _, err := v.Verify(t.Context(), token, nil, []Key{{Secret: []byte(strings.Repeat("k", 64))}}); !errors.As(err, &refused) {
			t.Fatalf("with another key: %v", err)
		}
		// The same signature under another payload, and the payload under another one.
		parts := strings.Split(token, ".")
		for _, forged := range []string{parts[0] + "." + parts[1][:len(parts[1])-4] + "." + parts[2], parts[0] + "." + parts[1] + "." + parts[2][4:]} {
			if _, err := v.Verify(t.Context(), forged, own, nil); err == nil {
				t.Fatal("a forged token is taken")
			}
		}
	}
	// Keys of two documents: the issuer is that of the one that counts now.
	j := v.proven.get(digestOf(token))
	if j == nil || j.signed != "" || j.signature != nil {
		t.Fatalf("what is remembered is %+v", j)
	}
	if other := j.read.of("https://other", true); other.Issuers()[0] != "https://other" || j.read.Issuers()[0] != ourIssuer {
		t.Error("the issuer of one document stands for another's")
	}
	if given := j.read.of("", false); given.Issuers() != nil {
		t.Error("a key that was given has an issuer")
	}
}

// TestWhatWasProvenIsBounded: tokens that nobody brings any more are forgotten, those in
// use stay.
func TestWhatWasProvenIsBounded(t *testing.T) {
	v, used := minted(t, exchange.Claims{Subject: "used"})
	own := Written(ourIssuer + DiscoveryPath)
	if _, err := v.Verify(t.Context(), used, own, nil); err != nil {
		t.Fatal(err)
	}
	in := v.proven.get(digestOf(used))
	for i := range 3 * provenTokens {
		v.proven.put(digestOf(fmt.Sprint("token ", i)), in)
		if i%1000 == 0 {
			v.proven.get(digestOf(used))
		}
	}
	if n := len(v.proven.young) + len(v.proven.old); n > 2*provenTokens || v.proven.get(digestOf(used)) == nil || v.proven.get(digestOf("token 0")) != nil {
		t.Errorf("%d tokens are remembered; used: %v", n, v.proven.get(digestOf(used)) != nil)
	}
	v.proven = proven{}
	large := *in
	large.payload = make([]byte, provenBytes/2+1)
	for i := range 8 {
		v.proven.put(digestOf(fmt.Sprint("large ", i)), &large)
	}
	if n := len(v.proven.young) + len(v.proven.old); n > 2 {
		t.Errorf("%d large tokens are remembered", n)
	}
}

// FuzzVerify: no text makes the verifier panic, and only what says what was signed is
// taken, the first time as well as again.
func FuzzVerify(f *testing.F) {
	v, token := minted(f, exchange.Claims{Subject: "e1/Charge"})
	for _, text := range []string{token, token + ".", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", strings.ToUpper(token)} {
		f.Add(text, "secret")
	}
	own := Written(ourIssuer + DiscoveryPath)
	f.Fuzz(func(t *testing.T, text, secret string) {
		for range 2 {
			got, err := v.Verify(t.Context(), text, own, []Key{{Secret: []byte(secret)}})
			if err == nil && len(secret) < 32 && (len(got.Claim("sub")) != 1 || got.Claim("sub")[0] != "e1/Charge") {
				t.Fatalf("%q is taken and says %v", text, got.Claim("sub"))
			}
		}
		if _, err := v.Verify(t.Context(), text, nil, nil); err == nil {
			t.Fatalf("%q is taken without any key", text)
		}
		_, _ = Decrypt(text, nil)
	})
}
