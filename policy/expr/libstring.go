package expr

import (
	"strings"
	"unicode"
)

var (
	typeComparable     = iface("System.IComparable")
	typeFormatProvider = iface("System.IFormatProvider")
)

var stringSpecs = []typeSpec{
	{typ: typeComparable},
	{typ: typeString, bases: "IEnumerable<char>, IComparable", members: concatAll(stringMembers, stringSearch, stringStatics)},
}

func concatAll(lists ...[]memberSpec) []memberSpec {
	var out []memberSpec
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// cut is Substring with .NET's range faults.
func cut(m *machine, s string, from, n int) Value {
	size := length(s)
	switch {
	case from < 0:
		m.throw(typeArgumentRange, "StartIndex cannot be less than zero.\nParameter name: startIndex")
	case from > size:
		m.throw(typeArgumentRange, "startIndex cannot be larger than length of string.\nParameter name: startIndex")
	case n < 0:
		m.throw(typeArgumentRange, "Length cannot be less than zero.\nParameter name: length")
	case from > size-n:
		m.throw(typeArgumentRange, "Index and length must refer to a location within the string.\nParameter name: length")
	}
	return m.text(slice(s, from, from+n))
}

// trimSet trims white space where no characters are named.
func trimSet(s string, set Value, left, right bool) Value {
	in := unicode.IsSpace
	if a, ok := set.(*Array); ok && len(a.items) > 0 {
		in = func(r rune) bool {
			for _, c := range a.items {
				if rune(c.(Char)) == r {
					return true
				}
			}
			return false
		}
	}
	if left {
		s = strings.TrimLeftFunc(s, in)
	}
	if right {
		s = strings.TrimRightFunc(s, in)
	}
	return s
}

func padText(m *machine, s string, width int, fill Char, left bool) Value {
	n := width - length(s)
	if width < 0 {
		m.throw(typeArgumentRange, "Non-negative number required.\nParameter name: totalWidth")
	}
	if n <= 0 {
		return s
	}
	m.grow(n)
	if left {
		return strings.Repeat(fill.Text(), n) + s
	}
	return s + strings.Repeat(fill.Text(), n)
}

func replaceText(m *machine, s, old, with string) Value {
	if old == "" {
		m.throw(typeArgument, "String cannot be of zero length.\nParameter name: oldValue")
	}
	m.work(len(s) / 64)
	m.grow(len(s) + strings.Count(s, old)*(len(with)-len(old)))
	return strings.ReplaceAll(s, old, with)
}

var stringMembers = []memberSpec{
	{"int Length", func(m *machine, _ []*Type, a []Value) Value { return int32(length(a[0].(string))) }},
	{"char this[int]", func(m *machine, _ []*Type, a []Value) Value {
		s, i := a[0].(string), num(a[1])
		if i < 0 || i >= length(s) {
			m.throw(typeIndexRange, "Index was outside the bounds of the array.")
		}
		return unitAt(s, i)
	}},
	{"new(char, int)", func(m *machine, _ []*Type, a []Value) Value {
		n := num(a[1])
		if n < 0 {
			m.throw(typeArgumentRange, "'count' must be non-negative.\nParameter name: count")
		}
		m.grow(n)
		return strings.Repeat(a[0].(Char).Text(), n)
	}},
	{"new(char[])", func(m *machine, _ []*Type, a []Value) Value { return m.text(joinChars(collect(m, a[0]))) }},
	{"new(char[], int, int)", func(m *machine, _ []*Type, a []Value) Value {
		items, from, n := collect(m, a[0]), num(a[1]), num(a[2])
		if from < 0 || n < 0 || from+n > len(items) {
			m.throw(typeArgumentRange, "Index was out of range.")
		}
		return m.text(joinChars(items[from : from+n]))
	}},
	{"string Substring(int)", func(m *machine, _ []*Type, a []Value) Value {
		s, from := a[0].(string), num(a[1])
		return cut(m, s, from, max(0, length(s)-from))
	}},
	{"string Substring(int, int)", func(m *machine, _ []*Type, a []Value) Value {
		return cut(m, a[0].(string), num(a[1]), num(a[2]))
	}},
	{"string ToUpper()", func(m *machine, _ []*Type, a []Value) Value { return m.text(strings.ToUpper(a[0].(string))) }},
	{"string ToLower()", func(m *machine, _ []*Type, a []Value) Value { return m.text(strings.ToLower(a[0].(string))) }},
	{"string ToUpperInvariant()", func(m *machine, _ []*Type, a []Value) Value { return m.text(strings.ToUpper(a[0].(string))) }},
	{"string ToLowerInvariant()", func(m *machine, _ []*Type, a []Value) Value { return m.text(strings.ToLower(a[0].(string))) }},
	{"string Trim()", func(m *machine, _ []*Type, a []Value) Value { return trimSet(a[0].(string), nil, true, true) }},
	{"string Trim(params char[])", func(m *machine, _ []*Type, a []Value) Value { return trimSet(a[0].(string), a[1], true, true) }},
	{"string TrimStart(params char[])", func(m *machine, _ []*Type, a []Value) Value { return trimSet(a[0].(string), a[1], true, false) }},
	{"string TrimEnd(params char[])", func(m *machine, _ []*Type, a []Value) Value { return trimSet(a[0].(string), a[1], false, true) }},
	{"string PadLeft(int)", func(m *machine, _ []*Type, a []Value) Value { return padText(m, a[0].(string), num(a[1]), ' ', true) }},
	{"string PadLeft(int, char)", func(m *machine, _ []*Type, a []Value) Value {
		return padText(m, a[0].(string), num(a[1]), a[2].(Char), true)
	}},
	{"string PadRight(int)", func(m *machine, _ []*Type, a []Value) Value { return padText(m, a[0].(string), num(a[1]), ' ', false) }},
	{"string PadRight(int, char)", func(m *machine, _ []*Type, a []Value) Value {
		return padText(m, a[0].(string), num(a[1]), a[2].(Char), false)
	}},
	{"string Replace(string, string)", func(m *machine, _ []*Type, a []Value) Value {
		return replaceText(m, a[0].(string), need(m, a[1], "oldValue"), str(a[2]))
	}},
	{"string Replace(char, char)", func(m *machine, _ []*Type, a []Value) Value {
		return replaceText(m, a[0].(string), a[1].(Char).Text(), a[2].(Char).Text())
	}},
	{"string Insert(int, string)", func(m *machine, _ []*Type, a []Value) Value {
		s, at := a[0].(string), num(a[1])
		if at < 0 || at > length(s) {
			m.throw(typeArgumentRange, "Specified argument was out of the range of valid values.\nParameter name: startIndex")
		}
		b := byteIndex(s, at)
		return m.text(s[:b] + str(a[2]) + s[b:])
	}},
	{"string Remove(int)", func(m *machine, _ []*Type, a []Value) Value { return cut(m, a[0].(string), 0, num(a[1])) }},
	{"string Remove(int, int)", func(m *machine, _ []*Type, a []Value) Value {
		s, from, n := a[0].(string), num(a[1]), num(a[2])
		cut(m, s, from, n)
		u := byteIndex(s, from)
		return m.text(s[:u] + s[byteIndex(s, from+n):])
	}},
	{"char[] ToCharArray()", func(m *machine, _ []*Type, a []Value) Value {
		return &Array{elem: typeChar, items: collect(m, a[0])}
	}},
	{"string ToString()", func(m *machine, _ []*Type, a []Value) Value { return a[0] }},
	{"string ToString(IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value { return a[0] }},
	{"int CompareTo(string)", func(m *machine, _ []*Type, a []Value) Value { return int32(compareValues(m, a[0], a[1])) }},
	{"bool Equals(string)", func(m *machine, _ []*Type, a []Value) Value { return a[0] == a[1] }},
	{"bool Equals(string, StringComparison)", func(m *machine, _ []*Type, a []Value) Value {
		return a[1] != nil && equalText(a[0].(string), str(a[1]), a[2])
	}},
	{"string Normalize()", func(m *machine, _ []*Type, a []Value) Value { return a[0] }},
}

func joinChars(items []Value) string {
	u := make([]uint16, len(items))
	for i, c := range items {
		u[i] = uint16(c.(Char))
	}
	return fromUnits(u)
}
