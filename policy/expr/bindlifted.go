package expr

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

// liftedBool binds &, | and ^ where a side is bool? or null: of & and | one side may
// decide alone, else a side that is not there gives null.
func (b *binder) liftedBool(at syntax.Span, op string, left, right operand) (operand, bool) {
	isBool := func(o operand) bool {
		return o.typ == clr.TypeNull && !o.never || clr.Same(clr.StripNullable(o.typ), clr.TypeBool)
	}
	plain := clr.Same(left.typ, clr.TypeBool) && clr.Same(right.typ, clr.TypeBool)
	if !isBool(left) || !isBool(right) || plain || left.typ == clr.TypeNull && right.typ == clr.TypeNull {
		return operand{}, false
	}
	l, r := left.run, right.run
	return operand{Span: at, typ: clr.NullableOf(clr.TypeBool), run: func(f *frame) clr.Value {
		x, hasX := l(f).(bool)
		y, hasY := r(f).(bool)
		switch {
		case hasX && hasY:
			return boolOps[op](f.m, x, y)
		case op == "&" && (hasX && !x || hasY && !y):
			return false
		case op == "|" && (hasX && x || hasY && y):
			return true
		}
		return nil
	}}, true
}

// enumStep binds the sum of an enumeration's value and a number, and the difference
// of two values or of a value and a number.
func (b *binder) enumStep(at syntax.Span, op string, left, right operand) (operand, bool) {
	number := func(o operand) bool { return o.typ.IsIntegral() && b.converts(o, clr.TypeInt) }
	of := func(v clr.Value) int32 {
		if e, ok := v.(clr.Enum); ok {
			return e.N
		}
		return int32(clr.AsInt64(v))
	}
	var result *clr.Type
	switch {
	case left.typ.IsEnum() && right.typ.IsEnum():
		if op == "+" || !clr.Same(left.typ, right.typ) {
			return operand{}, false
		}
		result = clr.TypeInt
	case left.typ.IsEnum() && number(right):
		result = left.typ
	case right.typ.IsEnum() && number(left) && op == "+":
		result = right.typ
	default:
		return operand{}, false
	}
	return b.apply2(at, left, right, result, func(_ *clr.Machine, x, y clr.Value) clr.Value {
		n := of(x) + of(y)
		if op == "-" {
			n = of(x) - of(y)
		}
		if result.IsEnum() {
			return clr.Enum{Type: result, N: n}
		}
		return n
	}), true
}
