package expr

import (
	"fmt"
	"strconv"

	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

// tupleValue binds (a, b): its items keep their places, so that each converts by
// itself where a tuple type is asked for.
func (b *binder) tupleValue(n *syntax.Tuple) operand {
	t := &clr.Type{Def: clr.TypeTuple.Def, Names: n.Names}
	o := operand{Span: n.Span, typ: t}
	for _, v := range n.Values {
		item := b.expr(v)
		if item.lambda == nil {
			item = b.value(&fixedOperand{v.Pos(), item})
		}
		if item.typ == clr.TypeVoid {
			b.fail("STL-E007", item.Span, "the expression gives no value", "")
			item = bad(item.Span)
		}
		if item.typ == clr.TypeAny {
			return bad(n.Span)
		}
		o.tuple, t.Args = append(o.tuple, item), append(t.Args, item.typ)
	}
	for _, item := range o.tuple {
		if item.typ == clr.TypeNull || item.lambda != nil {
			// Such a tuple has no type of its own.
			o.run = func(*frame) clr.Value { return nil }
			return o
		}
	}
	o.run = tupleCode(t, o.tuple)
	return o
}

func tupleCode(t *clr.Type, items []operand) code {
	codes := make([]code, len(items))
	for i, item := range items {
		codes[i] = item.run
	}
	return func(f *frame) clr.Value {
		f.m.Grow(16 * len(codes))
		o := &clr.Object{Type: t, Values: make([]clr.Value, len(codes))}
		for i, c := range codes {
			o.Values[i] = c(f)
		}
		return o
	}
}

// untyped tells a tuple that has no type of its own, for null or a lambda is in it.
func (o operand) untyped() bool {
	for _, item := range o.tuple {
		if item.typ == clr.TypeNull || item.lambda != nil || item.untyped() {
			return true
		}
	}
	return false
}

func (b *binder) classifyTuple(o operand, to *clr.Type) conversion {
	if len(o.tuple) != len(to.Args) {
		return impossible
	}
	worst := identity
	for i, item := range o.tuple {
		worst = max(worst, b.classify(item, to.Args[i]))
	}
	return worst
}

func (b *binder) tupleTo(o operand, to *clr.Type) code {
	items := make([]operand, len(o.tuple))
	for i, item := range o.tuple {
		items[i] = operand{Span: item.Span, typ: to.Args[i], run: b.convertTo(item, to.Args[i])}
	}
	return tupleCode(to, items)
}

func (b *binder) tupleType(r *syntax.TypeRef) *clr.Type {
	t := &clr.Type{Def: clr.TypeTuple.Def, Names: r.Names}
	for _, item := range r.Items {
		if item.Name == "var" {
			b.fail("STL-E004", item.Span, "var cannot stand in a tuple's type", "write the type")
			return clr.TypeAny
		}
		u := b.typeOf(item)
		if u == clr.TypeAny {
			return clr.TypeAny
		}
		t.Args = append(t.Args, u)
	}
	if r.Nullable || r.NullableElem {
		t = clr.NullableOf(t)
	}
	for range r.Rank {
		t = clr.ArrayOf(t)
	}
	return t
}

// tupleMember reads ItemN, or an item by its name.
func (b *binder) tupleMember(target operand, n *syntax.MemberAccess) (operand, bool) {
	for i := range target.typ.Args {
		if n.Name != "Item"+strconv.Itoa(i+1) && (i >= len(target.typ.Names) || n.Name != target.typ.Names[i]) {
			continue
		}
		recv := target.run
		return operand{Span: n.Span, typ: target.typ.Args[i], run: func(f *frame) clr.Value { return recv(f).(*clr.Object).Values[i] }}, true
	}
	return operand{}, false
}

// deconstruction declares a variable for each item of a tuple.
func (b *binder) deconstruction(n *syntax.Deconstruction) action {
	o, ok := b.items(n.Value, len(n.Names))
	slot := b.newSlot()
	var set []action
	for i, name := range n.Names {
		typ := clr.TypeAny
		if ok {
			typ = o.typ.Args[i]
		}
		item := operand{Span: n.Places[i], typ: typ, run: func(f *frame) clr.Value { return f.slots[slot].(*clr.Object).Values[i] }}
		run := item.run
		if n.Types[i] != nil {
			typ = b.typeOf(n.Types[i])
			run = b.convertTo(item, typ)
		}
		if name == "_" {
			continue
		}
		set = append(set, initialise(b.declare(name, n.Places[i], typ), run))
	}
	run := o.run
	return func(f *frame) signal {
		f.m.Step()
		f.slots[slot] = run(f)
		for _, s := range set {
			s(f)
		}
		return goOn
	}
}

// items binds a value that must be a tuple of n items.
func (b *binder) items(value syntax.Node, n int) (operand, bool) {
	o := b.value(value)
	if o.typ == clr.TypeAny {
		return o, false
	}
	if !o.typ.Is(clr.TypeTuple) || len(o.typ.Args) != n || o.untyped() {
		b.fail("STL-E007", o.Span, fmt.Sprintf("%s has not %d typed items", o.typ, n), "a tuple is taken apart: var (a, b) = (1, 2)")
		return bad(o.Span), false
	}
	return o, true
}

// storeTuple assigns each item to its own target: (a, b) = (b, a).
func (b *binder) storeTuple(n *syntax.Assignment, target *syntax.Tuple) operand {
	o, ok := b.items(n.Value, len(target.Values))
	if !ok {
		return bad(n.Span)
	}
	slot := b.newSlot()
	var set []code
	for i, v := range target.Values {
		item := operand{Span: v.Pos(), typ: o.typ.Args[i], run: func(f *frame) clr.Value { return f.slots[slot].(*clr.Object).Values[i] }}
		if store := b.assignment(&syntax.Assignment{Span: v.Pos(), Op: "=", Target: v, Value: &fixedOperand{v.Pos(), item}}); store.run != nil {
			set = append(set, store.run)
		}
	}
	run := o.run
	return operand{Span: n.Span, typ: o.typ, call: true, run: func(f *frame) clr.Value {
		v := run(f)
		f.slots[slot] = v
		for _, s := range set {
			s(f)
		}
		return v
	}}
}
