package expr

func listIndex(m *machine, i, size int) int {
	if i < 0 || i >= size {
		m.throw(typeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: index")
	}
	return i
}

func listGet(m *machine, _ []*Type, a []Value) Value {
	switch x := a[0].(type) {
	case *List:
		return x.items[listIndex(m, num(a[1]), len(x.items))]
	case *JArray:
		return x.items[listIndex(m, num(a[1]), len(x.items))]
	}
	return element(a[0], item(m, num(a[1]), sizeOf(a[0])))
}

func listSet(m *machine, _ []*Type, a []Value) Value {
	switch x := a[0].(type) {
	case *List:
		x.items[listIndex(m, num(a[1]), len(x.items))] = a[2]
		x.version++
	case *JArray:
		x.items[listIndex(m, num(a[1]), len(x.items))] = adopt(m, x, tokenOf(m, a[2]))
	default:
		setElement(a[0], item(m, num(a[1]), sizeOf(a[0])), a[2])
	}
	return nil
}

func listAdd(m *machine, _ []*Type, a []Value) Value {
	switch x := a[0].(type) {
	case *List:
		m.grow(16)
		x.items = append(x.items, a[1])
		x.version++
	case *JArray:
		x.add(m, tokenOf(m, a[1]))
	default:
		m.throw(typeNotSupported, "Collection was of a fixed size.")
	}
	return nil
}

func count(m *machine, v Value) int {
	switch x := v.(type) {
	case *List:
		return len(x.items)
	case *Array:
		return len(x.items)
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
	iterate(m, v, func(Value) bool { n++; return true })
	return n
}

func contains(m *machine, seq, want Value) bool {
	found := false
	if s, ok := seq.(*Set); ok {
		_, found = s.d.lookup(m, want)
		return found
	}
	iterate(m, seq, func(v Value) bool { found = equalValues(m, v, want); return !found })
	return found
}

func insertItems(m *machine, l *List, at int, v ...Value) {
	if at < 0 || at > len(l.items) {
		m.throw(typeArgumentRange, "Index must be within the bounds of the List.\nParameter name: index")
	}
	m.grow(16 * len(v))
	m.work(len(l.items) / 64)
	l.items = append(l.items[:at:at], append(append([]Value{}, v...), l.items[at:]...)...)
	l.version++
}

func cutItems(m *machine, l *List, at, n int) {
	if at < 0 || n < 0 || at+n > len(l.items) {
		m.throw(typeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: index")
	}
	m.work(len(l.items) / 64)
	l.items = append(l.items[:at:at], l.items[at+n:]...)
	l.version++
}

func listFind(m *machine, l *List, test func(Value) bool) int {
	for i := 0; i < len(l.items); i++ {
		m.step()
		if test(l.items[i]) {
			return i
		}
	}
	return -1
}

var listMembers = []memberSpec{
	{"new()", func(_ *machine, t []*Type, _ []Value) Value { return &List{elem: t[0]} }},
	{"new(int)", func(_ *machine, t []*Type, _ []Value) Value { return &List{elem: t[0]} }},
	{"new(IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value { return &List{elem: t[0], items: collect(m, a[0])} }},
	{"T this[int]", listGet}, {"set T this[int]", listSet}, {"void Add(T)", listAdd},
	{"int Count", func(_ *machine, _ []*Type, a []Value) Value { return int32(len(a[0].(*List).items)) }},
	{"void AddRange(IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value {
		l := a[0].(*List)
		insertItems(m, l, len(l.items), collect(m, a[1])...)
		return nil
	}},
	{"void Insert(int, T)", func(m *machine, _ []*Type, a []Value) Value { insertItems(m, a[0].(*List), num(a[1]), a[2]); return nil }},
	{"void RemoveAt(int)", func(m *machine, _ []*Type, a []Value) Value { cutItems(m, a[0].(*List), num(a[1]), 1); return nil }},
	{"void RemoveRange(int, int)", func(m *machine, _ []*Type, a []Value) Value {
		cutItems(m, a[0].(*List), num(a[1]), num(a[2]))
		return nil
	}},
	{"bool Remove(T)", func(m *machine, _ []*Type, a []Value) Value {
		l, want := a[0].(*List), a[1]
		i := listFind(m, l, func(v Value) bool { return equalValues(m, v, want) })
		if i >= 0 {
			cutItems(m, l, i, 1)
		}
		return i >= 0
	}},
	{"int RemoveAll(Func<T,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		l, f := a[0].(*List), a[1]
		var kept []Value
		for _, v := range append([]Value{}, l.items...) {
			if !truth(call(m, f, v)) {
				kept = append(kept, v)
			}
		}
		n := len(l.items) - len(kept)
		l.items = kept
		l.version++
		return int32(n)
	}},
	{"void Clear()", func(_ *machine, _ []*Type, a []Value) Value {
		l := a[0].(*List)
		l.items = nil
		l.version++
		return nil
	}},
	{"bool Contains(T)", func(m *machine, _ []*Type, a []Value) Value { return contains(m, a[0], a[1]) }},
	{"int IndexOf(T)", func(m *machine, _ []*Type, a []Value) Value {
		want := a[1]
		return int32(listFind(m, a[0].(*List), func(v Value) bool { return equalValues(m, v, want) }))
	}},
	{"bool Exists(Func<T,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		return listFind(m, a[0].(*List), func(v Value) bool { return truth(call(m, f, v)) }) >= 0
	}},
	{"bool TrueForAll(Func<T,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		return listFind(m, a[0].(*List), func(v Value) bool { return !truth(call(m, f, v)) }) < 0
	}},
	{"T Find(Func<T,bool>)", func(m *machine, t []*Type, a []Value) Value {
		l, f := a[0].(*List), a[1]
		if i := listFind(m, l, func(v Value) bool { return truth(call(m, f, v)) }); i >= 0 {
			return l.items[i]
		}
		return t[0].zero()
	}},
	{"int FindIndex(Func<T,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		return int32(listFind(m, a[0].(*List), func(v Value) bool { return truth(call(m, f, v)) }))
	}},
	{"List<T> FindAll(Func<T,bool>)", func(m *machine, t []*Type, a []Value) Value {
		return &List{elem: t[0], items: filtered(m, a[0], a[1])}
	}},
	{"List<T> GetRange(int, int)", func(m *machine, t []*Type, a []Value) Value {
		l, at, n := a[0].(*List), num(a[1]), num(a[2])
		if at < 0 || n < 0 || at+n > len(l.items) {
			m.throw(typeArgument, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.")
		}
		m.grow(16 * n)
		return &List{elem: t[0], items: append([]Value{}, l.items[at:at+n]...)}
	}},
	{"void ForEach(Action<T>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		iterate(m, a[0], func(v Value) bool { call(m, f, v); return true })
		return nil
	}},
	{"void Reverse()", func(m *machine, _ []*Type, a []Value) Value {
		l := a[0].(*List)
		m.work(len(l.items))
		for i, j := 0, len(l.items)-1; i < j; i, j = i+1, j-1 {
			l.items[i], l.items[j] = l.items[j], l.items[i]
		}
		l.version++
		return nil
	}},
	{"void Sort()", func(m *machine, _ []*Type, a []Value) Value {
		l := a[0].(*List)
		l.items = sorted(m, l.items, nil, false)
		l.version++
		return nil
	}},
	{"void Sort(Func<T,T,int>)", func(m *machine, _ []*Type, a []Value) Value {
		l, f := a[0].(*List), a[1]
		l.items = sortedBy(m, l.items, func(x, y Value) int { return num(call(m, f, x, y)) })
		l.version++
		return nil
	}},
	{"T[] ToArray()", func(m *machine, t []*Type, a []Value) Value { return makeArray(t[0], collect(m, a[0])) }},
	{"List<R> ConvertAll<R>(Func<T,R>)", func(m *machine, t []*Type, a []Value) Value {
		f, out := a[1], &List{elem: t[1]}
		iterate(m, a[0], func(v Value) bool { out.items = append(out.items, call(m, f, v)); return true })
		return out
	}},
}

