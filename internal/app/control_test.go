package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"stile/internal/identity"
	"stile/internal/kv/memkv"
)

// TestNamesOfTheControlListener: what is for everybody answers to any name, all else
// to the names of this machine and those that are given.
func TestNamesOfTheControlListener(t *testing.T) {
	store := memkv.New(nil)
	t.Cleanup(func() { _ = store.Close() }) // of the test alone
	issuer, err := identity.OpenIssuer(keyStore{store}, "https://issuer.example.com", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux := controlMux(ok, ok, issuer, func() string { return "" }, func() string { return "" }, ok, "control.example.com")
	for _, c := range []struct {
		method, path    string
		public, allowed int
	}{
		{"GET", identity.DiscoveryPath, 200, 200}, {"GET", identity.JWKSPath, 200, 200}, {"GET", "/healthz", 200, 200}, {"GET", "/readyz", 200, 200},
		{"GET", "/", 403, 200}, {"POST", "/", 403, 200}, {"GET", "/-/v1/executions", 403, 200}, {"GET", "/metrics", 403, 200},
		{"GET", "/login", 403, 200}, {"POST", "/healthz", 403, 200}, {"GET", "/healthz/x", 403, 200},
	} {
		for host, want := range map[string]int{"10.0.0.7:7400": c.public, "elsewhere.example": c.public, "127.0.0.1:7400": c.allowed, "control.example.com": c.allowed} {
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s %s of %s: %d, want %d", c.method, c.path, host, w.Code, want)
			}
		}
	}
}
