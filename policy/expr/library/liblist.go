package library

import (
	"stile/policy/expr/clr"
)

func listIndex(m *clr.Machine, i, size int) int {
	if i < 0 || i >= size {
		m.Throw(clr.TypeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: index")
	}
	return i
}

func listGet(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	switch x := a[0].(type) {
	case *clr.List:
		return x.Items[listIndex(m, num(a[1]), len(x.Items))]
	case *JArray:
		return x.items[listIndex(m, num(a[1]), len(x.items))]
	}
	return element(a[0], item(m, num(a[1]), sizeOf(a[0])))
}

func listSet(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	switch x := a[0].(type) {
	case *clr.List:
		x.Items[listIndex(m, num(a[1]), len(x.Items))] = a[2]
		x.Version++
	case *JArray:
		x.items[listIndex(m, num(a[1]), len(x.items))] = adopt(m, x, TokenOf(m, a[2]))
	default:
		setElement(a[0], item(m, num(a[1]), sizeOf(a[0])), a[2])
	}
	return nil
}

func listAdd(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	switch x := a[0].(type) {
	case *clr.List:
		m.Grow(16)
		x.Items = append(x.Items, a[1])
		x.Version++
	case *JArray:
		x.Add(m, TokenOf(m, a[1]))
	default:
		m.Throw(clr.TypeNotSupported, "Collection was of a fixed size.")
	}
	return nil
}

func count(m *clr.Machine, v clr.Value) int {
	switch x := v.(type) {
	case *clr.List:
		return len(x.Items)
	case *clr.Array:
		return len(x.Items)
	case []byte:
		return len(x)
	case dictionary:
		return x.size()
	case *Set:
		return x.d.size()
	case *JArray:
		return len(x.items)
	}
	n := 0
	clr.Iterate(m, v, func(clr.Value) bool { n++; return true })
	return n
}

func contains(m *clr.Machine, seq, want clr.Value) bool {
	found := false
	if s, ok := seq.(*Set); ok {
		_, found = s.d.lookup(m, want)
		return found
	}
	clr.Iterate(m, seq, func(v clr.Value) bool { found = clr.EqualValues(m, v, want); return !found })
	return found
}

func insertItems(m *clr.Machine, l *clr.List, at int, v ...clr.Value) {
	if at < 0 || at > len(l.Items) {
		m.Throw(clr.TypeArgumentRange, "Index must be within the bounds of the List.\nParameter name: index")
	}
	m.Grow(16 * len(v))
	m.Work(len(l.Items) / 64)
	l.Items = append(l.Items[:at:at], append(append([]clr.Value{}, v...), l.Items[at:]...)...)
	l.Version++
}

func cutItems(m *clr.Machine, l *clr.List, at, n int) {
	if at < 0 || n < 0 || at+n > len(l.Items) {
		m.Throw(clr.TypeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: index")
	}
	m.Work(len(l.Items) / 64)
	l.Items = append(l.Items[:at:at], l.Items[at+n:]...)
	l.Version++
}

func listFind(m *clr.Machine, l *clr.List, test func(clr.Value) bool) int {
	for i := 0; i < len(l.Items); i++ {
		m.Step()
		if test(l.Items[i]) {
			return i
		}
	}
	return -1
}

var listMembers = []memberSpec{
	{"new()", func(_ *clr.Machine, t []*clr.Type, _ []clr.Value) clr.Value { return &clr.List{Elem: t[0]} }},
	{"new(int)", func(_ *clr.Machine, t []*clr.Type, _ []clr.Value) clr.Value { return &clr.List{Elem: t[0]} }},
	{"new(IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return &clr.List{Elem: t[0], Items: clr.Collect(m, a[0])}
	}},
	{"T this[int]", listGet}, {"set T this[int]", listSet}, {"void Add(T)", listAdd},
	{"int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(len(a[0].(*clr.List).Items))
	}},
	{"void AddRange(IEnumerable<T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*clr.List)
		insertItems(m, l, len(l.Items), clr.Collect(m, a[1])...)
		return nil
	}},
	{"void Insert(int, T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		insertItems(m, a[0].(*clr.List), num(a[1]), a[2])
		return nil
	}},
	{"void RemoveAt(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		cutItems(m, a[0].(*clr.List), num(a[1]), 1)
		return nil
	}},
	{"void RemoveRange(int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		cutItems(m, a[0].(*clr.List), num(a[1]), num(a[2]))
		return nil
	}},
	{"bool Remove(T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l, want := a[0].(*clr.List), a[1]
		i := listFind(m, l, func(v clr.Value) bool { return clr.EqualValues(m, v, want) })
		if i >= 0 {
			cutItems(m, l, i, 1)
		}
		return i >= 0
	}},
	{"int RemoveAll(Func<T,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l, f := a[0].(*clr.List), a[1]
		var kept []clr.Value
		for _, v := range append([]clr.Value{}, l.Items...) {
			if !truth(call(m, f, v)) {
				kept = append(kept, v)
			}
		}
		n := len(l.Items) - len(kept)
		l.Items = kept
		l.Version++
		return int32(n)
	}},
	{"void Clear()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*clr.List)
		l.Items = nil
		l.Version++
		return nil
	}},
	{"bool Contains(T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return contains(m, a[0], a[1]) }},
	{"int IndexOf(T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		want := a[1]
		return int32(listFind(m, a[0].(*clr.List), func(v clr.Value) bool { return clr.EqualValues(m, v, want) }))
	}},
	{"bool Exists(Func<T,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return listFind(m, a[0].(*clr.List), func(v clr.Value) bool { return truth(call(m, f, v)) }) >= 0
	}},
	{"bool TrueForAll(Func<T,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return listFind(m, a[0].(*clr.List), func(v clr.Value) bool { return !truth(call(m, f, v)) }) < 0
	}},
	{"T Find(Func<T,bool>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		l, f := a[0].(*clr.List), a[1]
		if i := listFind(m, l, func(v clr.Value) bool { return truth(call(m, f, v)) }); i >= 0 {
			return l.Items[i]
		}
		return t[0].Zero()
	}},
	{"int FindIndex(Func<T,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return int32(listFind(m, a[0].(*clr.List), func(v clr.Value) bool { return truth(call(m, f, v)) }))
	}},
	{"List<T> FindAll(Func<T,bool>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return &clr.List{Elem: t[0], Items: filtered(m, a[0], a[1])}
	}},
	{"List<T> GetRange(int, int)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		l, at, n := a[0].(*clr.List), num(a[1]), num(a[2])
		if at < 0 || n < 0 || at+n > len(l.Items) {
			m.Throw(clr.TypeArgument, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.")
		}
		m.Grow(16 * n)
		return &clr.List{Elem: t[0], Items: append([]clr.Value{}, l.Items[at:at+n]...)}
	}},
	{"void ForEach(Action<T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		clr.Iterate(m, a[0], func(v clr.Value) bool { call(m, f, v); return true })
		return nil
	}},
	{"void Reverse()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*clr.List)
		m.Work(len(l.Items))
		for i, j := 0, len(l.Items)-1; i < j; i, j = i+1, j-1 {
			l.Items[i], l.Items[j] = l.Items[j], l.Items[i]
		}
		l.Version++
		return nil
	}},
	{"void Sort()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*clr.List)
		l.Items = sorted(m, l.Items, nil, false)
		l.Version++
		return nil
	}},
	{"void Sort(Func<T,T,int>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l, f := a[0].(*clr.List), a[1]
		l.Items = sortedBy(m, l.Items, func(x, y clr.Value) int { return num(call(m, f, x, y)) })
		l.Version++
		return nil
	}},
	{"T[] ToArray()", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return clr.MakeArray(t[0], clr.Collect(m, a[0]))
	}},
	{"List<R> ConvertAll<R>(Func<T,R>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f, out := a[1], &clr.List{Elem: t[1]}
		clr.Iterate(m, a[0], func(v clr.Value) bool { out.Items = append(out.Items, call(m, f, v)); return true })
		return out
	}},
}

