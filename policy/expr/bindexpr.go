package expr

import (
	"fmt"

	"stile/diag"
)

// value binds an expression that must have a value.
func (b *binder) value(n node) operand {
	o := b.expr(n)
	switch {
	case o.names != nil:
		b.fail("STL-E003", o.span, o.names.String()+" is a type and has no value", "")
		return bad(o.span)
	case o.space != "":
		b.fail("STL-E003", o.span, "the name "+o.space+" does not exist", b.nearestName(o.space))
		return bad(o.span)
	case o.group != nil:
		b.fail("STL-E006", o.span, o.group.name+" is a method", "call it: "+o.group.name+"(…)")
		return bad(o.span)
	}
	return o
}

// expr binds any expression; the operand may name a type, a namespace or a method.
func (b *binder) expr(n node) operand {
	if b.nodes++; b.nodes > maxNodes {
		if b.nodes == maxNodes+1 {
			b.r.quiet, b.r.trials = 0, 0
			b.fail("STL-E014", n.pos(), "the expression is too complex to check", "split it into statements with typed variables")
		}
		return bad(n.pos())
	}
	switch n := n.(type) {
	case *literal:
		return constant(n.span, n.typ, n.value)
	case *interpolated:
		return b.interpolated(n)
	case *paren:
		o := b.expr(n.inner)
		o.call = false
		return o
	case *identifier:
		return b.identifier(n)
	case *typeName:
		return operand{span: n.span, names: b.typeOf(n.ref)}
	case *memberAccess:
		return b.memberAccess(n)
	case *invocation:
		return b.invocation(n)
	case *indexing:
		return b.indexing(n)
	case *conditional:
		return b.conditional(n)
	case *receiver:
		return *b.inner
	case *lambda:
		return operand{span: n.span, typ: typeLambda, lambda: n}
	}
	return b.operation(n)
}

// operation binds the operators and creations.
func (b *binder) operation(n node) operand {
	switch n := n.(type) {
	case *unary:
		return b.unary(n)
	case *postfix:
		return b.step(n.span, n.operand, n.op, true)
	case *binary:
		return b.binary(n)
	case *ternary:
		return b.ternary(n)
	case *assignment:
		return b.assignment(n)
	case *cast:
		return b.cast(n)
	case *typeTest:
		return b.typeTest(n)
	case *asCast:
		return b.asCast(n)
	case *creation:
		return b.creation(n)
	case *arrayCreation:
		return b.arrayCreation(n)
	case *anonymous:
		return b.anonymous(n)
	case *defaultValue:
		if n.to == nil {
			return operand{span: n.span, typ: typeNull, run: func(*frame) Value { return nil }, konst: true, value: nil}
		}
		t := b.typeOf(n.to)
		return operand{span: n.span, typ: t, run: func(*frame) Value { return t.zero() }}
	case *nameOf:
		return constant(n.span, typeString, n.name)
	case *checkedExpr:
		was, not := b.checked, b.unchecked
		b.checked, b.unchecked = n.checked, !n.checked
		o := b.value(n.operand)
		b.checked, b.unchecked = was, not
		return o
	case *fixedOperand:
		return n.o
	case *throwExpr:
		run := b.throwing(n.value, n.span)
		return operand{span: n.span, typ: typeNull, never: true, run: func(f *frame) Value { run(f); return nil }}
	}
	b.fail("STL-E012", n.pos(), fmt.Sprintf("%T is not supported here", n), "")
	return bad(n.pos())
}

func (b *binder) identifier(n *identifier) operand {
	if len(n.args) == 0 {
		if v := b.lookup(n.name); v != nil {
			return b.variableOperand(v, n.span)
		}
		if n.name == "context" {
			return operand{span: n.span, typ: typeContext, run: func(f *frame) Value {
				if f.m.env.Exchange == nil {
					return nil
				}
				return f.m.env.Exchange
			}}
		}
	}
	if t := b.lib.byName[n.name]; t != nil && t.def.keyword != n.name {
		return operand{span: n.span, names: b.construct(t, n.args, n.span)}
	}
	if b.lib.spaces[n.name] {
		return operand{span: n.span, space: n.name}
	}
	b.fail("STL-E003", n.span, "the name "+n.name+" does not exist", b.nearestName(n.name))
	return bad(n.span)
}

// nearestName hints at a local, a type or context.
func (b *binder) nearestName(name string) string {
	names := []string{"context"}
	for s := b.scope; s != nil; s = s.parent {
		names = append(names, sortedNames(s.names)...)
	}
	names = append(names, b.lib.typeNames()...)
	if near, ok := diag.Nearest(name, names); ok {
		return "did you mean " + near + "?"
	}
	return ""
}

