package expr

import (
	"strings"
)

// joined is String.Join over any sequence.
func joined(m *machine, sep, seq Value) Value {
	var b strings.Builder
	first := true
	iterate(m, seq, func(v Value) bool {
		if !first {
			b.WriteString(str(sep))
		}
		first = false
		s := text(v)
		m.grow(len(s) + len(str(sep)))
		b.WriteString(s)
		return true
	})
	return b.String()
}

func concatenated(m *machine, seq Value) Value { return joined(m, "", seq) }

var stringStatics = []memberSpec{
	{"static string Empty", func(*machine, []*Type, []Value) Value { return "" }},
	{"static bool IsNullOrEmpty(string)", func(_ *machine, _ []*Type, a []Value) Value { return str(a[0]) == "" }},
	{"static bool IsNullOrWhiteSpace(string)", func(_ *machine, _ []*Type, a []Value) Value {
		return trimSet(str(a[0]), nil, true, true) == ""
	}},
	{"static string Join(string, params string[])", func(m *machine, _ []*Type, a []Value) Value { return joined(m, a[0], a[1]) }},
	{"static string Join(string, params object[])", func(m *machine, _ []*Type, a []Value) Value { return joined(m, a[0], a[1]) }},
	{"static string Join(string, IEnumerable<string>)", func(m *machine, _ []*Type, a []Value) Value { return joined(m, a[0], a[1]) }},
	{"static string Join<T>(string, IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value { return joined(m, a[0], a[1]) }},
	{"static string Join(string, string[], int, int)", func(m *machine, _ []*Type, a []Value) Value {
		items, from, n := a[1].(*Array).items, num(a[2]), num(a[3])
		if from < 0 || n < 0 || from+n > len(items) {
			m.throw(typeArgumentRange, "Index was out of range.")
		}
		return joined(m, a[0], &Array{elem: typeString, items: items[from : from+n]})
	}},
	{"static string Concat(object)", func(m *machine, _ []*Type, a []Value) Value { return m.text(text(a[0])) }},
	{"static string Concat(params string[])", func(m *machine, _ []*Type, a []Value) Value { return concatenated(m, a[0]) }},
	{"static string Concat(params object[])", func(m *machine, _ []*Type, a []Value) Value { return concatenated(m, a[0]) }},
	{"static string Concat(IEnumerable<string>)", func(m *machine, _ []*Type, a []Value) Value { return concatenated(m, a[0]) }},
	{"static string Concat<T>(IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value { return concatenated(m, a[0]) }},
	{"static string Format(string, params object[])", func(m *machine, _ []*Type, a []Value) Value {
		return composite(m, need(m, a[0], "format"), arrayItems(a[1]))
	}},
	{"static string Format(IFormatProvider, string, params object[])", func(m *machine, _ []*Type, a []Value) Value {
		return composite(m, need(m, a[1], "format"), arrayItems(a[2]))
	}},
	{"static bool Equals(string, string)", func(_ *machine, _ []*Type, a []Value) Value { return a[0] == a[1] }},
	{"static bool Equals(string, string, StringComparison)", func(_ *machine, _ []*Type, a []Value) Value {
		if a[0] == nil || a[1] == nil {
			return a[0] == nil && a[1] == nil
		}
		return equalText(str(a[0]), str(a[1]), a[2])
	}},
	{"static int Compare(string, string)", func(_ *machine, _ []*Type, a []Value) Value { return int32(compareText(a[0], a[1], nil)) }},
	{"static int Compare(string, string, bool)", func(_ *machine, _ []*Type, a []Value) Value {
		return int32(compareText(a[0], a[1], Enum{n: int32(bit(truth(a[2])))}))
	}},
	{"static int Compare(string, string, StringComparison)", func(_ *machine, _ []*Type, a []Value) Value {
		return int32(compareText(a[0], a[1], a[2]))
	}},
	{"static int CompareOrdinal(string, string)", func(_ *machine, _ []*Type, a []Value) Value {
		return int32(compareText(a[0], a[1], Enum{n: 4}))
	}},
	{"static string Copy(string)", func(m *machine, _ []*Type, a []Value) Value { return need(m, a[0], "str") }},
}

func arrayItems(v Value) []Value {
	if a, ok := v.(*Array); ok {
		return a.items
	}
	return nil
}
