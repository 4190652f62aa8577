package expr

import (
	"fmt"
	"strings"
)

func (b *binder) unary(n *unary) operand {
	if n.op == "++" || n.op == "--" {
		return b.step(n.span, n.operand, n.op, false)
	}
	o := b.value(n.operand)
	if o.typ == typeAny {
		return bad(n.span)
	}
	t := o.typ
	if t.is(typeNullable) {
		t = t.args[0]
	}
	if n.op == "!" {
		if !same(t, typeBool) {
			return b.noOperator(n.span, n.op, o)
		}
		return b.apply1(n.span, o, typeBool, func(v Value) Value { return !v.(bool) })
	}
	if same(t, typeTimeSpan) && n.op == "-" {
		return b.apply1(n.span, o, t, func(v Value) Value { return -v.(TimeSpan) })
	}
	if !t.isNumeric() || n.op == "~" && !t.isIntegral() {
		return b.noOperator(n.span, n.op, o)
	}
	to := promoted(t, t)
	if n.op == "-" {
		switch {
		case to.is(typeUInt):
			// -2147483648 is an int, as C#'s own rule says.
			if o.konst && asInt64(o.value) == 1<<31 {
				return constant(n.span, typeInt, int32(-1<<31))
			}
			to = typeLong
		case to.is(typeULong):
			if o.konst && o.value == uint64(1<<63) {
				return constant(n.span, typeLong, int64(-1<<63))
			}
			return b.noOperator(n.span, n.op, o)
		}
	}
	op := n.op
	return b.apply1(n.span, o, to, func(v Value) Value { return unaryNumber(op, toNumber(v, to)) })
}

// apply1 lifts f over T? and folds constants.
func (b *binder) apply1(at span, o operand, result *Type, f func(Value) Value) operand {
	if o.konst && o.value != nil {
		return constant(at, result, f(o.value))
	}
	run := o.run
	if o.typ.is(typeNullable) {
		return operand{span: at, typ: nullableOf(result), run: func(fr *frame) Value {
			if v := run(fr); v != nil {
				return f(v)
			}
			return nil
		}}
	}
	return operand{span: at, typ: result, run: func(fr *frame) Value { return f(run(fr)) }}
}

func (b *binder) noOperator(at span, op string, o operand) operand {
	b.fail("STL-E008", at, fmt.Sprintf("the operator %s does not apply to %s", op, o.typ), castFirst(o.typ))
	return bad(at)
}

func castFirst(types ...*Type) string {
	for _, t := range types {
		if t == nil || t.def == nil {
			continue
		}
		if same(t, typeObject) {
			return "cast the object to its type first: (string)… or (int)…"
		}
		if t.derives(typeJToken) {
			return "cast the token to its value first: (string)… or (int)…"
		}
	}
	return ""
}

func (b *binder) binary(n *binary) operand {
	switch n.op {
	case "&&", "||":
		return b.logic(n)
	case "??":
		return b.coalesce(n)
	}
	left, right := b.value(n.left), b.value(n.right)
	return b.operate(n.span, n.op, left, right)
}

// operate finds the operator for two bound operands.
func (b *binder) operate(at span, op string, left, right operand) operand {
	if left.typ == typeAny || right.typ == typeAny {
		return bad(at)
	}
	if left.lambda != nil || right.lambda != nil || left.typ == typeVoid || right.typ == typeVoid {
		return b.noBinary(at, op, left, right)
	}
	if op == "+" && (same(left.typ, typeString) || same(right.typ, typeString)) {
		return b.concat(at, left, right)
	}
	l, r := stripNullable(left.typ), stripNullable(right.typ)
	if op == "<<" || op == ">>" {
		return b.shift(at, op, left, right)
	}
	if l.isNumeric() && r.isNumeric() {
		return b.arithmetic(at, op, left, right)
	}
	if l.isNumeric() && right.typ == typeNull || r.isNumeric() && left.typ == typeNull {
		return b.nullCompare(at, op, left, right)
	}
	if o, ok := b.timeOperator(at, op, left, right); ok {
		return o
	}
	switch op {
	case "==", "!=":
		return b.equality(at, op, left, right)
	case "&", "|", "^":
		if same(l, typeBool) && same(r, typeBool) {
			return b.apply2(at, left, right, typeBool, boolOps[op])
		}
		if l.isEnum() && same(l, r) {
			return b.apply2(at, left, right, l, enumOps[op])
		}
		if l.derives(typeObject) && same(l, r) && same(l, typeBool) {
			return b.apply2(at, left, right, typeBool, boolOps[op])
		}
	case "<", ">", "<=", ">=":
		if l.isEnum() && same(l, r) {
			return b.apply2(at, left, right, typeBool, func(_ *machine, x, y Value) Value {
				return ordered(op, int(x.(Enum).n)-int(y.(Enum).n))
			})
		}
	}
	return b.noBinary(at, op, left, right)
}

