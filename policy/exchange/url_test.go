package exchange

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// byNetURL is ParseURL by net/url alone.
func byNetURL(s string) (URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return URL{}, err
	}
	out := URL{Scheme: u.Scheme, Host: u.Hostname(), Path: u.EscapedPath(), Query: ParseQuery(u.RawQuery)}
	if p := u.Port(); p != "" {
		out.Port, err = strconv.Atoi(p)
	}
	return out, err
}

// TestPlainURLsAreThoseOfNetURL: whatever the quick way reads, net/url reads the same.
func TestPlainURLsAreThoseOfNetURL(t *testing.T) {
	quick := 0
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.StringMatching(`https?://[a-z0-9.]{1,8}(:[0-9]{1,6})?(/[a-zA-Z0-9.~_%-]{0,8}){0,3}`),
			rapid.StringMatching(`(https?|HTTP|ws)?(://)?([a-z0-9.~_%@-]{0,8}|\[::1\])(:[0-9a:]{0,6})?(/[a-zA-Z0-9.~_%?#&= ;:é\\-]{0,8}){0,3}`)).Draw(t, "url")
		got, ok := plainURL(s)
		if !ok {
			return
		}
		quick++
		want, err := byNetURL(s)
		if err != nil {
			t.Fatalf("%q: net/url refuses it: %v", s, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: %s", s, diff)
		}
		if got.String() != s && strings.Count(s, ":") == 1 {
			t.Fatalf("%q is written %q", s, got.String())
		}
	})
	if quick == 0 {
		t.Error("no URL went the quick way")
	}
	if _, ok := plainURL("https://shop.example:8443/a/b-c"); !ok {
		t.Error("a plain URL is not one")
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = ParseURL("https://shop.example/a/b") }); n > 0 {
		t.Errorf("a plain URL costs %v allocations", n)
	}
}
