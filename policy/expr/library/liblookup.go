package library

import (
	"stile/policy/expr/clr"
)

var typeLookup = clr.Iface("System.Linq.ILookup<K,T>")

// lookup is ILookup<K, T>: groups by key, none for a key that is not there.
type lookup struct {
	typ    *clr.Type
	groups []clr.Value
	fold   bool
}

// RuntimeType names the .NET type.
func (l *lookup) RuntimeType() *clr.Type { return l.typ }

// Each walks the groups in the order of their first items.
func (l *lookup) Each(m *clr.Machine, yield func(clr.Value) bool) { clr.Each(m, l.groups, yield) }

func (l *lookup) of(m *clr.Machine, key clr.Value) clr.Value {
	for _, g := range l.groups {
		m.Step()
		k := g.(*Group).key
		s, isText := k.(string)
		want, _ := key.(string)
		if isText && l.fold && fold(s) == fold(want) || clr.EqualValues(m, k, key) {
			return g
		}
	}
	return nil
}

func lookupFrom(m *clr.Machine, k, t *clr.Type, source, key, value, how clr.Value) clr.Value {
	return &lookup{clr.Generic(typeLookup, k, t), grouped(m, k, t, source, key, value, how).Items,
		how != nil && ignoresCase(comparison(how))}
}

var lookupSpec = typeSpec{typ: typeLookup, bases: "IEnumerable<IGrouping<K,T>>", members: []memberSpec{
	{"IEnumerable<T> this[K]", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*lookup)
		if g := l.of(m, a[1]); g != nil {
			return g
		}
		return &clr.Array{Elem: l.typ.Args[1]}
	}},
	{"bool Contains(K)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*lookup).of(m, a[1]) != nil }},
	{"int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(len(a[0].(*lookup).groups)) }},
}}

// keyedForm is an operation on keys with its forms: with a selector of elements or
// without, with a StringComparer or without.
func keyedForm(result, name string, run func(m *clr.Machine, k, t *clr.Type, source, key, value, how clr.Value) clr.Value) []memberSpec {
	plain := func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return run(m, t[1], t[0], a[0], a[1], nil, optional(a, 2))
	}
	chosen := func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return run(m, t[1], t[2], a[0], a[1], a[2], optional(a, 3))
	}
	of := func(elem string) string {
		if name == "GroupBy" {
			return "IEnumerable<IGrouping<K," + elem + ">>"
		}
		return result + "<K," + elem + ">"
	}
	return []memberSpec{
		{"ext " + of("T") + " " + name + "<T,K>(IEnumerable<T>, Func<T,K>)", plain},
		{"ext " + of("T") + " " + name + "<T,K>(IEnumerable<T>, Func<T,K>, IEqualityComparer<K>)", plain},
		{"ext " + of("E") + " " + name + "<T,K,E>(IEnumerable<T>, Func<T,K>, Func<T,E>)", chosen},
		{"ext " + of("E") + " " + name + "<T,K,E>(IEnumerable<T>, Func<T,K>, Func<T,E>, IEqualityComparer<K>)", chosen},
	}
}

var linqKeyed = concatAll(
	keyedForm("Dictionary", "ToDictionary", dictFrom),
	keyedForm("ILookup", "ToLookup", lookupFrom),
	keyedForm("", "GroupBy", func(_ *clr.Machine, k, t *clr.Type, source, key, value, how clr.Value) clr.Value {
		return groups(k, t, source, key, value, how)
	}),
	[]memberSpec{
		{"ext IEnumerable<R> GroupBy<T,K,R>(IEnumerable<T>, Func<T,K>, Func<K,IEnumerable<T>,R>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			return groupResults(t[1], t[0], t[2], a[0], a[1], nil, a[2])
		}},
		{"ext IEnumerable<R> GroupBy<T,K,E,R>(IEnumerable<T>, Func<T,K>, Func<T,E>, Func<K,IEnumerable<E>,R>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			return groupResults(t[1], t[2], t[3], a[0], a[1], a[2], a[3])
		}},
		{"ext IEnumerable<R> GroupJoin<T,U,K,R>(IEnumerable<T>, IEnumerable<U>, Func<T,K>, Func<U,K>, Func<T,IEnumerable<U>,R>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			k, u, inner, outerKey, innerKey, f := t[2], t[1], a[1], a[2], a[3], a[4]
			return lazy(t[3], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
				l := lookupFrom(m, k, u, inner, innerKey, nil, nil).(*lookup)
				clr.Iterate(m, src, func(v clr.Value) bool {
					g := l.of(m, call(m, outerKey, v))
					if g == nil {
						g = &clr.Array{Elem: u}
					}
					return yield(call(m, f, v, g))
				})
			})
		}},
	},
)

func groupResults(k, t, r *clr.Type, source, key, value, f clr.Value) clr.Value {
	return lazy(r, source, func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
		for _, g := range grouped(m, k, t, src, key, value, nil).Items {
			m.Step()
			if !yield(call(m, f, g.(*Group).key, g)) {
				return
			}
		}
	})
}
