package expr

// item checks an index as .NET's arrays do.
func item(m *machine, i, size int) int {
	if i < 0 || i >= size {
		m.throw(typeIndexRange, "Index was outside the bounds of the array.")
	}
	return i
}

func sizeOf(v Value) int {
	switch x := v.(type) {
	case *Array:
		return len(x.items)
	case []byte:
		return len(x)
	}
	return 0
}

func element(v Value, i int) Value {
	if b, ok := v.([]byte); ok {
		return b[i]
	}
	return v.(*Array).items[i]
}

func setElement(v Value, i int, x Value) {
	if b, ok := v.([]byte); ok {
		b[i], _ = x.(byte)
		return
	}
	v.(*Array).items[i] = x
}

// findIn gives the first index from which on test holds.
func findIn(m *machine, v Value, from int, test func(Value) bool) int {
	for i := from; i < sizeOf(v); i++ {
		m.step()
		if test(element(v, i)) {
			return i
		}
	}
	return -1
}

func copyArray(m *machine, src Value, from int, dst Value, to, n int) {
	if from < 0 || to < 0 || n < 0 || from+n > sizeOf(src) || to+n > sizeOf(dst) {
		m.throw(typeArgument, "Source array was not long enough. Check srcIndex and length, and the array's lower bounds.")
	}
	m.work(n)
	tmp := make([]Value, n)
	for i := range tmp {
		tmp[i] = element(src, from+i)
	}
	for i, v := range tmp {
		setElement(dst, to+i, v)
	}
}

var arraySpec = typeSpec{typ: typeArray, bases: "IList<T>, IReadOnlyList<T>", members: []memberSpec{
	{"int Length", func(_ *machine, _ []*Type, a []Value) Value { return int32(sizeOf(a[0])) }},
	{"long LongLength", func(_ *machine, _ []*Type, a []Value) Value { return int64(sizeOf(a[0])) }},
	{"int Rank", func(_ *machine, _ []*Type, a []Value) Value { return int32(1) }},
	{"T this[int]", func(m *machine, _ []*Type, a []Value) Value { return element(a[0], item(m, num(a[1]), sizeOf(a[0]))) }},
	{"set T this[int]", func(m *machine, _ []*Type, a []Value) Value {
		setElement(a[0], item(m, num(a[1]), sizeOf(a[0])), a[2])
		return nil
	}},
	{"object Clone()", func(m *machine, _ []*Type, a []Value) Value {
		if b, ok := a[0].([]byte); ok {
			return append([]byte{}, b...)
		}
		x := a[0].(*Array)
		m.grow(16 * len(x.items))
		return &Array{elem: x.elem, items: append([]Value{}, x.items...)}
	}},
	{"int GetLength(int)", func(_ *machine, _ []*Type, a []Value) Value { return int32(sizeOf(a[0])) }},
	{"void CopyTo(T[], int)", func(m *machine, _ []*Type, a []Value) Value {
		copyArray(m, a[0], 0, a[1], num(a[2]), sizeOf(a[0]))
		return nil
	}},
	{"static bool Exists<U>(U[], Func<U,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		return findIn(m, a[0], 0, func(v Value) bool { return truth(call(m, f, v)) }) >= 0
	}},
	{"static U Find<U>(U[], Func<U,bool>)", func(m *machine, t []*Type, a []Value) Value {
		src, f := a[0], a[1]
		if i := findIn(m, src, 0, func(v Value) bool { return truth(call(m, f, v)) }); i >= 0 {
			return element(src, i)
		}
		return t[len(t)-1].zero()
	}},
	{"static U[] FindAll<U>(U[], Func<U,bool>)", func(m *machine, t []*Type, a []Value) Value {
		f, elem := a[1], t[len(t)-1]
		return makeArray(elem, filtered(m, a[0], f))
	}},
	{"static int FindIndex<U>(U[], Func<U,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		return int32(findIn(m, a[0], 0, func(v Value) bool { return truth(call(m, f, v)) }))
	}},
	{"static bool TrueForAll<U>(U[], Func<U,bool>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		return findIn(m, a[0], 0, func(v Value) bool { return !truth(call(m, f, v)) }) < 0
	}},
	{"static void ForEach<U>(U[], Action<U>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		findIn(m, a[0], 0, func(v Value) bool { call(m, f, v); return false })
		return nil
	}},
	{"static R[] ConvertAll<U,R>(U[], Func<U,R>)", func(m *machine, t []*Type, a []Value) Value {
		f := a[1]
		var list []Value
		iterate(m, a[0], func(v Value) bool { list = append(list, call(m, f, v)); return true })
		return makeArray(t[len(t)-1], list)
	}},
	{"static int IndexOf<U>(U[], U)", func(m *machine, _ []*Type, a []Value) Value {
		want := a[1]
		return int32(findIn(m, a[0], 0, func(v Value) bool { return equalValues(m, v, want) }))
	}},
	{"static void Reverse<U>(U[])", func(m *machine, _ []*Type, a []Value) Value {
		m.work(sizeOf(a[0]))
		for i, j := 0, sizeOf(a[0])-1; i < j; i, j = i+1, j-1 {
			x, y := element(a[0], i), element(a[0], j)
			setElement(a[0], i, y)
			setElement(a[0], j, x)
		}
		return nil
	}},
	{"static void Sort<U>(U[])", func(m *machine, _ []*Type, a []Value) Value {
		dst := a[0]
		for i, v := range sorted(m, collect(m, dst), nil, false) {
			setElement(dst, i, v)
		}
		return nil
	}},
	{"static void Copy<U>(U[], U[], int)", func(m *machine, _ []*Type, a []Value) Value {
		copyArray(m, a[0], 0, a[1], 0, num(a[2]))
		return nil
	}},
	{"static void Copy<U>(U[], int, U[], int, int)", func(m *machine, _ []*Type, a []Value) Value {
		copyArray(m, a[0], num(a[1]), a[2], num(a[3]), num(a[4]))
		return nil
	}},
	{"static U[] Empty<U>()", func(_ *machine, t []*Type, _ []Value) Value { return makeArray(t[len(t)-1], nil) }},
}}

func filtered(m *machine, seq, f Value) []Value {
	var list []Value
	iterate(m, seq, func(v Value) bool {
		if truth(call(m, f, v)) {
			m.grow(16)
			list = append(list, v)
		}
		return true
	})
	return list
}