var boolOps = map[string]func(m *machine, x, y Value) Value{
	"&": func(_ *machine, x, y Value) Value { return x.(bool) && y.(bool) },
	"|": func(_ *machine, x, y Value) Value { return x.(bool) || y.(bool) },
	"^": func(_ *machine, x, y Value) Value { return x.(bool) != y.(bool) },
}

var enumOps = map[string]func(m *machine, x, y Value) Value{
	"&": func(_ *machine, x, y Value) Value { return Enum{x.(Enum).typ, x.(Enum).n & y.(Enum).n} },
	"|": func(_ *machine, x, y Value) Value { return Enum{x.(Enum).typ, x.(Enum).n | y.(Enum).n} },
	"^": func(_ *machine, x, y Value) Value { return Enum{x.(Enum).typ, x.(Enum).n ^ y.(Enum).n} },
}

func (b *binder) noBinary(at span, op string, left, right operand) operand {
	b.fail("STL-E008", at, fmt.Sprintf("the operator %s does not apply to %s and %s", op, left.typ, right.typ), castFirst(left.typ, right.typ))
	return bad(at)
}

// apply2 makes a binary operation; over T? a null operand gives null, or false
// where the result is a comparison.
func (b *binder) apply2(at span, left, right operand, result *Type, f func(m *machine, x, y Value) Value) operand {
	l, r, pos := left.run, right.run, at.at
	lifted := left.typ.is(typeNullable) || right.typ.is(typeNullable)
	if lifted && !same(result, typeBool) {
		result = nullableOf(result)
	}
	compare := same(result, typeBool)
	return operand{span: at, typ: result, run: func(fr *frame) Value {
		x := l(fr)
		y := r(fr)
		if lifted && (x == nil || y == nil) {
			if compare {
				return false
			}
			return nil
		}
		fr.m.pos = pos
		return f(fr.m, x, y)
	}}
}

func (b *binder) logic(n *binary) operand {
	left, right := b.condition(n.left), b.condition(n.right)
	if n.op == "&&" {
		return operand{span: n.span, typ: typeBool, run: func(f *frame) Value { return left(f) && right(f) }}
	}
	return operand{span: n.span, typ: typeBool, run: func(f *frame) Value { return left(f) || right(f) }}
}

func (b *binder) coalesce(n *binary) operand {
	left, right := b.value(n.left), b.value(n.right)
	if left.typ == typeAny || right.typ == typeAny {
		return bad(n.span)
	}
	if left.typ.isValue() || left.typ == typeVoid {
		b.fail("STL-E008", n.span, fmt.Sprintf("the left side of ?? is %s and is never null", left.typ), "leave the ?? out")
		return bad(n.span)
	}
	t := left.typ
	switch inner := stripNullable(t); {
	case t == typeNull:
		t = right.typ
	case right.never:
		t = inner
	case !same(inner, t) && b.converts(right, inner):
		t = inner
	case b.converts(right, t):
	case b.converts(left, right.typ):
		t = right.typ
	default:
		b.fail("STL-E008", n.span, fmt.Sprintf("the two sides of ?? are %s and %s", left.typ, right.typ), "cast one of them")
		return bad(n.span)
	}
	l, r := left.run, b.convertTo(right, t)
	if !same(stripNullable(left.typ), t) && !same(left.typ, t) && left.typ != typeNull {
		l = b.convertTo(left, t)
	}
	return operand{span: n.span, typ: t, run: func(f *frame) Value {
		if v := l(f); v != nil {
			return v
		}
		return r(f)
	}}
}

// concat is string +; chains are flattened so that each is built once.
func (b *binder) concat(at span, left, right operand) operand {
	if left.konst && right.konst && same(left.typ, right.typ) {
		x, _ := left.value.(string)
		y, _ := right.value.(string)
		return constant(at, typeString, x+y)
	}
	l, r := left.run, right.run
	var parts []code
	if left.concat != nil {
		parts = append(parts, left.concat...)
	} else {
		parts = append(parts, l)
	}
	parts = append(parts[:len(parts):len(parts)], r)
	return operand{span: at, typ: typeString, concat: parts, run: func(f *frame) Value {
		var buf strings.Builder
		for _, p := range parts {
			v := p(f)
			s, ok := v.(string)
			if !ok {
				s = text(v)
			}
			f.m.grow(len(s))
			buf.WriteString(s)
		}
		return buf.String()
	}}
}
