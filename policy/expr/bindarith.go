package expr

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

func (b *binder) arithmetic(at syntax.Span, op string, left, right operand) operand {
	l, r := clr.StripNullable(left.typ), clr.StripNullable(right.typ)
	t := clr.Promoted(l, r)
	// A constant that is not negative goes along with ulong, and an int constant with uint.
	if t == nil || t.Is(clr.TypeLong) {
		switch {
		case right.konst && fits(right, l) && !clr.Signed(l) && l.Def.Rank >= clr.TypeUInt.Def.Rank:
			t = l
		case left.konst && fits(left, r) && !clr.Signed(r) && r.Def.Rank >= clr.TypeUInt.Def.Rank:
			t = r
		}
	}
	if t == nil {
		return b.noBinary(at, op, left, right)
	}
	bits := op == "&" || op == "|" || op == "^"
	if bits && !t.IsIntegral() {
		return b.noBinary(at, op, left, right)
	}
	compare := op == "==" || op == "!=" || op == "<" || op == ">" || op == "<=" || op == ">="
	checked := b.checked
	calc := func(m *clr.Machine, x, y clr.Value) clr.Value {
		if !clr.Same(l, t) {
			x = clr.ToNumber(x, t)
		}
		if !clr.Same(r, t) {
			y = clr.ToNumber(y, t)
		}
		if compare {
			return clr.CompareNumbers(op, x, y)
		}
		return clr.NumberOp(m, op, x, y, checked)
	}
	result := t
	if compare {
		result = clr.TypeBool
	}
	if left.konst && right.konst {
		return b.fold(at, op, left, right, result, calc)
	}
	if compare && (left.typ.Is(clr.TypeNullable) || right.typ.Is(clr.TypeNullable)) && (op == "==" || op == "!=") {
		return liftedEquality(at, op, left, right, calc)
	}
	if clr.Same(l, clr.TypeInt) && clr.Same(r, clr.TypeInt) && clr.Same(left.typ, clr.TypeInt) && clr.Same(right.typ, clr.TypeInt) && !checked {
		if o, ok := fastInt(at, op, left, right); ok {
			return o
		}
	}
	return b.apply2(at, left, right, result, calc)
}

// fastInt spares the two commonest operations the general path.
func fastInt(at syntax.Span, op string, left, right operand) (operand, bool) {
	l, r := left.run, right.run
	o := operand{Span: at, typ: clr.TypeBool}
	switch op {
	case "==":
		o.run = func(f *frame) clr.Value { return l(f).(int32) == r(f).(int32) }
	case "!=":
		o.run = func(f *frame) clr.Value { return l(f).(int32) != r(f).(int32) }
	case "<":
		o.run = func(f *frame) clr.Value { return l(f).(int32) < r(f).(int32) }
	case "+":
		o.typ = clr.TypeInt
		o.run = func(f *frame) clr.Value { return l(f).(int32) + r(f).(int32) }
	default:
		return o, false
	}
	return o, true
}

// fold computes a constant; C# refuses constants that overflow or divide by zero.
func (b *binder) fold(at syntax.Span, op string, left, right operand, result *clr.Type, calc func(m *clr.Machine, x, y clr.Value) clr.Value) (o operand) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(*clr.Thrown); !ok {
				panic(r)
			}
			b.fail("STL-E013", at, "the constant cannot be computed: "+r.(*clr.Thrown).Exc.Message, "")
			o = bad(at)
		}
	}()
	m := clr.NewMachine(nil)
	v := calc(m, left.value, right.value)
	if result.IsIntegral() && !result.Is(clr.TypeBool) && (op == "+" || op == "-" || op == "*") && !b.unchecked {
		clr.NumberOp(m, op, clr.ToNumber(left.value, result), clr.ToNumber(right.value, result), true)
	}
	return constant(at, result, v)
}

func liftedEquality(at syntax.Span, op string, left, right operand, calc func(m *clr.Machine, x, y clr.Value) clr.Value) operand {
	l, r, want := left.run, right.run, op == "=="
	return operand{Span: at, typ: clr.TypeBool, run: func(f *frame) clr.Value {
		x := l(f)
		y := r(f)
		if x == nil || y == nil {
			return (x == nil && y == nil) == want
		}
		return calc(f.m, x, y)
	}}
}

// withNull is an operator over a number and null, which stands for a number that is
// not there: == and != tell, an order is never so, and any sum is null.
func (b *binder) withNull(at syntax.Span, op string, left, right operand) operand {
	switch op {
	case "==", "!=":
	case "<", ">", "<=", ">=":
		l, r := left.run, right.run
		return operand{Span: at, typ: clr.TypeBool, run: func(f *frame) clr.Value { l(f); r(f); return false }}
	default:
		t := clr.StripNullable(left.typ)
		if left.typ == clr.TypeNull {
			t = clr.StripNullable(right.typ)
		}
		sum := clr.Promoted(t, t)
		if (op == "&" || op == "|" || op == "^") && !sum.IsIntegral() {
			return b.noBinary(at, op, left, right)
		}
		l, r := left.run, right.run
		return operand{Span: at, typ: clr.NullableOf(sum), run: func(f *frame) clr.Value { l(f); r(f); return nil }}
	}
	l, r, want := left.run, right.run, op == "=="
	return operand{Span: at, typ: clr.TypeBool, run: func(f *frame) clr.Value {
		x := l(f)
		y := r(f)
		return (x == nil && y == nil) == want
	}}
}

func (b *binder) shift(at syntax.Span, op string, left, right operand) operand {
	l := clr.StripNullable(left.typ)
	if !l.IsIntegral() || !b.converts(right, clr.TypeInt) {
		return b.noBinary(at, op, left, right)
	}
	t := clr.Promoted(l, l)
	if left.konst && right.konst {
		return constant(at, t, clr.Shifted(op, clr.ToNumber(left.value, t), clr.ToNumber(right.value, clr.TypeInt).(int32)))
	}
	return b.apply2(at, left, right, t, func(_ *clr.Machine, x, y clr.Value) clr.Value {
		return clr.Shifted(op, clr.ToNumber(x, t), clr.ToNumber(y, clr.TypeInt).(int32))
	})
}
