package oidc

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stile/internal/identity/idptest"
)

// TestDiscoveryLeadsNowhereElse: a provider whose document names inner addresses
// or another issuer is not used, and no redirect is followed.
func TestDiscoveryLeadsNowhereElse(t *testing.T) {
	reached := false
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inner.Close()
	doc := map[string]string{}
	redirect := false
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if redirect {
			http.Redirect(w, r, inner.URL, http.StatusFound)
			return
		}
		out := map[string]string{"issuer": srv.URL, "authorization_endpoint": srv.URL + "/a", "token_endpoint": srv.URL + "/t", "jwks_uri": srv.URL + "/k"}
		for k, v := range doc {
			out[k] = v
		}
		_ = json.NewEncoder(w).Encode(out)
	}))
	defer srv.Close()
	begin := func() error {
		p := New(Config{Name: "p", Kind: Generic, Issuer: srv.URL, ClientID: "c", Now: time.Now})
		_, _, err := p.Begin(t.Context(), "http://127.0.0.1:1/cb", "/")
		_, bearer := p.Bearer(t.Context(), "e30.e30.e30")
		if bearer == nil {
			t.Error("a token of nothing was taken")
		}
		return err
	}
	if err := begin(); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"issuer": "https://id.example.com", "authorization_endpoint": inner.URL, "token_endpoint": inner.URL + "/t"} {
		doc = map[string]string{name: value}
		if begin() == nil {
			t.Errorf("%s %s was taken", name, value)
		}
	}
	doc = map[string]string{"jwks_uri": inner.URL}
	_ = begin() // the endpoints are right; the keys are not fetched
	redirect = true
	if begin() == nil {
		t.Error("a redirect was taken for a document")
	}
	if reached {
		t.Error("an inner address was called")
	}
}

// TestTokenEndpoint: what is not a token's answer is none.
func TestTokenEndpoint(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	p := New(configured(idp))
	for _, a := range []idptest.TokenAnswer{idptest.TokenWrongType, idptest.TokenRedirected, idptest.TokenFails} {
		idp.TokenAnswers(a)
		if _, err := p.ClientCredentials(t.Context()); err == nil {
			t.Errorf("answer %d was taken", a)
		}
	}
	idp.TokenAnswers(idptest.TokenJSON)
	cfg := configured(idp)
	cfg.Secret = func(context.Context) (string, error) { return "wrong", nil }
	if _, err := New(cfg).ClientCredentials(t.Context()); err == nil || strings.Contains(err.Error(), "wrong") && strings.Contains(err.Error(), "secret=") {
		t.Errorf("a wrong secret: %v", err)
	}
	cfg.Secret = func(context.Context) (string, error) { return "", io.ErrUnexpectedEOF }
	if _, err := New(cfg).ClientCredentials(t.Context()); err == nil {
		t.Error("went on without its secret")
	}
}
