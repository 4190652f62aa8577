package expr

import (
	"sort"
)

// Group is IGrouping<K, T>.
type Group struct {
	typ *Type
	key Value
	List
}

func (g *Group) runtimeType() *Type { return g.typ }

func (g *Group) each(m *machine, yield func(Value) bool) { each(m, g.items, yield) }

// Ordered is what OrderBy gives; ThenBy adds a key.
type Ordered struct {
	elem   *Type
	source Value
	keys   []orderKey
}

type orderKey struct {
	f    Value
	down bool
}

func (o *Ordered) runtimeType() *Type { return generic(typeOrdered, o.elem) }

func (o *Ordered) each(m *machine, yield func(Value) bool) {
	items := collect(m, o.source)
	type row struct {
		v    Value
		keys []Value
	}
	rows := make([]row, len(items))
	for i, v := range items {
		rows[i].v = v
		for _, k := range o.keys {
			rows[i].keys = append(rows[i].keys, call(m, k.f, v))
		}
	}
	sort.SliceStable(rows, func(i, j int) bool {
		m.step()
		for n, k := range o.keys {
			if c := compareValues(m, rows[i].keys[n], rows[j].keys[n]); c != 0 {
				return (c < 0) != k.down
			}
		}
		return false
	})
	for _, r := range rows {
		if !yield(r.v) {
			return
		}
	}
}

// sorted gives the items in order, by a key where f is given.
func sorted(m *machine, items []Value, f Value, down bool) []Value {
	return sortedBy(m, items, func(x, y Value) int {
		if f != nil {
			x, y = call(m, f, x), call(m, f, y)
		}
		c := compareValues(m, x, y)
		if down {
			return -c
		}
		return c
	})
}

func sortedBy(m *machine, items []Value, compare func(x, y Value) int) []Value {
	m.grow(16 * len(items))
	out := append([]Value{}, items...)
	sort.SliceStable(out, func(i, j int) bool {
		m.step()
		return compare(out[i], out[j]) < 0
	})
	return out
}

// lazy makes a sequence that walks source each time it is walked.
func lazy(elem *Type, source Value, walk func(m *machine, source Value, yield func(Value) bool)) Value {
	return &Seq{elem: elem, each: func(m *machine, yield func(Value) bool) { walk(m, source, yield) }}
}

var linqSpecs = []typeSpec{{typ: typeLinq, members: concatAll(linqShape, linqFind, linqSets, linqFold(), linqMake)}}

func selectMany(m *machine, _ []*Type, t *Type, source, f Value) Value {
	return lazy(t, source, func(m *machine, src Value, yield func(Value) bool) {
		more := true
		iterate(m, src, func(v Value) bool {
			iterate(m, call(m, f, v), func(w Value) bool { more = yield(w); return more })
			return more
		})
	})
}

