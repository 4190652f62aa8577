package needs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/identity/idptest"
	"stile/internal/secret/secrettest"
)

// cloud plays Azure towards the server: Entra ID with Key Vault, and Application
// Insights, behind a proxy that answers for every name it plays.
type cloud struct {
	vault *secrettest.KeyVault
	entra *idptest.Provider
	proxy string // URL of the proxy
	ca    string // file with the certificate of the proxy's authority

	mu    sync.Mutex
	items []string // "TYPE NAME" of what Application Insights received
}

const insightsHost = "westeurope-1.in.applicationinsights.azure.com"

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{vault: &secrettest.KeyVault{Tenant: "6f1f7f2c-3a55-4b0c-9d52-2f0c7b1f9a10", Client: "stile", ClientSecret: "of the vault's client"},
		entra: idptest.New(t, idptest.EntraV2, idptest.Public()), ca: filepath.Join(t.TempDir(), "ca.pem")}
	cert := c.authority(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inner := &pipe{conns: make(chan net.Conn)}
	behind := &http.Server{Handler: http.HandlerFunc(c.serve), ReadHeaderTimeout: 10 * time.Second}
	go behind.Serve(tls.NewListener(inner, &tls.Config{GetCertificate: cert}))
	front := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || !plays(r.URL.Hostname()) {
			http.Error(w, "not played here", http.StatusBadGateway)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if _, err := conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); err == nil {
			inner.conns <- conn
		}
	})}
	go front.Serve(l)
	t.Cleanup(func() { front.Close(); behind.Close() })
	c.proxy = "http://" + l.Addr().String()
	return c
}

func plays(host string) bool {
	return strings.HasSuffix(host, ".vault.azure.net") || host == "login.microsoftonline.com" || host == insightsHost
}

// pipe is a listener that is handed its connections.
type pipe struct {
	conns chan net.Conn
	once  sync.Once
}

func (p *pipe) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.conns) })
	return nil
}

func (p *pipe) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// authority makes a certificate authority, writes it for the server to trust, and
// gives what signs a certificate for each name.
func (c *cloud) authority(t *testing.T) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "played clouds"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		leaf := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{h.ServerName}, NotBefore: ca.NotBefore,
			NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
		der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), key)
		if err != nil {
			return nil, err
		}
		return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
	}
}

func (c *cloud) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/idp/") || strings.Contains(r.URL.Path, idptest.Tenant):
		c.entra.ServeHTTP(w, r)
		return
	case r.Host != insightsHost:
		c.vault.ServeHTTP(w, r)
		return
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, "not gzip", http.StatusBadRequest)
			return
		}
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil {
		http.Error(w, "cut", http.StatusBadRequest)
		return
	}
	n := c.note(text)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"itemsReceived": n, "itemsAccepted": n, "errors": []any{}})
}

// note keeps what telemetry items say of themselves: their type and name.
func (c *cloud) note(text []byte) (n int) {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			list = append(list, bytes.Clone(lines.Bytes()))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, raw := range list {
		var item struct {
			Data struct {
				BaseType string `json:"baseType"`
				BaseData struct {
					Name string `json:"name"`
				} `json:"baseData"`
			} `json:"data"`
		}
		if json.Unmarshal(raw, &item) == nil {
			c.items = append(c.items, item.Data.BaseType+" "+item.Data.BaseData.Name)
			n++
		}
	}
	return n
}

// received is what Application Insights was told so far, a line each.
func (c *cloud) received() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.items, "\n")
}
