package library

import (
	"stile/policy/expr/clr"
)

// lastWhere finds the last place whose item test takes; -1 for none.
func lastWhere(m *clr.Machine, l *clr.List, test func(v clr.Value) bool) int {
	for i := len(l.Items) - 1; i >= 0; i-- {
		if m.Step(); test(l.Items[i]) {
			return i
		}
	}
	return -1
}

// listPlace checks a place that an item may be put in before.
func listPlace(m *clr.Machine, i, size int, name string) int {
	if i < 0 || i > size {
		m.Throw(clr.TypeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: "+name)
	}
	return i
}

// listMore is what List has beyond its everyday members.
var listMore = []memberSpec{
	{"int Capacity", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(len(a[0].(*clr.List).Items))
	}},
	{"void TrimExcess()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
	{"void InsertRange(int index, IEnumerable<T> collection)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*clr.List)
		at := listPlace(m, num(a[1]), len(l.Items), "index")
		more := clr.Collect(m, a[2])
		m.Grow(16 * len(l.Items))
		l.Items = append(append(append([]clr.Value{}, l.Items[:at]...), more...), l.Items[at:]...)
		l.Version++
		return nil
	}},
	{"int LastIndexOf(T item)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		want := a[1]
		return int32(lastWhere(m, a[0].(*clr.List), func(v clr.Value) bool { return clr.EqualValues(m, v, want) }))
	}},
	{"int IndexOf(T item, int index)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l := a[0].(*clr.List)
		for i := listPlace(m, num(a[2]), len(l.Items), "index"); i < len(l.Items); i++ {
			if m.Step(); clr.EqualValues(m, l.Items[i], a[1]) {
				return int32(i)
			}
		}
		return int32(-1)
	}},
	{"T FindLast(Func<T,bool> match)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		l, f := a[0].(*clr.List), a[1]
		if i := lastWhere(m, l, func(v clr.Value) bool { return truth(call(m, f, v)) }); i >= 0 {
			return l.Items[i]
		}
		return t[0].Zero()
	}},
	{"int FindLastIndex(Func<T,bool> match)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		return int32(lastWhere(m, a[0].(*clr.List), func(v clr.Value) bool { return truth(call(m, f, v)) }))
	}},
	{"void CopyTo(T[] array)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		fill(m, a[1], 0, a[0].(*clr.List).Items)
		return nil
	}},
	{"void CopyTo(T[] array, int arrayIndex)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		fill(m, a[1], num(a[2]), a[0].(*clr.List).Items)
		return nil
	}},
	{"int BinarySearch(T item)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l, want := a[0].(*clr.List), a[1]
		low, high := 0, len(l.Items)-1
		for low <= high {
			m.Step()
			mid := (low + high) / 2
			switch c := clr.CompareValues(m, l.Items[mid], want); {
			case c == 0:
				return int32(mid)
			case c < 0:
				low = mid + 1
			default:
				high = mid - 1
			}
		}
		return int32(^low)
	}},
	{"void Sort(IComparer<T> comparer)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l, k := a[0].(*clr.List), orderKey{by: a[1]}
		l.Items = sortedBy(m, l.Items, func(x, y clr.Value) int { return k.compare(m, x, y) })
		l.Version++
		return nil
	}},
	{"void Reverse(int index, int count)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		l, from, n := a[0].(*clr.List), num(a[1]), num(a[2])
		if listPlace(m, from, len(l.Items), "index"); n < 0 || from+n > len(l.Items) {
			m.Throw(clr.TypeArgument, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.")
		}
		m.Work(n)
		for i, j := from, from+n-1; i < j; i, j = i+1, j-1 {
			l.Items[i], l.Items[j] = l.Items[j], l.Items[i]
		}
		l.Version++
		return nil
	}},
}
