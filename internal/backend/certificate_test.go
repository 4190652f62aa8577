package backend

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func clientCertificate(t *testing.T, name string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A client certificate goes with the calls that name it, on connections of its own,
// and over no redirect to another origin.
func TestClientCertificate(t *testing.T) {
	who := func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if peers := r.TLS.PeerCertificates; len(peers) > 0 {
			name = peers[0].Subject.CommonName
		}
		fmt.Fprint(w, name)
	}
	secure := func(h http.HandlerFunc) *httptest.Server {
		srv := httptest.NewUnstartedServer(h)
		srv.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return srv
	}
	other := secure(who)
	srv := secure(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/", http.StatusFound)
		default:
			who(w, r)
		}
	})
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	roots.AddCert(other.Certificate())
	cfg := config()
	cfg.Trusted = func(string) bool { return true }
	c := NewClient(cfg)
	c.ways.roots = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	c.ways.inside.(*http.Transport).TLSClientConfig = c.ways.roots.Clone()
	one, two := clientCertificate(t, "one"), clientCertificate(t, "two")
	for _, call := range []struct {
		path string
		with *tls.Certificate
		want string
	}{{"/", nil, "nobody"}, {"/", one, "one"}, {"/", two, "two"}, {"/", nil, "nobody"}, {"/", one, "one"},
		{"/here", two, "two"}, {"/away", one, "nobody"}} {
		ex := request(srv.URL, call.path)
		ex.Backend.ClientCertificate, ex.Backend.Forwarding.FollowRedirects = call.with, true
		if err := c.Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(ex.Response.Body.Reader())
		if err != nil || string(got) != call.want {
			t.Errorf("%s with %v: the backend saw %q, %v, want %q", call.path, call.with != nil, got, err, call.want)
		}
	}
	if n := len(c.ways.own.all); n != 2 {
		t.Errorf("%d ways are kept for 2 certificates", n)
	}
	for i := range maxWays + 3 {
		c.ways.with(traits{certificate: clientCertificate(t, fmt.Sprint(i))})
	}
	if p := c.ways.own; len(p.all) != maxWays || len(p.order) != maxWays {
		t.Errorf("%d ways are kept, %d in order; want %d", len(p.all), len(p.order), maxWays)
	}
}
