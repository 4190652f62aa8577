package identity

import (
	"encoding/hex"
	"encoding/json"
	"testing"
)

// TestWycheproofSignatures runs the raw signature vectors through the verifier's
// primitives: key limits, encodings and salt lengths.
func TestWycheproofSignatures(t *testing.T) {
	for file, alg := range map[string]string{
		"rsa_signature_2048_sha256_test.json":    "RS256",
		"rsa_signature_2048_sha384_test.json":    "RS384",
		"rsa_signature_2048_sha512_test.json":    "RS512",
		"rsa_pss_2048_sha256_mgf1_32_test.json":  "PS256",
		"rsa_pss_4096_sha512_mgf1_64_test.json":  "PS512",
		"ecdsa_secp256r1_sha256_p1363_test.json": "ES256",
		"ecdsa_secp384r1_sha384_p1363_test.json": "ES384",
		"ecdsa_secp521r1_sha512_p1363_test.json": "ES512",
		"hmac_sha256_test.json":                  "HS256",
		"hmac_sha384_test.json":                  "HS384",
		"hmac_sha512_test.json":                  "HS512",
	} {
		t.Run(file, func(t *testing.T) {
			var f struct {
				TestGroups []struct {
					PublicKeyJwk, KeyJwk json.RawMessage
					TagSize              int
					Tests                []struct {
						TcID                                int
						Comment, Key, Msg, Sig, Tag, Result string
					}
				}
			}
			if err := json.Unmarshal(vectors(t, file), &f); err != nil {
				t.Fatal(err)
			}
			var accepted, refused, falseAccept, falseRefuse int
			for _, g := range f.TestGroups {
				doc := g.PublicKeyJwk
				if doc == nil {
					doc = g.KeyJwk
				}
				var key PublicKey
				err := error(nil)
				if doc != nil {
					if key, err = ParseJWK(doc); err != nil {
						t.Logf("key refused: %v", err)
					}
				}
				for _, c := range g.Tests {
					sig, k := unhexed(t, c.Sig+c.Tag), key
					if doc == nil {
						k = PublicKey{key: unhexed(t, c.Key)}
					}
					ok := err == nil && k.fits(alg) && k.verify(alg, string(unhexed(t, c.Msg)), sig) == nil
					switch {
					case ok && c.Result == "invalid":
						falseAccept++
						t.Errorf("false accept: case %d %s", c.TcID, c.Comment)
					case ok:
						accepted++
					case c.Result == "valid":
						falseRefuse++
					default:
						refused++
					}
				}
			}
			t.Logf("%s: %d accepted, %d refused, %d false accepts, %d false refusals", alg, accepted, refused, falseAccept, falseRefuse)
			if accepted == 0 {
				t.Error("nothing valid was accepted: the test proves nothing")
			}
		})
	}
}

func unhexed(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
