package rx

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// stepping is the pattern without regexp.
func (re *Regexp) stepping() *Regexp {
	alone := *re
	alone.linear = nil
	return &alone
}

// agree compares both engines from each place of a text and says at how many
// places both gave an answer.
func agree(t interface {
	Helper()
	Fatalf(string, ...any)
}, pattern string, re *Regexp, text []rune,
) (compared int) {
	t.Helper()
	if re.linear == nil {
		return 0
	}
	for from := 0; from <= len(text); from++ {
		if !re.linear.fits(text, from) {
			continue
		}
		want, _, err := re.stepping().FindWithin(text, from, 100_000)
		if err != nil {
			continue
		}
		got, ok := re.linear.find(text, from, len(re.names))
		if !ok {
			continue
		}
		compared++
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q in %q from %d: stepping (-), regexp (+)\n%s", pattern, string(text), from, diff)
		}
	}
	return compared
}

var flavours = []struct {
	name    string
	compile func(pattern, flags string) (*Regexp, error)
}{
	{".NET", func(pattern, flags string) (*Regexp, error) {
		var o Options
		for _, f := range flags {
			o |= map[rune]Options{'i': IgnoreCase, 'm': Multiline, 's': Singleline}[f]
		}
		return Compile(pattern, o)
	}},
	{".NET's ECMAScript", func(pattern, flags string) (*Regexp, error) {
		o := ECMAScript
		if strings.Contains(flags, "i") {
			o |= IgnoreCase
		}
		return Compile(pattern, o)
	}},
	{"ECMAScript", CompileECMA},
}

// patterns draws patterns, most of them within what regexp can say.
func patterns() *rapid.Generator[string] {
	leaf := rapid.SampledFrom([]string{
		`a`, `b`, `c`, `a`, `b`, `k`, `ſ`, `É`, `.`, `\d`, `\w`, `\W`, `\s`, `\S`, `[ab]`, `[^a]`, `[a-kÀ-ÿ]`, `[^\w]`, `[\d\s]`, `[^\Wb]`, `\x62`, `\u212a`, ``,
		`\b`, `\B`, `^`, `$`, `(?=a)`, `\1`, `(?<!b)`,
	})
	quantifier := rapid.SampledFrom([]string{``, `*`, `+`, `?`, `*?`, `+?`, `??`, `{2}`, `{0,1}`, `{1,3}`, `{2,}?`, `{1,2}?`})
	var build func(depth int) *rapid.Generator[string]
	build = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if depth == 0 {
				return leaf.Draw(t, "leaf")
			}
			below := rapid.SliceOfN(build(depth-1), 1, 3)
			switch rapid.IntRange(0, 6).Draw(t, "kind") {
			case 0:
				return leaf.Draw(t, "leaf")
			case 1:
				return "(" + strings.Join(below.Draw(t, "either"), "|") + ")" + quantifier.Draw(t, "q")
			case 2:
				return "(?:" + strings.Join(below.Draw(t, "either"), "|") + ")" + quantifier.Draw(t, "q")
			case 3:
				return "(" + strings.Join(below.Draw(t, "row"), "") + ")" + quantifier.Draw(t, "q")
			case 4:
				return "(?:" + strings.Join(below.Draw(t, "row"), "") + ")" + quantifier.Draw(t, "q")
			case 5:
				return rapid.SampledFrom([]string{`a`, `b`, `.`, `\w`, `[ac]`, `(?<n>a)`, `(b)`}).Draw(t, "one") + quantifier.Draw(t, "q")
			}
			return strings.Join(below.Draw(t, "row"), "")
		})
	}
	return build(3)
}

var texts = rapid.SliceOfN(rapid.SampledFrom([]rune("aaaabbbcc1 \n\r\u2028KkſSsÉé\u212aς_😀\ufeff\xad\U0010ffff")), 0, 9)

