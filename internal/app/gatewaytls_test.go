package app

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"stile/internal/gateway"
)

// door is a project with a WebSocket API and one that asks for a client certificate.
func door(t *testing.T, backend string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"apim/policy.xml": `<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>`,
		"apim/apis/chat/apiInformation.json": `{"properties": {"displayName": "Chat", "path": "chat", "type": "websocket", "subscriptionRequired": false,
			"serviceUrl": "ws` + strings.TrimPrefix(backend, "http") + `"}}`,
		"apim/apis/proof/apiInformation.json": `{"properties": {"displayName": "Proof", "path": "proof", "subscriptionRequired": false, "serviceUrl": "` + backend + `"}}`,
		"apim/apis/proof/specification.yaml":  "openapi: 3.0.3\ninfo: {title: p, version: \"1\"}\npaths: {/x: {get: {operationId: get}}}\n",
		"apim/apis/proof/policy.xml": `<policies><inbound><base /><validate-client-certificate validate-revocation="false">
			<identities><identity common-name="stile" /></identities></validate-client-certificate></inbound></policies>`,
	} {
		more = append(more, name, text)
	}
	for i := 0; i+1 < len(more); i += 2 {
		file := filepath.Join(dir, more[i])
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(more[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// echoing is a backend that answers requests, and sends back what comes over WebSockets.
func echoing(t *testing.T) string {
	t.Helper()
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			_, _ = io.WriteString(w, "ok")
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, text, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, text) != nil {
				return
			}
		}
	}))
	t.Cleanup(back.Close)
	return back.URL
}

// TestGatewayOverTLS: what a caller shows is judged by the policy, by the authorities
// that stile.yaml lists; a WebSocket over TLS is sent away when the server stops.
func TestGatewayOverTLS(t *testing.T) {
	cert, key, err := selfSigned(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := door(t, echoing(t), "gate.pem", string(cert)+string(key), "ca.pem", string(cert),
		"stile.yaml", `
certificates: [{id: gate, secret: {secret: "file://gate.pem"}}]
gateway-tls: {certificates: [gate], authorities: [{secret: "file://ca.pem"}]}
`)
	o := devOptions(dir, t.TempDir())
	o.GatewayTLS = "127.0.0.1:0"
	p := devAs(t, o)
	if !strings.HasPrefix(p.GatewayTLS, "https://") {
		t.Fatalf("the gateway over TLS is at %q", p.GatewayTLS)
	}
	ask := func(path string, shown ...tls.Certificate) (int, string) {
		way := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: shown}}
		defer way.CloseIdleConnections()
		resp, err := (&http.Client{Transport: way}).Get(p.GatewayTLS + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if block, _ := pem.Decode(cert); !resp.TLS.PeerCertificates[0].Equal(leafOf(t, block.Bytes)) {
			t.Error("the gateway proves another certificate")
		}
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	if code, text := ask("/proof/x"); code != 403 || text != `{ "statusCode": 403, "message": "Invalid client certificate" }` {
		t.Errorf("without a certificate: %d %s", code, text)
	}
	if code, _ := ask(gateway.StatusPath); code != 200 {
		t.Errorf("status %d", code)
	}
	// Our own certificate is a server's: nobody may call with it.
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := ask("/proof/x", pair); code != 403 {
		t.Errorf("with a server's certificate: %d", code)
	}
	c, _, err := websocket.Dial(t.Context(), p.GatewayTLS+"/chat/room", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := c.Read(t.Context()); err != nil || string(text) != "hello" {
		t.Fatalf("%q %v", text, err)
	}
	left := make(chan error, 1)
	go func() {
		_, _, err := c.Read(t.Context())
		left <- err
	}()
	p.shut()
	if err := <-left; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("at the stop the client got %v", err)
	}
}

// TestServeNeedsACertificate: nothing that others reach is proven by a certificate that
// nobody chose.
func TestServeNeedsACertificate(t *testing.T) {
	o := devOptions(door(t, "http://127.0.0.1:9"), t.TempDir())
	o.GatewayTLS = "127.0.0.1:0"
	if err := Serve(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--gateway-tls needs a certificate") {
		t.Error(err)
	}
}

func leafOf(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
