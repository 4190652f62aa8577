package expr

var linqMake = []memberSpec{
	{"static IEnumerable<int> Range(int, int)", func(m *machine, _ []*Type, a []Value) Value {
		from, n := a[0].(int32), a[1].(int32)
		if n < 0 {
			m.throw(typeArgumentRange, "Specified argument was out of the range of valid values.\nParameter name: count")
		}
		return lazy(typeInt, nil, func(m *machine, _ Value, yield func(Value) bool) {
			for i := int32(0); i < n && yield(from+i); i++ {
				m.step()
			}
		})
	}},
	{"static IEnumerable<T> Repeat<T>(T, int)", func(_ *machine, t []*Type, a []Value) Value {
		v, n := a[0], num(a[1])
		return lazy(t[0], nil, func(m *machine, _ Value, yield func(Value) bool) {
			for i := 0; i < n && yield(v); i++ {
				m.step()
			}
		})
	}},
	{"static IEnumerable<T> Empty<T>()", func(_ *machine, t []*Type, _ []Value) Value { return &Array{elem: t[0]} }},
	{"ext T Aggregate<T>(IEnumerable<T>, Func<T,T,T>)", func(m *machine, _ []*Type, a []Value) Value {
		f := a[1]
		var acc Value
		n := 0
		iterate(m, a[0], func(v Value) bool {
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
	{"ext A Aggregate<T,A>(IEnumerable<T>, A, Func<A,T,A>)", func(m *machine, _ []*Type, a []Value) Value {
		acc, f := a[1], a[2]
		iterate(m, a[0], func(v Value) bool { acc = call(m, f, acc, v); return true })
		return acc
	}},
}

// linqFold are Sum, Average, Min and Max for each numeric type that LINQ has them for.
func linqFold() []memberSpec {
	var out []memberSpec
	for _, t := range []*Type{typeInt, typeLong, typeFloat, typeDouble, typeDecimal} {
		k := t.def.keyword
		mean := typeDouble
		if t.is(typeDecimal) || t.is(typeFloat) {
			mean = t
		}
		out = append(out,
			memberSpec{"ext " + k + " Sum(IEnumerable<" + k + ">)", func(m *machine, _ []*Type, a []Value) Value { return sum(m, a[0], nil, t) }},
			memberSpec{"ext " + k + " Sum<T>(IEnumerable<T>, Func<T," + k + ">)", func(m *machine, _ []*Type, a []Value) Value {
				return sum(m, a[0], a[1], t)
			}},
			memberSpec{"ext " + mean.def.keyword + " Average(IEnumerable<" + k + ">)", func(m *machine, _ []*Type, a []Value) Value {
				return average(m, a[0], nil, mean)
			}},
			memberSpec{"ext " + mean.def.keyword + " Average<T>(IEnumerable<T>, Func<T," + k + ">)", func(m *machine, _ []*Type, a []Value) Value {
				return average(m, a[0], a[1], mean)
			}})
	}
	for _, name := range []string{"Min", "Max"} {
		sign := 1
		if name == "Min" {
			sign = -1
		}
		out = append(out,
			memberSpec{"ext T " + name + "<T>(IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value { return extreme(m, a[0], nil, sign, t[0]) }},
			memberSpec{"ext R " + name + "<T,R>(IEnumerable<T>, Func<T,R>)", func(m *machine, t []*Type, a []Value) Value {
				return extreme(m, a[0], a[1], sign, t[1])
			}})
	}
	return out
}

func sum(m *machine, seq, f Value, t *Type) Value {
	acc := toNumber(int32(0), t)
	iterate(m, seq, func(v Value) bool {
		if f != nil {
			v = call(m, f, v)
		}
		acc = numberOp(m, "+", acc, v, true)
		return true
	})
	return acc
}

func average(m *machine, seq, f Value, mean *Type) Value {
	n, acc := 0, toNumber(int32(0), mean)
	iterate(m, seq, func(v Value) bool {
		if f != nil {
			v = call(m, f, v)
		}
		n++
		acc = numberOp(m, "+", acc, toNumber(v, mean), false)
		return true
	})
	if n == 0 {
		noElements(m, nil)
	}
	return numberOp(m, "/", acc, toNumber(int64(n), mean), false)
}

func extreme(m *machine, seq, f Value, sign int, t *Type) Value {
	var best Value
	n := 0
	iterate(m, seq, func(v Value) bool {
		if f != nil {
			v = call(m, f, v)
		}
		if v != nil && (n == 0 || compareValues(m, v, best)*sign > 0) {
			best = v
			n++
		}
		return true
	})
	if n == 0 && t.isValue() {
		noElements(m, nil)
	}
	return best
}