// Both engines find the same match and the same groups, in all flavours.
func TestEnginesAgree(t *testing.T) {
	compared := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		pattern, flags := patterns().Draw(t, "pattern"), rapid.SampledFrom([]string{"", "", "i", "m", "s", "ims"}).Draw(t, "flags")
		for _, f := range flavours {
			re, err := f.compile(pattern, flags)
			if err != nil {
				continue
			}
			for range 4 {
				text := texts.Draw(t, "text")
				compared[f.name] += agree(t, f.name+" "+pattern, re, text)
			}
		}
	})
	for _, f := range flavours {
		if compared[f.name] < 100 {
			t.Errorf("%s: only %d searches were compared", f.name, compared[f.name])
		}
	}
}

func FuzzEnginesAgree(f *testing.F) {
	for _, seed := range [][2]string{
		{`(a+)+b`, "aaab"}, {`((a)|b)+?c$`, "abc\n"}, {`\b(\w+)\s\B`, "one one"}, {`(?:(x)|(y)){2}`, "xy"}, {`^(([a-z])+.)+[A-Z]([a-z])+$`, "aaA"}, {`[^ſk]|\p{Lu}`, "\u212a"},
	} {
		f.Add(seed[0], seed[1], "i")
	}
	f.Fuzz(func(t *testing.T, pattern, text, flags string) {
		for _, f := range flavours {
			if re, err := f.compile(pattern, flags); err == nil && len(text) < 200 {
				agree(t, f.name+" "+pattern, re, []rune(text))
			}
		}
	})
}

// What is written down for regexp are just the characters that the flavour takes.
func TestWritten(t *testing.T) {
	cased := casedRunes()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		for len(cased) > 0 && r > cased[1] {
			cased = cased[2:]
		}
		if has := unicode.SimpleFold(r) != r || unicode.ToLower(r) != r || unicode.ToUpper(r) != r; has && (len(cased) == 0 || r < cased[0]) {
			t.Errorf("%U has case", r)
		}
	}
	for _, pattern := range []string{
		`\d`, `\D`, `\w`, `\W`, `\s`, `\S`, `.`, `[^]x]`, `[\wé-]`, `[^\d\s]`, `\p{Lu}`, `\P{IsGreek}`, `[a-z-[aeiou]]`, `[^\w-[b-f]]`,
		`k`, `K`, `\u212a`, `s`, `ſ`, `İ`, `i`, `ı`, `σ`, `ß`, `ẞ`, `Å`, `ǆ`, `[k]`, `[^k]`, `[a-z]`, `[^ſ]`, `[İσ]`,
	} {
		for _, f := range flavours {
			for _, flags := range []string{"", "i", "s"} {
				re, err := f.compile(pattern, flags)
				if err != nil {
					continue
				}
				n := re.prog[0].node
				if n == nil {
					continue
				}
				have := n.written(casedRunes())
				for r := rune(0); r <= unicode.MaxRune; r++ {
					for len(have) > 0 && r > have[1] {
						have = have[2:]
					}
					if is := len(have) > 0 && r >= have[0]; is != n.takes(r) {
						t.Errorf("%s /%s/%s: written %v for %U", f.name, pattern, flags, is, r)
						break
					}
				}
			}
		}
	}
}

