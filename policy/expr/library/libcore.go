package library

import (
	"stile/policy/expr/clr"
)

var coreSpecs = []typeSpec{
	{typ: clr.TypeObject, members: []memberSpec{
		{"string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(clr.Text(a[0])) }},
		{"bool Equals(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.EqualValues(m, a[0], a[1]) }},
		{"int GetHashCode()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return hashOf(clr.Text(a[0])) }},
		{"static bool Equals(object, object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.EqualValues(m, a[0], a[1]) }},
		{"static bool ReferenceEquals(object, object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.Comparable(a[0]) && clr.Comparable(a[1]) && a[0] == a[1]
		}},
	}},
	{typ: clr.TypeDisposable, members: []memberSpec{
		{"void Dispose()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
	}},
	{typ: clr.TypeVoid}, {typ: clr.TypeFunc}, {typ: clr.TypeAction},
	{typ: clr.TypeNullable, members: []memberSpec{
		{"bool HasValue", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] != nil }},
		{"T Value", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if a[0] == nil {
				m.Throw(clr.TypeInvalidOperation, "Nullable object must have a value.")
			}
			return a[0]
		}},
		{"T GetValueOrDefault()", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			if a[0] == nil {
				return t[0].Zero()
			}
			return a[0]
		}},
		{"T GetValueOrDefault(T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if a[0] == nil {
				return a[1]
			}
			return a[0]
		}},
		{"string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Text(a[0]) }},
	}},
}

// str reads a string argument; null is "".
func str(v clr.Value) string {
	s, _ := v.(string)
	return s
}

// need reads a string argument that must not be null.
func need(m *clr.Machine, v clr.Value, name string) string {
	s, ok := v.(string)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: "+name)
	}
	return s
}

func num(v clr.Value) int { return int(clr.AsInt64(v)) }

// out gives an out argument its value.
func out(v, value clr.Value) { v.(*clr.Ref).Set(value) }

// call calls a delegate argument.
func call(m *clr.Machine, f clr.Value, args ...clr.Value) clr.Value {
	fn, ok := f.(*clr.Function)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: predicate")
	}
	return fn.Call(m, args...)
}

func truth(v clr.Value) bool {
	b, _ := v.(bool)
	return b
}

// hashOf is GetHashCode: .NET's own is not stable between runs, so that any fixed
// function serves.
func hashOf(s string) int32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return int32(h)
}
