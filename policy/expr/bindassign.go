package expr

import (
	"fmt"
	"strings"
)

func (b *binder) assignment(n *assignment) operand {
	if id, ok := n.target.(*identifier); ok && id.name == "_" && n.op == "=" && b.lookup("_") == nil {
		o := b.value(n.value)
		return operand{span: n.span, typ: o.typ, run: o.run, call: true}
	}
	target := b.value(n.target)
	if target.typ == typeAny {
		b.expr(n.value)
		return bad(n.span)
	}
	if target.place == nil {
		if id, ok := n.target.(*identifier); ok {
			if v := b.lookup(id.name); v != nil && v.readonly != "" {
				b.fail("STL-E013", target.span, id.name+" is "+v.readonly+" and cannot be assigned to", "copy it to a variable")
				return bad(n.span)
			}
		}
		return b.notAssignable(target.span, target)
	}
	if n.op == "=" {
		return b.store(n, target)
	}
	value := b.value(n.value)
	if value.typ == typeAny {
		return bad(n.span)
	}
	p, slot := target.place, b.newSlot()
	old := operand{span: target.span, typ: target.typ, run: func(f *frame) Value { return f.slots[slot] }}
	op := strings.TrimSuffix(n.op, "=")
	var sum operand
	if op == "??" {
		if target.typ.isValue() {
			b.fail("STL-E008", n.span, "the left side of ??= is never null", "use =")
			return bad(n.span)
		}
		run := b.convertTo(value, target.typ)
		sum = operand{typ: target.typ, run: func(f *frame) Value {
			if v := f.slots[slot]; v != nil {
				return v
			}
			return run(f)
		}}
	} else {
		sum = b.operate(n.span, op, old, value)
	}
	if sum.typ == typeAny {
		return bad(n.span)
	}
	result := b.compoundResult(n, target, value, sum)
	return operand{span: n.span, typ: target.typ, call: true, run: p.update(func(f *frame, was Value) (Value, Value) {
		f.slots[slot] = was
		v := result(f)
		return v, v
	})}
}

// compoundResult converts the sum back: x += y casts where y alone would convert to x.
func (b *binder) compoundResult(n *assignment, target, value, sum operand) code {
	if b.converts(sum, target.typ) {
		return b.convertTo(sum, target.typ)
	}
	to := stripNullable(target.typ)
	shifts := n.op == "<<=" || n.op == ">>="
	if sum.typ.isNumeric() && to.isNumeric() && (shifts || b.converts(value, target.typ)) {
		return func(f *frame) Value { return toNumber(sum.run(f), to) }
	}
	b.cannot(sum, target.typ)
	return bad(n.span).run
}

func (b *binder) store(n *assignment, target operand) operand {
	value := b.expr(n.value)
	if value.lambda == nil {
		value = b.value(&fixedOperand{n.value.pos(), value})
	}
	run := b.convertTo(value, target.typ)
	p := target.place
	if len(p.parts) == 0 {
		return operand{span: n.span, typ: target.typ, call: true, run: func(f *frame) Value {
			v := run(f)
			p.set(f, nil, v)
			return v
		}}
	}
	return operand{span: n.span, typ: target.typ, call: true, run: func(f *frame) Value {
		f.m.step()
		a := f.m.push(len(p.parts))
		for i, c := range p.parts {
			a[i] = c(f)
		}
		v := run(f)
		p.set(f, a, v)
		f.m.pop(a)
		return v
	}}
}

