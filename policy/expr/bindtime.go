package expr

import (
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

// timeOperator binds + - and the comparisons of dates and spans.
func (b *binder) timeOperator(at syntax.Span, op string, left, right operand) (operand, bool) {
	l, r := clr.StripNullable(left.typ), clr.StripNullable(right.typ)
	date := func(t *clr.Type) bool { return clr.Same(t, clr.TypeDateTime) || clr.Same(t, clr.TypeDateTimeOffset) }
	if date(l) && date(r) && !clr.Same(l, r) {
		left, right = operand{typ: clr.TypeDateTimeOffset, run: b.convertTo(left, clr.TypeDateTimeOffset)}, operand{typ: clr.TypeDateTimeOffset, run: b.convertTo(right, clr.TypeDateTimeOffset)}
		l, r = clr.TypeDateTimeOffset, clr.TypeDateTimeOffset
	}
	spanType := clr.Same(l, clr.TypeTimeSpan) && clr.Same(r, clr.TypeTimeSpan)
	switch {
	case op == "-" && date(l) && clr.Same(l, r):
		return b.apply2(at, left, right, clr.TypeTimeSpan, func(_ *clr.Machine, x, y clr.Value) clr.Value { return library.Between(x, y) }), true
	case (op == "+" || op == "-") && date(l) && clr.Same(r, clr.TypeTimeSpan):
		return b.apply2(at, left, right, l, func(m *clr.Machine, x, y clr.Value) clr.Value {
			if op == "-" {
				return library.Moved(m, x, -int64(y.(clr.TimeSpan)))
			}
			return library.Moved(m, x, int64(y.(clr.TimeSpan)))
		}), true
	case (op == "+" || op == "-") && spanType:
		return b.apply2(at, left, right, l, func(_ *clr.Machine, x, y clr.Value) clr.Value {
			if op == "-" {
				return x.(clr.TimeSpan) - y.(clr.TimeSpan)
			}
			return x.(clr.TimeSpan) + y.(clr.TimeSpan)
		}), true
	case strings.Contains("< > <= >= == !=", op) && clr.Same(l, r) && (date(l) || spanType):
		calc := func(m *clr.Machine, x, y clr.Value) clr.Value { return clr.Ordered(op, clr.CompareValues(m, x, y)) }
		if left.typ.Is(clr.TypeNullable) || right.typ.Is(clr.TypeNullable) {
			if op == "==" || op == "!=" {
				return liftedEquality(at, op, left, right, calc), true
			}
		}
		return b.apply2(at, left, right, clr.TypeBool, calc), true
	}
	return operand{}, false
}
