package expr

func (b *binder) arithmetic(at span, op string, left, right operand) operand {
	l, r := stripNullable(left.typ), stripNullable(right.typ)
	t := promoted(l, r)
	// A constant that is not negative goes along with ulong, and an int constant with uint.
	if t == nil || t.is(typeLong) {
		switch {
		case right.konst && fits(right, l) && !signed(l) && l.def.rank >= typeUInt.def.rank:
			t = l
		case left.konst && fits(left, r) && !signed(r) && r.def.rank >= typeUInt.def.rank:
			t = r
		}
	}
	if t == nil {
		return b.noBinary(at, op, left, right)
	}
	bits := op == "&" || op == "|" || op == "^"
	if bits && !t.isIntegral() {
		return b.noBinary(at, op, left, right)
	}
	compare := op == "==" || op == "!=" || op == "<" || op == ">" || op == "<=" || op == ">="
	checked := b.checked
	calc := func(m *machine, x, y Value) Value {
		if !same(l, t) {
			x = toNumber(x, t)
		}
		if !same(r, t) {
			y = toNumber(y, t)
		}
		if compare {
			return compareNumbers(op, x, y)
		}
		return numberOp(m, op, x, y, checked)
	}
	result := t
	if compare {
		result = typeBool
	}
	if left.konst && right.konst {
		return b.fold(at, op, left, right, result, calc)
	}
	if compare && (left.typ.is(typeNullable) || right.typ.is(typeNullable)) && (op == "==" || op == "!=") {
		return liftedEquality(at, op, left, right, calc)
	}
	if same(l, typeInt) && same(r, typeInt) && same(left.typ, typeInt) && same(right.typ, typeInt) && !checked {
		if o, ok := fastInt(at, op, left, right); ok {
			return o
		}
	}
	return b.apply2(at, left, right, result, calc)
}

// fastInt spares the two commonest operations the general path.
func fastInt(at span, op string, left, right operand) (operand, bool) {
	l, r := left.run, right.run
	o := operand{span: at, typ: typeBool}
	switch op {
	case "==":
		o.run = func(f *frame) Value { return l(f).(int32) == r(f).(int32) }
	case "!=":
		o.run = func(f *frame) Value { return l(f).(int32) != r(f).(int32) }
	case "<":
		o.run = func(f *frame) Value { return l(f).(int32) < r(f).(int32) }
	case "+":
		o.typ = typeInt
		o.run = func(f *frame) Value { return l(f).(int32) + r(f).(int32) }
	default:
		return o, false
	}
	return o, true
}

// fold computes a constant; C# refuses constants that overflow or divide by zero.
func (b *binder) fold(at span, op string, left, right operand, result *Type, calc func(m *machine, x, y Value) Value) (o operand) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(*thrown); !ok {
				panic(r)
			}
			b.fail("STL-E013", at, "the constant cannot be computed: "+r.(*thrown).exc.Message, "")
			o = bad(at)
		}
	}()
	m := newMachine(nil)
	v := calc(m, left.value, right.value)
	if result.isIntegral() && !result.is(typeBool) && (op == "+" || op == "-" || op == "*") && !b.unchecked {
		numberOp(m, op, toNumber(left.value, result), toNumber(right.value, result), true)
	}
	return constant(at, result, v)
}

func liftedEquality(at span, op string, left, right operand, calc func(m *machine, x, y Value) Value) operand {
	l, r, want := left.run, right.run, op == "=="
	return operand{span: at, typ: typeBool, run: func(f *frame) Value {
		x := l(f)
		y := r(f)
		if x == nil || y == nil {
			return (x == nil && y == nil) == want
		}
		return calc(f.m, x, y)
	}}
}

func (b *binder) nullCompare(at span, op string, left, right operand) operand {
	if op != "==" && op != "!=" {
		return b.noBinary(at, op, left, right)
	}
	l, r, want := left.run, right.run, op == "=="
	return operand{span: at, typ: typeBool, run: func(f *frame) Value {
		x := l(f)
		y := r(f)
		return (x == nil && y == nil) == want
	}}
}

func (b *binder) shift(at span, op string, left, right operand) operand {
	l := stripNullable(left.typ)
	if !l.isIntegral() || !b.converts(right, typeInt) {
		return b.noBinary(at, op, left, right)
	}
	t := promoted(l, l)
	if left.konst && right.konst {
		return constant(at, t, shifted(op, toNumber(left.value, t), toNumber(right.value, typeInt).(int32)))
	}
	return b.apply2(at, left, right, t, func(_ *machine, x, y Value) Value {
		return shifted(op, toNumber(x, t), toNumber(y, typeInt).(int32))
	})
}
