package expr

import (
	"fmt"

	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

// statements binds a list in a scope of its own. falls tells whether its end can
// be reached.
func (b *binder) statements(list []syntax.Node) (run action, falls bool) {
	b.Open()
	defer b.close()
	return b.sequence(list)
}

// sequence binds a list in the scope that is open.
func (b *binder) sequence(list []syntax.Node) (run action, falls bool) {
	actions := make([]action, 0, len(list))
	var first []action
	locals := map[*syntax.LocalFunction]*variable{}
	for _, n := range list {
		if fn, ok := n.(*syntax.LocalFunction); ok {
			locals[fn] = b.localName(fn)
		}
	}
	falls = true
	for _, n := range list {
		if fn, ok := n.(*syntax.LocalFunction); ok {
			first = append(first, b.localFunction(fn, locals[fn]))
			continue
		}
		broken := b.broken
		a, goes := b.statement(n)
		actions = append(actions, a)
		if !falls {
			b.broken = broken // what is never reached leaves no loop
		}
		if !goes {
			falls = false
		}
	}
	actions = append(first, actions...)
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

func (b *binder) statement(n syntax.Node) (run action, falls bool) {
	switch n := n.(type) {
	case *syntax.Block:
		was, not := b.checked, b.unchecked
		if n.Word != "" {
			b.checked, b.unchecked = n.Word == "checked", n.Word == "unchecked"
		}
		defer func() { b.checked, b.unchecked = was, not }()
		return b.statements(n.List)
	case *syntax.EmptyStatement:
		return nothing, true
	case *syntax.Declaration:
		return b.declaration(n), true
	case *syntax.Deconstruction:
		return b.deconstruction(n), true
	case *syntax.ExprStatement:
		o := b.expr(n.Value)
		if o.typ != clr.TypeAny && !o.call {
			b.fail("STL-E008", o.Span, "only calls, assignments, ++, -- and new can stand as a statement", "")
		}
		if o.run == nil {
			return nothing, true
		}
		return func(f *frame) signal { f.m.Step(); o.run(f); return goOn }, true
	case *syntax.IfStatement:
		return b.ifStatement(n)
	case *syntax.WhileStatement:
		return b.whileStatement(n)
	case *syntax.ForStatement:
		return b.forStatement(n)
	case *syntax.ForeachStatement:
		return b.foreachStatement(n)
	case *syntax.SwitchStatement:
		return b.switchStatement(n)
	case *syntax.ReturnStatement:
		return b.returnStatement(n), false
	case *syntax.ThrowStatement:
		if n.Value == nil && b.catching == 0 {
			b.fail("STL-E009", n.Span, "throw without a value may stand in a catch block only", "throw new Exception(…)")
		}
		return b.throwing(n.Value, n.Span), false
	case *syntax.Jump:
		return b.jump(n), false
	case *syntax.TryStatement:
		return b.tryStatement(n)
	case *syntax.UsingStatement:
		return b.usingStatement(n)
	}
	b.fail("STL-E012", n.Pos(), fmt.Sprintf("%T is not supported here", n), "")
	return nothing, true
}

// embedded binds the body of if, while and the like, which declares nothing.
func (b *binder) embedded(n syntax.Node) (action, bool) {
	if d, ok := n.(*syntax.Declaration); ok {
		b.fail("STL-E002", d.Span, "a declaration cannot stand here alone", "put it into { }")
	}
	return b.statements([]syntax.Node{n})
}

func (b *binder) declaration(n *syntax.Declaration) action {
	var steps []action
	var typ *clr.Type
	if n.Type != nil {
		typ = b.typeOf(n.Type)
	}
	for i, name := range n.Names {
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

func (b *binder) declareOne(n *syntax.Declaration, i int, name string, typ *clr.Type) action {
	at := n.Places[i]
	if n.Fixed && n.Type == nil {
		b.fail("STL-E007", at, "a const needs its type", "write the type instead of var")
	}
	if n.Values[i] == nil {
		if typ == nil || n.Fixed || n.Using {
			b.fail("STL-E007", at, name+" needs a value", "write "+name+" = …")
			b.declare(name, at, clr.TypeAny)
			return nothing
		}
		t := typ
		return initialise(b.declare(name, at, t), func(*frame) clr.Value { return t.Zero() })
	}
	var o operand
	if typ != nil {
		o = b.expr(n.Values[i])
		if o.lambda == nil {
			o = b.value(&fixedOperand{n.Values[i].Pos(), o})
		}
	} else {
		o = b.value(n.Values[i])
		typ = o.typ
		if typ == clr.TypeNull || typ == clr.TypeVoid || o.lambda != nil || o.untyped() {
			b.fail("STL-E007", at, "the type of "+name+" cannot be found from "+typ.String(), "write the type instead of var")
			typ = clr.TypeAny
		}
	}
	run := b.convertTo(o, typ)
	v := b.declare(name, at, typ)
	if n.Fixed {
		if !o.konst {
			b.fail("STL-E007", o.Span, "the value of a const must be constant", "leave const out")
			return nothing
		}
		v.konst, v.value = true, o.value
		if typ.IsNumeric() && o.value != nil {
			v.value = clr.ToNumber(o.value, typ)
		}
		return nothing
	}
	if n.Using {
		v.readonly = "a using variable"
	}
	set := initialise(v, run)
	return func(f *frame) signal { f.m.Step(); return set(f) }
}

func (b *binder) ifStatement(n *syntax.IfStatement) (action, bool) {
	cond := b.condition(n.Cond)
	yes, falls := b.embedded(n.Yes)
	falls = falls && !b.isFalse(n.Cond)
	if n.No_ == nil {
		return func(f *frame) signal {
			f.m.Step()
			if cond(f) {
				return yes(f)
			}
			return goOn
		}, falls || !b.isTrue(n.Cond)
	}
	no, falls2 := b.embedded(n.No_)
	falls2 = falls2 && !b.isTrue(n.Cond)
	return func(f *frame) signal {
		f.m.Step()
		if cond(f) {
			return yes(f)
		}
		return no(f)
	}, falls || falls2
}

// isTrue tells a condition that is always met: none, or a constant.
func (b *binder) isTrue(n syntax.Node) bool { return n == nil || b.truths[n] }

// isFalse tells a condition that is never met.
func (b *binder) isFalse(n syntax.Node) bool {
	value, ok := b.truths[n]
	return ok && !value
}

// loop binds a body in which break and continue have meaning.
func (b *binder) loop(n syntax.Node) (body action, falls, breaks bool) {
	b.loops++
	was := b.broken
	b.broken = false
	body, falls = b.embedded(n)
	breaks = b.broken
	b.broken = was
	b.loops--
	return body, falls, breaks
}

func (b *binder) whileStatement(n *syntax.WhileStatement) (action, bool) {
	b.Open()
	defer b.close()
	cond := b.condition(n.Cond)
	body, _, breaks := b.loop(n.Body)
	falls := breaks || !b.isTrue(n.Cond)
	first, at := n.Do, n.Span.At
	return func(f *frame) signal {
		for skip := first; ; skip = false {
			f.m.Pos = at
			f.m.Step()
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

func (b *binder) forStatement(n *syntax.ForStatement) (action, bool) {
	b.Open()
	defer b.close()
	var init []action
	for _, s := range n.Init {
		if d, ok := s.(*syntax.Declaration); ok {
			init = append(init, b.declaration(d))
			continue
		}
		a, _ := b.statement(&syntax.ExprStatement{Span: s.Pos(), Value: s})
		init = append(init, a)
	}
	cond := func(*frame) bool { return true }
	if n.Cond != nil {
		cond = b.condition(n.Cond)
	}
	body, _, breaks := b.loop(n.Body)
	var steps []action
	for _, s := range n.Step {
		a, _ := b.statement(&syntax.ExprStatement{Span: s.Pos(), Value: s})
		steps = append(steps, a)
	}
	at := n.Span.At
	return func(f *frame) signal {
		for _, a := range init {
			a(f)
		}
		for ; cond(f); runAll(f, steps) {
			f.m.Pos = at
			f.m.Step()
			switch body(f) {
			case doBreak:
				return goOn
			case doReturn:
				return doReturn
			}
		}
		return goOn
	}, breaks || !b.isTrue(n.Cond)
}

func runAll(f *frame, steps []action) {
	for _, a := range steps {
		a(f)
	}
}

func (b *binder) jump(n *syntax.Jump) action {
	if n.Word == "break" {
		if b.loops+b.switches == 0 {
			b.fail("STL-E009", n.Span, "break may stand in a loop or switch only", "")
		}
		b.broken = true
		return func(*frame) signal { return doBreak }
	}
	if b.loops == 0 {
		b.fail("STL-E009", n.Span, "continue may stand in a loop only", "")
	}
	return func(*frame) signal { return doContinue }
}

func (b *binder) returnStatement(n *syntax.ReturnStatement) action {
	if n.Value == nil {
		if !b.fn.void {
			b.fail("STL-E009", n.Span, "return needs a value here", "write return null; or the value you mean")
		}
		return func(f *frame) signal { f.result = nil; return doReturn }
	}
	if b.fn.void {
		b.fail("STL-E009", n.Span, "this function gives no value", "leave the value out")
		return nothing
	}
	o := b.value(n.Value)
	if o.typ == clr.TypeVoid {
		b.fail("STL-E007", o.Span, "the expression gives no value", "")
		return nothing
	}
	run := o.run
	if b.fn.result != nil {
		run = b.convertTo(o, b.fn.result)
	} else if o.typ != clr.TypeAny && o.lambda == nil {
		b.fn.returned = append(b.fn.returned, o)
	}
	return func(f *frame) signal {
		f.m.Step()
		f.result = run(f)
		return doReturn
	}
}
