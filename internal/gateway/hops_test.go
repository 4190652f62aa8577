package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stile/internal/apim"
)

func hopsOf(texts ...string) (out []netip.Prefix) {
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

func TestClientAddress(t *testing.T) {
	proxies := hopsOf("10.0.0.0/8", "fd00::/8", "127.0.0.1/32")
	for _, c := range []struct {
		name, remote string
		trusted      []netip.Prefix
		forwarded    []string
		want         string
	}{
		{"nobody is trusted", "10.0.0.1:9", nil, []string{"203.0.113.7"}, "10.0.0.1"},
		{"a stranger forwards", "203.0.113.9:9", proxies, []string{"10.0.0.5"}, "203.0.113.9"},
		{"one hop", "10.0.0.1:9", proxies, []string{"203.0.113.7"}, "203.0.113.7"},
		{"what the caller wrote comes first", "10.0.0.1:9", proxies, []string{"127.0.0.1, 203.0.113.7"}, "203.0.113.7"},
		{"two hops", "10.0.0.1:9", proxies, []string{"1.1.1.1, 203.0.113.7,10.9.9.9"}, "203.0.113.7"},
		{"two fields", "10.0.0.1:9", proxies, []string{"1.1.1.1", "203.0.113.7", "10.2.2.2"}, "203.0.113.7"},
		{"no field", "10.0.0.1:9", proxies, nil, "10.0.0.1"},
		{"an empty field", "10.0.0.1:9", proxies, []string{""}, "10.0.0.1"},
		{"an empty entry", "10.0.0.1:9", proxies, []string{"203.0.113.7, "}, "10.0.0.1"},
		{"no address", "10.0.0.1:9", proxies, []string{"203.0.113.7, unknown"}, "10.0.0.1"},
		{"no address behind a hop", "10.0.0.1:9", proxies, []string{"unknown, 10.3.3.3"}, "10.3.3.3"},
		{"hops alone", "10.0.0.1:9", proxies, []string{"10.4.4.4, 10.3.3.3"}, "10.4.4.4"},
		{"with a port", "10.0.0.1:9", proxies, []string{"203.0.113.7:4711"}, "203.0.113.7"},
		{"IPv6", "[fd00::1]:9", proxies, []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv6 in brackets", "[fd00::1]:9", proxies, []string{"[2001:db8::7]:4711, [fd00::2]"}, "2001:db8::7"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:9", proxies, []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"a zone", "10.0.0.1:9", proxies, []string{"fe80::1%eth0"}, "10.0.0.1"},
		{"IPv4 in brackets", "10.0.0.1:9", proxies, []string{"[203.0.113.7]"}, "10.0.0.1"},
		{"octal", "10.0.0.1:9", proxies, []string{"0203.0.113.7"}, "10.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := client(r, c.trusted); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestCallerCannotChoose: whatever stands before the entry that the outermost hop
// wrote changes nothing.
func TestCallerCannotChoose(t *testing.T) {
	trusted := hopsOf("10.0.0.0/8")
	rapid.Check(t, func(t *rapid.T) {
		own := fmt.Sprintf("203.0.113.%d", rapid.IntRange(0, 255).Draw(t, "own"))
		chain := []string{own}
		for range rapid.IntRange(0, 3).Draw(t, "hops") {
			chain = append(chain, fmt.Sprintf("10.1.1.%d", rapid.IntRange(0, 255).Draw(t, "hop")))
		}
		forged := rapid.SliceOfN(rapid.SampledFrom([]string{"10.0.0.9", "127.0.0.1", "unknown", "", "1.2.3.4", ",", "[", "10.0.0.1:1"}), 0, 4).Draw(t, "forged")
		lines := append(forged, strings.Join(chain, ", "))
		if rapid.Bool().Draw(t, "one field") {
			lines = []string{strings.Join(lines, ", ")}
		}
		r := &http.Request{RemoteAddr: "10.0.0.1:9", Header: http.Header{"X-Forwarded-For": lines}}
		if got := client(r, trusted); got.String() != own {
			t.Fatalf("%q: %s, want %s", lines, got, own)
		}
	})
}

// TestTrustedHopsOfTheSnapshot: what the configuration trusts decides the address
// that policies see, and a new configuration decides anew.
func TestTrustedHopsOfTheSnapshot(t *testing.T) {
	svc := &apim.Service{APIs: []*apim.API{newAPI("a", "a", "http://backend", "get", "GET", "/")}}
	h := newHost(t, svc, nil)
	seen := func() string {
		r := httptest.NewRequest(http.MethodGet, "http://gateway/a/", nil)
		r.RemoteAddr = "10.0.0.1:9"
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
		h.Handler().ServeHTTP(httptest.NewRecorder(), r)
		return h.seen[len(h.seen)-1].Request.Client.String()
	}
	if got := seen(); got != "10.0.0.1" {
		t.Errorf("without trusted hops: %s", got)
	}
	behind := *svc
	behind.TrustedHops = hopsOf("10.0.0.0/8")
	h.Swap(compile(t, &behind, CompileOptions{Revision: "r2"}))
	if got := seen(); got != "203.0.113.7" {
		t.Errorf("behind a trusted hop: %s", got)
	}
}
