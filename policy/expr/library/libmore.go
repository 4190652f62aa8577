package library

import (
	"strings"

	"stile/policy/expr/clr"
)

// moreSpecs adds rarer members to types whose table stands elsewhere.
var moreSpecs = []typeSpec{
	{typ: typeMath, members: []memberSpec{
		{"static decimal Round(decimal, MidpointRounding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return roundDecimal(m, a[0], int32(0), a[1].(clr.Enum).N == 1)
		}},
	}},
	{typ: typeStringBuilder, members: builderMore},
	{typ: clr.TypeArray, members: []memberSpec{
		{"static int LastIndexOf<U>(U[], U)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			for i := sizeOf(a[0]) - 1; i >= 0; i-- {
				if m.Step(); clr.EqualValues(m, element(a[0], i), a[1]) {
					return int32(i)
				}
			}
			return int32(-1)
		}},
		{"static int IndexOf<U>(U[], U, int startIndex)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			want := a[1]
			return int32(findIn(m, a[0], listPlace(m, num(a[2]), sizeOf(a[0]), "startIndex"), func(v clr.Value) bool { return clr.EqualValues(m, v, want) }))
		}},
		{"static void Clear<U>(U[], int index, int length)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			from, n := num(a[1]), num(a[2])
			if from < 0 || n < 0 || from > sizeOf(a[0])-n {
				m.Throw(clr.TypeIndexRange, "Index was outside the bounds of the array.")
			}
			m.Work(n)
			for i := from; i < from+n; i++ {
				setElement(a[0], i, t[len(t)-1].Zero())
			}
			return nil
		}},
	}},
}

var builderMore = []memberSpec{
	{"char this[int]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := a[0].(*StringBuilder).String()
		return m.Unit(s, item(m, num(a[1]), m.Length(s)))
	}},
	{"int Capacity", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(max(16, m.Length(a[0].(*StringBuilder).String())))
	}},
	{"string ToString(int startIndex, int length)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, from, n := a[0].(*StringBuilder).String(), num(a[1]), num(a[2])
		cut(m, s, from, n)
		return m.Text(s[clr.ByteIndex(s, from):clr.ByteIndex(s, from+n)])
	}},
	{"StringBuilder Replace(char, char)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := a[0].(*StringBuilder)
		m.Grow(len(s.String()))
		return s.reset(strings.ReplaceAll(s.String(), clr.Text(a[1]), clr.Text(a[2])))
	}},
	{"StringBuilder Insert(int, object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, at, text := a[0].(*StringBuilder), num(a[1]), clr.Text(a[2])
		cut(m, s.String(), at, 0)
		i := clr.ByteIndex(s.String(), at)
		m.Grow(len(s.String()) + len(text))
		return s.reset(s.String()[:i] + text + s.String()[i:])
	}},
	{"StringBuilder Append(char[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		for _, c := range arrayItems(a[1]) {
			a[0].(*StringBuilder).Add(m, clr.Text(c))
		}
		return a[0]
	}},
	{"StringBuilder Append(string, int startIndex, int count)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, from, n := str(a[1]), num(a[2]), num(a[3])
		cut(m, s, from, n)
		return a[0].(*StringBuilder).Add(m, s[clr.ByteIndex(s, from):clr.ByteIndex(s, from+n)])
	}},
}
