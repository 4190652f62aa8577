package gateway

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	for raw, want := range map[string]string{
		"/": "/", "/a/b": "/a/b", "//a///b/": "/a/b/", "/%41%7e%2d": "/A~-", "/a%2bb+c": "/a%2Bb+c", "/ü": "/%C3%BC", "/%c3%bc": "/%C3%BC",
		"/a b": "/a%20b", "/.well-known/x": "/.well-known/x", "/a..b/...": "/a..b/...", "/a;v=1": "/a;v=1", "/%25": "/%25", "/a%3fb": "/a%3Fb",
		"/{x}|^": "/%7Bx%7D%7C%5E", "/%E2%82%AC": "/%E2%82%AC",
	} {
		if got, err := Canonical(raw); err != nil || got != want {
			t.Errorf("Canonical(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
	for raw, want := range map[string]error{
		"": errPathForm, "a": errPathForm, "/" + strings.Repeat("a", maxPath): errPathForm, "/%": errPathEscape, "/%2": errPathEscape, "/%g0": errPathEscape,
		"/%00": errPathChar, "/\x00": errPathChar, "/a%2fb": errPathChar, "/a%2Fb": errPathChar, "/a\\b": errPathChar, "/a%5Cb": errPathChar,
		"/%7f": errPathChar, "/\n": errPathChar, "/%c0%af": errPathChar, "/%ff": errPathChar, "/a?b": errPathChar, "/a#b": errPathChar,
		"/..": errPathDots, "/.": errPathDots, "/a/../b": errPathDots, "/%2e": errPathDots, "/%2E%2e/": errPathDots, "/a/.%2e;x/b": errPathDots, "/..%3bx": errPathDots,
	} {
		if got, err := Canonical(raw); err != want {
			t.Errorf("Canonical(%q) = %q, %v; want %v", raw, got, err, want)
		}
	}
}

// TestCanonicalProperties: whatever is accepted is its own canonical form, has no
// dot segment, no empty segment and no encoded separator, and means what the
// original meant.
func TestCanonicalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "B", "/", "//", ".", "..", "%2e", "%2F", "%41", "%c3%bc", "ü", ";", "%00", "%",
			"%20", " ", "~", "\\", "%5c", "+", "%zz", "?", "\xff"}), 0, 12).Draw(t, "pieces"), "")
		got, err := Canonical(raw)
		if err != nil {
			return
		}
		again, err := Canonical(got)
		if err != nil || again != got {
			t.Fatalf("%q → %q → %q, %v", raw, got, again, err)
		}
		decoded, err := url.PathUnescape(got)
		if err != nil || !utf8.ValidString(decoded) || strings.ContainsAny(decoded, "\x00\\") {
			t.Fatalf("%q → %q decodes to %q, %v", raw, got, decoded, err)
		}
		for i, seg := range strings.Split(decoded, "/") {
			bare, _, _ := strings.Cut(seg, ";")
			if bare == "." || bare == ".." || seg == "" && i > 0 && i < strings.Count(decoded, "/") {
				t.Fatalf("%q → %q has segment %q", raw, got, seg)
			}
		}
		original, err := url.PathUnescape(raw)
		if err != nil || squeeze(original) != decoded {
			t.Fatalf("%q means %q, its canonical form %q means %q", raw, original, got, decoded)
		}
	})
}

func squeeze(s string) string {
	for strings.Contains(s, "//") {
		s = strings.ReplaceAll(s, "//", "/")
	}
	return s
}

func TestPlainPathsAllocateNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _ = Canonical("/orders/7e57/lines/a-b_c.d~") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