var linqShape = []memberSpec{
	{"ext IEnumerable<T> Where<T>(IEnumerable<T>, Func<T,bool>)", func(m *machine, t []*Type, a []Value) Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			iterate(m, src, func(v Value) bool { return !truth(call(m, f, v)) || yield(v) })
		})
	}},
	{"ext IEnumerable<T> Where<T>(IEnumerable<T>, Func<T,int,bool>)", func(m *machine, t []*Type, a []Value) Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			i := int32(-1)
			iterate(m, src, func(v Value) bool { i++; return !truth(call(m, f, v, i)) || yield(v) })
		})
	}},
	{"ext IEnumerable<R> Select<T,R>(IEnumerable<T>, Func<T,R>)", func(m *machine, t []*Type, a []Value) Value {
		f := a[1]
		return lazy(t[1], a[0], func(m *machine, src Value, yield func(Value) bool) {
			iterate(m, src, func(v Value) bool { return yield(call(m, f, v)) })
		})
	}},
	{"ext IEnumerable<R> Select<T,R>(IEnumerable<T>, Func<T,int,R>)", func(m *machine, t []*Type, a []Value) Value {
		f := a[1]
		return lazy(t[1], a[0], func(m *machine, src Value, yield func(Value) bool) {
			i := int32(-1)
			iterate(m, src, func(v Value) bool { i++; return yield(call(m, f, v, i)) })
		})
	}},
	{"ext IEnumerable<R> SelectMany<T,R>(IEnumerable<T>, Func<T,IEnumerable<R>>)", func(m *machine, t []*Type, a []Value) Value {
		return selectMany(m, t, t[1], a[0], a[1])
	}},
	{"ext IEnumerable<T> Skip<T>(IEnumerable<T>, int)", func(m *machine, t []*Type, a []Value) Value {
		n := num(a[1])
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			i := 0
			iterate(m, src, func(v Value) bool { i++; return i <= n || yield(v) })
		})
	}},
	{"ext IEnumerable<T> Take<T>(IEnumerable<T>, int)", func(m *machine, t []*Type, a []Value) Value {
		n := num(a[1])
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			i := 0
			if n <= 0 {
				return
			}
			iterate(m, src, func(v Value) bool { i++; return yield(v) && i < n })
		})
	}},
	{"ext IEnumerable<T> SkipWhile<T>(IEnumerable<T>, Func<T,bool>)", func(m *machine, t []*Type, a []Value) Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			on := false
			iterate(m, src, func(v Value) bool { on = on || !truth(call(m, f, v)); return !on || yield(v) })
		})
	}},
	{"ext IEnumerable<T> TakeWhile<T>(IEnumerable<T>, Func<T,bool>)", func(m *machine, t []*Type, a []Value) Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			iterate(m, src, func(v Value) bool { return truth(call(m, f, v)) && yield(v) })
		})
	}},
	{"ext IEnumerable<T> Concat<T>(IEnumerable<T>, IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value {
		second := a[1]
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			more := true
			iterate(m, src, func(v Value) bool { more = yield(v); return more })
			if more {
				iterate(m, second, yield)
			}
		})
	}},
	{"ext IEnumerable<T> Append<T>(IEnumerable<T>, T)", func(m *machine, t []*Type, a []Value) Value {
		last := a[1]
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			more := true
			iterate(m, src, func(v Value) bool { more = yield(v); return more })
			if more {
				yield(last)
			}
		})
	}},
	{"ext IEnumerable<T> Prepend<T>(IEnumerable<T>, T)", func(m *machine, t []*Type, a []Value) Value {
		first := a[1]
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			if yield(first) {
				iterate(m, src, yield)
			}
		})
	}},
	{"ext IEnumerable<T> Reverse<T>(IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value {
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			items := collect(m, src)
			for i := len(items) - 1; i >= 0 && yield(items[i]); i-- {
				m.step()
			}
		})
	}},
	{"ext IEnumerable<R> Cast<R>(JToken)", castAll}, {"ext IEnumerable<R> Cast<R>(IEnumerable<object>)", castAll},
	{"ext IEnumerable<R> OfType<R>(IEnumerable<object>)", func(m *machine, t []*Type, a []Value) Value {
		to := t[0]
		return lazy(to, a[0], func(m *machine, src Value, yield func(Value) bool) {
			iterate(m, src, func(v Value) bool { return !isInstance(v, to) || yield(v) })
		})
	}},
	{"ext IEnumerable<T> AsEnumerable<T>(IEnumerable<T>)", func(_ *machine, _ []*Type, a []Value) Value { return a[0] }},
	{"ext IEnumerable<T> DefaultIfEmpty<T>(IEnumerable<T>, T)", func(m *machine, t []*Type, a []Value) Value {
		other := a[1]
		return lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			any := false
			iterate(m, src, func(v Value) bool { any = true; return yield(v) })
			if !any {
				yield(other)
			}
		})
	}},
	{"ext IOrderedEnumerable<T> OrderBy<T,K>(IEnumerable<T>, Func<T,K>)", func(_ *machine, t []*Type, a []Value) Value {
		return &Ordered{t[0], a[0], []orderKey{{a[1], false}}}
	}},
	{"ext IOrderedEnumerable<T> OrderByDescending<T,K>(IEnumerable<T>, Func<T,K>)", func(_ *machine, t []*Type, a []Value) Value {
		return &Ordered{t[0], a[0], []orderKey{{a[1], true}}}
	}},
	{"ext IOrderedEnumerable<T> ThenBy<T,K>(IOrderedEnumerable<T>, Func<T,K>)", func(_ *machine, t []*Type, a []Value) Value {
		o := a[0].(*Ordered)
		return &Ordered{t[0], o.source, append(o.keys[:len(o.keys):len(o.keys)], orderKey{a[1], false})}
	}},
	{"ext IOrderedEnumerable<T> ThenByDescending<T,K>(IOrderedEnumerable<T>, Func<T,K>)", func(_ *machine, t []*Type, a []Value) Value {
		o := a[0].(*Ordered)
		return &Ordered{t[0], o.source, append(o.keys[:len(o.keys):len(o.keys)], orderKey{a[1], true})}
	}},
}

func castAll(_ *machine, t []*Type, a []Value) Value {
	to := t[len(t)-1]
	return lazy(to, a[0], func(m *machine, src Value, yield func(Value) bool) {
		iterate(m, src, func(v Value) bool { return yield(castValue(m, v, typeObject, to)) })
	})
}
