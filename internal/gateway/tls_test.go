package gateway

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy/exchange"
)

// proof makes a self-signed certificate for a name, and its PEM with the key.
func proof(t *testing.T, name string) (pair tls.Certificate, text string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text
}

// TestTLS: the listener proves the certificate that the caller's name asks for, takes
// the next snapshot's without a restart, and hands on what a caller shows.
func TestTLS(t *testing.T) {
	_, one := proof(t, "one.example")
	_, two := proof(t, "two.example")
	texts := map[string]string{"env://ONE": one, "env://TWO": two}
	secrets := func(r secret.Ref) (secret.Value, error) { return secret.NewValue(texts[r.String()]), nil }
	svc := service("http://x")
	svc.Certificates = []*apim.Certificate{{ID: "one", Ref: secretRef(t, "env://ONE")}, {ID: "two", Ref: secretRef(t, "env://TWO")}}
	svc.Listener.Certificates = []string{"one", "two"}
	var got [][]byte
	h := newHost(t, service("http://x"), exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		got = ex.Request.ClientCertificate
		ex.Response.StatusCode = 200
		return nil
	}), func(c *Config) { c.Observe = nil })
	s := httptest.NewUnstartedServer(h.Handler())
	s.TLS = h.TLSConfig(nil)
	s.StartTLS()
	defer s.Close()
	client, _ := proof(t, "caller")
	ask := func(name string, shown ...tls.Certificate) (subject string, err error) {
		got = nil
		way := &http.Transport{TLSClientConfig: &tls.Config{ServerName: name, InsecureSkipVerify: true, Certificates: shown}}
		defer way.CloseIdleConnections()
		resp, err := (&http.Client{Transport: way}).Get(s.URL + "/a/x")
		if err != nil {
			return "", err
		}
		resp.Body.Close()
		return resp.TLS.PeerCertificates[0].Subject.CommonName, nil
	}
	// httptest adds a certificate of its own, which GetConfigForClient passes over.
	if name, err := ask("one.example"); err == nil {
		t.Errorf("without a certificate the gateway proves %s", name)
	}
	h.Swap(compile(t, svc, CompileOptions{Secrets: secrets}))
	for host, want := range map[string]string{"one.example": "one.example", "two.example": "two.example", "other.example": "one.example"} {
		if name, err := ask(host); err != nil || name != want || got != nil {
			t.Errorf("%s: %s, %v, client %d", host, name, err, len(got))
		}
	}
	if _, err := ask("one.example", client); err != nil || len(got) != 1 || !bytes.Equal(got[0], client.Certificate[0]) {
		t.Errorf("%v, the exchange has %d certificates", err, len(got))
	}
	off := *svc
	off.Listener.NoClientCertificates = true
	h.Swap(compile(t, &off, CompileOptions{Secrets: secrets}))
	if _, err := ask("one.example", client); err != nil || got != nil {
		t.Errorf("%v, a certificate was asked for all the same", err)
	}
	off.Listener.Certificates = []string{"none"}
	if list := compileFaults(t, &off); len(list) != 1 || list[0].Code != CodeNoSuch {
		t.Error(list)
	}
}

