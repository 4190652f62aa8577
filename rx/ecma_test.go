package rx

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func findECMA(t *testing.T, pattern, flags, text string) string {
	t.Helper()
	re, err := CompileECMA(pattern, flags)
	if err != nil {
		return "! " + err.Error()
	}
	r := []rune(text)
	m, _, err := re.FindWithin(r, 0, 100_000)
	if err != nil {
		return "! " + err.Error()
	}
	if m == nil {
		return "null"
	}
	var out []string
	for i := 0; i < len(m); i += 2 {
		if m[i] < 0 || m[i+1] < 0 {
			out = append(out, "-")
			continue
		}
		out = append(out, string(r[m[i]:m[i+1]]))
	}
	return strings.Join(out, "|")
}

func TestECMA(t *testing.T) {
	for _, c := range []struct{ pattern, flags, text, want string }{
		{`a+b`, "", "xaaab", "aaab"}, {`(a|ab)(c|bcd)(d*)`, "g", "abcd", "abcd|a|bcd|"},
		// Named groups count where they open.
		{`(?<y>\d{4})-(\d\d)`, "", "on 2024-05", "2024-05|2024|05"}, {`(?<n>a)\k<n>`, "", "aa", "aa|a"},
		{`\k<n>(?<n>x)`, "", "x", "x|x"}, {`\k`, "", "k", "k"},
		// A turn of a loop forgets the groups of the one before; an empty turn fails.
		{`(z)((a+)?(b+)?(c))*`, "", "zaacbbbcac", "zaacbbbcac|z|ac|a|-|c"}, {`(a*)*`, "", "b", "|-"},
		{`(?=(a+))`, "", "baaabac", "|aaa"}, {`(?=(a+))a*b\1`, "", "baaabac", "aba|a"}, {`(a?){0,2}b`, "", "b", "b|-"},
		{`(.*?)a(?!(a+)b\2c)\2(.*)`, "", "baaabaac", "baaabaac|ba|-|abaac"},
		// Back-references: not yet taken part is empty; more than there are groups is octal.
		{`(?:(a)|b)\1c`, "", "bc", "bc|-"}, {`\1(a)`, "", "a", "a|a"}, {`\101`, "", "A", "A"}, {`\8`, "", "8", "8"}, {`\0`, "", "\x00", "\x00"},
		// Look-behind reads to the left.
		{`(?<=(\d+)(\d+))$`, "", "1053", "|1|053"}, {`(?<=\$)\d+`, "", "cost $42", "42"}, {`(?<!\$)\b\d+`, "", "$42 17", "17"},
		{`(?<=\1(a))b`, "", "aab", "b|a"}, {`(?<=(a)\1)b`, "", "aab", "b|a"}, {`(?<=([abc]+?))d`, "", "abcd", "d|c"},
		// Line ends.
		{`a$`, "", "a\n", "null"}, {`^b$`, "m", "a\r\u2028b\n", "b"}, {`a.b`, "", "a\u2028b", "null"}, {`a.b`, "s", "a\nb", "a\nb"},
		// Classes.
		{`[^]+`, "", "a\n", "a\n"}, {`[]`, "", "a", "null"}, {`[\w-x]+`, "", "a-x", "a-x"}, {`[a-\d]+`, "", "-a5", "-a5"}, {`\w+`, "", "été", "t"}, {`\s`, "", "\ufeff", "\ufeff"},
		{`\d`, "", "٣", "null"}, {`[\b]`, "", "\b", "\b"}, {`[\c_]`, "", "\x1f", "\x1f"}, {`\bé`, "", "aé", "é"}, {`]}{`, "", "]}{", "]}{"},
		{`[^a]`, "i", "A", "null"}, {`[a-c]+`, "i", "xBCA", "BCA"}, {`ſ`, "i", "S", "null"}, {`σ`, "i", "ς", "ς"}, {`\u212a`, "i", "k", "null"},
		// Escapes that mean nothing else mean their letter.
		{`\u0041\x42\cJ`, "", "AB\n", "AB\n"}, {`\u{2}`, "", "uu", "uu"}, {`\xg\p{L}`, "", "xgp{L}", "xgp{L}"}, {`\c!`, "", `\c!`, `\c!`}, {`\ud83d\ude00`, "", "😀", "😀"},
		{`x{,3}`, "", "x{,3}", "x{,3}"}, {`x{2,3}?`, "", "xxxx", "xx"}, {`(?=a)*a`, "", "a", "a"}, {`\a\A\z`, "", "aAz", "aAz"},
		// Faults.
		{`(`, "", "", "! Unterminated group"}, {`)`, "", "", "! Unmatched ')'"}, {`[a`, "", "", "! Unterminated character class"}, {`a**`, "", "", "! Nothing to repeat"},
		{`{1}`, "", "", "! Nothing to repeat"}, {`^*`, "", "", "! Nothing to repeat"}, {`(?<=a)?`, "", "", "! Nothing to repeat"}, {`x{3,2}`, "", "", "! numbers out of order in {} quantifier"},
		{`[b-a]`, "", "", "! Range out of order in character class"}, {`(?>a)`, "", "", "! Invalid group"}, {`(?<a>.)(?<a>.)`, "", "", "! Duplicate capture group name"},
		{`(?<a>)\k<b>`, "", "", "! Invalid named capture referenced"}, {`(?<1>x)`, "", "", "! Invalid capture group name"}, {`\`, "", "", `! \ at end of pattern`},
		{`(?<a>)\k`, "", "", "! Invalid named reference"}, {`a`, "u", "", "! Invalid flags supplied to RegExp constructor 'u'"}, {`(x{1000}){1000}`, "", "", "! the pattern is too large"},
	} {
		if got := findECMA(t, c.pattern, c.flags, c.text); got != c.want {
			t.Errorf("/%s/%s in %q: got %q, want %q", c.pattern, c.flags, c.text, got, c.want)
		}
	}
}

func TestFindWithinEndsRunaway(t *testing.T) {
	re, err := CompileECMA(`^(a|a)*(?!b)$`, "")
	if err != nil {
		t.Fatal(err)
	}
	m, used, err := re.FindWithin([]rune(strings.Repeat("a", 60)+"b"), 0, 10_000)
	if m != nil || !errors.Is(err, ErrSteps) || used != 10_001 {
		t.Fatalf("got %v, %d, %v", m, used, err)
	}
}

// A pattern whose characters are all escaped finds the text itself.
func TestECMALiteral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune(`a.*+?^${}()|[]\/é😀 -`))).Draw(t, "text")
		var quoted strings.Builder
		for _, r := range text {
			if strings.ContainsRune(`.*+?^${}()|[]\/-`, r) {
				quoted.WriteByte('\\')
			}
			quoted.WriteRune(r)
		}
		re, err := CompileECMA(quoted.String(), "")
		if err != nil {
			t.Fatal(err)
		}
		whole := []rune("xy" + text + "z")
		if m, _, err := re.FindWithin(whole, 0, 1_000_000); err != nil || m == nil || string(whole[m[0]:m[1]]) != text {
			t.Fatalf("/%s/ in %q: %v, %v", quoted.String(), string(whole), m, err)
		}
	})
}

func FuzzECMA(f *testing.F) {
	for _, p := range []string{`(?<a>x+)|\bfoo(?=bar)`, `(?<=(a|b)*\1)c{2,}?`, `[^\w-\x41]\k<a>(?<a>)`, `\u{1}\c`} {
		f.Add(p, "xxfoobar abcc")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := CompileECMA(pattern, "im")
		if err != nil {
			return
		}
		m, used, err := re.FindWithin([]rune(text), 0, 100_000)
		again, usedAgain, _ := re.FindWithin([]rune(text), 0, 100_000)
		if used != usedAgain || len(m) != len(again) {
			t.Fatalf("two searches differ: %v in %d, %v in %d, %v", m, used, again, usedAgain, err)
		}
	})
}
