package value

import (
	"math"
	"strings"
	"testing"

	"stile/jsonval"
)

// roundTrip reads JSON and gives it again.
func roundTrip(t *testing.T, in string) string {
	t.Helper()
	v, err := JSON(From(jsonval.MustParse(in)))
	if err != nil {
		t.Fatalf("%s: %v", in, err)
	}
	return v.Text()
}

func TestTextIsReadAsJavaScriptDoes(t *testing.T) {
	for _, c := range [][2]string{
		{`{"a":1,"a":2}`, `{"a":2}`},
		{`{"a":1,"b":2,"\u0061":3}`, `{"a":3,"b":2}`},
		{`{"b":1,"10":2,"2":3,"01":4,"4294967295":5,"4294967294":6}`, `{"2":3,"10":2,"4294967294":6,"b":1,"01":4,"4294967295":5}`},
		{`[-0, -0.0, 1e400, -1e400, 1e-400]`, `[0,0,"Infinity","-Infinity",0]`},
		{`[9007199254740993, -9223372036854775808, 12345678901234567890, 123456789012345678901234567890]`, `[9007199254740993,-9223372036854775808,12345678901234567000,1.2345678901234568e+29]`},
		{`[9007199254740993.0, 9.007199254740993e15]`, `[9007199254740992,9007199254740992]`},
		{`[1.0, 1e2, 1E-7, 0.000001, 1e21, 100000000000000000000]`, `[1,100,1e-7,0.000001,1e+21,100000000000000000000]`},
		{`["\ud83d\ude00", "\u00e9\n\u0000\/"]`, `["😀","é\n\u0000/"]`},
		{" { \"a\" : [ 1 , { \"b\" : [ ] } , \"]}\\\"\" ] } ", `{"a":[1,{"b":[]},"]}\""]}`},
		{`[[],{},[[]],[{}]]`, `[[],{},[[]],[{}]]`},
	} {
		if got := roundTrip(t, c[0]); got != c[1] {
			t.Errorf("%s gives %s, want %s", c[0], got, c[1])
		}
	}
}

func TestHalfASurrogatePairIsKept(t *testing.T) {
	v := From(jsonval.MustParse(`["\ud800", "\udc00x", "\ud83d\ude00"]`)).Items()
	if v[0].Str() != "\xed\xa0\x80" || v[1].Str() != "\xed\xb0\x80x" || v[2].Str() != "😀" {
		t.Errorf("%q %q %q", v[0].Str(), v[1].Str(), v[2].Str())
	}
	if s, err := Stringify(OfItems(v...), false); err != nil || s != `["\ud800","\udc00x","😀"]` {
		t.Errorf("%s, %v", s, err)
	}
}

func TestGetFindsTheLastOfDoubledNames(t *testing.T) {
	v := From(jsonval.MustParse(`{"a":1,"ab":{"x":[2]},"a":3,"\u0062":4,"b\u0062":5}`))
	for name, want := range map[string]float64{"a": 3, "b": 4, "bb": 5} {
		if got := v.Get(name); got.Num() != want {
			t.Errorf("%s gives %v, want %v", name, got.Num(), want)
		}
		if got := v.Share().Get(name); got.Num() != want {
			t.Errorf("shared, %s gives %v, want %v", name, got.Num(), want)
		}
	}
	if got := v.Get("ab").Get("x").Items(); len(got) != 1 || got[0].Num() != 2 {
		t.Errorf("ab.x gives %v", got)
	}
	if !v.Get("c").IsUndefined() || !v.Get("").IsUndefined() {
		t.Error("a name that is not there gives something")
	}
}

// Probe says of text what it says of the values read from it.
func TestProbeAgreesWithReading(t *testing.T) {
	in := jsonval.MustParse(`[{"c":1},{"c":1.0},{"c":"1"},{"c":"\u0031"},{"d":1},{"c":null},{"c":true},{"c":2,"c":1},{"c":{"x":1}},{"c":-0},{},{"c":[1]},1]`)
	for _, constant := range []Value{OfNumber(1), OfString("1"), True, False, Null, OfNumber(0), OfString("")} {
		lazy, read := From(in).Iterate(), OfItems(From(in).Items()...).Iterate()
		for i := 0; ; i++ {
			_, a := lazy.Probe("c", &constant)
			_, b := read.Probe("c", &constant)
			if a != b {
				t.Errorf("item %d against %v: %d of the text, %d of the value", i, constant, a, b)
			}
			if a == End || b == End {
				break
			}
		}
	}
}

func TestNumbersAreSpelledAsByJavaScript(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {1e21, "1e+21"}, {999999999999999900000, "999999999999999900000"}, {1e-6, "0.000001"},
		{1e-7, "1e-7"}, {-1.5e-10, "-1.5e-10"}, {1e300, "1e+300"}, {0.30000000000000004, "0.30000000000000004"}, {5e-324, "5e-324"},
		{math.NaN(), "NaN"}, {math.Inf(-1), "-Infinity"}, {123456789012345680, "123456789012345680"},
	} {
		if got := jsonval.FormatNumber(c.in); got != c.want {
			t.Errorf("%v is %s, want %s", c.in, got, c.want)
		}
	}
	if got := Precise15(0.30000000000000004); got != 0.3 {
		t.Errorf("15 digits of 0.1+0.2 are %v", got)
	}
}

