package library

import (
	"stile/policy/expr/clr"
)

// itemsOf reads another sequence as a set that compares as s does.
func (s *Set) itemsOf(m *clr.Machine, v clr.Value) *Set {
	other := newSet(s.elem)
	other.d.fold = s.d.fold
	clr.Iterate(m, v, func(it clr.Value) bool { other.Add(m, it); return true })
	return other
}

func (s *Set) has(m *clr.Machine, v clr.Value) bool {
	_, ok := s.d.lookup(m, v)
	return ok
}

// keep drops the items that test does not hold of, and tells how many.
func (s *Set) keep(m *clr.Machine, test func(v clr.Value) bool) int {
	n := 0
	for _, v := range append([]clr.Value{}, s.d.keys...) {
		if m.Step(); !test(v) {
			s.d.remove(m, v)
			n++
		}
	}
	return n
}

// within tells whether every item of s is in other.
func (s *Set) within(m *clr.Machine, other *Set) bool {
	all := true
	s.Each(m, func(v clr.Value) bool { all = other.has(m, v); return all })
	return all
}

// compareSets makes a question of two sets.
func compareSets(sig string, f func(m *clr.Machine, s, other *Set) bool) memberSpec {
	return memberSpec{"bool " + sig + "(IEnumerable<T> other)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := a[0].(*Set)
		return f(m, s, s.itemsOf(m, a[1]))
	}}
}

// setRelations are the members of ISet, which HashSet has too.
var setRelations = []memberSpec{
	{"bool Add(T item)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*Set).Add(m, a[1]) }},
	{"void UnionWith(IEnumerable<T> other)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		for _, v := range clr.Collect(m, a[1]) {
			a[0].(*Set).Add(m, v)
		}
		return nil
	}},
	{"void ExceptWith(IEnumerable<T> other)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := a[0].(*Set)
		for _, v := range clr.Collect(m, a[1]) {
			s.d.remove(m, v)
		}
		return nil
	}},
	{"void IntersectWith(IEnumerable<T> other)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := a[0].(*Set)
		other := s.itemsOf(m, a[1])
		s.keep(m, func(v clr.Value) bool { return other.has(m, v) })
		return nil
	}},
	{"void SymmetricExceptWith(IEnumerable<T> other)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := a[0].(*Set)
		s.itemsOf(m, a[1]).Each(m, func(v clr.Value) bool {
			if !s.d.remove(m, v) {
				s.Add(m, v)
			}
			return true
		})
		return nil
	}},
	compareSets("SetEquals", func(m *clr.Machine, s, other *Set) bool { return s.d.size() == other.d.size() && s.within(m, other) }),
	compareSets("IsSubsetOf", func(m *clr.Machine, s, other *Set) bool { return s.within(m, other) }),
	compareSets("IsSupersetOf", func(m *clr.Machine, s, other *Set) bool { return other.within(m, s) }),
	compareSets("IsProperSubsetOf", func(m *clr.Machine, s, other *Set) bool { return s.d.size() < other.d.size() && s.within(m, other) }),
	compareSets("IsProperSupersetOf", func(m *clr.Machine, s, other *Set) bool { return other.d.size() < s.d.size() && other.within(m, s) }),
	compareSets("Overlaps", func(m *clr.Machine, s, other *Set) bool {
		found := false
		s.Each(m, func(v clr.Value) bool { found = other.has(m, v); return !found })
		return found
	}),
}

// setMore is what HashSet has beyond ISet.
var setMore = []memberSpec{
	{"void Clear()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		a[0].(*Set).keep(m, func(clr.Value) bool { return false })
		return nil
	}},
	{"int RemoveWhere(Func<T,bool> match)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return int32(a[0].(*Set).keep(m, func(v clr.Value) bool { return !truth(call(m, f, v)) }))
	}},
	{"void CopyTo(T[] array)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		fill(m, a[1], 0, clr.Collect(m, a[0]))
		return nil
	}},
	{"void CopyTo(T[] array, int arrayIndex)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		fill(m, a[1], num(a[2]), clr.Collect(m, a[0]))
		return nil
	}},
}

// fill writes items into an array from a place on.
func fill(m *clr.Machine, to clr.Value, from int, items []clr.Value) {
	if to == nil {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: array")
	}
	if from < 0 || from > sizeOf(to)-len(items) {
		m.Throw(clr.TypeArgument, "Destination array was not long enough. Check destIndex and length, and the array's lower bounds.")
	}
	for i, v := range items {
		m.Step()
		setElement(to, from+i, v)
	}
}

// lineMore is what Queue and Stack have in common beyond going in and out.
var lineMore = []memberSpec{
	{"void Clear()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*line)
		l.Items = nil
		l.Version++
		return nil
	}},
	{"bool Contains(T item)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return contains(m, a[0], a[1]) }},
	{"T[] ToArray()", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return clr.MakeArray(t[0], clr.Collect(m, a[0]))
	}},
	{"void CopyTo(T[] array, int arrayIndex)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		fill(m, a[1], num(a[2]), clr.Collect(m, a[0]))
		return nil
	}},
	{"void TrimExcess()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
	{"bool TryPeek(out T result)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*line)
		if len(l.Items) == 0 {
			out(a[1], t[0].Zero())
			return false
		}
		out(a[1], l.Items[l.end(m)])
		return true
	}},
}

// dictMore is what Dictionary has beyond IDictionary.
var dictMore = []memberSpec{
	{"bool ContainsValue(V value)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		found, want := false, a[1]
		dictOf(a[0]).pairs(m, func(_, v clr.Value) bool { found = clr.EqualValues(m, v, want); return !found })
		return found
	}},
	{"bool TryAdd(K key, V value)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		d := changeable(m, a[0])
		if _, ok := d.lookup(m, a[1]); ok {
			return false
		}
		d.put(m, a[1], a[2])
		return true
	}},
}

// collectionChanges are ICollection's, for whatever can change.
var collectionChanges = []memberSpec{
	{"bool IsReadOnly", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		switch a[0].(type) {
		case *clr.Array, []byte:
			return true
		}
		return false
	}},
	{"void CopyTo(T[] array, int arrayIndex)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		fill(m, a[1], num(a[2]), clr.Collect(m, a[0]))
		return nil
	}},
}