// line is Queue<T> or Stack<T>.
type line struct {
	clr.List
	stack bool
}

func (l *line) RuntimeType() *clr.Type {
	if l.stack {
		return clr.Generic(typeStack, l.Elem)
	}
	return clr.Generic(typeQueue, l.Elem)
}

func (l *line) Each(m *clr.Machine, yield func(clr.Value) bool) {
	items := append([]clr.Value{}, l.Items...)
	if l.stack {
		for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
			items[i], items[j] = items[j], items[i]
		}
	}
	clr.Each(m, items, yield)
}

// end gives the index of the next item out.
func (l *line) end(m *clr.Machine) int {
	if len(l.Items) == 0 {
		m.Throw(clr.TypeInvalidOperation, l.RuntimeType().Def.Name+" empty.")
	}
	if l.stack {
		return len(l.Items) - 1
	}
	return 0
}

func queueMembers(in, outName string, stack bool) []memberSpec {
	return []memberSpec{
		{"new()", func(_ *clr.Machine, t []*clr.Type, _ []clr.Value) clr.Value {
			return &line{clr.List{Elem: t[0]}, stack}
		}},
		{"new(IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			return &line{clr.List{Elem: t[0], Items: clr.Collect(m, a[0])}, stack}
		}},
		{"void " + in + "(T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			l := a[0].(*line)
			m.Grow(16)
			l.Items = append(l.Items, a[1])
			return nil
		}},
		{"T " + outName + "()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			l := a[0].(*line)
			i := l.end(m)
			v := l.Items[i]
			cutItems(m, &l.List, i, 1)
			return v
		}},
		{"T Peek()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			l := a[0].(*line)
			return l.Items[l.end(m)]
		}},
		{"int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(len(a[0].(*line).Items)) }},
	}
}
