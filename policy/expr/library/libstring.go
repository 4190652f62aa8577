package library

import (
	"strings"
	"unicode"

	"stile/policy/expr/clr"
)

var (
	typeComparable     = clr.Iface("System.IComparable")
	typeFormatProvider = clr.Iface("System.IFormatProvider")
)

var stringSpecs = []typeSpec{
	{typ: typeComparable},
	{typ: clr.TypeString, bases: "IEnumerable<char>, IComparable", members: concatAll(stringMembers, stringSearch, stringStatics)},
}

func concatAll(lists ...[]memberSpec) []memberSpec {
	var out []memberSpec
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// cut is Substring with .NET's range faults.
func cut(m *clr.Machine, s string, from, n int) clr.Value {
	size := m.Length(s)
	switch {
	case from < 0:
		m.Throw(clr.TypeArgumentRange, "StartIndex cannot be less than zero.\nParameter name: startIndex")
	case from > size:
		m.Throw(clr.TypeArgumentRange, "startIndex cannot be larger than length of string.\nParameter name: startIndex")
	case n < 0:
		m.Throw(clr.TypeArgumentRange, "Length cannot be less than zero.\nParameter name: length")
	case from > size-n:
		m.Throw(clr.TypeArgumentRange, "Index and length must refer to a location within the string.\nParameter name: length")
	}
	return m.Text(m.Cut(s, from, from+n))
}

// trimSet trims white space where no characters are named.
func trimSet(s string, set clr.Value, left, right bool) clr.Value {
	in := unicode.IsSpace
	if a, ok := set.(*clr.Array); ok && len(a.Items) > 0 {
		in = func(r rune) bool {
			for _, c := range a.Items {
				if rune(c.(clr.Char)) == r {
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

func padText(m *clr.Machine, s string, width int, fill clr.Char, left bool) clr.Value {
	n := width - m.Length(s)
	if width < 0 {
		m.Throw(clr.TypeArgumentRange, "Non-negative number required.\nParameter name: totalWidth")
	}
	if n <= 0 {
		return s
	}
	m.Grow(n)
	if left {
		return strings.Repeat(fill.Text(), n) + s
	}
	return s + strings.Repeat(fill.Text(), n)
}

func replaceText(m *clr.Machine, s, old, with string) clr.Value {
	if old == "" {
		m.Throw(clr.TypeArgument, "String cannot be of zero length.\nParameter name: oldValue")
	}
	m.Work(len(s) / 64)
	m.Grow(len(s) + strings.Count(s, old)*(len(with)-len(old)))
	return strings.ReplaceAll(s, old, with)
}

var stringMembers = []memberSpec{
	{"int Length", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(m.Length(a[0].(string))) }},
	{"char this[int]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, i := a[0].(string), num(a[1])
		if i < 0 || i >= m.Length(s) {
			m.Throw(clr.TypeIndexRange, "Index was outside the bounds of the array.")
		}
		return m.Unit(s, i)
	}},
	{"new(char, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		n := num(a[1])
		if n < 0 {
			m.Throw(clr.TypeArgumentRange, "'count' must be non-negative.\nParameter name: count")
		}
		m.Grow(n)
		return strings.Repeat(a[0].(clr.Char).Text(), n)
	}},
	{"new(char[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(joinChars(clr.Collect(m, a[0])))
	}},
	{"new(char[], int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		items, from, n := clr.Collect(m, a[0]), num(a[1]), num(a[2])
		if from < 0 || n < 0 || from+n > len(items) {
			m.Throw(clr.TypeArgumentRange, "Index was out of range.")
		}
		return m.Text(joinChars(items[from : from+n]))
	}},
	{"string Substring(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, from := a[0].(string), num(a[1])
		return cut(m, s, from, max(0, m.Length(s)-from))
	}},
	{"string Substring(int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return cut(m, a[0].(string), num(a[1]), num(a[2]))
	}},
	{"string ToUpper()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(strings.ToUpper(a[0].(string)))
	}},
	{"string ToLower()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(strings.ToLower(a[0].(string)))
	}},
	{"string ToUpperInvariant()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(strings.ToUpper(a[0].(string)))
	}},
	{"string ToLowerInvariant()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(strings.ToLower(a[0].(string)))
	}},
	{"string Trim()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return trimSet(a[0].(string), nil, true, true)
	}},
	{"string Trim(params char[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return trimSet(a[0].(string), a[1], true, true)
	}},
	{"string TrimStart(params char[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return trimSet(a[0].(string), a[1], true, false)
	}},
	{"string TrimEnd(params char[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return trimSet(a[0].(string), a[1], false, true)
	}},
	{"string PadLeft(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return padText(m, a[0].(string), num(a[1]), ' ', true)
	}},
	{"string PadLeft(int, char)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return padText(m, a[0].(string), num(a[1]), a[2].(clr.Char), true)
	}},
	{"string PadRight(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return padText(m, a[0].(string), num(a[1]), ' ', false)
	}},
	{"string PadRight(int, char)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return padText(m, a[0].(string), num(a[1]), a[2].(clr.Char), false)
	}},
	{"string Replace(string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return replaceText(m, a[0].(string), need(m, a[1], "oldValue"), str(a[2]))
	}},
	{"string Replace(char, char)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return replaceText(m, a[0].(string), a[1].(clr.Char).Text(), a[2].(clr.Char).Text())
	}},
	{"string Insert(int, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, at := a[0].(string), num(a[1])
		if at < 0 || at > m.Length(s) {
			m.Throw(clr.TypeArgumentRange, "Specified argument was out of the range of valid values.\nParameter name: startIndex")
		}
		b := clr.ByteIndex(s, at)
		return m.Text(s[:b] + str(a[2]) + s[b:])
	}},
	{"string Remove(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return cut(m, a[0].(string), 0, num(a[1]))
	}},
	{"string Remove(int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, from, n := a[0].(string), num(a[1]), num(a[2])
		cut(m, s, from, n)
		u := clr.ByteIndex(s, from)
		return m.Text(s[:u] + s[clr.ByteIndex(s, from+n):])
	}},
	{"char[] ToCharArray()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return &clr.Array{Elem: clr.TypeChar, Items: clr.Collect(m, a[0])}
	}},
	{"string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] }},
	{"string ToString(IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] }},
	{"int CompareTo(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(clr.CompareValues(m, a[0], a[1]))
	}},
	{"bool Equals(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }},
	{"bool Equals(string, StringComparison)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[1] != nil && equalText(a[0].(string), str(a[1]), a[2])
	}},
	{"string Normalize()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] }},
}

func joinChars(items []clr.Value) string {
	u := make([]uint16, len(items))
	for i, c := range items {
		u[i] = uint16(c.(clr.Char))
	}
	return clr.FromUnits(u)
}