// Bombs that regexp can defuse end with the right answer; those that it cannot end
// with the budget, as do those that ask for what stands before the place.
func TestBombs(t *testing.T) {
	as := strings.Repeat("a", 30_000)
	for _, c := range []struct{ flavour, pattern, text, want string }{
		{".NET", `(a+)+b`, as, "none"}, {"ECMAScript", `(a+)+b`, as, "none"}, {"ECMAScript", `(a+)+b`, as + "b", "0-30001 0-30000"},
		{".NET", `(x|xx)*y`, strings.Repeat("x", 30_000), "none"}, {"ECMAScript", `(x|xx)*y`, strings.Repeat("x", 3_000), "none"},
		{".NET", `^(a|a)*$`, as + "b", "none"}, {"ECMAScript", `^(a|a)*$`, as + "b", "none"}, {"ECMAScript", `a+b|c`, as + "c", "30000-30001"},
		{"ECMAScript", `^(([a-z])+.)+[A-Z]([a-z])+$`, as, "none"}, {".NET", `^(([a-z])+.)+[A-Z]([a-z])+$`, as + "Aa", "0-30002 0-30000 29998-29999 30001-30002"},
		// A turn need not fill the group, an empty turn, a reference, a last line end.
		{"ECMAScript", `^(?:(a)|a|b)*$`, as + "c", "steps"}, {".NET", `^(?:(a)|a|b)*$`, as + "c", "none"}, {".NET", `^(a*)*$`, as + "b", "steps"},
		{"ECMAScript", `^(a+)+(b)?\2$`, as + "c", "steps"}, {".NET", `^(a+)+$`, as + "b\n", "steps"}, {"ECMAScript", `^(a+)+$`, as + "b\n", "none"},
	} {
		for _, f := range flavours {
			if f.name != c.flavour {
				continue
			}
			re, err := f.compile(c.pattern, "")
			if err != nil {
				t.Fatal(err)
			}
			m, used, err := re.FindWithin([]rune(c.text), 0, 2_500_000)
			_, again, _ := re.FindWithin([]rune(c.text), 0, 2_500_000)
			if got := told(m, err); got != c.want || used != again {
				t.Errorf("%s /%s/ in %d characters: %s in %d steps, then %d; want %s", f.name, c.pattern, len(c.text), got, used, again, c.want)
			}
		}
	}
}

func told(m []int, err error) string {
	switch {
	case errors.Is(err, ErrSteps):
		return "steps"
	case m == nil:
		return "none"
	}
	var groups []string
	for i := 0; i < len(m); i += 2 {
		groups = append(groups, fmt.Sprintf("%d-%d", m[i], m[i+1]))
	}
	return strings.Join(groups, " ")
}

// What is too large for regexp, and runes that are no code points, stay with the
// machine, which begins again with no trace of its first try.
func TestLinearGivesUp(t *testing.T) {
	for _, c := range []struct {
		pattern string
		text    []rune
	}{
		{`((a)|b)+?a{1001}c`, []rune(strings.Repeat("ba", 9) + strings.Repeat("a", 99) + "d" + strings.Repeat("a", 1005) + "c")},
		{`((a)+|b)+?c`, append([]rune(strings.Repeat("a", 14)+"\n"+strings.Repeat("ab", 9)), -1, 'a', 'b', 'c')},
	} {
		re, err := Compile(c.pattern, 0)
		if err != nil || re.linear == nil {
			t.Fatalf("%s: %v", c.pattern, err)
		}
		if _, ok := re.linear.find(c.text, 0, len(re.names)); ok {
			t.Fatalf("%s: regexp took it", c.pattern)
		}
		got, used, err := re.FindWithin(c.text, 0, 10_000_000)
		want, alone, _ := re.stepping().FindWithin(c.text, 0, 10_000_000)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || used <= alone {
			t.Errorf("%s: %v; %d steps, alone %d\n%s", c.pattern, err, used, alone, diff)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	line := `2024-05-17T10:22:33Z host-7 GET /orders/4711?page=2 200 "curl/8.1" ada@example.com`
	for _, c := range []struct{ name, pattern, text string }{
		{"tiny", `^a\d+$`, "a12"}, {"mail", `[\w.-]+@[\w-]+\.\w+`, line}, {"late", `(\d{3}) "`, line}, {"lazy", `"(.*?)"`, line},
		{"page", `orders/(\d+)`, strings.Repeat("lorem ipsum dolor sit amet ", 400) + line}, {"bomb", `(a+)+b`, strings.Repeat("a", 3_000)},
	} {
		re, err := Compile(c.pattern, 0)
		if err != nil {
			b.Fatal(err)
		}
		text := []rune(c.text)
		for name, re := range map[string]*Regexp{"both": re, "stepping": re.stepping()} {
			if c.name == "bomb" && name == "stepping" {
				continue
			}
			b.Run(c.name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					re.Find(text, 0, func() {})
				}
			})
		}
	}
}
