package expr

import (
	"strings"
)

// timeOperator binds + - and the comparisons of dates and spans.
func (b *binder) timeOperator(at span, op string, left, right operand) (operand, bool) {
	l, r := stripNullable(left.typ), stripNullable(right.typ)
	date := func(t *Type) bool { return same(t, typeDateTime) || same(t, typeDateTimeOffset) }
	if date(l) && date(r) && !same(l, r) {
		left, right = operand{typ: typeDateTimeOffset, run: b.convertTo(left, typeDateTimeOffset)}, operand{typ: typeDateTimeOffset, run: b.convertTo(right, typeDateTimeOffset)}
		l, r = typeDateTimeOffset, typeDateTimeOffset
	}
	spanType := same(l, typeTimeSpan) && same(r, typeTimeSpan)
	switch {
	case op == "-" && date(l) && same(l, r):
		return b.apply2(at, left, right, typeTimeSpan, func(_ *machine, x, y Value) Value { return between(x, y) }), true
	case (op == "+" || op == "-") && date(l) && same(r, typeTimeSpan):
		return b.apply2(at, left, right, l, func(m *machine, x, y Value) Value {
			if op == "-" {
				return moved(m, x, -int64(y.(TimeSpan)))
			}
			return moved(m, x, int64(y.(TimeSpan)))
		}), true
	case (op == "+" || op == "-") && spanType:
		return b.apply2(at, left, right, l, func(_ *machine, x, y Value) Value {
			if op == "-" {
				return x.(TimeSpan) - y.(TimeSpan)
			}
			return x.(TimeSpan) + y.(TimeSpan)
		}), true
	case strings.Contains("< > <= >= == !=", op) && same(l, r) && (date(l) || spanType):
		calc := func(m *machine, x, y Value) Value { return ordered(op, compareValues(m, x, y)) }
		if left.typ.is(typeNullable) || right.typ.is(typeNullable) {
			if op == "==" || op == "!=" {
				return liftedEquality(at, op, left, right, calc), true
			}
		}
		return b.apply2(at, left, right, typeBool, calc), true
	}
	return operand{}, false
}