// TestHopHeader: a trusted hop passes a caller's certificate on; anybody else's field
// is as if it were not there, and no backend sees it.
func TestHopHeader(t *testing.T) {
	cert, _ := proof(t, "caller")
	sf := ":" + base64.StdEncoding.EncodeToString(cert.Certificate[0]) + ":"
	for _, tt := range []struct {
		name, header, remote string
		values               []string
		shown                bool
		status               int
	}{
		{"hop", "client-cert", "10.0.0.1:1", []string{sf}, true, 200},
		{"hop without", "client-cert", "10.0.0.1:1", nil, false, 200},
		{"hop, of Azure", "x-arr-clientcert", "10.0.0.1:1", []string{base64.StdEncoding.EncodeToString(cert.Certificate[0])}, true, 200},
		{"hop, twice", "client-cert", "10.0.0.1:1", []string{sf, sf}, false, 400},
		{"hop, garbage", "client-cert", "10.0.0.1:1", []string{":AAAA:"}, false, 400},
		{"hop, no byte sequence", "client-cert", "10.0.0.1:1", []string{sf[1:]}, false, 400},
		{"stranger", "client-cert", "192.0.2.1:1", []string{sf}, false, 200},
		{"not configured", "", "10.0.0.1:1", []string{sf}, false, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			svc := service("http://x")
			svc.TrustedHops = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
			svc.Listener.HopHeader = tt.header
			var seen *exchange.Exchange
			h := newHost(t, svc, exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
				seen = ex
				ex.Response.StatusCode = 200
				return nil
			}))
			r := httptest.NewRequest("GET", "/a/x", nil)
			r.RemoteAddr = tt.remote
			name := tt.header
			if name == "" {
				name = "client-cert"
			}
			for _, v := range tt.values {
				r.Header.Add(name, v)
			}
			w := httptest.NewRecorder()
			h.Handler().ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("status %d", w.Code)
			}
			if tt.status == 200 && (len(seen.Request.ClientCertificate) == 1) != tt.shown {
				t.Errorf("%d certificates", len(seen.Request.ClientCertificate))
			}
			if tt.status == 200 && tt.header != "" && seen.Request.Header.Has(tt.header) {
				t.Error("the backend is told")
			}
		})
	}
}

func TestAuthoritiesOfCallers(t *testing.T) {
	_, text := proof(t, "root")
	svc := service("http://x")
	svc.Listener.Authorities = []apim.Authority{{Ref: secretRef(t, "env://CA"), Place: apim.Place{File: "stile.yaml", Line: 3}}}
	at := func(value string) CompileOptions {
		return CompileOptions{Secrets: func(secret.Ref) (secret.Value, error) { return secret.NewValue(value), nil }}
	}
	s := compile(t, svc, at(text))
	if roots, lacking := s.values.ClientAuthorities(); roots == nil || lacking != "" {
		t.Errorf("%v %q", roots, lacking)
	}
	if _, faults := Compile(svc, table(t), at("no PEM")); !faults.HasErrors() || faults[0].Code != CodeCertificate {
		t.Error(faults)
	}
	if refs := s.Secrets(); len(refs) != 1 {
		t.Errorf("the references are %v", refs)
	}
	none := compile(t, service("http://x"), CompileOptions{})
	if roots, lacking := none.values.ClientAuthorities(); roots != nil || lacking != "" {
		t.Errorf("%v %q", roots, lacking)
	}
}

func TestStatus(t *testing.T) {
	h := newHost(t, service("http://x"), nil)
	empty := New(h.cfg)
	ask := func(g *Gateway, method string) (int, string) {
		w := httptest.NewRecorder()
		g.Handler().ServeHTTP(w, httptest.NewRequest(method, StatusPath, nil))
		return w.Code, w.Body.String()
	}
	if code, text := ask(empty, "GET"); code != 503 {
		t.Errorf("without a configuration: %d %s", code, text)
	}
	w := httptest.NewRecorder()
	empty.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/a/x", nil))
	if w.Code != 503 {
		t.Errorf("a request without a configuration: %d", w.Code)
	}
	if code, text := ask(h.Gateway, "GET"); code != 200 || text != "Service Operational\n" {
		t.Errorf("serving: %d %s", code, text)
	}
	if code, text := ask(h.Gateway, "HEAD"); code != 200 || text != "" {
		t.Errorf("HEAD: %d %q", code, text)
	}
	if code, _ := ask(h.Gateway, "POST"); code != 405 {
		t.Errorf("POST: %d", code)
	}
	h.Drain()
	if code, _ := ask(h.Gateway, "GET"); code != 503 {
		t.Errorf("draining: %d", code)
	}
	if ex := h.call(t, "GET", gate+"/a/x", ""); ex.Response.StatusCode != 200 {
		t.Errorf("a request while draining: %d", ex.Response.StatusCode)
	}
}
