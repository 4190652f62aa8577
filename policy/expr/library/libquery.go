package library

import (
	"stile/policy/expr/clr"
)

// pick walks for the first (or last) item that the predicate takes.
func pick(m *clr.Machine, seq, f clr.Value, last bool) (found clr.Value, n int) {
	clr.Iterate(m, seq, func(v clr.Value) bool {
		if f != nil && !truth(call(m, f, v)) {
			return true
		}
		if n == 0 || last {
			found = v
		}
		n++
		return last
	})
	return found, n
}

func optional(a []clr.Value, i int) clr.Value {
	if i < len(a) {
		return a[i]
	}
	return nil
}

func noElements(m *clr.Machine, f clr.Value) {
	if f == nil {
		m.Throw(clr.TypeInvalidOperation, "Sequence contains no elements")
	}
	m.Throw(clr.TypeInvalidOperation, "Sequence contains no matching element")
}

func picker(last, must bool) clr.Native {
	return func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := optional(a, 1)
		v, n := pick(m, a[0], f, last)
		if n > 0 {
			return v
		}
		if must {
			noElements(m, f)
		}
		return t[0].Zero()
	}
}

func single(must bool) clr.Native {
	return func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := optional(a, 1)
		v, n := pick(m, a[0], f, true)
		switch {
		case n == 1:
			return v
		case n > 1 && f == nil:
			m.Throw(clr.TypeInvalidOperation, "Sequence contains more than one element")
		case n > 1:
			m.Throw(clr.TypeInvalidOperation, "Sequence contains more than one matching element")
		case must:
			noElements(m, f)
		}
		return t[0].Zero()
	}
}

func elementAt(m *clr.Machine, t []*clr.Type, a []clr.Value, must bool) clr.Value {
	want, i := num(a[1]), -1
	var found clr.Value
	hit := false
	clr.Iterate(m, a[0], func(v clr.Value) bool {
		if i++; i == want {
			found, hit = v, true
		}
		return !hit
	})
	if hit {
		return found
	}
	if must {
		m.Throw(clr.TypeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: index")
	}
	return t[0].Zero()
}

var linqFind = []memberSpec{
	{"ext T First<T>(IEnumerable<T>)", picker(false, true)}, {"ext T First<T>(IEnumerable<T>, Func<T,bool>)", picker(false, true)},
	{"ext T FirstOrDefault<T>(IEnumerable<T>)", picker(false, false)},
	{"ext T FirstOrDefault<T>(IEnumerable<T>, Func<T,bool>)", picker(false, false)},
	{"ext T Last<T>(IEnumerable<T>)", picker(true, true)}, {"ext T Last<T>(IEnumerable<T>, Func<T,bool>)", picker(true, true)},
	{"ext T LastOrDefault<T>(IEnumerable<T>)", picker(true, false)},
	{"ext T LastOrDefault<T>(IEnumerable<T>, Func<T,bool>)", picker(true, false)},
	{"ext T Single<T>(IEnumerable<T>)", single(true)}, {"ext T Single<T>(IEnumerable<T>, Func<T,bool>)", single(true)},
	{"ext T SingleOrDefault<T>(IEnumerable<T>)", single(false)},
	{"ext T SingleOrDefault<T>(IEnumerable<T>, Func<T,bool>)", single(false)},
	{"ext T ElementAt<T>(IEnumerable<T>, int)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value { return elementAt(m, t, a, true) }},
	{"ext T ElementAtOrDefault<T>(IEnumerable<T>, int)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value { return elementAt(m, t, a, false) }},
	{"ext bool Any<T>(IEnumerable<T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, n := pick(m, a[0], nil, false)
		return n > 0
	}},
	{"ext bool Any<T>(IEnumerable<T>, Func<T,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, n := pick(m, a[0], a[1], false)
		return n > 0
	}},
	{"ext bool All<T>(IEnumerable<T>, Func<T,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f, all := a[1], true
		clr.Iterate(m, a[0], func(v clr.Value) bool { all = truth(call(m, f, v)); return all })
		return all
	}},
	{"ext int Count<T>(IEnumerable<T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(count(m, a[0])) }},
	{"ext int Count<T>(IEnumerable<T>, Func<T,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, n := pick(m, a[0], a[1], true)
		return int32(n)
	}},
	{"ext long LongCount<T>(IEnumerable<T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int64(count(m, a[0])) }},
	{"ext bool Contains<T>(IEnumerable<T>, T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return contains(m, a[0], a[1]) }},
	{"ext bool Contains(IEnumerable<string>, string, IEqualityComparer<string>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		found, want, how := false, a[1], comparison(a[2])
		clr.Iterate(m, a[0], func(v clr.Value) bool {
			found = v == nil && want == nil || v != nil && want != nil && equalText(str(v), str(want), how)
			return !found
		})
		return found
	}},
	{"ext bool SequenceEqual<T>(IEnumerable<T>, IEnumerable<T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		x, y := clr.Collect(m, a[0]), clr.Collect(m, a[1])
		for i := 0; i < len(x) && len(x) == len(y); i++ {
			if !clr.EqualValues(m, x[i], y[i]) {
				return false
			}
		}
		return len(x) == len(y)
	}},
}

