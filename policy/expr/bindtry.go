package expr

import (
	"fmt"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

// throwing gives the code of throw; without a value the exception in hand is
// thrown again.
func (b *binder) throwing(n syntax.Node, at syntax.Span) action {
	if n == nil {
		return func(f *frame) signal {
			if f.caught != nil {
				panic(f.caught)
			}
			return goOn
		}
	}
	o := b.value(n)
	if o.typ != clr.TypeAny && o.typ != clr.TypeNull && !o.typ.Derives(clr.TypeException) {
		b.fail("STL-E007", o.Span, fmt.Sprintf("only an Exception can be thrown and this is %s", o.typ), "throw new Exception(…)")
	}
	run := o.run
	return func(f *frame) signal {
		exc, _ := run(f).(*clr.Exception)
		f.m.Pos = at.At
		if exc == nil {
			f.m.Throw(clr.TypeNullReference, "Object reference not set to an instance of an object.")
		}
		panic(&clr.Thrown{Exc: exc, Pos: at.At})
	}
}

// handler is a bound catch clause.
type handler struct {
	typ  *clr.Type
	v    *variable
	when func(f *frame) bool
	body action
}

func (b *binder) tryStatement(n *syntax.TryStatement) (action, bool) {
	body, falls := b.statements(n.Body.List)
	var handlers []handler
	for _, c := range n.Catches {
		h, goes := b.catchClause(c)
		b.reachableCatch(c, h, n.Catches[:len(handlers)], handlers)
		handlers = append(handlers, h)
		falls = falls || goes
	}
	var last action
	if n.Finally != nil {
		goes := true
		if last, goes = b.statements(n.Finally.List); !goes {
			b.fail("STL-E009", n.Finally.Span, "control cannot leave a finally block", "take return, break and continue out of it")
		}
	}
	return func(f *frame) signal {
		if last == nil {
			return guarded(f, body, handlers)
		}
		return finally(f, func(f *frame) signal { return guarded(f, body, handlers) }, last)
	}, falls
}

// reachableCatch refuses a clause behind one that takes all that it would.
func (b *binder) reachableCatch(c syntax.CatchClause, h handler, before []syntax.CatchClause, handlers []handler) {
	for i, other := range handlers {
		if before[i].When == nil && (other.typ == nil && before[i].Type == nil || other.typ != nil && h.typ != nil && h.typ.Derives(other.typ)) {
			b.fail("STL-E009", c.Span, "a catch above takes these exceptions already", "put the more special one first")
			return
		}
	}
}

// disposable tells whether using may hold a value of type t. What the library makes
// holds nothing but memory, so that only what is surely not IDisposable is refused.
func disposable(t *clr.Type) bool {
	switch {
	case t == clr.TypeAny || t == clr.TypeNull:
		return true
	case t.Def == nil || t.IsValue() || t.Is(clr.TypeNullable) || t.Sealed() || t.Derives(library.TypeJToken):
		return false
	}
	return !clr.Same(t, clr.TypeObject) && !t.Is(clr.TypeList)
}

// finally runs last also where body throws; an empty budget skips it.
func finally(f *frame, body, last action) (out signal) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(*clr.Thrown); ok {
				last(f)
			}
			panic(r)
		}
	}()
	out = body(f)
	result := f.result
	last(f)
	f.result = result
	return out
}

// guarded runs body and hands an exception to the first handler that takes it.
func guarded(f *frame, body action, handlers []handler) (out signal) {
	if len(handlers) == 0 {
		return body(f)
	}
	m := f.m
	stack, depth := m.Stack, m.Depth
	var caught *clr.Thrown
	func() {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			t, ok := r.(*clr.Thrown)
			if !ok {
				panic(r)
			}
			caught = t
		}()
		out = body(f)
	}()
	if caught == nil {
		return out
	}
	m.Stack, m.Depth = stack, depth
	m.Step()
	for _, h := range handlers {
		if h.typ != nil && !caught.Exc.Type.Derives(h.typ) {
			continue
		}
		if h.v != nil {
			initialise(h.v, func(*frame) clr.Value { return caught.Exc })(f)
		}
		if h.when != nil && !h.when(f) {
			continue
		}
		was := f.caught
		f.caught = caught
		out = h.body(f)
		f.caught = was
		return out
	}
	panic(caught)
}

