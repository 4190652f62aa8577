package expr

import (
	"fmt"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

func (b *binder) assignment(n *syntax.Assignment) operand {
	if id, ok := n.Target.(*syntax.Identifier); ok && id.Name == "_" && n.Op == "=" && b.lookup("_") == nil {
		o := b.value(n.Value)
		return operand{Span: n.Span, typ: o.typ, run: o.run, call: true}
	}
	if t, ok := n.Target.(*syntax.Tuple); ok && n.Op == "=" {
		return b.storeTuple(n, t)
	}
	target := b.value(n.Target)
	if target.typ == clr.TypeAny {
		b.expr(n.Value)
		return bad(n.Span)
	}
	if target.place == nil {
		if id, ok := n.Target.(*syntax.Identifier); ok {
			if v := b.lookup(id.Name); v != nil && v.readonly != "" {
				b.fail("STL-E013", target.Span, id.Name+" is "+v.readonly+" and cannot be assigned to", "copy it to a variable")
				return bad(n.Span)
			}
		}
		return b.notAssignable(target.Span, target)
	}
	if n.Op == "=" {
		return b.store(n, target)
	}
	value := b.value(n.Value)
	if value.typ == clr.TypeAny {
		return bad(n.Span)
	}
	p, slot := target.place, b.newSlot()
	old := operand{Span: target.Span, typ: target.typ, run: func(f *frame) clr.Value { return f.slots[slot] }}
	op := strings.TrimSuffix(n.Op, "=")
	var sum operand
	if op == "??" {
		if target.typ.IsValue() {
			b.fail("STL-E008", n.Span, "the left side of ??= is never null", "use =")
			return bad(n.Span)
		}
		run := b.convertTo(value, target.typ)
		sum = operand{typ: target.typ, run: func(f *frame) clr.Value {
			if v := f.slots[slot]; v != nil {
				return v
			}
			return run(f)
		}}
	} else {
		sum = b.operate(n.Span, op, old, value)
	}
	if sum.typ == clr.TypeAny {
		return bad(n.Span)
	}
	result := b.compoundResult(n, target, value, sum)
	return operand{Span: n.Span, typ: target.typ, call: true, run: p.update(func(f *frame, was clr.Value) (clr.Value, clr.Value) {
		f.slots[slot] = was
		v := result(f)
		return v, v
	})}
}

// compoundResult converts the sum back: x += y casts where y alone would convert to x.
func (b *binder) compoundResult(n *syntax.Assignment, target, value, sum operand) code {
	if b.converts(sum, target.typ) {
		return b.convertTo(sum, target.typ)
	}
	to := clr.StripNullable(target.typ)
	shifts := n.Op == "<<=" || n.Op == ">>="
	if sum.typ.IsNumeric() && to.IsNumeric() && (shifts || b.converts(value, target.typ)) {
		run := sum.run
		if b.checked {
			run = checkedFor(run, sum.typ, to, n.Span.At)
		}
		return func(f *frame) clr.Value { return clr.ToNumber(run(f), to) }
	}
	b.cannot(sum, target.typ)
	return bad(n.Span).run
}

func (b *binder) store(n *syntax.Assignment, target operand) operand {
	value := b.expr(n.Value)
	if value.lambda == nil {
		value = b.value(&fixedOperand{n.Value.Pos(), value})
	}
	run := b.convertTo(value, target.typ)
	p := target.place
	if len(p.parts) == 0 {
		return operand{Span: n.Span, typ: target.typ, call: true, run: func(f *frame) clr.Value {
			v := run(f)
			p.set(f, nil, v)
			return v
		}}
	}
	return operand{Span: n.Span, typ: target.typ, call: true, run: func(f *frame) clr.Value {
		f.m.Step()
		a := f.m.Push(len(p.parts))
		for i, c := range p.parts {
			a[i] = c(f)
		}
		v := run(f)
		p.set(f, a, v)
		f.m.Pop(a)
		return v
	}}
}

func (b *binder) typeTest(n *syntax.TypeTest) operand {
	o := b.value(n.Operand)
	if o.typ == clr.TypeAny {
		return bad(n.Span)
	}
	run := o.run
	if n.To == nil {
		value := b.value(n.Value)
		if value.typ == clr.TypeNull {
			if o.typ.IsValue() {
				b.fail("STL-E007", n.Span, o.typ.String()+" is never null", "")
				return bad(n.Span)
			}
			return operand{Span: n.Span, typ: clr.TypeBool, run: func(f *frame) clr.Value { return run(f) == nil }}
		}
		if !value.konst {
			b.fail("STL-E007", value.Span, "a pattern must be a constant", "use ==")
			return bad(n.Span)
		}
		want := value.value
		if o.typ.IsNumeric() && value.typ.IsNumeric() {
			want = clr.ToNumber(want, o.typ)
		}
		return operand{Span: n.Span, typ: clr.TypeBool, run: func(f *frame) clr.Value { return clr.EqualValues(f.m, run(f), want) }}
	}
	if n.To.Name == "var" && n.Local != "" {
		v := b.declare(n.Local, n.Span, o.typ)
		set := initialise(v, run)
		return operand{Span: n.Span, typ: clr.TypeBool, run: func(f *frame) clr.Value { set(f); return true }}
	}
	to := b.typeOf(n.To)
	if to == clr.TypeAny {
		return bad(n.Span)
	}
	if !b.castable(o.typ, to) && !o.typ.Derives(to) {
		if n.Local != "" {
			b.fail("STL-E007", n.Span, fmt.Sprintf("%s can never be %s", o.typ, to), "")
			return bad(n.Span)
		}
		b.warn("STL-E020", n.Span, fmt.Sprintf("%s is never %s", o.typ, to), "")
	}
	if n.Local == "" {
		return operand{Span: n.Span, typ: clr.TypeBool, run: func(f *frame) clr.Value { return library.IsInstance(run(f), to) }}
	}
	v := b.declare(n.Local, n.Span, to)
	return operand{Span: n.Span, typ: clr.TypeBool, run: func(f *frame) clr.Value {
		x := run(f)
		ok := library.IsInstance(x, to)
		if !ok {
			x = nil
		}
		initialise(v, func(*frame) clr.Value { return x })(f)
		return ok
	}}
}

func (b *binder) asCast(n *syntax.AsCast) operand {
	o, to := b.value(n.Operand), b.typeOf(n.To)
	if o.typ == clr.TypeAny || to == clr.TypeAny {
		return operand{Span: n.Span, typ: to, run: o.run}
	}
	if to.IsValue() {
		b.fail("STL-E007", n.Span, "as needs a type that can be null", "cast instead, or write "+to.String()+"?")
		return bad(n.Span)
	}
	if !b.castable(o.typ, to) || o.typ.Derives(library.TypeJToken) && !to.Derives(library.TypeJToken) && !clr.Same(to, clr.TypeObject) {
		b.fail("STL-E007", n.Span, fmt.Sprintf("%s can never be %s", o.typ, to), castHint(o.typ, to))
		return bad(n.Span)
	}
	run := o.run
	return operand{Span: n.Span, typ: to, run: func(f *frame) clr.Value {
		v := clr.Normal(run(f))
		if !library.IsInstance(v, to) {
			return nil
		}
		return v
	}}
}

// Step is ++ and --.
func (b *binder) Step(at syntax.Span, target syntax.Node, op string, post bool) operand {
	o := b.value(target)
	if o.typ == clr.TypeAny {
		return bad(at)
	}
	if o.place == nil {
		return b.notAssignable(at, o)
	}
	t := clr.StripNullable(o.typ)
	if !t.IsNumeric() {
		return b.noOperator(at, op, o)
	}
	sum := "+"
	if op == "--" {
		sum = "-"
	}
	wide := clr.Promoted(t, clr.TypeInt)
	if t.Def.Rank > clr.TypeInt.Def.Rank {
		wide = t
	}
	one := clr.ToNumber(int32(1), wide)
	pos, checked := at.At, b.checked
	next := func(m *clr.Machine, v clr.Value) clr.Value {
		if v == nil {
			return nil
		}
		m.Pos = pos
		v = clr.NumberOp(m, sum, clr.ToNumber(v, wide), one, checked)
		if checked && t.IsIntegral() && t.Def.Rank < clr.TypeInt.Def.Rank && !clr.FitsIn(clr.AsInt64(v), t) {
			m.Throw(clr.TypeOverflow, "Arithmetic operation resulted in an overflow.")
		}
		return clr.ToNumber(v, t)
	}
	return operand{Span: at, typ: o.typ, call: true, run: o.place.update(func(f *frame, old clr.Value) (clr.Value, clr.Value) {
		v := next(f.m, old)
		if post {
			return v, old
		}
		return v, v
	})}
}

func (b *binder) notAssignable(at syntax.Span, o operand) operand {
	b.fail("STL-E013", at, "this cannot be assigned to", "assign to a variable, a property with a setter, or an element")
	return bad(at)
}

// update reads and writes a place whose parts are evaluated once. f gives what to
// store and what the expression's value is.
func (p *place) update(f func(f *frame, old clr.Value) (store, result clr.Value)) code {
	return func(fr *frame) clr.Value {
		fr.m.Step()
		a := make([]clr.Value, len(p.parts))
		for i, c := range p.parts {
			a[i] = c(fr)
		}
		v, result := f(fr, p.get(fr, a))
		p.set(fr, a, v)
		return result
	}
}
