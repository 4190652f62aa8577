package library

import (
	"strings"

	"stile/policy/expr/clr"
)

// joined is String.Join over any sequence.
func joined(m *clr.Machine, sep, seq clr.Value) clr.Value {
	var b strings.Builder
	first := true
	clr.Iterate(m, seq, func(v clr.Value) bool {
		if !first {
			b.WriteString(str(sep))
		}
		first = false
		s := clr.Text(v)
		m.Grow(len(s) + len(str(sep)))
		b.WriteString(s)
		return true
	})
	return b.String()
}

func concatenated(m *clr.Machine, seq clr.Value) clr.Value { return joined(m, "", seq) }

var stringStatics = []memberSpec{
	{"static string Empty", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return "" }},
	{"static bool IsNullOrEmpty(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return str(a[0]) == "" }},
	{"static bool IsNullOrWhiteSpace(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return trimSet(str(a[0]), nil, true, true) == ""
	}},
	{"static string Join(string, params string[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return joined(m, a[0], a[1]) }},
	{"static string Join(string, params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return joined(m, a[0], a[1]) }},
	{"static string Join(string, IEnumerable<string>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return joined(m, a[0], a[1]) }},
	{"static string Join<T>(string, IEnumerable<T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return joined(m, a[0], a[1]) }},
	{"static string Join(string, string[], int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		items, from, n := a[1].(*clr.Array).Items, num(a[2]), num(a[3])
		if from < 0 || n < 0 || from+n > len(items) {
			m.Throw(clr.TypeArgumentRange, "Index was out of range.")
		}
		return joined(m, a[0], &clr.Array{Elem: clr.TypeString, Items: items[from : from+n]})
	}},
	{"static string Concat(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(clr.Text(a[0])) }},
	{"static string Concat(params string[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return concatenated(m, a[0]) }},
	{"static string Concat(params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return concatenated(m, a[0]) }},
	{"static string Concat(IEnumerable<string>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return concatenated(m, a[0]) }},
	{"static string Concat<T>(IEnumerable<T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return concatenated(m, a[0]) }},
	{"static string Format(string, params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.Composite(m, need(m, a[0], "format"), arrayItems(a[1]))
	}},
	{"static string Format(IFormatProvider, string, params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.Composite(m, need(m, a[1], "format"), arrayItems(a[2]))
	}},
	{"static bool Equals(string, string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }},
	{"static bool Equals(string, string, StringComparison)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if a[0] == nil || a[1] == nil {
			return a[0] == nil && a[1] == nil
		}
		return equalText(str(a[0]), str(a[1]), a[2])
	}},
	{"static int Compare(string, string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(compareText(a[0], a[1], nil))
	}},
	{"static int Compare(string, string, bool)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(compareText(a[0], a[1], clr.Enum{N: int32(clr.Bit(truth(a[2])))}))
	}},
	{"static int Compare(string, string, StringComparison)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(compareText(a[0], a[1], a[2]))
	}},
	{"static int CompareOrdinal(string, string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if a[0] == nil || a[1] == nil {
			return int32(compareText(a[0], a[1], clr.Enum{N: 4}))
		}
		// The distance of the first units that differ, else of the lengths.
		x, y := clr.Units(str(a[0])), clr.Units(str(a[1]))
		for i := 0; i < len(x) && i < len(y); i++ {
			if x[i] != y[i] {
				return int32(x[i]) - int32(y[i])
			}
		}
		return int32(len(x) - len(y))
	}},
	{"static string Copy(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return need(m, a[0], "str") }},
}

func arrayItems(v clr.Value) []clr.Value {
	if a, ok := v.(*clr.Array); ok {
		return a.Items
	}
	return nil
}
