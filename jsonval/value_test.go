package jsonval

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTakesWhatEncodingJSONTakes(t *testing.T) {
	for _, text := range []string{
		`null`, ` true `, `false`, `0`, `-0`, `-0.5e+10`, `1E400`, `"a\u00e9\ud83d\ude00\n"`, `[]`, `[ ]`, `{}`,
		`[1,2,[3,{"a":null}]]`, `{"a":1,"a":2}`, "\t{ \"k\" : [ ] }\r\n",
	} {
		v, err := ParseString(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if v.Text() != strings.TrimSpace(text) {
			t.Errorf("%q is kept as %q", text, v.Text())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, offset := range map[string]int{
		``: 0, `  `: 2, `nul`: 0, `01`: 1, `-`: 1, `1.`: 2, `1e`: 2, `"a`: 2, "\"\x01\"": 1, `"\x"`: 2, `"\u12g4"`: 5,
		`[1,]`: 3, `[1`: 2, `{"a"}`: 4, `{"a":}`: 5, `{a:1}`: 1, `{"a":1,}`: 7, `1 2`: 2, "\"\xff\"": 1, `tru`: 0,
		`[1 2]`: 3, `truex`: 4,
	} {
		_, err := ParseString(text)
		var se *SyntaxError
		if !errors.As(err, &se) || !errors.Is(err, ErrNotJSON) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if se.Offset != offset {
			t.Errorf("%q: offset %d, want %d (%s)", text, se.Offset, offset, se.Reason)
		}
	}
	if _, err := ParseString(strings.Repeat("[", 600) + strings.Repeat("]", 600)); err == nil {
		t.Error("600 nested arrays were taken")
	}
}

func TestReading(t *testing.T) {
	v := MustParse(`{"a\u0062":1,"n":null,"list":[10,"x",{"y":2.50}],"a\u0062":"last"}`)
	if s, ok := v.Get("ab").Str(); !ok || s != "last" {
		t.Errorf("of doubled names the last one counts: %q %v", s, ok)
	}
	if diff := cmp.Diff([]string{"ab", "n", "list"}, v.Names()); diff != "" {
		t.Error(diff)
	}
	if v.Len() != 4 || v.Get("list").Len() != 3 || v.Get("none").Exists() || !v.Get("n").IsNull() {
		t.Error("lengths or presence are wrong")
	}
	if got := v.Get("list").Index(2).Get("y").Text(); got != "2.50" {
		t.Errorf("a number's spelling is lost: %s", got)
	}
	if v.Get("list").Index(3).Exists() || v.Get("n").Index(0).Exists() || v.Get("list").Get("a").Exists() {
		t.Error("something was found where nothing is")
	}
}

func TestNumbers(t *testing.T) {
	ints := map[string]int64{`1`: 1, `1.0`: 1, `1e3`: 1000, `-0`: 0, `9007199254740993`: 9007199254740993,
		`9223372036854775807`: math.MaxInt64, `-9223372036854775808`: math.MinInt64}
	for text, want := range ints {
		if n, ok := MustParse(text).Int(); !ok || n != want {
			t.Errorf("%s as Int: %d %v", text, n, ok)
		}
	}
	for _, text := range []string{`1.5`, `1e30`, `-1e30`, `9223372036854775808`, `1e400`, `"1"`, `null`} {
		if n, ok := MustParse(text).Int(); ok {
			t.Errorf("%s as Int gives %d", text, n)
		}
	}
	for f, want := range map[float64]string{0.1: `0.1`, 1e21: `1e+21`, 123456789: `123456789`, 1e-7: `1e-07`,
		1e20: `100000000000000000000`, -2.5: `-2.5`} {
		if got := OfFloat(f).Text(); got != want {
			t.Errorf("OfFloat(%g) = %s, want %s", f, got, want)
		}
	}
	if !OfFloat(math.NaN()).IsNull() || !OfFloat(math.Inf(1)).IsNull() {
		t.Error("NaN or infinity is not null")
	}
}

func TestBuilding(t *testing.T) {
	v := MustParse(`{"a":1,"b":{"c":[1,2]},"d":3}`)
	for want, got := range map[string]Value{
		`{"a":1,"b":null,"d":3}`:                   v.Set("b", NullValue),
		`{"a":1,"d":3}`:                            v.Set("b", Value{}),
		`{"a":1,"b":{"c":[1,2]},"d":3,"e\"":true}`: v.Set(`e"`, TrueValue),
		`{"x":1}`: MustParse(`[1]`).Set("x", OfInt(1)),
		`{"s":"a\u0001\n\\","n":-3,"l":[null,{}]}`: new(Object).AddString("s", "a\x01\n\\").AddInt("n", -3).
			Add("absent", Value{}).Add("l", OfItems(Value{}, EmptyObject)).Value(),
		`{"k":[1,"a b"]}`: MustParse("{ \"k\" : [ 1 ,\n\"a b\" ] }").Compact(),
		"\"\uFFFD\"":      OfString("\xff"),
	} {
		if got.Text() != want {
			t.Errorf("got %s, want %s", got.Text(), want)
		}
	}
	if out, ok := MustParse(`[1,2]`).SetIndex(1, OfInt(9)); !ok || out.Text() != `[1,9]` {
		t.Errorf("SetIndex: %s %v", out.Text(), ok)
	}
	if _, ok := MustParse(`[1,2]`).SetIndex(2, OfInt(9)); ok {
		t.Error("SetIndex made an item")
	}
	if MustParse(`"\ud800x"`).raw == nil {
		t.Error("a lone surrogate is JSON")
	} else if s, _ := MustParse(`"\ud800x"`).Str(); s != "\uFFFDx" {
		t.Errorf("a lone surrogate reads as %q", s)
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`1`, `1.0`, true}, {`1`, `"1"`, false}, {`"\u0061"`, `"a"`, true}, {`{"a":1,"b":2}`, `{"b":2.0,"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":null}`, false}, {`[1,2]`, `[2,1]`, false}, {`[]`, `{}`, false}, {`null`, `null`, true},
		{`{"a":1,"a":2}`, `{"a":2}`, true},
	} {
		if got := Equal(MustParse(c.a), MustParse(c.b)); got != c.want {
			t.Errorf("Equal(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

func TestInEncodingJSON(t *testing.T) {
	var s struct{ A, B Value }
	if err := json.Unmarshal([]byte(`{"A":{"x":[1.50]}}`), &s); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s)
	if err != nil || string(b) != `{"A":{"x":[1.50]},"B":null}` {
		t.Errorf("%s %v", b, err)
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	v := MustParse(`{"first":1,"second":{"x":[1,2,3]},"third":"z"}`)
	if n := testing.AllocsPerRun(100, func() {
		if !v.Get("third").Exists() {
			t.Fail()
		}
	}); n > 1 {
		t.Errorf("Get allocates %v times", n)
	}
}

// A text is taken where encoding/json takes it (but for depth and UTF-8), and
// everything read from it agrees with encoding/json.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"x\u00e9"]}`, `[null,true,{}]`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `-0.0`, `[[[]]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseString(text)
		if err != nil {
			var se *SyntaxError
			if !errors.As(err, &se) || se.Offset < 0 || se.Offset > len(text) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%q is no JSON but was taken", text)
		}
		checkValue(t, v)
	})
}

func checkValue(t *testing.T, v Value) {
	t.Helper()
	var plain any
	if json.Unmarshal(v.Raw(), &plain) != nil {
		return // a number beyond float64
	}
	c := v.Compact()
	if !json.Valid(c.Raw()) || !Equal(c, v) {
		t.Fatalf("Compact of %s gives %s", v.Text(), c.Text())
	}
	switch v.Kind() {
	case String:
		if s, _ := v.Str(); s != plain.(string) {
			t.Fatalf("%s reads as %q", v.Text(), s)
		}
		if s, _ := v.Str(); !Equal(OfString(s), v) {
			t.Fatalf("%s does not survive OfString", v.Text())
		}
	case ArrayKind:
		if v.Len() != len(plain.([]any)) || len(v.Items()) != v.Len() {
			t.Fatalf("length of %s", v.Text())
		}
	case ObjectKind:
		if len(v.Names()) != len(plain.(map[string]any)) {
			t.Fatalf("names of %s: %q", v.Text(), v.Names())
		}
		for _, n := range v.Names() {
			if !v.Get(n).Exists() || !Equal(v.Set(n, NullValue).Get(n), NullValue) {
				t.Fatalf("member %q of %s", n, v.Text())
			}
		}
	}
}

func TestUnquoteKeepsWhatItIsToldTo(t *testing.T) {
	for _, c := range []struct{ in, replaced, kept string }{
		{`plain`, "plain", "plain"},
		{`a\n\u00e9\/`, "a\né/", "a\né/"},
		{`\ud83d\ude00`, "😀", "😀"},
		{`\ud800x`, "\ufffdx", "\xed\xa0\x80x"},
		{`\udfff\ud800`, "\ufffd\ufffd", "\xed\xbf\xbf\xed\xa0\x80"},
		{`\ud800\u0041`, "\ufffdA", "\xed\xa0\x80A"},
	} {
		if got := Unquote([]byte(c.in), ReplaceSurrogates); got != c.replaced {
			t.Errorf("%s gives %q, want %q", c.in, got, c.replaced)
		}
		if got := Unquote([]byte(c.in), KeepSurrogates); got != c.kept {
			t.Errorf("%s keeps %q, want %q", c.in, got, c.kept)
		}
	}
}