// line is Queue<T> or Stack<T>.
type line struct {
	List
	stack bool
}

func (l *line) runtimeType() *Type {
	if l.stack {
		return generic(typeStack, l.elem)
	}
	return generic(typeQueue, l.elem)
}

func (l *line) each(m *machine, yield func(Value) bool) {
	items := append([]Value{}, l.items...)
	if l.stack {
		for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
			items[i], items[j] = items[j], items[i]
		}
	}
	each(m, items, yield)
}

// end gives the index of the next item out.
func (l *line) end(m *machine) int {
	if len(l.items) == 0 {
		m.throw(typeInvalidOperation, l.runtimeType().def.name+" empty.")
	}
	if l.stack {
		return len(l.items) - 1
	}
	return 0
}

func queueMembers(in, outName string, stack bool) []memberSpec {
	return []memberSpec{
		{"new()", func(_ *machine, t []*Type, _ []Value) Value { return &line{List{elem: t[0]}, stack} }},
		{"new(IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value {
			return &line{List{elem: t[0], items: collect(m, a[0])}, stack}
		}},
		{"void " + in + "(T)", func(m *machine, _ []*Type, a []Value) Value {
			l := a[0].(*line)
			m.grow(16)
			l.items = append(l.items, a[1])
			return nil
		}},
		{"T " + outName + "()", func(m *machine, _ []*Type, a []Value) Value {
			l := a[0].(*line)
			i := l.end(m)
			v := l.items[i]
			cutItems(m, &l.List, i, 1)
			return v
		}},
		{"T Peek()", func(m *machine, _ []*Type, a []Value) Value { l := a[0].(*line); return l.items[l.end(m)] }},
		{"int Count", func(_ *machine, _ []*Type, a []Value) Value { return int32(len(a[0].(*line).items)) }},
	}
}
