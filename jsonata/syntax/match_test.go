package syntax

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		signature, kinds string
		counts           []int
		bad              int
	}{
		{"<s-nn?:s>", "snn", []int{1, 1, 1}, -1},
		{"<s-nn?:s>", "nn", []int{0, 1, 1}, -1},
		{"<s-nn?:s>", "sb", nil, 1},
		{"<s-nn?:s>", "s", nil, 1},
		{"<s-nn?:s>", "snnn", nil, 3},
		{"<x+:b>", "", nil, 0},
		{"<x+:b>", "snbf", []int{4}, -1},
		{"<s+s>", "sss", []int{2, 1}, -1},
		{"<n?n?n>", "nn", []int{1, 0, 1}, -1},
		{"<af>", "af", []int{1, 1}, -1},
		{"<af>", "mm", nil, 1},
		{"<(ns)-:n>", "m", []int{1}, -1},
		{"<j>", "f", nil, 0},
		{"<>", "", []int{}, -1},
		{"<>", "n", nil, 0},
		{"<?->", "", []int{}, -1},
	} {
		s, err := ParseSignature(c.signature)
		if err != nil {
			t.Fatal(err)
		}
		counts := make([]int, len(s.Params))
		if bad := s.Match(c.kinds, counts); bad != c.bad || bad < 0 && !slices.Equal(counts, c.counts) {
			t.Errorf("%s with %q: %v, bad %d, want %v, %d", c.signature, c.kinds, counts, bad, c.counts, c.bad)
		}
	}
}

// TestMatchIsTheRegularExpression compares with the expression by which the
// original matches the letters.
func TestMatchIsTheRegularExpression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, parts := "<", []string(nil)
		for range rapid.IntRange(0, 4).Draw(t, "params") {
			letter := rapid.SampledFrom([]string{"s", "n", "a", "f", "j", "(sn)"}).Draw(t, "letter")
			mode := rapid.SampledFrom([]string{"", "", "-", "?", "+"}).Draw(t, "mode")
			set := map[string]string{"s": "[sm]", "n": "[nm]", "a": "[asnblfom]", "f": "f", "j": "[asnblom]", "(sn)": "[snm]"}
			text += letter + mode
			parts = append(parts, "("+set[letter]+strings.Replace(mode, "-", "?", 1)+")")
		}
		s, err := ParseSignature(text + ">")
		if err != nil {
			t.Fatal(err)
		}
		kinds := rapid.StringOfN(rapid.SampledFrom([]rune("snafm")), 0, 6, -1).Draw(t, "kinds")
		found := regexp.MustCompile("^" + strings.Join(parts, "") + "$").FindStringSubmatch(kinds)
		counts := make([]int, len(s.Params))
		if bad := s.Match(kinds, counts); (found == nil) != (bad >= 0) {
			t.Fatalf("%s with %q: bad %d, the expression finds %q", text, kinds, bad, found)
		}
		if found == nil {
			at := 0 // as the original looks for it: how far each run of parameters gets
			for n := 1; n <= len(parts); n++ {
				part := regexp.MustCompile("^" + strings.Join(parts[:n], "")).FindString(kinds)
				if part == "" && !regexp.MustCompile("^"+strings.Join(parts[:n], "")).MatchString(kinds) {
					break
				}
				at = len(part)
			}
			if bad := s.Match(kinds, counts); bad != at {
				t.Fatalf("%s with %q: bad %d, want %d", text, kinds, bad, at)
			}
		}
		for i, part := range counts {
			if found != nil && part != len(found[i+1]) {
				t.Fatalf("%s with %q: %v, the expression finds %q", text, kinds, counts, found)
			}
		}
	})
}

func TestMatchIsNoPower(t *testing.T) {
	s, err := ParseSignature("<" + strings.Repeat("x+", 1000) + "n>")
	if err != nil {
		t.Fatal(err)
	}
	if bad := s.Match(strings.Repeat("s", 200), make([]int, len(s.Params))); bad < 0 {
		t.Error("strings are taken for a number")
	}
}
