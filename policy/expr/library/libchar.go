package library

import (
	"unicode"

	"stile/policy/expr/clr"
)

func charTest(sig string, f func(rune) bool) memberSpec {
	return memberSpec{sig, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(rune(a[0].(clr.Char))) }}
}

func charMap(sig string, f func(rune) rune) memberSpec {
	return memberSpec{sig, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.Char(f(rune(a[0].(clr.Char))))
	}}
}

var charSpec = typeSpec{typ: clr.TypeChar, bases: "IComparable", members: []memberSpec{
	charTest("static bool IsDigit(char)", unicode.IsDigit), charTest("static bool IsNumber(char)", unicode.IsNumber),
	charTest("static bool IsLetter(char)", unicode.IsLetter), charTest("static bool IsUpper(char)", unicode.IsUpper),
	charTest("static bool IsLower(char)", unicode.IsLower), charTest("static bool IsWhiteSpace(char)", unicode.IsSpace),
	charTest("static bool IsControl(char)", unicode.IsControl),
	charTest("static bool IsLetterOrDigit(char)", func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }),
	charTest("static bool IsPunctuation(char)", unicode.IsPunct), charTest("static bool IsSymbol(char)", unicode.IsSymbol),
	charMap("static char ToUpper(char)", unicode.ToUpper), charMap("static char ToLower(char)", unicode.ToLower),
	charMap("static char ToUpperInvariant(char)", unicode.ToUpper), charMap("static char ToLowerInvariant(char)", unicode.ToLower),
	{"static double GetNumericValue(char)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if c := a[0].(clr.Char); c >= '0' && c <= '9' {
			return float64(c - '0')
		}
		return float64(-1)
	}},
	{"string ToString()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(clr.Char).Text() }},
	{"static string ToString(char)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(clr.Char).Text() }},
	{"bool Equals(char)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }},
	{"int CompareTo(char)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(a[0].(clr.Char)) - int32(a[1].(clr.Char))
	}},
	{"static char MinValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.Char(0) }},
	{"static char MaxValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.Char(0xffff) }},
}}
