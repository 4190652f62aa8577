package expr

import (
	"fmt"
)

// throwing gives the code of throw; without a value the exception in hand is
// thrown again.
func (b *binder) throwing(n node, at span) action {
	if n == nil {
		return func(f *frame) signal {
			if f.caught != nil {
				panic(f.caught)
			}
			return goOn
		}
	}
	o := b.value(n)
	if o.typ != typeAny && o.typ != typeNull && !o.typ.derives(typeException) {
		b.fail("STL-E007", o.span, fmt.Sprintf("only an Exception can be thrown and this is %s", o.typ), "throw new Exception(…)")
	}
	run := o.run
	return func(f *frame) signal {
		exc, _ := run(f).(*Exception)
		f.m.pos = at.at
		if exc == nil {
			f.m.throw(typeNullReference, "Object reference not set to an instance of an object.")
		}
		panic(&thrown{exc: exc, pos: at.at})
	}
}

// handler is a bound catch clause.
type handler struct {
	typ  *Type
	v    *variable
	when func(f *frame) bool
	body action
}

func (b *binder) tryStatement(n *tryStatement) (action, bool) {
	body, falls := b.statements(n.body.list)
	var handlers []handler
	for _, c := range n.catches {
		h, goes := b.catchClause(c)
		handlers = append(handlers, h)
		falls = falls || goes
	}
	var last action
	if n.finally != nil {
		goes := true
		if last, goes = b.statements(n.finally.list); !goes {
			b.fail("STL-E009", n.finally.span, "control cannot leave a finally block", "take return, break and continue out of it")
		}
	}
	return func(f *frame) signal {
		if last == nil {
			return guarded(f, body, handlers)
		}
		return finally(f, func(f *frame) signal { return guarded(f, body, handlers) }, last)
	}, falls
}

// finally runs last also where body throws; an empty budget skips it.
func finally(f *frame, body, last action) (out signal) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(*thrown); ok {
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
	stack, depth := m.stack, m.depth
	var caught *thrown
	func() {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			t, ok := r.(*thrown)
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
	m.stack, m.depth = stack, depth
	m.step()
	for _, h := range handlers {
		if h.typ != nil && !caught.exc.Type.derives(h.typ) {
			continue
		}
		if h.v != nil {
			initialise(h.v, func(*frame) Value { return caught.exc })(f)
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

func (b *binder) catchClause(c catchClause) (handler, bool) {
	b.open()
	defer b.close()
	h := handler{}
	if c.typ != nil {
		h.typ = b.typeOf(c.typ)
		if h.typ != typeAny && !h.typ.derives(typeException) {
			b.fail("STL-E007", c.typ.span, h.typ.String()+" is no exception", "catch (Exception)")
		}
		if h.typ == typeAny {
			h.typ = nil
		}
	}
	if c.name != "" {
		t := h.typ
		if t == nil {
			t = typeException
		}
		h.v = b.declare(c.name, c.typ.span, t)
	}
	if c.when != nil {
		h.when = b.condition(c.when)
	}
	b.catching++
	body, falls := b.statements(c.body.list)
	b.catching--
	h.body = body
	return h, falls
}

// usingStatement needs no disposing: nothing in the library holds more than memory.
func (b *binder) usingStatement(n *usingStatement) (action, bool) {
	b.open()
	defer b.close()
	first := action(nothing)
	if n.decl != nil {
		n.decl.using = true
		first = b.declaration(n.decl)
	} else {
		o := b.value(n.expr)
		first = func(f *frame) signal { o.run(f); return goOn }
	}
	body, falls := b.embedded(n.body)
	return func(f *frame) signal {
		first(f)
		return body(f)
	}, falls
}

func (b *binder) foreachStatement(n *foreachStatement) (action, bool) {
	b.open()
	defer b.close()
	seq := b.value(n.seq)
	elem := typeAny
	if seq.typ != typeAny {
		elem = seq.typ.elementType()
		if seq.typ.is(typeJObject) {
			elem = generic(typeKeyValue, typeString, typeJToken)
		}
		if elem == nil {
			b.fail("STL-E007", seq.span, fmt.Sprintf("foreach needs a sequence and this is %s", seq.typ), castFirst(seq.typ))
			elem = typeAny
		}
	}
	typ := elem
	if n.typ != nil {
		if typ = b.typeOf(n.typ); !b.castable(elem, typ) && !b.converts(operand{typ: elem}, typ) {
			b.fail("STL-E007", n.at_, fmt.Sprintf("the items are %s and cannot be cast to %s", elem, typ), "")
		}
	}
	v := b.declare(n.name, n.at_, typ)
	v.readonly = "a foreach variable"
	body, _, _ := b.loop(n.body)
	run, at := seq.run, n.span.at
	pairs := seq.typ.is(typeJObject)
	return func(f *frame) signal {
		out := goOn
		source := run(f)
		f.m.pos = at
		checkNull(f.m, source, seq.typ, at)
		if pairs {
			source = pairsOf(source.(*JObject))
		}
		iterate(f.m, source, func(item Value) bool {
			f.m.pos = at
			if !same(elem, typ) && typ != typeAny {
				item = castValue(f.m, item, elem, typ)
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
