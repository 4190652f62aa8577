package app

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"stile/internal/identity/idptest"
)

// serveOn runs Serve on a folder and its data; stop ends it and waits.
func serveOn(t *testing.T, dir, data string) (r Ready, stop func()) {
	t.Helper()
	o := devOptions(dir, data)
	ready, ended := make(chan Ready, 1), make(chan error, 1)
	o.Ready, o.Log = func(r Ready) { ready <- r }, slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- Serve(ctx, o) }()
	select {
	case r = <-ready:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("the product does not start")
	}
	done := false
	stop = func() {
		if !done {
			done = true
			cancel()
			<-ended
		}
	}
	t.Cleanup(stop)
	return r, stop
}

// TestSessionsOutliveARestart: the cookie of a session serves after it, and over
// TLS it is bound to its host.
func TestSessionsOutliveARestart(t *testing.T) {
	idp := idptest.New(t, idptest.OktaCustom)
	idp.AutoApprove("ada")
	dir, data := keyFolder(t, identityYAML(t, idp)), t.TempDir()
	first, stop := serveOn(t, dir, data)
	jar := must(cookiejar.New(nil))
	c := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	status, _, resp := ask(t, c, "GET", first.ControlTLS+startPath+"?provider="+providerOf(idp), "")
	if status != 200 || resp.Request.URL.Path != "/" || resp.Request.URL.Scheme != "https" {
		t.Fatalf("login over TLS: %d at %s", status, resp.Request.URL)
	}
	var kept *http.Cookie
	for _, k := range jar.Cookies(must(url.Parse(first.ControlTLS))) {
		if k.Name == "__Host-stile" {
			kept = k
		}
	}
	if kept == nil {
		t.Fatal("no cookie that is bound to its host")
	}
	// Over plain HTTP the same id is no session: it has another name there.
	if status, _ := whoIs(t, still(), first.Console, "Cookie", kept.Name+"="+kept.Value); status != 401 {
		t.Errorf("a cookie of TLS without TLS: %d", status)
	}
	stop()
	second, _ := serveOn(t, dir, data)
	if status, w := whoIs(t, &http.Client{Transport: c.Transport}, second.ControlTLS, "Cookie", kept.Name+"="+kept.Value); status != 200 || w.Principal != "user:00u-ada" {
		t.Errorf("after a restart: %d %+v", status, w)
	}
}

// TestProviderDown: nothing fails open while a provider was never there.
func TestProviderDown(t *testing.T) {
	idp := idptest.New(t, idptest.EntraV2)
	idp.Down(true)
	p, _ := serveKeys(t, identityYAML(t, idp))
	status, body, _ := ask(t, still(), "GET", p.Console+"/-/v1/whoami", "", "Authorization", "Bearer "+idp.Mint(nil))
	if status != 401 || strings.Contains(body, "127.0.0.1") {
		t.Errorf("a good token: %d %s", status, body)
	}
	if status, body, _ := ask(t, still(), "GET", p.Console+startPath+"?provider="+providerOf(idp), ""); status != 502 || strings.Contains(body, "discovery") {
		t.Errorf("a login: %d %s", status, body)
	}
}
