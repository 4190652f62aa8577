package gateway

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"stile/internal/apim"
	"stile/internal/secret"
)

func pemPair(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	_ = pem.Encode(&out, &pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return out.String()
}

// TestCertificates: a certificate is read where the service is compiled, is missing
// with a warning, is wrong with a fault that shows nothing of it, and a new value
// compiles its documents again.
func TestCertificates(t *testing.T) {
	ref, err := secret.Parse("kv://acme/orders-pem")
	if err != nil {
		t.Fatal(err)
	}
	svc := &apim.Service{Certificates: []*apim.Certificate{{ID: "orders", Ref: ref, Place: apim.Place{File: "stile.yaml", Line: 4}}}, ManagedIdentity: true}
	text, away := pemPair(t), false
	opts := CompileOptions{Revision: "r", Secrets: func(secret.Ref) (secret.Value, error) {
		if away {
			return secret.Value{}, errors.New("secret kv://acme/orders-pem: away")
		}
		return secret.NewValue(text), nil
	}}
	first, faults := Compile(svc, table(t), opts)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	c, ok := first.values.Certificate("orders")
	if !ok || c.TLS == nil || c.Public == nil || len(c.Thumbprint) != 40 || c.Lacking != "" {
		t.Errorf("certificate %+v", c)
	}
	if !first.values.ManagedIdentity() || len(first.Secrets()) != 1 {
		t.Errorf("identity %v, secrets %v", first.values.ManagedIdentity(), first.Secrets())
	}
	again, _ := Compile(svc, table(t), opts)
	if !again.values.sameCredentials(first.values) {
		t.Error("the same certificate counts as changed")
	}
	text = pemPair(t)
	if next, _ := Compile(svc, table(t), opts); next.values.sameCredentials(first.values) {
		t.Error("a new certificate counts as the same")
	}
	away = true
	held, faults := Compile(svc, table(t), opts)
	if held == nil || len(faults) != 1 || faults[0].Code != CodeSecret || faults[0].Line != 4 {
		t.Fatalf("while it is away: %v", faults)
	}
	if c, ok := held.values.Certificate("orders"); !ok || c.TLS != nil || c.Lacking == "" {
		t.Errorf("while it is away the certificate is %+v", c)
	}
	away = false
	for _, bad := range []string{"hush", strings.Replace(text, "PRIVATE", "PUBLIC", 2), pemPair(t)[:200] + text} {
		text = bad
		s, faults := Compile(svc, table(t), opts)
		if s != nil || len(faults) != 1 || faults[0].Code != CodeCertificate || strings.Contains(faults.Error(), "hush") {
			t.Errorf("a text that is no certificate gives %v", faults)
		}
	}
}
