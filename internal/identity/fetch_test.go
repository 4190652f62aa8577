package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/reach"
	"stile/policy/exchange"
)

// TestHTTPGetReaches: what the configuration writes out may be inside; what a
// document names is on that document's host or public; what a request's data made is
// public; a metadata service is never asked.
func TestHTTPGetReaches(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; _, _ = w.Write([]byte("{}")) }))
	defer srv.Close()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host inside was asked") }))
	defer other.Close()
	get := HTTPGet(nil)
	for _, target := range []string{srv.URL + "/config", srv.URL + "/keys"} {
		if data, err := get(t.Context(), target, srv.URL+"/config"); err != nil || string(data) != "{}" {
			t.Errorf("%s: %q, %v", target, data, err)
		}
	}
	asked = 0
	const public = "https://id.example.com/config"
	for name, c := range map[string]struct{ target, origin string }{
		"computed, inside":             {srv.URL, ""},
		"computed, inside, https":      {"https://127.0.0.1:9/", ""},
		"computed, http":               {"http://id.example.com/", ""},
		"named, inside":                {other.URL, srv.URL},
		"named by a public one":        {srv.URL, public},
		"named, inside, over https":    {"https://10.0.0.1/keys", public},
		"metadata, written out":        {"https://169.254.169.254/x", "https://169.254.169.254/x"},
		"metadata, over http":          {"http://169.254.169.254/x", "http://169.254.169.254/x"},
		"metadata, named":              {"https://169.254.169.254/x", srv.URL},
		"http from elsewhere, written": {"http://10.0.0.1/x", "http://10.0.0.1/x"},
	} {
		if _, err := get(t.Context(), c.target, c.origin); err == nil || asked != 0 {
			t.Errorf("%s: %v, %d requests", name, err, asked)
		}
	}
}

// TestANameIsJudgedWhenItIsDialled: what a name resolves to decides, not the name.
func TestANameIsJudgedWhenItIsDialled(t *testing.T) {
	var refused *reach.Refused
	if _, err := HTTPGet(nil)(t.Context(), "https://localhost:9/keys", "https://id.example.com/config"); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
}

// TestAHangingIssuerEndsTheFetch: who asks meanwhile is answered, and the next is told
// without another wait.
func TestAHangingIssuerEndsTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		v := NewVerifier(nil, HTTPGet(roundTrip(func(r *http.Request) (*http.Response, error) {
			asked++
			<-r.Context().Done()
			return nil, r.Context().Err()
		})), time.Now)
		begun := time.Now()
		for range 3 {
			if _, err := v.Verify(t.Context(), "eyJhbGciOiJSUzI1NiJ9.e30.AA", Written("https://id.example.com/config"), nil); err == nil {
				t.Fatal("verified without keys")
			}
		}
		if waited := time.Since(begun); asked != 1 || waited > fetchLimit {
			t.Errorf("asked %d times, waited %v", asked, waited)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestComputedSources are bounded, and their documents fetched as such; the keys of
// one that is written out are not theirs.
func TestComputedSources(t *testing.T) {
	c := start()
	var origins []string
	v := NewVerifier(nil, func(_ context.Context, url, origin string) ([]byte, error) {
		origins = append(origins, origin)
		return nil, errors.New("down")
	}, c.now)
	i := open(t, memStore{}, c)
	token, err := i.Mint(exchange.Claims{Role: "r"})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 * maxComputed {
		c.t = c.t.Add(time.Millisecond)
		if _, err := v.Verify(t.Context(), token, []Source{{URL: fmt.Sprintf("https://id.example.com/%d", n), Computed: true}}, nil); err == nil {
			t.Fatal("verified without keys")
		}
	}
	if n := len(v.fetcher.all); n != maxComputed || v.fetcher.computed != maxComputed {
		t.Errorf("%d documents are kept, counted %d", n, v.fetcher.computed)
	}
	if strings.Join(origins, "") != "" || len(origins) != 3*maxComputed {
		t.Errorf("%d fetches of computed documents, by origins %q", len(origins), origins[:3])
	}
	origins = nil
	_, _ = v.Verify(t.Context(), token, Written("https://id.example.com/0"), nil)
	if len(origins) != 1 || origins[0] != "https://id.example.com/0" {
		t.Errorf("written out: %q", origins)
	}
}
