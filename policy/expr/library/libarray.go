package library

import (
	"stile/policy/expr/clr"
)

// item checks an index as .NET's arrays do.
func item(m *clr.Machine, i, size int) int {
	if i < 0 || i >= size {
		m.Throw(clr.TypeIndexRange, "Index was outside the bounds of the array.")
	}
	return i
}

func sizeOf(v clr.Value) int {
	switch x := v.(type) {
	case *clr.Array:
		return len(x.Items)
	case []byte:
		return len(x)
	}
	return 0
}

func element(v clr.Value, i int) clr.Value {
	if b, ok := v.([]byte); ok {
		return b[i]
	}
	return v.(*clr.Array).Items[i]
}

func setElement(v clr.Value, i int, x clr.Value) {
	if b, ok := v.([]byte); ok {
		b[i], _ = x.(byte)
		return
	}
	v.(*clr.Array).Items[i] = x
}

// findIn gives the first index from which on test holds.
func findIn(m *clr.Machine, v clr.Value, from int, test func(clr.Value) bool) int {
	for i := from; i < sizeOf(v); i++ {
		m.Step()
		if test(element(v, i)) {
			return i
		}
	}
	return -1
}

func copyArray(m *clr.Machine, src clr.Value, from int, dst clr.Value, to, n int) {
	if from < 0 || to < 0 || n < 0 || from+n > sizeOf(src) || to+n > sizeOf(dst) {
		m.Throw(clr.TypeArgument, "Source array was not long enough. Check srcIndex and length, and the array's lower bounds.")
	}
	m.Work(n)
	tmp := make([]clr.Value, n)
	for i := range tmp {
		tmp[i] = element(src, from+i)
	}
	for i, v := range tmp {
		setElement(dst, to+i, v)
	}
}

var arraySpec = typeSpec{typ: clr.TypeArray, bases: "IList<T>, IReadOnlyList<T>", members: []memberSpec{
	{"int Length", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(sizeOf(a[0])) }},
	{"long LongLength", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int64(sizeOf(a[0])) }},
	{"int Rank", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(1) }},
	{"T this[int]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return element(a[0], item(m, num(a[1]), sizeOf(a[0])))
	}},
	{"set T this[int]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		setElement(a[0], item(m, num(a[1]), sizeOf(a[0])), a[2])
		return nil
	}},
	{"object Clone()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if b, ok := a[0].([]byte); ok {
			return append([]byte{}, b...)
		}
		x := a[0].(*clr.Array)
		m.Grow(16 * len(x.Items))
		return &clr.Array{Elem: x.Elem, Items: append([]clr.Value{}, x.Items...)}
	}},
	{"int GetLength(int)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(sizeOf(a[0])) }},
	{"void CopyTo(T[], int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		copyArray(m, a[0], 0, a[1], num(a[2]), sizeOf(a[0]))
		return nil
	}},
	{"static bool Exists<U>(U[], Func<U,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return findIn(m, a[0], 0, func(v clr.Value) bool { return truth(call(m, f, v)) }) >= 0
	}},
	{"static U Find<U>(U[], Func<U,bool>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		src, f := a[0], a[1]
		if i := findIn(m, src, 0, func(v clr.Value) bool { return truth(call(m, f, v)) }); i >= 0 {
			return element(src, i)
		}
		return t[len(t)-1].Zero()
	}},
	{"static U[] FindAll<U>(U[], Func<U,bool>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f, elem := a[1], t[len(t)-1]
		return clr.MakeArray(elem, filtered(m, a[0], f))
	}},
	{"static int FindIndex<U>(U[], Func<U,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return int32(findIn(m, a[0], 0, func(v clr.Value) bool { return truth(call(m, f, v)) }))
	}},
	{"static bool TrueForAll<U>(U[], Func<U,bool>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return findIn(m, a[0], 0, func(v clr.Value) bool { return !truth(call(m, f, v)) }) < 0
	}},
	{"static void ForEach<U>(U[], Action<U>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		findIn(m, a[0], 0, func(v clr.Value) bool { call(m, f, v); return false })
		return nil
	}},
	{"static R[] ConvertAll<U,R>(U[], Func<U,R>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		var list []clr.Value
		clr.Iterate(m, a[0], func(v clr.Value) bool { list = append(list, call(m, f, v)); return true })
		return clr.MakeArray(t[len(t)-1], list)
	}},
	{"static int IndexOf<U>(U[], U)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		want := a[1]
		return int32(findIn(m, a[0], 0, func(v clr.Value) bool { return clr.EqualValues(m, v, want) }))
	}},
	{"static void Reverse<U>(U[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		m.Work(sizeOf(a[0]))
		for i, j := 0, sizeOf(a[0])-1; i < j; i, j = i+1, j-1 {
			x, y := element(a[0], i), element(a[0], j)
			setElement(a[0], i, y)
			setElement(a[0], j, x)
		}
		return nil
	}},
	{"static void Sort<U>(U[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		dst := a[0]
		for i, v := range sorted(m, clr.Collect(m, dst), nil, false) {
			setElement(dst, i, v)
		}
		return nil
	}},
	{"static void Copy<U>(U[], U[], int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		copyArray(m, a[0], 0, a[1], 0, num(a[2]))
		return nil
	}},
	{"static void Copy<U>(U[], int, U[], int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		copyArray(m, a[0], num(a[1]), a[2], num(a[3]), num(a[4]))
		return nil
	}},
	{"static U[] Empty<U>()", func(_ *clr.Machine, t []*clr.Type, _ []clr.Value) clr.Value { return clr.MakeArray(t[len(t)-1], nil) }},
}}

func filtered(m *clr.Machine, seq, f clr.Value) []clr.Value {
	var list []clr.Value
	clr.Iterate(m, seq, func(v clr.Value) bool {
		if truth(call(m, f, v)) {
			m.Grow(16)
			list = append(list, v)
		}
		return true
	})
	return list
}
