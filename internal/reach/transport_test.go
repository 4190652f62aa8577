package reach

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func get(t *testing.T, rt http.RoundTripper, target string) error {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(r)
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}

func none(*http.Request) (*url.URL, error) { return nil, nil }

// TestTransport: without a proxy the address that is dialled is judged, by number and
// by name.
func TestTransport(t *testing.T) {
	calls := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	defer srv.Close()
	at, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{srv.URL, "http://localhost:" + at.Port()} {
		var refused *Refused
		if err := get(t, newTransport(Public, none), target); !errors.As(err, &refused) || calls != 0 {
			t.Errorf("%s at Public: %v, %d calls", target, err, calls)
		}
		if err := get(t, newTransport(Inside, none), target); err != nil || calls != 1 {
			t.Errorf("%s at Inside: %v, %d calls", target, err, calls)
		}
		calls = 0
	}
	for _, level := range []Level{Public, Inside} {
		var refused *Refused
		if err := get(t, newTransport(level, none), "http://169.254.169.254/metadata"); !errors.As(err, &refused) {
			t.Errorf("metadata at level %d: %v", level, err)
		}
	}
}

// TestTransportThroughAProxy: the proxy may be inside; a target that is a number is
// judged before the proxy sees it, and the proxy itself is no metadata service.
func TestTransportThroughAProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.String()) }))
	defer proxy.Close()
	to := func(text string) func(*http.Request) (*url.URL, error) {
		return func(*http.Request) (*url.URL, error) { return url.Parse(text) }
	}
	if err := get(t, newTransport(Public, to(proxy.URL)), "http://keys.example.com/x"); err != nil || len(asked) != 1 || asked[0] != "http://keys.example.com/x" {
		t.Errorf("through the proxy: %v, it was asked %q", err, asked)
	}
	asked = nil
	for level, targets := range map[Level][]string{Public: {"http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://10.0.0.1/", "http://127.0.0.1:1/"},
		Inside: {"http://169.254.169.254/", "http://[::ffff:168.63.129.16]/"}} {
		for _, target := range targets {
			var refused *Refused
			if err := get(t, newTransport(level, to(proxy.URL)), target); !errors.As(err, &refused) || len(asked) != 0 {
				t.Errorf("%s at level %d: %v, the proxy was asked %q", target, level, err, asked)
			}
		}
	}
	var refused *Refused
	if err := get(t, newTransport(Inside, to("http://169.254.169.254:80")), "http://keys.example.com/"); !errors.As(err, &refused) {
		t.Errorf("a metadata service as the proxy: %v", err)
	}
	broken := func(*http.Request) (*url.URL, error) { return nil, errors.New("no URL") }
	if err := get(t, newTransport(Inside, broken), proxy.URL); err == nil || len(asked) != 0 {
		t.Errorf("a proxy that cannot be read: %v", err)
	}
}