func (b *binder) catchClause(c syntax.CatchClause) (handler, bool) {
	b.Open()
	defer b.close()
	h := handler{}
	if c.Type != nil {
		h.typ = b.typeOf(c.Type)
		if h.typ != clr.TypeAny && !h.typ.Derives(clr.TypeException) {
			b.fail("STL-E007", c.Type.Span, h.typ.String()+" is no exception", "catch (Exception)")
		}
		if h.typ == clr.TypeAny {
			h.typ = nil
		}
	}
	if c.Name != "" {
		t := h.typ
		if t == nil {
			t = clr.TypeException
		}
		h.v = b.declare(c.Name, c.Type.Span, t)
	}
	if c.When != nil {
		h.when = b.condition(c.When)
	}
	b.catching++
	body, falls := b.statements(c.Body.List)
	b.catching--
	h.body = body
	return h, falls
}

// usingStatement needs no disposing: nothing in the library holds more than memory.
func (b *binder) usingStatement(n *syntax.UsingStatement) (action, bool) {
	b.Open()
	defer b.close()
	first := action(nothing)
	if n.Decl != nil {
		n.Decl.Using = true
		first = b.declaration(n.Decl)
		for i, name := range n.Decl.Names {
			if v := b.lookup(name); v != nil && !disposable(v.typ) {
				b.fail("STL-E007", n.Decl.Places[i], v.typ.String()+" is not IDisposable", "leave using out")
			}
		}
	} else {
		o := b.value(n.Expr)
		if !disposable(o.typ) {
			b.fail("STL-E007", o.Span, o.typ.String()+" is not IDisposable", "leave using out")
		}
		first = func(f *frame) signal { o.run(f); return goOn }
	}
	body, falls := b.embedded(n.Body)
	return func(f *frame) signal {
		first(f)
		return body(f)
	}, falls
}

func (b *binder) foreachStatement(n *syntax.ForeachStatement) (action, bool) {
	b.Open()
	defer b.close()
	seq := b.value(n.Seq)
	elem := clr.TypeAny
	if seq.typ != clr.TypeAny {
		elem = seq.typ.ElementType()
		if seq.typ.Is(library.TypeJObject) {
			elem = clr.Generic(clr.TypeKeyValue, clr.TypeString, library.TypeJToken)
		}
		if elem == nil {
			b.fail("STL-E007", seq.Span, fmt.Sprintf("foreach needs a sequence and this is %s", seq.typ), castFirst(seq.typ))
			elem = clr.TypeAny
		}
	}
	typ := elem
	if n.Type != nil {
		if typ = b.typeOf(n.Type); !b.castable(elem, typ) && !b.converts(operand{typ: elem}, typ) {
			b.fail("STL-E007", n.At_, fmt.Sprintf("the items are %s and cannot be cast to %s", elem, typ), "")
		}
	}
	v := b.declare(n.Name, n.At_, typ)
	v.readonly = "a foreach variable"
	body, _, _ := b.loop(n.Body)
	run, at := seq.run, n.Span.At
	pairs := seq.typ.Is(library.TypeJObject)
	return func(f *frame) signal {
		out := goOn
		source := run(f)
		f.m.Pos = at
		checkNull(f.m, source, seq.typ, at)
		if pairs {
			source = library.PairsOf(source.(*library.JObject))
		}
		clr.Iterate(f.m, source, func(item clr.Value) bool {
			f.m.Pos = at
			if !clr.Same(elem, typ) && typ != clr.TypeAny {
				item = library.CastValue(f.m, item, elem, typ)
			}
			if v.captured {
				f.slots[v.slot] = &cell{v: item}
			} else {
				f.slots[v.slot] = item
			}
			switch body(f) {
			case doBreak:
				return false
			case doReturn:
				out = doReturn
				return false
			}
			return true
		})
		return out
	}, true
}