// typeOf resolves a type as written.
func (b *binder) typeOf(r *typeRef) *Type {
	t := b.lib.byName[r.name]
	if t != nil && keywordTypes[t.def.keyword] && r.name == t.def.name && t.def.keyword == "" {
		t = nil
	}
	if t == nil {
		t = b.lib.byFull[r.name]
	}
	if t == nil {
		hint := "only the types that Azure API Management allows may be used"
		if near, ok := diag.Nearest(r.name, b.lib.typeNames()); ok {
			hint = "did you mean " + near + "?"
		}
		b.fail("STL-E004", r.span, "the type "+r.name+" is not known or not allowed", hint)
		return typeAny
	}
	t = b.construct(t, r.args, r.span)
	if r.nullable || r.nullableElem {
		switch {
		case t == typeAny:
		case !t.isValue():
			b.fail("STL-E004", r.span, t.String()+" is no value type and cannot be followed by ?", "leave the ? out")
		default:
			t = nullableOf(t)
		}
	}
	for i := 0; i < r.rank; i++ {
		t = arrayOf(t)
	}
	return t
}

// construct gives t its type arguments.
func (b *binder) construct(t *Type, args []*typeRef, at span) *Type {
	if t.isFunc() {
		list := make([]*Type, len(args))
		for i, a := range args {
			list[i] = b.typeOf(a)
		}
		return generic(t, list...)
	}
	if t.is(typeArray) || t.is(typeNullable) && len(args) == 0 {
		return &Type{def: t.def}
	}
	if len(args) != len(t.def.params) {
		if len(t.def.params) > 0 && len(args) == 0 {
			b.fail("STL-E004", at, t.def.name+" needs type arguments", "write "+t.String())
			return typeAny
		}
		b.fail("STL-E004", at, fmt.Sprintf("%s takes %d type arguments", t.def.name, len(t.def.params)), "")
		return typeAny
	}
	if len(args) == 0 {
		return t
	}
	list := make([]*Type, len(args))
	for i, a := range args {
		list[i] = b.typeOf(a)
	}
	return generic(t, list...)
}

func (b *binder) interpolated(n *interpolated) operand {
	type piece struct {
		text   string
		run    code
		align  code
		format string
	}
	pieces := make([]piece, len(n.parts))
	for i, part := range n.parts {
		pieces[i] = piece{text: part.text, format: part.format}
		if part.value == nil {
			continue
		}
		o := b.value(part.value)
		if o.typ == typeVoid {
			b.fail("STL-E007", o.span, "the expression gives no value", "")
		}
		pieces[i].run = b.convertTo(o, typeObject)
		if part.align != nil {
			pieces[i].align = b.convertTo(b.value(part.align), typeInt)
		}
	}
	at := n.span.at
	return operand{span: n.span, typ: typeString, run: func(f *frame) Value {
		var out []byte
		for i := range pieces {
			p := &pieces[i]
			if p.run == nil {
				out = append(out, p.text...)
				continue
			}
			v := p.run(f)
			f.m.pos = at
			s := format(f.m, v, p.format)
			if p.align != nil {
				s = align(s, int(p.align(f).(int32)))
			}
			out = append(out, s...)
		}
		return f.m.text(string(out))
	}}
}

func (b *binder) ternary(n *ternary) operand {
	cond := b.condition(n.cond)
	yes, no := b.value(n.yes), b.value(n.no)
	t := b.commonType(yes, no)
	if t == nil {
		b.fail("STL-E007", n.span, fmt.Sprintf("the two values of ?: are %s and %s, and neither converts to the other", yes.typ, no.typ), "cast one of them")
		return bad(n.span)
	}
	y, z := b.convertTo(yes, t), b.convertTo(no, t)
	if t == typeNull {
		t = typeObject
	}
	return operand{span: n.span, typ: t, run: func(f *frame) Value {
		if cond(f) {
			return y(f)
		}
		return z(f)
	}}
}

// commonType is the type of ?: and of new[]: one operand's, to which the other converts.
func (b *binder) commonType(x, y operand) *Type {
	switch {
	case x.typ == typeAny || y.typ == typeAny:
		return typeAny
	case x.typ == typeVoid || y.typ == typeVoid:
		return nil
	case x.typ == typeNull && y.typ == typeNull:
		return typeNull
	case same(x.typ, y.typ):
		return x.typ
	}
	toY, toX := b.converts(x, y.typ), b.converts(y, x.typ)
	switch {
	case x.typ == typeNull && toY, toY && !toX:
		return y.typ
	case y.typ == typeNull && toX, toX && !toY:
		return x.typ
	case toX && toY:
		// Constants convert both ways (int and byte): the wider type wins.
		if x.typ.isNumeric() && y.typ.isNumeric() && x.typ.def.rank < y.typ.def.rank {
			return x.typ
		}
		return y.typ
	}
	return nil
}

// condition binds a bool.
func (b *binder) condition(n node) func(f *frame) bool {
	o := b.value(n)
	if o.typ != typeAny && !b.converts(o, typeBool) {
		b.fail("STL-E007", o.span, "a condition must be a bool and this is "+o.typ.String(), hintForBool(o.typ))
		return func(*frame) bool { return false }
	}
	run := b.convertTo(o, typeBool)
	return func(f *frame) bool {
		v, _ := run(f).(bool)
		return v
	}
}

func hintForBool(t *Type) string {
	switch {
	case same(t, typeObject):
		return "cast it: (bool)…"
	case t.is(typeNullable):
		return "compare it: … == true"
	}
	return ""
}
