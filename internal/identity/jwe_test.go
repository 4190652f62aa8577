package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func encrypted(t *testing.T, alg jose.KeyAlgorithm, enc jose.ContentEncryption, key any, o *jose.EncrypterOptions, text string) string {
	t.Helper()
	e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	made, err := e.Encrypt([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := made.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func secretOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i + n)
	}
	return b
}

// Every wrap with every content encryption opens with its key and with no other.
func TestDecrypt(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const inner = "e30.e30.c2ln"
	opened := 0
	for _, wrap := range wraps {
		for _, content := range contents {
			good, wrong := DecryptionKey{Private: private}, DecryptionKey{Private: other}
			var key any = &private.PublicKey
			if n := wrapBytes[wrap] + map[bool]int{true: directBytes[content]}[wrap == jose.DIRECT]; n > 0 {
				secret := secretOf(n)
				good, key = DecryptionKey{Secret: secret}, secret
				wrong = DecryptionKey{Secret: append([]byte{secret[0] ^ 1}, secret[1:]...)}
			}
			token := encrypted(t, wrap, content, key, nil, inner)
			if got, err := Decrypt(token, []DecryptionKey{wrong, good}); got != inner || err != nil {
				t.Errorf("%s %s: %q, %v", wrap, content, got, err)
			} else {
				opened++
			}
			for name, keys := range map[string][]DecryptionKey{"wrong key": {wrong}, "no key": nil, "short key": {{Secret: []byte("short")}}} {
				var refused *TokenError
				if _, err := Decrypt(token, keys); !errors.As(err, &refused) || refused.Reason != "JwtInvalid" {
					t.Errorf("%s %s, %s: %v", wrap, content, name, err)
				}
			}
			for at := range 5 { // an altered part never opens
				parts := strings.Split(token, ".")
				if parts[at] == "" {
					continue
				}
				b, _ := base64.RawURLEncoding.DecodeString(parts[at])
				b[len(b)/2] ^= 4
				parts[at] = base64.RawURLEncoding.EncodeToString(b)
				if got, err := Decrypt(strings.Join(parts, "."), []DecryptionKey{good}); err == nil {
					t.Errorf("%s %s: part %d was altered, and it opened to %q", wrap, content, at, got)
				}
			}
		}
	}
	if want := len(wraps) * len(contents); opened != want {
		t.Errorf("%d of %d opened", opened, want)
	}
}

func TestDecryptRefuses(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	secret, all := secretOf(32), []DecryptionKey{{Secret: secretOf(32)}, {Private: private}}
	head := func(h string) string { return base64.RawURLEncoding.EncodeToString([]byte(h)) + ".YQ.YQ.YQ.YQ" }
	for name, token := range map[string]string{
		"RSA1_5":           encrypted(t, jose.RSA1_5, jose.A128GCM, &private.PublicKey, nil, "a.b.c"),
		"password":         encrypted(t, jose.PBES2_HS256_A128KW, jose.A128GCM, "password", nil, "a.b.c"),
		"compressed":       encrypted(t, jose.DIRECT, jose.A256GCM, secret, &jose.EncrypterOptions{Compression: jose.DEFLATE}, "a.b.c"),
		"claims unsigned":  encrypted(t, jose.DIRECT, jose.A256GCM, secret, nil, `{"sub":"x"}`),
		"JWE in JWE":       encrypted(t, jose.DIRECT, jose.A256GCM, secret, nil, "a.b.c.d.e"),
		"kid twice":        head(`{"alg":"dir","enc":"A256GCM","kid":"a","kid":"b"}`),
		"kid not text":     head(`{"alg":"dir","enc":"A256GCM","kid":7}`),
		"crit":             head(`{"alg":"dir","enc":"A256GCM","crit":["x"]}`),
		"none":             head(`{"alg":"none","enc":"A256GCM"}`),
		"header not JSON":  "e.YQ.YQ.YQ.YQ",
		"too long":         head(`{"alg":"dir","enc":"A256GCM"}`) + strings.Repeat("A", maxToken),
		"kid of no key":    encrypted(t, jose.DIRECT, jose.A256GCM, secret, (&jose.EncrypterOptions{}).WithHeader("kid", "other"), "a.b.c"),
		"ECDH-ES unlisted": head(`{"alg":"ECDH-ES","enc":"A256GCM"}`),
	} {
		keys := all
		if name == "kid of no key" {
			keys = []DecryptionKey{{ID: "mine", Secret: secret}}
		}
		var refused *TokenError
		if got, err := Decrypt(token, keys); !errors.As(err, &refused) {
			t.Errorf("%s: opened to %q, %v", name, got, err)
		}
	}
	if got, err := Decrypt("a.b.c", all); got != "a.b.c" || err != nil {
		t.Errorf("a signed token came back as %q, %v", got, err)
	}
}

// The key of a certificate is held to the rules of published ones.
func TestCertificateKeys(t *testing.T) {
	short := new(big.Int).SetBit(big.NewInt(1), 1023, 1)
	if _, err := publicKey(&rsa.PublicKey{N: short, E: 65537}); err == nil {
		t.Error("an RSA key of 1024 bits passes")
	}
	if _, err := publicKey("text"); err == nil {
		t.Error("text passes for a key")
	}
}
