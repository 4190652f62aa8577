package expr

// pick walks for the first (or last) item that the predicate takes.
func pick(m *machine, seq, f Value, last bool) (found Value, n int) {
	iterate(m, seq, func(v Value) bool {
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

func optional(a []Value, i int) Value {
	if i < len(a) {
		return a[i]
	}
	return nil
}

func noElements(m *machine, f Value) {
	if f == nil {
		m.throw(typeInvalidOperation, "Sequence contains no elements")
	}
	m.throw(typeInvalidOperation, "Sequence contains no matching element")
}

func picker(last, must bool) native {
	return func(m *machine, t []*Type, a []Value) Value {
		f := optional(a, 1)
		v, n := pick(m, a[0], f, last)
		if n > 0 {
			return v
		}
		if must {
			noElements(m, f)
		}
		return t[0].zero()
	}
}

func single(must bool) native {
	return func(m *machine, t []*Type, a []Value) Value {
		f := optional(a, 1)
		v, n := pick(m, a[0], f, true)
		switch {
		case n == 1:
			return v
		case n > 1 && f == nil:
			m.throw(typeInvalidOperation, "Sequence contains more than one element")
		case n > 1:
			m.throw(typeInvalidOperation, "Sequence contains more than one matching element")
		case must:
			noElements(m, f)
		}
		return t[0].zero()
	}
}

func elementAt(m *machine, t []*Type, a []Value, must bool) Value {
	want, i := num(a[1]), -1
	var found Value
	hit := false
	iterate(m, a[0], func(v Value) bool {
		if i++; i == want {
			found, hit = v, true
		}
		return !hit
	})
	if hit {
		return found
	}
	if must {
		m.throw(typeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: index")
	}
	return t[0].zero()
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
	{"ext T ElementAt<T>(IEnumerable<T>, int)", func(m *machine, t []*Type, a []Value) Value { return elementAt(m, t, a, true) }},
	{"ext T ElementAtOrDefault<T>(IEnumerable<T>, int)", func(m *machine, t []*Type, a []Value) Value { return elementAt(m, t, a, false) }},
	{"ext bool Any<T>(IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value { _, n := pick(m, a[0], nil, false); return n > 0 }},
	{"ext bool Any<T>(IEnumerable<T>, Func<T,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		_, n := pick(m, a[0], a[1], false)
		return n > 0
	}},
	{"ext bool All<T>(IEnumerable<T>, Func<T,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		f, all := a[1], true
		iterate(m, a[0], func(v Value) bool { all = truth(call(m, f, v)); return all })
		return all
	}},
	{"ext int Count<T>(IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value { return int32(count(m, a[0])) }},
	{"ext int Count<T>(IEnumerable<T>, Func<T,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		_, n := pick(m, a[0], a[1], true)
		return int32(n)
	}},
	{"ext long LongCount<T>(IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value { return int64(count(m, a[0])) }},
	{"ext bool Contains<T>(IEnumerable<T>, T)", func(m *machine, _ []*Type, a []Value) Value { return contains(m, a[0], a[1]) }},
	{"ext bool Contains(IEnumerable<string>, string, IEqualityComparer<string>)", func(m *machine, _ []*Type, a []Value) Value {
		found, want, how := false, a[1], comparison(a[2])
		iterate(m, a[0], func(v Value) bool {
			found = v == nil && want == nil || v != nil && want != nil && equalText(str(v), str(want), how)
			return !found
		})
		return found
	}},
	{"ext bool SequenceEqual<T>(IEnumerable<T>, IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value {
		x, y := collect(m, a[0]), collect(m, a[1])
		for i := 0; i < len(x) && len(x) == len(y); i++ {
			if !equalValues(m, x[i], y[i]) {
				return false
			}
		}
		return len(x) == len(y)
	}},
}

// keyed walks source and calls f with each item that has a new key.
func keyed(m *machine, source Value, seen *Set, how Value, yield func(Value) bool) {
	seen.d.fold = ignoresCase(how)
	null := false
	iterate(m, source, func(v Value) bool {
		if v == nil {
			if null {
				return true
			}
			null = true
			return yield(v)
		}
		return !seen.add(m, v) || yield(v)
	})
}

func distinct(t *Type, source, how Value) Value {
	return lazy(t, source, func(m *machine, src Value, yield func(Value) bool) { keyed(m, src, newSet(t), how, yield) })
}

// excluding gives the items of the first that are (or are not) in the second.
func excluding(t *Type, first, second Value, keep bool) Value {
	return lazy(t, first, func(m *machine, src Value, yield func(Value) bool) {
		other := newSet(t)
		iterate(m, second, func(v Value) bool { other.add(m, v); return true })
		keyed(m, src, newSet(t), nil, func(v Value) bool {
			_, in := other.d.lookup(m, v)
			return in != keep || yield(v)
		})
	})
}

func dictFrom(m *machine, k, v *Type, source, key, value Value) Value {
	d := newDict(k, v)
	iterate(m, source, func(it Value) bool {
		x := it
		if value != nil {
			x = call(m, value, it)
		}
		d.add(m, call(m, key, it), x)
		return true
	})
	return d
}

func grouped(m *machine, k, t *Type, source, key, value Value) Value {
	typ := generic(typeGrouping, k, t)
	out := &List{elem: typ}
	index := newDict(k, typ)
	iterate(m, source, func(it Value) bool {
		kv := call(m, key, it)
		g, ok := index.lookup(m, kv)
		if !ok {
			ng := &Group{typ: typ, key: kv, List: List{elem: t}}
			index.put(m, kv, ng)
			out.items = append(out.items, ng)
			g = ng
		}
		if value != nil {
			it = call(m, value, it)
		}
		g.(*Group).items = append(g.(*Group).items, it)
		return true
	})
	return out
}

var linqSets = []memberSpec{
	{"ext IEnumerable<T> Distinct<T>(IEnumerable<T>)", func(_ *machine, t []*Type, a []Value) Value { return distinct(t[0], a[0], nil) }},
	{"ext IEnumerable<string> Distinct(IEnumerable<string>, IEqualityComparer<string>)", func(_ *machine, _ []*Type, a []Value) Value {
		return distinct(typeString, a[0], comparison(a[1]))
	}},
	{"ext IEnumerable<T> Union<T>(IEnumerable<T>, IEnumerable<T>)", func(_ *machine, t []*Type, a []Value) Value {
		second := a[1]
		both := lazy(t[0], a[0], func(m *machine, src Value, yield func(Value) bool) {
			more := true
			iterate(m, src, func(v Value) bool { more = yield(v); return more })
			if more {
				iterate(m, second, yield)
			}
		})
		return distinct(t[0], both, nil)
	}},
	{"ext IEnumerable<T> Except<T>(IEnumerable<T>, IEnumerable<T>)", func(_ *machine, t []*Type, a []Value) Value {
		return excluding(t[0], a[0], a[1], false)
	}},
	{"ext IEnumerable<T> Intersect<T>(IEnumerable<T>, IEnumerable<T>)", func(_ *machine, t []*Type, a []Value) Value {
		return excluding(t[0], a[0], a[1], true)
	}},
	{"ext IEnumerable<IGrouping<K,T>> GroupBy<T,K>(IEnumerable<T>, Func<T,K>)", func(m *machine, t []*Type, a []Value) Value {
		return grouped(m, t[1], t[0], a[0], a[1], nil)
	}},
	{"ext IEnumerable<IGrouping<K,E>> GroupBy<T,K,E>(IEnumerable<T>, Func<T,K>, Func<T,E>)", func(m *machine, t []*Type, a []Value) Value {
		return grouped(m, t[1], t[2], a[0], a[1], a[2])
	}},
	{"ext Dictionary<K,T> ToDictionary<T,K>(IEnumerable<T>, Func<T,K>)", func(m *machine, t []*Type, a []Value) Value {
		return dictFrom(m, t[1], t[0], a[0], a[1], nil)
	}},
	{"ext Dictionary<K,E> ToDictionary<T,K,E>(IEnumerable<T>, Func<T,K>, Func<T,E>)", func(m *machine, t []*Type, a []Value) Value {
		return dictFrom(m, t[1], t[2], a[0], a[1], a[2])
	}},
	{"ext T[] ToArray<T>(IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value { return makeArray(t[0], collect(m, a[0])) }},
	{"ext List<T> ToList<T>(IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value { return &List{elem: t[0], items: collect(m, a[0])} }},
	{"ext HashSet<T> ToHashSet<T>(IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value {
		s := newSet(t[0])
		iterate(m, a[0], func(v Value) bool { s.add(m, v); return true })
		return s
	}},
	{"ext IEnumerable<R> Zip<T,U,R>(IEnumerable<T>, IEnumerable<U>, Func<T,U,R>)", func(_ *machine, t []*Type, a []Value) Value {
		second, f := a[1], a[2]
		return lazy(t[2], a[0], func(m *machine, src Value, yield func(Value) bool) {
			other, i := collect(m, second), 0
			iterate(m, src, func(v Value) bool {
				if i >= len(other) {
					return false
				}
				i++
				return yield(call(m, f, v, other[i-1]))
			})
		})
	}},
	{"ext IEnumerable<R> Join<T,U,K,R>(IEnumerable<T>, IEnumerable<U>, Func<T,K>, Func<U,K>, Func<T,U,R>)", func(_ *machine, t []*Type, a []Value) Value {
		inner, outerKey, innerKey, f, k := a[1], a[2], a[3], a[4], t[2]
		return lazy(t[3], a[0], func(m *machine, src Value, yield func(Value) bool) {
			index := newDict(k, typeObject)
			for _, g := range grouped(m, k, t[1], inner, innerKey, nil).(*List).items {
				index.put(m, g.(*Group).key, g)
			}
			more := true
			iterate(m, src, func(v Value) bool {
				if g, ok := index.lookup(m, call(m, outerKey, v)); ok {
					g.(*Group).each(m, func(w Value) bool { more = yield(call(m, f, v, w)); return more })
				}
				return more
			})
		})
	}},
}
