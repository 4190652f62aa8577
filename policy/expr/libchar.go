package expr

import (
	"unicode"
)

func charTest(sig string, f func(rune) bool) memberSpec {
	return memberSpec{sig, func(_ *machine, _ []*Type, a []Value) Value { return f(rune(a[0].(Char))) }}
}

func charMap(sig string, f func(rune) rune) memberSpec {
	return memberSpec{sig, func(_ *machine, _ []*Type, a []Value) Value { return Char(f(rune(a[0].(Char)))) }}
}

var charSpec = typeSpec{typ: typeChar, bases: "IComparable", members: []memberSpec{
	charTest("static bool IsDigit(char)", unicode.IsDigit), charTest("static bool IsNumber(char)", unicode.IsNumber),
	charTest("static bool IsLetter(char)", unicode.IsLetter), charTest("static bool IsUpper(char)", unicode.IsUpper),
	charTest("static bool IsLower(char)", unicode.IsLower), charTest("static bool IsWhiteSpace(char)", unicode.IsSpace),
	charTest("static bool IsControl(char)", unicode.IsControl),
	charTest("static bool IsLetterOrDigit(char)", func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }),
	charTest("static bool IsPunctuation(char)", unicode.IsPunct), charTest("static bool IsSymbol(char)", unicode.IsSymbol),
	charMap("static char ToUpper(char)", unicode.ToUpper), charMap("static char ToLower(char)", unicode.ToLower),
	charMap("static char ToUpperInvariant(char)", unicode.ToUpper), charMap("static char ToLowerInvariant(char)", unicode.ToLower),
	{"static double GetNumericValue(char)", func(_ *machine, _ []*Type, a []Value) Value {
		if c := a[0].(Char); c >= '0' && c <= '9' {
			return float64(c - '0')
		}
		return float64(-1)
	}},
	{"string ToString()", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(Char).Text() }},
	{"static string ToString(char)", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(Char).Text() }},
	{"bool Equals(char)", func(_ *machine, _ []*Type, a []Value) Value { return a[0] == a[1] }},
	{"int CompareTo(char)", func(_ *machine, _ []*Type, a []Value) Value { return int32(a[0].(Char)) - int32(a[1].(Char)) }},
	{"static char MinValue", func(*machine, []*Type, []Value) Value { return Char(0) }},
	{"static char MaxValue", func(*machine, []*Type, []Value) Value { return Char(0xffff) }},
}}
