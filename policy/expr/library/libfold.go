package library

import (
	"stile/policy/expr/clr"
)

var linqMake = []memberSpec{
	{"static IEnumerable<int> Range(int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		from, n := a[0].(int32), a[1].(int32)
		if n < 0 {
			m.Throw(clr.TypeArgumentRange, "Specified argument was out of the range of valid values.\nParameter name: count")
		}
		return lazy(clr.TypeInt, nil, func(m *clr.Machine, _ clr.Value, yield func(clr.Value) bool) {
			for i := int32(0); i < n && yield(from+i); i++ {
				m.Step()
			}
		})
	}},
	{"static IEnumerable<T> Repeat<T>(T, int)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		v, n := a[0], num(a[1])
		return lazy(t[0], nil, func(m *clr.Machine, _ clr.Value, yield func(clr.Value) bool) {
			for i := 0; i < n && yield(v); i++ {
				m.Step()
			}
		})
	}},
	{"static IEnumerable<T> Empty<T>()", func(_ *clr.Machine, t []*clr.Type, _ []clr.Value) clr.Value { return &clr.Array{Elem: t[0]} }},
	{"ext T Aggregate<T>(IEnumerable<T>, Func<T,T,T>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[1]
		var acc clr.Value
		n := 0
		clr.Iterate(m, a[0], func(v clr.Value) bool {
			if n++; n == 1 {
				acc = v
			} else {
				acc = call(m, f, acc, v)
			}
			return true
		})
		if n == 0 {
			noElements(m, nil)
		}
		return acc
	}},
	{"ext A Aggregate<T,A>(IEnumerable<T>, A, Func<A,T,A>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		acc, f := a[1], a[2]
		clr.Iterate(m, a[0], func(v clr.Value) bool { acc = call(m, f, acc, v); return true })
		return acc
	}},
	{"ext R Aggregate<T,A,R>(IEnumerable<T>, A, Func<A,T,A>, Func<A,R>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		acc, f, last := a[1], a[2], a[3]
		clr.Iterate(m, a[0], func(v clr.Value) bool { acc = call(m, f, acc, v); return true })
		return call(m, last, acc)
	}},
}

// linqFold are Sum, Average, Min and Max for each numeric type that LINQ has them for.
func linqFold() []memberSpec {
	var out []memberSpec
	for _, t := range []*clr.Type{clr.TypeInt, clr.TypeLong, clr.TypeFloat, clr.TypeDouble, clr.TypeDecimal} {
		k := t.Def.Keyword
		mean := clr.TypeDouble
		if t.Is(clr.TypeDecimal) || t.Is(clr.TypeFloat) {
			mean = t
		}
		out = append(out,
			memberSpec{"ext " + k + " Sum(IEnumerable<" + k + ">)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return sum(m, a[0], nil, t) }},
			memberSpec{"ext " + k + " Sum<T>(IEnumerable<T>, Func<T," + k + ">)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return sum(m, a[0], a[1], t)
			}},
			memberSpec{"ext " + mean.Def.Keyword + " Average(IEnumerable<" + k + ">)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return average(m, a[0], nil, mean)
			}},
			memberSpec{"ext " + mean.Def.Keyword + " Average<T>(IEnumerable<T>, Func<T," + k + ">)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return average(m, a[0], a[1], mean)
			}})
		out = append(out, nullableFold(t, mean)...)
	}
	for _, name := range []string{"Min", "Max"} {
		sign := 1
		if name == "Min" {
			sign = -1
		}
		out = append(out,
			memberSpec{"ext T " + name + "<T>(IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value { return extreme(m, a[0], nil, sign, t[0]) }},
			memberSpec{"ext R " + name + "<T,R>(IEnumerable<T>, Func<T,R>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
				return extreme(m, a[0], a[1], sign, t[1])
			}})
	}
	return out
}

// nullableFold are Sum and Average over T?, which pass over null.
func nullableFold(t, mean *clr.Type) []memberSpec {
	k, of := t.Def.Keyword+"?", mean.Def.Keyword+"?"
	present := func(m *clr.Machine, a []clr.Value) *clr.Array {
		rest, f := &clr.Array{Elem: t}, optional(a, 1)
		clr.Iterate(m, a[0], func(v clr.Value) bool {
			if f != nil {
				v = call(m, f, v)
			}
			if v != nil {
				rest.Items = append(rest.Items, v)
			}
			return true
		})
		return rest
	}
	total := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return sum(m, present(m, a), nil, t) }
	middle := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		rest := present(m, a)
		if len(rest.Items) == 0 {
			return nil
		}
		return average(m, rest, nil, mean)
	}
	return []memberSpec{
		{"ext " + k + " Sum(IEnumerable<" + k + ">)", total}, {"ext " + k + " Sum<T>(IEnumerable<T>, Func<T," + k + ">)", total},
		{"ext " + of + " Average(IEnumerable<" + k + ">)", middle}, {"ext " + of + " Average<T>(IEnumerable<T>, Func<T," + k + ">)", middle},
	}
}

func sum(m *clr.Machine, seq, f clr.Value, t *clr.Type) clr.Value {
	acc := clr.ToNumber(int32(0), t)
	clr.Iterate(m, seq, func(v clr.Value) bool {
		if f != nil {
			v = call(m, f, v)
		}
		acc = clr.NumberOp(m, "+", acc, v, true)
		return true
	})
	return acc
}

func average(m *clr.Machine, seq, f clr.Value, mean *clr.Type) clr.Value {
	n, acc := 0, clr.ToNumber(int32(0), mean)
	clr.Iterate(m, seq, func(v clr.Value) bool {
		if f != nil {
			v = call(m, f, v)
		}
		n++
		acc = clr.NumberOp(m, "+", acc, clr.ToNumber(v, mean), false)
		return true
	})
	if n == 0 {
		noElements(m, nil)
	}
	return clr.NumberOp(m, "/", acc, clr.ToNumber(int64(n), mean), false)
}

func extreme(m *clr.Machine, seq, f clr.Value, sign int, t *clr.Type) clr.Value {
	var best clr.Value
	n := 0
	clr.Iterate(m, seq, func(v clr.Value) bool {
		if f != nil {
			v = call(m, f, v)
		}
		if v != nil && (n == 0 || clr.CompareValues(m, v, best)*sign > 0) {
			best = v
			n++
		}
		return true
	})
	if n == 0 && t.IsValue() {
		noElements(m, nil)
	}
	return best
}
