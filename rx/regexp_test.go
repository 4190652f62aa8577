package rx

import (
	"strings"
	"testing"
)

func find(t *testing.T, pattern, text string, o Options) []string {
	t.Helper()
	re, err := Compile(pattern, o)
	if err != nil {
		t.Fatalf("Compile(%q): %v", pattern, err)
	}
	r := []rune(text)
	m := re.Find(r, 0, func() {})
	if m == nil {
		return nil
	}
	var out []string
	for i := 0; i < len(m); i += 2 {
		if m[i] < 0 || m[i+1] < 0 {
			out = append(out, "-")
			continue
		}
		out = append(out, string(r[m[i]:m[i+1]]))
	}
	return out
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		options       Options
		want          string // groups joined by |, "!" for no match
	}{
		{`a+b`, "xaaab", 0, "aaab"}, {`a+?`, "aaa", 0, "a"}, {`(a|ab)(c|bcd)(d*)`, "abcd", 0, "abcd|a|bcd|"},
		{`(?<year>\d{4})-(\d\d)`, "on 2024-05", 0, "2024-05|05|2024"},
		{`(?<=\$)\d+`, "cost $42", 0, "42"}, {`(?<!\$)\b\d+`, "$42 17", 0, "17"}, {`q(?!u)`, "quq", 0, "q"},
		{`^(?=.*[A-Z])(?=.*\d).{6,}$`, "Secret1", 0, "Secret1"}, {`(\w)\1`, "hello", 0, "ll|l"},
		{`(?>a+)ab`, "aaab", 0, "!"}, {`(?i)ABC`, "xabc", 0, "abc"}, {`abc`, "ABC", IgnoreCase, "ABC"}, {`[a-c]+`, "xBCA", IgnoreCase, "BCA"},
		{`^b`, "a\nb", Multiline, "b"}, {`a.b`, "a\nb", 0, "!"}, {`a.b`, "a\nb", Singleline, "a\nb"}, {`(a*)*b`, "aab", 0, "aab|"},
		{`[^\W\d_]+`, "12_été", 0, "été"}, {`\p{Lu}\P{Lu}`, "xÉa", 0, "Éa"}, {`[a-z-[aeiou]]+`, "aebcd", 0, "bcd"},
		{`x{2,3}`, "xxxx", 0, "xxx"}, {`x{,3}`, "x{,3}", 0, "x{,3}"}, {`a b # c`, "ab", IgnorePatternWhitespace, "ab"}, {`a$`, "a\n", 0, "a"},
		{`[^a]`, "A", IgnoreCase, "!"}, {`(?<=(\d+)(\d+))$`, "1053", 0, "|1|053"}, {`[c-eA-Cb-d]+`, "xABCbcdef", 0, "ABCbcde"},
		{`\u0041\x42`, "AB", 0, "AB"}, {`(?'n'a)\k<n>`, "aa", 0, "aa|a"}, {`(a)|(b)`, "b", 0, "b|-|b"}, {`(x)?y`, "y", ExplicitCapture, "y"},
	} {
		got := "!"
		if m := find(t, c.pattern, c.text, c.options); m != nil {
			got = strings.Join(m, "|")
		}
		if got != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.pattern, c.text, got, c.want)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, p := range []string{`(`, `)`, `[`, `*a`, `a**`, `\`, `(?<n`, `\k<x>`, `\2(a)`, `x{3,2}`, `[b-a]`, `(?<a-b>x)`, `\p{Nope}`, `\q`, `(x{1000}){1000}`} {
		if _, err := Compile(p, 0); err == nil {
			t.Errorf("Compile(%q) gave no error", p)
		}
	}
}

func TestStepsEndRunaway(t *testing.T) {
	re, err := Compile(`^(a|a)*(?!b)$`, 0)
	if err != nil {
		t.Fatal(err)
	}
	type stop struct{}
	left := 10_000
	defer func() {
		if r := recover(); r != (stop{}) {
			t.Fatalf("recovered %v", r)
		}
	}()
	re.Find([]rune(strings.Repeat("a", 60)+"b"), 0, func() {
		if left--; left < 0 {
			panic(stop{})
		}
	})
	t.Fatal("the search ended by itself")
}

func FuzzFind(f *testing.F) {
	for _, seed := range [][2]string{
		{`(?<a>x+)|\bfoo(?=bar)`, "xxfoobar"},
		{`^(a|a)*$`, "aaaaaaaaab"}, {`(x+x+)+y`, "xxxxxxxxxx"}, {`(a*)*b|(a|aa)+$`, "aaaa"}, {`(?:a??){2,}?b`, "aab"},
		{`(\w+)\s\1`, "one one"}, {`(?<q>['"]).*?\k<q>`, `say "it's"`}, {`(a)|(b)\1`, "b"},
		{`(?<=\d{2})x|(?<!y)z`, "12x yz z"}, {`(?!ab)a.|(?=.b)`, "abac"}, {`(?>a+)ab|a{2,4}`, "aaaab"},
		{`[^\W\d_]+|[a-f\-\]]`, "Ünï_9-]"}, {`\p{Lu}\P{L}|\p{IsGreek}`, "É1 Ω"}, {`\x41\u0042\t\cA`, "AB\t\x01"},
		{`(?i)straße|(?s).|(?m)^b$`, "STRASSE\nb\n"}, {`(?x) a b # c`, "ab"}, {`\Ba\b|\Aa|b\z|b\Z`, "ba\nb\n"},
		{`(?(1)a|b)|()`, "ab"}, {`😀+|.`, "😀😀\xff"}, {``, ""}, {`|a`, "a"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := Compile(pattern, 0)
		if err != nil {
			return
		}
		type stop struct{}
		left := 100_000
		defer func() {
			if r := recover(); r != nil && r != (stop{}) {
				panic(r)
			}
		}()
		re.Find([]rune(text), 0, func() {
			if left--; left < 0 {
				panic(stop{})
			}
		})
	})
}