// keyed walks source and calls f with each item that has a new key.
func keyed(m *clr.Machine, source clr.Value, seen *Set, how clr.Value, yield func(clr.Value) bool) {
	seen.d.fold = ignoresCase(how)
	null := false
	clr.Iterate(m, source, func(v clr.Value) bool {
		if v == nil {
			if null {
				return true
			}
			null = true
			return yield(v)
		}
		return !seen.Add(m, v) || yield(v)
	})
}

func distinct(t *clr.Type, source, how clr.Value) clr.Value {
	return lazy(t, source, func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) { keyed(m, src, newSet(t), how, yield) })
}

// excluding gives the items of the first that are (or are not) in the second.
func excluding(t *clr.Type, first, second clr.Value, keep bool) clr.Value {
	return lazy(t, first, func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
		other := newSet(t)
		clr.Iterate(m, second, func(v clr.Value) bool { other.Add(m, v); return true })
		keyed(m, src, newSet(t), nil, func(v clr.Value) bool {
			_, in := other.d.lookup(m, v)
			return in != keep || yield(v)
		})
	})
}

func dictFrom(m *clr.Machine, k, v *clr.Type, source, key, value, how clr.Value) clr.Value {
	d := newDict(k, v)
	d.fold = how != nil && ignoresCase(comparison(how))
	clr.Iterate(m, source, func(it clr.Value) bool {
		x := it
		if value != nil {
			x = call(m, value, it)
		}
		d.Add(m, call(m, key, it), x)
		return true
	})
	return d
}

func grouped(m *clr.Machine, k, t *clr.Type, source, key, value, how clr.Value) *clr.List {
	typ := clr.Generic(typeGrouping, k, t)
	out := &clr.List{Elem: typ}
	index := newDict(k, typ)
	index.fold = how != nil && ignoresCase(comparison(how))
	clr.Iterate(m, source, func(it clr.Value) bool {
		kv := call(m, key, it)
		slot := kv
		if slot == nil {
			slot = noKey{}
		}
		g, ok := index.lookup(m, slot)
		if !ok {
			ng := &Group{typ: typ, key: kv, List: clr.List{Elem: t}}
			index.put(m, slot, ng)
			out.Items = append(out.Items, ng)
			g = ng
		}
		if value != nil {
			it = call(m, value, it)
		}
		g.(*Group).Items = append(g.(*Group).Items, it)
		return true
	})
	return out
}

// noKey stands for the key null, which a group may have.
type noKey struct{}

// groups is GroupBy: it walks its source when somebody walks it.
func groups(k, t *clr.Type, source, key, value, how clr.Value) clr.Value {
	return lazy(clr.Generic(typeGrouping, k, t), source, func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
		clr.Each(m, grouped(m, k, t, src, key, value, how).Items, yield)
	})
}

var linqSets = []memberSpec{
	{"ext IEnumerable<T> Distinct<T>(IEnumerable<T>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value { return distinct(t[0], a[0], nil) }},
	{"ext IEnumerable<string> Distinct(IEnumerable<string>, IEqualityComparer<string>)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return distinct(clr.TypeString, a[0], comparison(a[1]))
	}},
	{"ext IEnumerable<T> Union<T>(IEnumerable<T>, IEnumerable<T>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		second := a[1]
		both := lazy(t[0], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			more := true
			clr.Iterate(m, src, func(v clr.Value) bool { more = yield(v); return more })
			if more {
				clr.Iterate(m, second, yield)
			}
		})
		return distinct(t[0], both, nil)
	}},
	{"ext IEnumerable<T> Except<T>(IEnumerable<T>, IEnumerable<T>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return excluding(t[0], a[0], a[1], false)
	}},
	{"ext IEnumerable<T> Intersect<T>(IEnumerable<T>, IEnumerable<T>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return excluding(t[0], a[0], a[1], true)
	}},
	{"ext T[] ToArray<T>(IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return clr.MakeArray(t[0], clr.Collect(m, a[0]))
	}},
	{"ext List<T> ToList<T>(IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return &clr.List{Elem: t[0], Items: clr.Collect(m, a[0])}
	}},
	{"ext HashSet<T> ToHashSet<T>(IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		s := newSet(t[0])
		clr.Iterate(m, a[0], func(v clr.Value) bool { s.Add(m, v); return true })
		return s
	}},
	{"ext IEnumerable<R> Zip<T,U,R>(IEnumerable<T>, IEnumerable<U>, Func<T,U,R>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		second, f := a[1], a[2]
		return lazy(t[2], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			other, i := clr.Collect(m, second), 0
			clr.Iterate(m, src, func(v clr.Value) bool {
				if i >= len(other) {
					return false
				}
				i++
				return yield(call(m, f, v, other[i-1]))
			})
		})
	}},
	{"ext IEnumerable<R> Join<T,U,K,R>(IEnumerable<T>, IEnumerable<U>, Func<T,K>, Func<U,K>, Func<T,U,R>)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		inner, outerKey, innerKey, f, k := a[1], a[2], a[3], a[4], t[2]
		return lazy(t[3], a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			index := newDict(k, clr.TypeObject)
			for _, g := range grouped(m, k, t[1], inner, innerKey, nil, nil).Items {
				index.put(m, g.(*Group).key, g)
			}
			more := true
			clr.Iterate(m, src, func(v clr.Value) bool {
				if g, ok := index.lookup(m, call(m, outerKey, v)); ok {
					g.(*Group).Each(m, func(w clr.Value) bool { more = yield(call(m, f, v, w)); return more })
				}
				return more
			})
		})
	}},
}
