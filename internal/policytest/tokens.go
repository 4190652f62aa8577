package policytest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"time"

	"stile/internal/config/doctree"
	"stile/policy"
)

// discovery is where an issuer's discovery document lies below its `iss`; keysPath is
// where those of tests say that the keys are.
const (
	discovery = "/.well-known/openid-configuration"
	keysPath  = "/.well-known/stile-test-keys"
	testKeyID = "stile-test"
)

// testKey signs the tokens of tests. It is known to everybody: nothing but a test's
// own discovery documents trusts it.
var testKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	seed := sha256.Sum256([]byte("the key of tests"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		panic(err) // the seed is a constant
	}
	return key
})

// tokens verifies the tokens of one case, whose keys come from what the case lists as
// backend, or else are the test's own.
type tokens struct {
	policy.Tokens
	own   string
	world *world
	// signed says that the case sends a token that a test signs.
	signed bool
}

func newTokens(w *world, own string) *tokens {
	t := &tokens{own: own, world: w}
	t.Tokens = w.host.cfg.Tokens(t.get, w.now)
	return t
}

// OwnIssuer is Stile's own issuer.
func (t *tokens) OwnIssuer() string { return t.own }

// get fetches a discovery document or keys. Where the case lists no answer and sends a
// token of its own, there is one that publishes the key of that token.
func (t *tokens) get(ctx context.Context, target, _ string) ([]byte, error) {
	if t.signed && !t.world.lists("GET", target) {
		if issuer, ok := strings.CutSuffix(target, discovery); ok {
			return json.Marshal(map[string]string{"issuer": issuer, "jwks_uri": issuer + keysPath})
		}
		if strings.HasSuffix(target, keysPath) {
			return testKeys(), nil
		}
	}
	return t.world.fetch(ctx, target)
}

func testKeys() []byte {
	point, err := testKey().PublicKey.Bytes()
	if err != nil {
		panic(err) // the curve is P-256
	}
	b64 := base64.RawURLEncoding.EncodeToString
	out, err := json.Marshal(map[string]any{"keys": []map[string]string{{"kty": "EC", "crv": "P-256", "kid": testKeyID, "alg": "ES256", "use": "sig",
		"x": b64(point[1:33]), "y": b64(point[33:65])}}})
	if err != nil {
		panic(err)
	}
	return out
}

// sign makes a token of claims. Without them it is Stile's own issuer's, issued now,
// and lasts an hour.
func (t *tokens) sign(claims *doctree.Node) string {
	t.signed = true
	now := t.world.clock
	all := &doctree.Node{Kind: doctree.Map, Members: append([]doctree.Member(nil), claims.Members...)}
	for _, m := range []struct{ name, text string }{{"iss", t.own}, {"iat", ""}, {"nbf", ""}, {"exp", ""}} {
		if claims.Get(m.name) != nil {
			continue
		}
		n := &doctree.Node{Kind: doctree.String, Text: m.text}
		if m.text == "" {
			at := now
			if m.name == "exp" {
				at = now.Add(time.Hour)
			}
			n.Kind, n.Text = doctree.Number, strconv.FormatInt(at.Unix(), 10)
		}
		all.Members = append(all.Members, doctree.Member{Name: m.name, Value: n})
	}
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"ES256","kid":"`+testKeyID+`","typ":"JWT"}`)) + "." + b64(all.JSON())
	sum := sha256.Sum256([]byte(text))
	der, err := testKey().Sign(nil, sum[:], crypto.SHA256) // without randomness: RFC 6979
	if err != nil {
		panic(err)
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		panic(err)
	}
	var signature [64]byte
	rs.R.FillBytes(signature[:32])
	rs.S.FillBytes(signature[32:])
	return text + "." + b64(signature[:])
}