func TestNumbersAreCutToWholeOnes(t *testing.T) {
	for _, c := range []struct {
		in   Value
		want int64
	}{
		{OfNumber(-1.7), -1}, {OfNumber(2.9), 2}, {OfNumber(math.NaN()), 0}, {OfNumber(1e300), math.MaxInt64}, {OfNumber(math.Inf(-1)), math.MinInt64},
		{OfInt(math.MaxInt64 - 1), math.MaxInt64 - 1}, {OfInt(5), 5}, {From(jsonval.MustParse(`-9007199254740993`)), -9007199254740993}, {OfString("7"), 0},
	} {
		if got := c.in.Int(); got != c.want {
			t.Errorf("%+v is cut to %d, want %d", c.in, got, c.want)
		}
	}
	if !OfInt(1 << 53).Same(OfNumber(1 << 53)) {
		t.Error("digits that are kept make a number another one")
	}
}

func TestStrictReading(t *testing.T) {
	for text, want := range map[string]bool{
		`1`: true, `"x"`: true, `1e400`: false, `-1e400`: false, `1e-400`: true, `[]`: true, ` {"a":1,"b":[1e308]} `: true,
		`{"a":1,"a":2}`: false, `{"a":1,"\u0061":2}`: false, `[[{"b":{"x":1,"y":2,"x":3}}]]`: false, `[{"a":1},{"a":2}]`: true,
		`{"a":{"a":{"a":1}}}`: true, `{"a":[0,{"b":1e999}]}`: false, `{"ab":1,"ba":2,"aa":3,"bb":4,"a":5,"b":6,"":7}`: true,
	} {
		if got := Strict(jsonval.MustParse(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestStringsStandInUTF16Order(t *testing.T) {
	for _, s := range [][2]string{{"a", "b"}, {"", "a"}, {"a", "ab"}, {"😀", "\ue000"}, {"\ud7ff", "😀"}, {"z", "é"}} {
		if CompareStrings(s[0], s[1]) >= 0 || CompareStrings(s[1], s[0]) <= 0 || CompareStrings(s[0], s[0]) != 0 {
			t.Errorf("%q must stand before %q", s[0], s[1])
		}
	}
}

func TestObjectKeepsOrderWhenNamesGo(t *testing.T) {
	o := NewObject(0)
	for _, name := range strings.Split("k,9,j,1,i,h,g,f,e,d,c,b,a", ",") {
		o.Set(name, OfString(name))
	}
	o.Delete("h")
	o.Delete("nothing")
	o.Set("1", Null)
	var names []string
	for _, m := range o.Members() {
		names = append(names, m.Name)
	}
	if got := strings.Join(names, ","); got != "1,9,k,j,i,g,f,e,d,c,b,a" {
		t.Error(got)
	}
	if o.Get("1").Kind() != NullKind || o.Get("a").Str() != "a" || o.Has("h") {
		t.Error("members are not found after a deletion")
	}
}

func TestTextsOfErrors(t *testing.T) {
	for _, c := range []struct {
		e    Error
		want string
	}{
		{Error{Code: "T1006"}, `Attempted to invoke a non-function`},
		{Error{Code: "T2001", Token: "+"}, `The left side of the "+" operator must evaluate to a number`},
		{Error{Code: "T2009", Value: OfString(`a"b`), Value2: OfNumber(0.30000000000000004), Token: "<"}, `The values "a\"b" and 0.30000000000000004 either side of operator "<" must be of the same data type`},
		{Error{Code: "T0410", Index: 2}, `Argument 2 of function undefined does not match function signature`},
		{Error{Code: "T1005", Token: "sum"}, `Attempted to invoke a non-function. Did you mean $sum?`},
		{Error{Code: "D3030", Value: OfItems(Null, Undefined)}, `Unable to cast value to a number: [null,null]`},
		{Error{Code: "D1001", Value: OfNumber(math.Inf(1))}, `Number out of range: null`},
		{Error{Code: "D3137", Text: "mine"}, `mine`},
		{Error{Code: "X1"}, `X1`},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	deep := Null
	for range jsonval.MaxDepth + 1 {
		deep = OfItems(deep)
	}
	if _, err := JSON(deep); err == nil {
		t.Error("a result nests deeper than jsonval reads")
	}
	for range maxNesting {
		deep = OfItems(deep)
	}
	if _, err := Stringify(deep, false); err == nil {
		t.Error("a text nests without bound")
	}
	defer func() {
		if e, _ := recover().(*Error); e == nil || e.Limit != "depth" {
			t.Errorf("comparing ends with %v", e)
		}
	}()
	other := Null
	for range maxNesting + jsonval.MaxDepth + 1 {
		other = OfItems(other)
	}
	Equal(deep, other)
}
