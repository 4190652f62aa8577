package library

import (
	"sort"

	"stile/policy/expr/clr"
)

// Group is IGrouping<K, T>.
type Group struct {
	typ *clr.Type
	key clr.Value
	clr.List
}

// RuntimeType names the .NET type.
func (g *Group) RuntimeType() *clr.Type { return g.typ }

// Each walks the items in order until yield gives false.
func (g *Group) Each(m *clr.Machine, yield func(clr.Value) bool) { clr.Each(m, g.Items, yield) }

// Ordered is what OrderBy gives; ThenBy adds a key.
type Ordered struct {
	elem   *clr.Type
	source clr.Value
	keys   []orderKey
}

type orderKey struct {
	f    clr.Value
	down bool
	// by is the StringComparer that was given; nil for the culture's order.
	by clr.Value
}

func (k orderKey) compare(m *clr.Machine, x, y clr.Value) int {
	if k.by != nil {
		return compareText(x, y, comparison(k.by))
	}
	return clr.CompareValues(m, x, y)
}

// RuntimeType names the .NET type.
func (o *Ordered) RuntimeType() *clr.Type { return clr.Generic(typeOrdered, o.elem) }

// Each walks the items in order until yield gives false.
func (o *Ordered) Each(m *clr.Machine, yield func(clr.Value) bool) {
	items := clr.Collect(m, o.source)
	type row struct {
		v    clr.Value
		keys []clr.Value
	}
	rows := make([]row, len(items))
	for i, v := range items {
		rows[i].v = v
		for _, k := range o.keys {
			rows[i].keys = append(rows[i].keys, call(m, k.f, v))
		}
	}
	sort.SliceStable(rows, func(i, j int) bool {
		m.Step()
		for n, k := range o.keys {
			if c := k.compare(m, rows[i].keys[n], rows[j].keys[n]); c != 0 {
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
func sorted(m *clr.Machine, items []clr.Value, f clr.Value, down bool) []clr.Value {
	return sortedBy(m, items, func(x, y clr.Value) int {
		if f != nil {
			x, y = call(m, f, x), call(m, f, y)
		}
		c := clr.CompareValues(m, x, y)
		if down {
			return -c
		}
		return c
	})
}

func sortedBy(m *clr.Machine, items []clr.Value, compare func(x, y clr.Value) int) []clr.Value {
	m.Grow(16 * len(items))
	out := append([]clr.Value{}, items...)
	sort.SliceStable(out, func(i, j int) bool {
		m.Step()
		return compare(out[i], out[j]) < 0
	})
	return out
}

// lazy makes a sequence that walks source each time it is walked.
func lazy(elem *clr.Type, source clr.Value, walk func(m *clr.Machine, source clr.Value, yield func(clr.Value) bool)) clr.Value {
	return &clr.Seq{Elem: elem, Each: func(m *clr.Machine, yield func(clr.Value) bool) { walk(m, source, yield) }}
}

var linqSpecs = []typeSpec{{typ: typeLinq, members: concatAll(linqShape, linqFind, linqSets, linqFold(), linqMake, linqMore, linqKeyed)}}

func selectMany(m *clr.Machine, _ []*clr.Type, t *clr.Type, source, f clr.Value) clr.Value {
	return lazy(t, source, func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
		more := true
		clr.Iterate(m, src, func(v clr.Value) bool {
			clr.Iterate(m, call(m, f, v), func(w clr.Value) bool { more = yield(w); return more })
			return more
		})
	})
}

var linqShape = []memberSpec{
	{"ext IEnumerable<T> Where<T>(IEnumerable<T>, Func<T,bool>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			clr.Iterate(m, src, func(v clr.Value) bool { return !truth(call(m, f, v)) || yield(v) })
		})
	}},
	{"ext IEnumerable<T> Where<T>(IEnumerable<T>, Func<T,int,bool>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			i := int32(-1)
			clr.Iterate(m, src, func(v clr.Value) bool { i++; return !truth(call(m, f, v, i)) || yield(v) })
		})
	}},
	{"ext IEnumerable<R> Select<T,R>(IEnumerable<T>, Func<T,R>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return lazy(t[1], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			clr.Iterate(m, src, func(v clr.Value) bool { return yield(call(m, f, v)) })
		})
	}},
	{"ext IEnumerable<R> Select<T,R>(IEnumerable<T>, Func<T,int,R>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return lazy(t[1], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			i := int32(-1)
			clr.Iterate(m, src, func(v clr.Value) bool { i++; return yield(call(m, f, v, i)) })
		})
	}},
	{"ext IEnumerable<R> SelectMany<T,R>(IEnumerable<T>, Func<T,IEnumerable<R>>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return selectMany(m, t, t[1], a[0], a[1])
	}},
	{"ext IEnumerable<T> Skip<T>(IEnumerable<T>, int)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		n := num(a[1])
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			i := 0
			clr.Iterate(m, src, func(v clr.Value) bool { i++; return i <= n || yield(v) })
		})
	}},
	{"ext IEnumerable<T> Take<T>(IEnumerable<T>, int)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		n := num(a[1])
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			i := 0
			if n <= 0 {
				return
			}
			clr.Iterate(m, src, func(v clr.Value) bool { i++; return yield(v) && i < n })
		})
	}},
	{"ext IEnumerable<T> SkipWhile<T>(IEnumerable<T>, Func<T,bool>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			on := false
			clr.Iterate(m, src, func(v clr.Value) bool { on = on || !truth(call(m, f, v)); return !on || yield(v) })
		})
	}},
	{"ext IEnumerable<T> TakeWhile<T>(IEnumerable<T>, Func<T,bool>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			clr.Iterate(m, src, func(v clr.Value) bool { return truth(call(m, f, v)) && yield(v) })
		})
	}},
	{"ext IEnumerable<T> Concat<T>(IEnumerable<T>, IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		second := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			more := true
			clr.Iterate(m, src, func(v clr.Value) bool { more = yield(v); return more })
			if more {
				clr.Iterate(m, second, yield)
			}
		})
	}},
	{"ext IEnumerable<T> Append<T>(IEnumerable<T>, T)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		last := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			more := true
			clr.Iterate(m, src, func(v clr.Value) bool { more = yield(v); return more })
			if more {
				yield(last)
			}
		})
	}},
	{"ext IEnumerable<T> Prepend<T>(IEnumerable<T>, T)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		first := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			if yield(first) {
				clr.Iterate(m, src, yield)
			}
		})
	}},
	{"ext IEnumerable<T> Reverse<T>(IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			items := clr.Collect(m, src)
			for i := len(items) - 1; i >= 0 && yield(items[i]); i-- {
				m.Step()
			}
		})
	}},
	{"ext IEnumerable<R> Cast<R>(JToken)", castAll}, {"ext IEnumerable<R> Cast<R>(IEnumerable)", castAll},
	{"ext IEnumerable<R> OfType<R>(IEnumerable)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		to := t[0]
		return lazy(to, a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			clr.Iterate(m, src, func(v clr.Value) bool { return !IsInstance(v, to) || yield(v) })
		})
	}},
	{"ext IEnumerable<T> AsEnumerable<T>(IEnumerable<T>)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] }},
	{"ext IEnumerable<T> DefaultIfEmpty<T>(IEnumerable<T>, T)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		other := a[1]
		return lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			any := false
			clr.Iterate(m, src, func(v clr.Value) bool { any = true; return yield(v) })
			if !any {
				yield(other)
			}
		})
	}},
	{"ext IOrderedEnumerable<T> OrderBy<T,K>(IEnumerable<T>, Func<T,K>)", orderBy(false)},
	{"ext IOrderedEnumerable<T> OrderBy<T,K>(IEnumerable<T>, Func<T,K>, IComparer<K>)", orderBy(false)},
	{"ext IOrderedEnumerable<T> OrderByDescending<T,K>(IEnumerable<T>, Func<T,K>)", orderBy(true)},
	{"ext IOrderedEnumerable<T> OrderByDescending<T,K>(IEnumerable<T>, Func<T,K>, IComparer<K>)", orderBy(true)},
	{"ext IOrderedEnumerable<T> ThenBy<T,K>(IOrderedEnumerable<T>, Func<T,K>)", thenBy(false)},
	{"ext IOrderedEnumerable<T> ThenBy<T,K>(IOrderedEnumerable<T>, Func<T,K>, IComparer<K>)", thenBy(false)},
	{"ext IOrderedEnumerable<T> ThenByDescending<T,K>(IOrderedEnumerable<T>, Func<T,K>)", thenBy(true)},
	{"ext IOrderedEnumerable<T> ThenByDescending<T,K>(IOrderedEnumerable<T>, Func<T,K>, IComparer<K>)", thenBy(true)},
}

func castAll(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
	to := t[len(t)-1]
	return lazy(to, a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
		clr.Iterate(m, src, func(v clr.Value) bool { return yield(CastValue(m, v, clr.TypeObject, to)) })
	})
}

func orderBy(down bool) clr.Native {
	return func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return &Ordered{t[0], a[0], []orderKey{{a[1], down, optional(a, 2)}}}
	}
}

func thenBy(down bool) clr.Native {
	return func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		o := a[0].(*Ordered)
		return &Ordered{t[0], o.source, append(o.keys[:len(o.keys):len(o.keys)], orderKey{a[1], down, optional(a, 2)})}
	}
}
