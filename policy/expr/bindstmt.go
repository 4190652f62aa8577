package expr

import (
	"fmt"
)

// statements binds a list in a scope of its own. falls tells whether its end can
// be reached.
func (b *binder) statements(list []node) (run action, falls bool) {
	b.open()
	defer b.close()
	actions := make([]action, 0, len(list))
	falls = true
	for _, n := range list {
		a, goes := b.statement(n)
		actions = append(actions, a)
		if !goes {
			falls = false
		}
	}
	if len(actions) == 1 {
		return actions[0], falls
	}
	return func(f *frame) signal {
		for _, a := range actions {
			if s := a(f); s != goOn {
				return s
			}
		}
		return goOn
	}, falls
}

func nothing(*frame) signal { return goOn }

func (b *binder) statement(n node) (run action, falls bool) {
	switch n := n.(type) {
	case *block:
		return b.statements(n.list)
	case *emptyStatement:
		return nothing, true
	case *declaration:
		return b.declaration(n), true
	case *localFunction:
		return b.localFunction(n), true
	case *exprStatement:
		o := b.expr(n.value)
		if o.typ != typeAny && !o.call {
			b.fail("STL-E008", o.span, "only calls, assignments, ++, -- and new can stand as a statement", "")
		}
		if o.run == nil {
			return nothing, true
		}
		return func(f *frame) signal { f.m.step(); o.run(f); return goOn }, true
	case *ifStatement:
		return b.ifStatement(n)
	case *whileStatement:
		return b.whileStatement(n)
	case *forStatement:
		return b.forStatement(n)
	case *foreachStatement:
		return b.foreachStatement(n)
	case *switchStatement:
		return b.switchStatement(n)
	case *returnStatement:
		return b.returnStatement(n), false
	case *throwStatement:
		if n.value == nil && b.catching == 0 {
			b.fail("STL-E009", n.span, "throw without a value may stand in a catch block only", "throw new Exception(…)")
		}
		return b.throwing(n.value, n.span), false
	case *jump:
		return b.jump(n), false
	case *tryStatement:
		return b.tryStatement(n)
	case *usingStatement:
		return b.usingStatement(n)
	}
	b.fail("STL-E012", n.pos(), fmt.Sprintf("%T is not supported here", n), "")
	return nothing, true
}

// embedded binds the body of if, while and the like, which declares nothing.
func (b *binder) embedded(n node) (action, bool) {
	if d, ok := n.(*declaration); ok {
		b.fail("STL-E002", d.span, "a declaration cannot stand here alone", "put it into { }")
	}
	return b.statements([]node{n})
}

func (b *binder) declaration(n *declaration) action {
	var steps []action
	var typ *Type
	if n.typ != nil {
		typ = b.typeOf(n.typ)
	}
	for i, name := range n.names {
		steps = append(steps, b.declareOne(n, i, name, typ))
	}
	if len(steps) == 1 {
		return steps[0]
	}
	return func(f *frame) signal {
		for _, s := range steps {
			s(f)
		}
		return goOn
	}
}

func (b *binder) declareOne(n *declaration, i int, name string, typ *Type) action {
	at := n.places[i]
	if n.values[i] == nil {
		if typ == nil || n.fixed || n.using {
			b.fail("STL-E007", at, name+" needs a value", "write "+name+" = …")
			b.declare(name, at, typeAny)
			return nothing
		}
		t := typ
		return initialise(b.declare(name, at, t), func(*frame) Value { return t.zero() })
	}
	var o operand
	if typ != nil {
		o = b.expr(n.values[i])
		if o.lambda == nil {
			o = b.value(&fixedOperand{n.values[i].pos(), o})
		}
	} else {
		o = b.value(n.values[i])
		typ = o.typ
		if typ == typeNull || typ == typeVoid || o.lambda != nil {
			b.fail("STL-E007", at, "the type of "+name+" cannot be found from "+typ.String(), "write the type instead of var")
			typ = typeAny
		}
	}
	run := b.convertTo(o, typ)
	v := b.declare(name, at, typ)
	if n.fixed {
		if !o.konst {
			b.fail("STL-E007", o.span, "the value of a const must be constant", "leave const out")
			return nothing
		}
		v.konst, v.value = true, o.value
		if typ.isNumeric() && o.value != nil {
			v.value = toNumber(o.value, typ)
		}
		return nothing
	}
	if n.using {
		v.readonly = "a using variable"
	}
	set := initialise(v, run)
	return func(f *frame) signal { f.m.step(); return set(f) }
}

