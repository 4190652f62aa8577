package expr

import (
	"fmt"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

func (b *binder) unary(n *syntax.Unary) operand {
	if n.Op == "++" || n.Op == "--" {
		return b.Step(n.Span, n.Operand, n.Op, false)
	}
	o := b.value(n.Operand)
	if o.typ == clr.TypeAny {
		return bad(n.Span)
	}
	t := o.typ
	if t.Is(clr.TypeNullable) {
		t = t.Args[0]
	}
	if n.Op == "!" {
		if !clr.Same(t, clr.TypeBool) {
			return b.noOperator(n.Span, n.Op, o)
		}
		return b.apply1(n.Span, o, clr.TypeBool, func(v clr.Value) clr.Value { return !v.(bool) })
	}
	if t.IsEnum() && n.Op == "~" {
		return b.apply1(n.Span, o, t, func(v clr.Value) clr.Value { return clr.Enum{Type: t, N: ^v.(clr.Enum).N} })
	}
	if clr.Same(t, clr.TypeTimeSpan) && n.Op == "-" {
		return b.apply1(n.Span, o, t, func(v clr.Value) clr.Value { return -v.(clr.TimeSpan) })
	}
	if !t.IsNumeric() || n.Op == "~" && !t.IsIntegral() {
		return b.noOperator(n.Span, n.Op, o)
	}
	to := clr.Promoted(t, t)
	if n.Op == "-" {
		switch {
		case to.Is(clr.TypeUInt):
			// -2147483648 is an int, as C#'s own rule says.
			if o.konst && clr.AsInt64(o.value) == 1<<31 {
				return constant(n.Span, clr.TypeInt, int32(-1<<31))
			}
			to = clr.TypeLong
		case to.Is(clr.TypeULong):
			if o.konst && o.value == uint64(1<<63) {
				return constant(n.Span, clr.TypeLong, int64(-1<<63))
			}
			return b.noOperator(n.Span, n.Op, o)
		}
	}
	op := n.Op
	if op == "-" && b.checked && to.IsIntegral() && !o.konst {
		zero := operand{Span: n.Span, typ: to, run: func(*frame) clr.Value { return clr.ToNumber(int32(0), to) }}
		return b.arithmetic(n.Span, "-", zero, o)
	}
	return b.apply1(n.Span, o, to, func(v clr.Value) clr.Value { return clr.UnaryNumber(op, clr.ToNumber(v, to)) })
}

// apply1 lifts f over T? and folds constants.
func (b *binder) apply1(at syntax.Span, o operand, result *clr.Type, f func(clr.Value) clr.Value) operand {
	if o.konst && o.value != nil {
		return constant(at, result, f(o.value))
	}
	run := o.run
	if o.typ.Is(clr.TypeNullable) {
		return operand{Span: at, typ: clr.NullableOf(result), run: func(fr *frame) clr.Value {
			if v := run(fr); v != nil {
				return f(v)
			}
			return nil
		}}
	}
	return operand{Span: at, typ: result, run: func(fr *frame) clr.Value { return f(run(fr)) }}
}

func (b *binder) noOperator(at syntax.Span, op string, o operand) operand {
	b.fail("STL-E008", at, fmt.Sprintf("the operator %s does not apply to %s", op, o.typ), castFirst(o.typ))
	return bad(at)
}

func castFirst(types ...*clr.Type) string {
	for _, t := range types {
		if t == nil || t.Def == nil {
			continue
		}
		if clr.Same(t, clr.TypeObject) {
			return "cast the object to its type first: (string)… or (int)…"
		}
		if t.Derives(library.TypeJToken) {
			return "cast the token to its value first: (string)… or (int)…"
		}
	}
	return ""
}

func (b *binder) binary(n *syntax.Binary) operand {
	switch n.Op {
	case "&&", "||":
		return b.logic(n)
	case "??":
		return b.coalesce(n)
	}
	left, right := b.value(n.Left), b.value(n.Right)
	return b.operate(n.Span, n.Op, left, right)
}

// operate finds the operator for two bound operands.
func (b *binder) operate(at syntax.Span, op string, left, right operand) operand {
	if left.typ == clr.TypeAny || right.typ == clr.TypeAny {
		return bad(at)
	}
	if left.lambda != nil || right.lambda != nil || left.typ == clr.TypeVoid || right.typ == clr.TypeVoid {
		return b.noBinary(at, op, left, right)
	}
	if op == "+" {
		if o, ok := b.addition(at, left, right); ok {
			return o
		}
	}
	if op == "+" && (clr.Same(left.typ, clr.TypeString) || clr.Same(right.typ, clr.TypeString)) {
		return b.concat(at, left, right)
	}
	l, r := clr.StripNullable(left.typ), clr.StripNullable(right.typ)
	if op == "<<" || op == ">>" {
		return b.shift(at, op, left, right)
	}
	if l.IsNumeric() && r.IsNumeric() {
		return b.arithmetic(at, op, left, right)
	}
	if l.IsNumeric() && right.typ == clr.TypeNull || r.IsNumeric() && left.typ == clr.TypeNull {
		return b.withNull(at, op, left, right)
	}
	if o, ok := b.timeOperator(at, op, left, right); ok {
		return o
	}
	switch op {
	case "==", "!=":
		return b.equality(at, op, left, right)
	case "&", "|", "^":
		if o, ok := b.liftedBool(at, op, left, right); ok {
			return o
		}
		if clr.Same(l, clr.TypeBool) && clr.Same(r, clr.TypeBool) {
			return b.apply2(at, left, right, clr.TypeBool, boolOps[op])
		}
		if l.IsEnum() && clr.Same(l, r) {
			return b.apply2(at, left, right, l, enumOps[op])
		}
	case "+", "-":
		if o, ok := b.enumStep(at, op, left, right); ok {
			return o
		}
	case "<", ">", "<=", ">=":
		if l.IsEnum() && clr.Same(l, r) {
			return b.apply2(at, left, right, clr.TypeBool, func(_ *clr.Machine, x, y clr.Value) clr.Value {
				return clr.Ordered(op, int(x.(clr.Enum).N)-int(y.(clr.Enum).N))
			})
		}
	}
	return b.noBinary(at, op, left, right)
}

var boolOps = map[string]func(m *clr.Machine, x, y clr.Value) clr.Value{
	"&": func(_ *clr.Machine, x, y clr.Value) clr.Value { return x.(bool) && y.(bool) },
	"|": func(_ *clr.Machine, x, y clr.Value) clr.Value { return x.(bool) || y.(bool) },
	"^": func(_ *clr.Machine, x, y clr.Value) clr.Value { return x.(bool) != y.(bool) },
}

var enumOps = map[string]func(m *clr.Machine, x, y clr.Value) clr.Value{
	"&": func(_ *clr.Machine, x, y clr.Value) clr.Value {
		return clr.Enum{Type: x.(clr.Enum).Type, N: x.(clr.Enum).N & y.(clr.Enum).N}
	},
	"|": func(_ *clr.Machine, x, y clr.Value) clr.Value {
		return clr.Enum{Type: x.(clr.Enum).Type, N: x.(clr.Enum).N | y.(clr.Enum).N}
	},
	"^": func(_ *clr.Machine, x, y clr.Value) clr.Value {
		return clr.Enum{Type: x.(clr.Enum).Type, N: x.(clr.Enum).N ^ y.(clr.Enum).N}
	},
}

func (b *binder) noBinary(at syntax.Span, op string, left, right operand) operand {
	b.fail("STL-E008", at, fmt.Sprintf("the operator %s does not apply to %s and %s", op, left.typ, right.typ), castFirst(left.typ, right.typ))
	return bad(at)
}

// apply2 makes a binary operation; over T? a null operand gives null, or false
// where the result is a comparison.
func (b *binder) apply2(at syntax.Span, left, right operand, result *clr.Type, f func(m *clr.Machine, x, y clr.Value) clr.Value) operand {
	l, r, pos := left.run, right.run, at.At
	lifted := left.typ.Is(clr.TypeNullable) || right.typ.Is(clr.TypeNullable)
	if lifted && !clr.Same(result, clr.TypeBool) {
		result = clr.NullableOf(result)
	}
	compare := clr.Same(result, clr.TypeBool)
	return operand{Span: at, typ: result, run: func(fr *frame) clr.Value {
		x := l(fr)
		y := r(fr)
		if lifted && (x == nil || y == nil) {
			if compare {
				return false
			}
			return nil
		}
		fr.m.Pos = pos
		return f(fr.m, x, y)
	}}
}

func (b *binder) logic(n *syntax.Binary) operand {
	left, right := b.condition(n.Left), b.condition(n.Right)
	if x, ok := b.truths[n.Left]; ok {
		if y, ok := b.truths[n.Right]; ok {
			return constant(n.Span, clr.TypeBool, n.Op == "&&" && x && y || n.Op == "||" && (x || y))
		}
	}
	if n.Op == "&&" {
		return operand{Span: n.Span, typ: clr.TypeBool, run: func(f *frame) clr.Value { return left(f) && right(f) }}
	}
	return operand{Span: n.Span, typ: clr.TypeBool, run: func(f *frame) clr.Value { return left(f) || right(f) }}
}

func (b *binder) coalesce(n *syntax.Binary) operand {
	left, right := b.value(n.Left), b.value(n.Right)
	if left.typ == clr.TypeAny || right.typ == clr.TypeAny {
		return bad(n.Span)
	}
	if left.typ.IsValue() || left.typ == clr.TypeVoid || left.typ == clr.TypeNull {
		b.fail("STL-E008", n.Span, fmt.Sprintf("the left side of ?? is %s and is never null", left.typ), "leave the ?? out")
		return bad(n.Span)
	}
	t := left.typ
	switch inner := clr.StripNullable(t); {
	case right.never:
		t = inner
	case !clr.Same(inner, t) && b.converts(right, inner):
		t = inner
	case b.converts(right, t):
	case b.converts(left, right.typ):
		t = right.typ
	case !clr.Same(inner, t) && right.typ != clr.TypeNull && b.converts(operand{typ: inner}, right.typ):
		return coalesceWider(n.Span, left, right, inner)
	default:
		b.fail("STL-E008", n.Span, fmt.Sprintf("the two sides of ?? are %s and %s", left.typ, right.typ), "cast one of them")
		return bad(n.Span)
	}
	l, r := left.run, b.convertTo(right, t)
	if !clr.Same(clr.StripNullable(left.typ), t) && !clr.Same(left.typ, t) && left.typ != clr.TypeNull {
		l = b.convertTo(left, t)
	}
	return operand{Span: n.Span, typ: t, run: func(f *frame) clr.Value {
		if v := l(f); v != nil {
			return v
		}
		return r(f)
	}}
}

// coalesceWider is x ?? y where x is T? and T widens to the type of y.
func coalesceWider(at syntax.Span, left, right operand, inner *clr.Type) operand {
	l, r, wide := left.run, right.run, right.typ
	return operand{Span: at, typ: wide, run: func(f *frame) clr.Value {
		if v := l(f); v != nil {
			return implicitly(func(*frame) clr.Value { return v }, inner, wide)(f)
		}
		return r(f)
	}}
}

// concat is string +; chains are flattened so that each is built once.
func (b *binder) concat(at syntax.Span, left, right operand) operand {
	if left.konst && right.konst && clr.Same(left.typ, right.typ) {
		x, _ := left.value.(string)
		y, _ := right.value.(string)
		return constant(at, clr.TypeString, x+y)
	}
	l, r := left.run, right.run
	var parts []code
	if left.concat != nil {
		parts = append(parts, left.concat...)
	} else {
		parts = append(parts, l)
	}
	parts = append(parts[:len(parts):len(parts)], r)
	return operand{Span: at, typ: clr.TypeString, concat: parts, run: func(f *frame) clr.Value {
		var buf strings.Builder
		for _, p := range parts {
			v := p(f)
			s, ok := v.(string)
			if !ok {
				s = clr.Text(v)
			}
			f.m.Grow(len(s))
			buf.WriteString(s)
		}
		return buf.String()
	}}
}