func (b *binder) typeTest(n *typeTest) operand {
	o := b.value(n.operand)
	if o.typ == typeAny {
		return bad(n.span)
	}
	run := o.run
	if n.to == nil {
		value := b.value(n.value)
		if value.typ == typeNull {
			return operand{span: n.span, typ: typeBool, run: func(f *frame) Value { return run(f) == nil }}
		}
		if !value.konst {
			b.fail("STL-E007", value.span, "a pattern must be a constant", "use ==")
			return bad(n.span)
		}
		want := value.value
		if o.typ.isNumeric() && value.typ.isNumeric() {
			want = toNumber(want, o.typ)
		}
		return operand{span: n.span, typ: typeBool, run: func(f *frame) Value { return equalValues(f.m, run(f), want) }}
	}
	if n.to.name == "var" && n.local != "" {
		v := b.declare(n.local, n.span, o.typ)
		set := initialise(v, run)
		return operand{span: n.span, typ: typeBool, run: func(f *frame) Value { set(f); return true }}
	}
	to := b.typeOf(n.to)
	if to == typeAny {
		return bad(n.span)
	}
	if !b.castable(o.typ, to) && !o.typ.derives(to) {
		b.fail("STL-E007", n.span, fmt.Sprintf("%s can never be %s", o.typ, to), "")
		return bad(n.span)
	}
	if n.local == "" {
		return operand{span: n.span, typ: typeBool, run: func(f *frame) Value { return isInstance(run(f), to) }}
	}
	v := b.declare(n.local, n.span, to)
	return operand{span: n.span, typ: typeBool, run: func(f *frame) Value {
		x := run(f)
		ok := isInstance(x, to)
		if !ok {
			x = nil
		}
		initialise(v, func(*frame) Value { return x })(f)
		return ok
	}}
}

func (b *binder) asCast(n *asCast) operand {
	o, to := b.value(n.operand), b.typeOf(n.to)
	if o.typ == typeAny || to == typeAny {
		return operand{span: n.span, typ: to, run: o.run}
	}
	if to.isValue() {
		b.fail("STL-E007", n.span, "as needs a type that can be null", "cast instead, or write "+to.String()+"?")
		return bad(n.span)
	}
	if !b.castable(o.typ, to) || o.typ.derives(typeJToken) && !to.derives(typeJToken) && !same(to, typeObject) {
		b.fail("STL-E007", n.span, fmt.Sprintf("%s can never be %s", o.typ, to), castHint(o.typ, to))
		return bad(n.span)
	}
	run := o.run
	return operand{span: n.span, typ: to, run: func(f *frame) Value {
		v := normal(run(f))
		if !isInstance(v, to) {
			return nil
		}
		return v
	}}
}

// step is ++ and --.
func (b *binder) step(at span, target node, op string, post bool) operand {
	o := b.value(target)
	if o.typ == typeAny {
		return bad(at)
	}
	if o.place == nil {
		return b.notAssignable(at, o)
	}
	t := stripNullable(o.typ)
	if !t.isNumeric() {
		return b.noOperator(at, op, o)
	}
	sum := "+"
	if op == "--" {
		sum = "-"
	}
	wide := promoted(t, typeInt)
	if t.def.rank > typeInt.def.rank {
		wide = t
	}
	one := toNumber(int32(1), wide)
	pos := at.at
	next := func(m *machine, v Value) Value {
		if v == nil {
			return nil
		}
		m.pos = pos
		return toNumber(numberOp(m, sum, toNumber(v, wide), one, b.checked), t)
	}
	return operand{span: at, typ: o.typ, call: true, run: o.place.update(func(f *frame, old Value) (Value, Value) {
		v := next(f.m, old)
		if post {
			return v, old
		}
		return v, v
	})}
}

func (b *binder) notAssignable(at span, o operand) operand {
	b.fail("STL-E013", at, "this cannot be assigned to", "assign to a variable, a property with a setter, or an element")
	return bad(at)
}

// update reads and writes a place whose parts are evaluated once. f gives what to
// store and what the expression's value is.
func (p *place) update(f func(f *frame, old Value) (store, result Value)) code {
	return func(fr *frame) Value {
		fr.m.step()
		a := make([]Value, len(p.parts))
		for i, c := range p.parts {
			a[i] = c(fr)
		}
		v, result := f(fr, p.get(fr, a))
		p.set(fr, a, v)
		return result
	}
}