func (b *binder) ifStatement(n *ifStatement) (action, bool) {
	b.open()
	defer b.close()
	cond := b.condition(n.cond)
	yes, falls := b.embedded(n.yes)
	if n.no_ == nil {
		return func(f *frame) signal {
			f.m.step()
			if cond(f) {
				return yes(f)
			}
			return goOn
		}, true
	}
	no, falls2 := b.embedded(n.no_)
	return func(f *frame) signal {
		f.m.step()
		if cond(f) {
			return yes(f)
		}
		return no(f)
	}, falls || falls2
}

// isTrue recognises while (true).
func (b *binder) isTrue(n node) bool {
	if n == nil {
		return true
	}
	if p, ok := n.(*paren); ok {
		return b.isTrue(p.inner)
	}
	l, ok := n.(*literal)
	return ok && l.value == true
}

// loop binds a body in which break and continue have meaning.
func (b *binder) loop(n node) (body action, falls, breaks bool) {
	b.loops++
	was := b.broken
	b.broken = false
	body, falls = b.embedded(n)
	breaks = b.broken
	b.broken = was
	b.loops--
	return body, falls, breaks
}

func (b *binder) whileStatement(n *whileStatement) (action, bool) {
	b.open()
	defer b.close()
	cond := b.condition(n.cond)
	body, _, breaks := b.loop(n.body)
	falls := breaks || !b.isTrue(n.cond)
	first, at := n.do, n.span.at
	return func(f *frame) signal {
		for skip := first; ; skip = false {
			f.m.pos = at
			f.m.step()
			if !skip && !cond(f) {
				return goOn
			}
			switch body(f) {
			case doBreak:
				return goOn
			case doReturn:
				return doReturn
			}
		}
	}, falls
}

func (b *binder) forStatement(n *forStatement) (action, bool) {
	b.open()
	defer b.close()
	var init []action
	for _, s := range n.init {
		if d, ok := s.(*declaration); ok {
			init = append(init, b.declaration(d))
			continue
		}
		a, _ := b.statement(&exprStatement{s.pos(), s})
		init = append(init, a)
	}
	cond := func(*frame) bool { return true }
	if n.cond != nil {
		cond = b.condition(n.cond)
	}
	body, _, breaks := b.loop(n.body)
	var steps []action
	for _, s := range n.step {
		a, _ := b.statement(&exprStatement{s.pos(), s})
		steps = append(steps, a)
	}
	at := n.span.at
	return func(f *frame) signal {
		for _, a := range init {
			a(f)
		}
		for ; cond(f); runAll(f, steps) {
			f.m.pos = at
			f.m.step()
			switch body(f) {
			case doBreak:
				return goOn
			case doReturn:
				return doReturn
			}
		}
		return goOn
	}, breaks || !b.isTrue(n.cond)
}

func runAll(f *frame, steps []action) {
	for _, a := range steps {
		a(f)
	}
}

func (b *binder) jump(n *jump) action {
	if n.word == "break" {
		if b.loops+b.switches == 0 {
			b.fail("STL-E009", n.span, "break may stand in a loop or switch only", "")
		}
		b.broken = true
		return func(*frame) signal { return doBreak }
	}
	if b.loops == 0 {
		b.fail("STL-E009", n.span, "continue may stand in a loop only", "")
	}
	return func(*frame) signal { return doContinue }
}

func (b *binder) returnStatement(n *returnStatement) action {
	if n.value == nil {
		if !b.fn.void {
			b.fail("STL-E009", n.span, "return needs a value here", "write return null; or the value you mean")
		}
		return func(f *frame) signal { f.result = nil; return doReturn }
	}
	if b.fn.void {
		b.fail("STL-E009", n.span, "this function gives no value", "leave the value out")
		return nothing
	}
	o := b.value(n.value)
	if o.typ == typeVoid {
		b.fail("STL-E007", o.span, "the expression gives no value", "")
		return nothing
	}
	run := o.run
	if b.fn.result != nil {
		run = b.convertTo(o, b.fn.result)
	} else if o.typ != typeAny && o.lambda == nil {
		b.fn.returned = append(b.fn.returned, o)
	}
	return func(f *frame) signal {
		f.m.step()
		f.result = run(f)
		return doReturn
	}
}
