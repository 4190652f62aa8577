package system

import (
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

// maxTuple is how many items a Tuple has at most; .NET's eighth is another tuple.
const maxTuple = 7

var (
	typeTupleMaker = clr.Statics("System.Tuple")
	tupleTypes     = makeTuples()
)

func makeTuples() (out [maxTuple + 1]*clr.Type) {
	for n := 1; n <= maxTuple; n++ {
		out[n] = clr.Class("System.Tuple<" + parameters(n) + ">")
	}
	return out
}

// parameters lists T1,T2,… of n items.
func parameters(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "T" + strconv.Itoa(i+1)
	}
	return strings.Join(names, ",")
}

// tuple is a Tuple of one to seven items.
type tuple struct {
	typ   *clr.Type
	items []clr.Value
}

// RuntimeType names the .NET type.
func (t *tuple) RuntimeType() *clr.Type { return t.typ }

// String writes the items between parentheses.
func (t *tuple) String() string {
	texts := make([]string, len(t.items))
	for i, v := range t.items {
		texts[i] = clr.Text(v)
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

func tupleSpecs() []clr.TypeSpec {
	maker := clr.TypeSpec{Type: typeTupleMaker}
	var out []clr.TypeSpec
	for n := 1; n <= maxTuple; n++ {
		build := func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			m.Grow(16 * n)
			return &tuple{clr.Generic(tupleTypes[n], append([]*clr.Type{}, t...)...), append([]clr.Value{}, a...)}
		}
		list := parameters(n)
		maker.Members = append(maker.Members, clr.Line("static Tuple<"+list+"> Create<"+list+">("+list+")", build))
		spec := clr.TypeSpec{Type: tupleTypes[n], Members: []clr.MemberSpec{
			clr.Line("new("+list+")", build),
			clr.Line("bool Equals(object obj)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				x, y := a[0].(*tuple), a[1]
				other, ok := y.(*tuple)
				if !ok || !clr.Same(x.typ, other.typ) {
					return false
				}
				for i, v := range x.items {
					if !clr.EqualValues(m, v, other.items[i]) {
						return false
					}
				}
				return true
			}),
			clr.Line("string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(a[0].(*tuple).String()) }),
		}}
		for i := 0; i < n; i++ {
			name := "T" + strconv.Itoa(i+1)
			spec.Members = append(spec.Members, clr.Line(name+" Item"+strconv.Itoa(i+1), func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return a[0].(*tuple).items[i]
			}))
		}
		out = append(out, spec)
	}
	return append([]clr.TypeSpec{maker}, out...)
}
