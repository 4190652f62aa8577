package policies

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"stile/policy"
	"stile/policy/exchange"
)

// storedKey is a certificate of a new key.
func storedKey(t *testing.T, id string) (policy.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key := newKey()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: epoch.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Certificate{ID: id, TLS: &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, Public: &key.PublicKey}, key
}

func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	made, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := made.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sealed(t *testing.T, alg jose.KeyAlgorithm, key any, text string) string {
	t.Helper()
	e, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: alg, Key: key}, (&jose.EncrypterOptions{}).WithContentType("JWT"))
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

// TestEncryptedTokens: what is inside an encrypted token is held to the same checks,
// with keys that stand in the document and with those of certificates.
func TestEncryptedTokens(t *testing.T) {
	stored, private := storedKey(t, "box")
	signer, signing := storedKey(t, "signer")
	wrap, mac := []byte(strings.Repeat("w", 32)), []byte(strings.Repeat("m", 32))
	b64 := base64.StdEncoding.EncodeToString
	claims := map[string]any{"aud": "orders", "iss": "https://op.example", "sub": "ada", "exp": epoch.Add(time.Hour).Unix()}
	old := map[string]any{"aud": "orders", "exp": epoch.Add(-time.Hour).Unix()}
	rs := signed(t, jose.RS256, signing, claims)
	element := fmt.Sprintf(`<validate-jwt header-name="Authorization" output-token-variable-name="jwt">
		<issuer-signing-keys><key>%s</key><key certificate-id="signer" /></issuer-signing-keys>
		<decryption-keys><key>%s</key><key certificate-id="box" /></decryption-keys>
		<audiences><audience>orders</audience></audiences></validate-jwt>`, b64(mac), b64(wrap))
	for name, c := range map[string]struct{ token, want string }{
		"RSA-OAEP":          {sealed(t, jose.RSA_OAEP, &private.PublicKey, rs), "200"},
		"RSA-OAEP-256":      {sealed(t, jose.RSA_OAEP_256, &private.PublicKey, rs), "200"},
		"A256KW":            {sealed(t, jose.A256KW, wrap, rs), "200"},
		"dir, HS256 inside": {sealed(t, jose.DIRECT, wrap, signed(t, jose.HS256, mac, claims)), "200"},
		"not encrypted":     {rs, "200"},
		"another box":       {sealed(t, jose.RSA_OAEP, &newKey().PublicKey, rs), "401 JwtInvalid"},
		"another signer":    {sealed(t, jose.A256KW, wrap, signed(t, jose.RS256, newKey(), claims)), "401 TokenSignatureInvalid"},
		"expired inside":    {sealed(t, jose.A256KW, wrap, signed(t, jose.RS256, signing, old)), "401 TokenExpired"},
		"unsigned inside":   {sealed(t, jose.A256KW, wrap, `{"aud":"orders"}`), "401 JwtInvalid"},
		"none inside": {sealed(t, jose.A256KW, wrap, base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))+"."+
			base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"orders"}`))+"."), "401 JwtInvalid"},
		"the box's key as a secret": {sealed(t, jose.A256KW, mac, rs), "401 JwtInvalid"},
	} {
		ex := &exchange.Exchange{}
		ex.Request.Header.Set("Authorization", "Bearer "+c.token)
		if got := withStored(t, element, ex, stored, signer); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		} else if who := fmt.Sprint(ex.Variables["who"]); c.want == "200" && who != "ada" {
			t.Errorf("%s: the variable's subject is %q", name, who)
		}
	}
	// Without decryption keys an encrypted token is none.
	ex := &exchange.Exchange{}
	ex.Request.Header.Set("Authorization", "Bearer "+sealed(t, jose.A256KW, wrap, rs))
	bare := `<validate-jwt header-name="Authorization"><issuer-signing-keys><key certificate-id="signer" /></issuer-signing-keys></validate-jwt>`
	if got := withStored(t, bare, ex, signer); !strings.HasPrefix(got, "401 JwtInvalid") {
		t.Errorf("without decryption keys: %s", got)
	}
	// A certificate that has no value now answers 503, whatever the policy's own status is.
	ex = &exchange.Exchange{}
	ex.Request.Header.Set("Authorization", "Bearer "+rs)
	if got := withStored(t, bare, ex, policy.Certificate{ID: "signer", Lacking: "vault away"}); !strings.HasPrefix(got, "503 SecretUnavailable") {
		t.Errorf("without the certificate: %s", got)
	}
}

// withStored runs a document's inbound where these certificates are kept.
func withStored(t *testing.T, element string, ex *exchange.Exchange, stored ...policy.Certificate) string {
	t.Helper()
	values := policy.Fixed{Stored: map[string]policy.Certificate{}}
	for _, c := range stored {
		values.Stored[c.ID] = c
	}
	if strings.Contains(element, `variable-name="jwt"`) {
		element += `<set-variable name="who" value="@(((Jwt)context.Variables["jwt"]).Subject)" />`
	}
	doc, list := policy.Compile(policy.Source{File: "api.xml", Scope: policy.API,
		Text: "<policies><inbound>" + element + "</inbound><backend /></policies>"}, Table(), values)
	if len(list) > 0 {
		t.Fatal(list)
	}
	policy.Link(nil, nil, doc, nil).Run(context.Background(), ex, &policy.Env{Now: func() time.Time { return epoch }, Tokens: newVerifier()})
	if ex.LastError == nil {
		return fmt.Sprint(ex.Response.StatusCode)
	}
	return fmt.Sprintf("%d %s | %s", ex.Response.StatusCode, ex.LastError.Reason, ex.LastError.Message)
}
