package policies

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"stile/internal/clientcert"
	"stile/policy"
	"stile/policy/exchange"
)

// issued is a certificate with its key.
type issued struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

func (i issued) thumbprint() string { return clientcert.Thumbprint(i.Certificate) }

// issue signs a certificate; a nil parent signs itself.
func issue(t *testing.T, parent *issued, change func(*x509.Certificate)) issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(0x0a1b), NotBefore: epoch.Add(-time.Hour), NotAfter: epoch.Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	change(tmpl)
	signer := issued{tmpl, key}
	if parent != nil {
		signer = *parent
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, signer.Certificate, key.Public(), signer.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issued{made, key}
}

func authority(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.IsCA, c.Subject, c.KeyUsage, c.ExtKeyUsage = true, pkix.Name{CommonName: name, Organization: []string{"Acme, Inc."}}, x509.KeyUsageCertSign, nil
	}
}

// trusting are values with authorities of client certificates.
type trusting struct {
	policy.Fixed
	roots   *x509.CertPool
	lacking string
}

func (v trusting) ClientAuthorities() (*x509.CertPool, string) { return v.roots, v.lacking }

func TestClientCertificate(t *testing.T) {
	root := issue(t, nil, authority("Acme Root"))
	stranger := issue(t, nil, authority("Acme Root")) // of the same name
	client := func(c *x509.Certificate) {
		c.Subject, c.DNSNames = pkix.Name{CommonName: "orders", Organization: []string{"Acme, Inc."}, Country: []string{"DE"}}, []string{"orders.acme.example"}
	}
	leaf, forged := issue(t, &root, client), issue(t, &stranger, client)
	late := issue(t, &root, func(c *x509.Certificate) { client(c); c.NotAfter = epoch.Add(-time.Minute) })
	early := issue(t, &root, func(c *x509.Certificate) { client(c); c.NotBefore = epoch.Add(time.Minute) })
	server := issue(t, &root, func(c *x509.Certificate) { client(c); c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	own := issue(t, nil, client)
	chain := func(list ...issued) (out [][]byte) {
		for _, c := range list {
			out = append(out, c.Raw)
		}
		return out
	}
	identity := func(attributes string) string {
		return `<validate-client-certificate validate-revocation="false"><identities><identity ` + attributes + ` /></identities></validate-client-certificate>`
	}
	untrusted := func(attributes string) string {
		return `<validate-client-certificate validate-revocation="false" validate-trust="false"><identities><identity ` + attributes + ` /></identities></validate-client-certificate>`
	}
	const plain = `<validate-client-certificate validate-revocation="false" />`
	good := chain(leaf)
	for _, c := range []struct {
		name, policy string
		chain        [][]byte
		reason       string
	}{
		{"good", plain, good, ""},
		{"none", plain, nil, "ClientCertificateNotFound"},
		{"garbage", plain, [][]byte{{1, 2, 3}}, "ClientCertificateInvalid"},
		{"revocation is asked for", `<validate-client-certificate />`, good, "ClientCertificateRevocationUnknown"},
		{"forged", plain, chain(forged, stranger), "ClientCertificateNotTrusted"},
		{"self-signed", plain, chain(own), "ClientCertificateNotTrusted"},
		{"a server's", plain, chain(server), "ClientCertificateNotTrusted"},
		{"late", plain, chain(late), "ClientCertificateExpired"},
		{"late, not asked", `<validate-client-certificate validate-revocation="false" validate-not-after="false" />`, chain(late), ""},
		{"early", plain, chain(early), "ClientCertificateNotYetValid"},
		{"early, not asked", `<validate-client-certificate validate-revocation="false" validate-not-before="false" />`, chain(early), ""},
		{"forged, not asked", `<validate-client-certificate validate-revocation="false" validate-trust="false" />`, chain(forged), ""},
		{"ignored", `<validate-client-certificate ignore-error="true" />`, nil, ""},
		{"thumbprint", identity(`thumbprint="` + leaf.thumbprint() + `"`), good, ""},
		{"another thumbprint", identity(`thumbprint="` + root.thumbprint() + `"`), good, "ClientCertificateIdentityNotMatched"},
		{"serial number", identity(`serial-number="00 0a 1B"`), good, ""},
		{"another serial number", identity(`serial-number="a1b0"`), good, "ClientCertificateIdentityNotMatched"},
		{"common name", identity(`common-name="Orders"`), good, ""},
		{"subject", identity(`subject="CN=orders, O=&quot;Acme, Inc.&quot;, C=DE"`), good, ""},
		{"subject from the other end", identity(`subject="C=DE,O=Acme\, Inc.,CN=orders"`), good, ""},
		{"part of the subject", identity(`subject="CN=orders"`), good, "ClientCertificateIdentityNotMatched"},
		{"dns name", identity(`dns-name="ORDERS.acme.example"`), good, ""},
		{"issuer", identity(`issuer-subject="CN=Acme Root, O=&quot;Acme, Inc.&quot;"`), good, ""},
		{"issuer's thumbprint", identity(`issuer-thumbprint="` + root.thumbprint() + `"`), good, ""},
		{"issuer's id", identity(`issuer-certificate-id="ca"`), good, ""},
		{"all must fit", identity(`common-name="orders" dns-name="other"`), good, "ClientCertificateIdentityNotMatched"},
		{"a shown issuer that did not sign", untrusted(`issuer-thumbprint="` + root.thumbprint() + `"`), chain(forged, root), "ClientCertificateIdentityNotMatched"},
		{"a shown issuer that did", untrusted(`issuer-thumbprint="` + stranger.thumbprint() + `"`), chain(forged, stranger), ""},
		{"issuer's id, secret away", identity(`issuer-certificate-id="later"`), good, "SecretUnavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := trusting{roots: x509.NewCertPool(), Fixed: policy.Fixed{Stored: map[string]policy.Certificate{
				"ca":    {ID: "ca", TLS: &tls.Certificate{Certificate: [][]byte{root.Raw}}},
				"later": {ID: "later", Lacking: "vault: not reachable"}}}}
			values.roots.AddCert(root.Certificate)
			if got := judge(t, values, c.policy, c.chain); got != c.reason {
				t.Errorf("reason %q, want %q", got, c.reason)
			}
		})
	}
	away := trusting{roots: x509.NewCertPool(), lacking: "vault: not reachable"}
	if got := judge(t, away, plain, good); got != "SecretUnavailable" {
		t.Errorf("without authorities the reason is %q", got)
	}
}

// judge gives LastError's reason of a request with a certificate, empty where it
// reached the backend.
func judge(t *testing.T, values policy.Values, inbound string, chain [][]byte) string {
	t.Helper()
	doc, faults := policy.Compile(policy.Source{File: "api.xml", Scope: policy.API,
		Text: "<policies><inbound>" + inbound + "</inbound><backend><base /></backend></policies>"}, Table(), values)
	if doc == nil {
		t.Fatal(faults)
	}
	called := false
	env := &policy.Env{Now: func() time.Time { return epoch }, Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		called = true
		ex.Response.StatusCode = 200
		return nil
	})}
	ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", ClientCertificate: chain}}
	policy.Link(nil, doc).Run(t.Context(), ex, env)
	if called != (ex.LastError == nil) {
		t.Fatalf("the backend was called: %v, the last error is %v", called, ex.LastError)
	}
	if ex.LastError == nil {
		return ""
	}
	if want := map[bool]int{true: 503, false: 403}[ex.LastError.Reason == "SecretUnavailable"]; ex.Response.StatusCode != want {
		t.Errorf("status %d, want %d", ex.Response.StatusCode, want)
	}
	return ex.LastError.Reason
}
