package expr

import (
	"fmt"

	"stile/diag"
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

// value binds an expression that must have a value.
func (b *binder) value(n syntax.Node) operand {
	o := b.expr(n)
	switch {
	case o.names != nil:
		b.fail("STL-E003", o.Span, o.names.String()+" is a type and has no value", "")
		return bad(o.Span)
	case o.space != "":
		b.fail("STL-E003", o.Span, "the name "+o.space+" does not exist", b.nearestName(o.space))
		return bad(o.Span)
	case o.group != nil:
		b.fail("STL-E006", o.Span, o.group.name+" is a method", "call it: "+o.group.name+"(…)")
		return bad(o.Span)
	}
	return o
}

// expr binds any expression; the operand may name a type, a namespace or a method.
func (b *binder) expr(n syntax.Node) operand {
	if b.nodes++; b.nodes > maxNodes {
		if b.nodes == maxNodes+1 {
			b.r.Quiet, b.r.Trials = 0, 0
			b.fail("STL-E014", n.Pos(), "the expression is too complex to check", "split it into statements with typed variables")
		}
		return bad(n.Pos())
	}
	switch n := n.(type) {
	case *syntax.Literal:
		return constant(n.Span, n.Type, n.Value)
	case *syntax.Interpolated:
		return b.interpolated(n)
	case *syntax.Paren:
		o := b.expr(n.Inner)
		o.call = false
		return o
	case *syntax.Identifier:
		return b.identifier(n)
	case *syntax.TypeName:
		return operand{Span: n.Span, names: b.typeOf(n.Ref)}
	case *syntax.MemberAccess:
		return b.memberAccess(n)
	case *syntax.Invocation:
		return b.invocation(n)
	case *syntax.Indexing:
		return b.indexing(n)
	case *syntax.Conditional:
		return b.conditional(n)
	case *syntax.Receiver:
		return *b.inner
	case *syntax.Lambda:
		return operand{Span: n.Span, typ: clr.TypeLambda, lambda: n}
	}
	return b.operation(n)
}

// operation binds the operators and creations.
func (b *binder) operation(n syntax.Node) operand {
	switch n := n.(type) {
	case *syntax.Unary:
		return b.unary(n)
	case *syntax.Postfix:
		return b.Step(n.Span, n.Operand, n.Op, true)
	case *syntax.Binary:
		return b.binary(n)
	case *syntax.Ternary:
		return b.ternary(n)
	case *syntax.Assignment:
		return b.assignment(n)
	case *syntax.Cast:
		return b.cast(n)
	case *syntax.TypeTest:
		return b.typeTest(n)
	case *syntax.AsCast:
		return b.asCast(n)
	case *syntax.Creation:
		return b.creation(n)
	case *syntax.ArrayCreation:
		return b.arrayCreation(n)
	case *syntax.Anonymous:
		return b.anonymous(n)
	case *syntax.Tuple:
		return b.tupleValue(n)
	case *syntax.DefaultValue:
		if n.To == nil {
			return operand{Span: n.Span, typ: clr.TypeNull, run: func(*frame) clr.Value { return nil }, konst: true, value: nil}
		}
		t := b.typeOf(n.To)
		return operand{Span: n.Span, typ: t, run: func(*frame) clr.Value { return t.Zero() }}
	case *syntax.NameOf:
		return constant(n.Span, clr.TypeString, n.Name)
	case *syntax.CheckedExpr:
		was, not := b.checked, b.unchecked
		b.checked, b.unchecked = n.Checked, !n.Checked
		o := b.value(n.Operand)
		b.checked, b.unchecked = was, not
		return o
	case *fixedOperand:
		return n.o
	case *syntax.ThrowExpr:
		run := b.throwing(n.Value, n.Span)
		return operand{Span: n.Span, typ: clr.TypeNull, never: true, run: func(f *frame) clr.Value { run(f); return nil }}
	}
	b.fail("STL-E012", n.Pos(), fmt.Sprintf("%T is not supported here", n), "")
	return bad(n.Pos())
}

func (b *binder) identifier(n *syntax.Identifier) operand {
	if len(n.Args) == 0 {
		if v := b.lookup(n.Name); v != nil {
			return b.variableOperand(v, n.Span)
		}
		if n.Name == "context" {
			return operand{Span: n.Span, typ: library.TypeContext, run: func(f *frame) clr.Value {
				if f.m.Env.Exchange == nil {
					return nil
				}
				return f.m.Env.Exchange
			}}
		}
	}
	if t := b.lib.ByName[n.Name]; t != nil && t.Def.Keyword != n.Name {
		return operand{Span: n.Span, names: b.construct(t, n.Args, n.Span)}
	}
	if b.lib.Spaces[n.Name] {
		return operand{Span: n.Span, space: n.Name}
	}
	b.fail("STL-E003", n.Span, "the name "+n.Name+" does not exist", b.nearestName(n.Name))
	return bad(n.Span)
}

// nearest looks for a slip of the hand. A trial asks for no hint, and a list of
// candidates costs more than binding.
func (b *binder) nearest(name string, candidates func() []string) (string, bool) {
	if b.r.Quiet > 0 {
		return "", false
	}
	return diag.Nearest(name, candidates())
}

// nearestName hints at a local, a type or context.
func (b *binder) nearestName(name string) string {
	near, ok := b.nearest(name, func() []string {
		names := []string{"context"}
		for s := b.scope; s != nil; s = s.parent {
			names = append(names, sortedNames(s.names)...)
		}
		return append(names, b.lib.TypeNames()...)
	})
	if !ok {
		return ""
	}
	return "did you mean " + near + "?"
}

// typeOf resolves a type as written.
func (b *binder) typeOf(r *syntax.TypeRef) *clr.Type {
	if len(r.Items) > 0 {
		return b.tupleType(r)
	}
	t := b.lib.ByName[r.Name]
	if t != nil && syntax.KeywordTypes[t.Def.Keyword] && r.Name == t.Def.Name && t.Def.Keyword == "" {
		t = nil
	}
	if t == nil {
		t = b.lib.ByFull[r.Name]
	}
	if t == nil {
		hint := "only the types that Azure API Management allows may be used"
		if near, ok := b.nearest(r.Name, b.lib.TypeNames); ok {
			hint = "did you mean " + near + "?"
		}
		b.fail("STL-E004", r.Span, "the type "+r.Name+" is not known or not allowed", hint)
		return clr.TypeAny
	}
	if len(r.Args) == 0 && (t.Is(clr.TypeArray) || t.Is(clr.TypeNullable) || t.Is(clr.TypeFunc)) {
		b.fail("STL-E004", r.Span, t.Def.Name+" needs type arguments", "write the whole type: string[], int? or Func<string, bool>")
		return clr.TypeAny
	}
	t = b.construct(t, r.Args, r.Span)
	if t.Is(clr.TypeNullable) && !t.Args[0].IsValue() && t.Args[0] != clr.TypeAny {
		b.fail("STL-E004", r.Span, t.Args[0].String()+" is no value type and cannot be nullable", "")
		return clr.TypeAny
	}
	if r.Nullable || r.NullableElem {
		switch {
		case t == clr.TypeAny:
		case !t.IsValue():
			b.fail("STL-E004", r.Span, t.String()+" is no value type and cannot be followed by ?", "leave the ? out")
		default:
			t = clr.NullableOf(t)
		}
	}
	for i := 0; i < r.Rank; i++ {
		t = clr.ArrayOf(t)
	}
	return t
}

// construct gives t its type arguments.
func (b *binder) construct(t *clr.Type, args []*syntax.TypeRef, at syntax.Span) *clr.Type {
	t = b.lib.OfArity(t, len(args))
	if t.IsFunc() {
		list := make([]*clr.Type, len(args))
		for i, a := range args {
			list[i] = b.typeOf(a)
		}
		return clr.Generic(t, list...)
	}
	if t.Is(clr.TypeArray) || t.Is(clr.TypeNullable) && len(args) == 0 {
		return &clr.Type{Def: t.Def}
	}
	if len(args) != len(t.Def.Params) {
		if len(t.Def.Params) > 0 && len(args) == 0 {
			b.fail("STL-E004", at, t.Def.Name+" needs type arguments", "write "+t.String())
			return clr.TypeAny
		}
		b.fail("STL-E004", at, fmt.Sprintf("%s takes %d type arguments", t.Def.Name, len(t.Def.Params)), "")
		return clr.TypeAny
	}
	if len(args) == 0 {
		return t
	}
	list := make([]*clr.Type, len(args))
	for i, a := range args {
		list[i] = b.typeOf(a)
	}
	return clr.Generic(t, list...)
}

func (b *binder) ternary(n *syntax.Ternary) operand {
	cond := b.condition(n.Cond)
	yes, no := b.value(n.Yes), b.value(n.No)
	t := b.commonType(yes, no)
	if t == nil {
		b.fail("STL-E007", n.Span, fmt.Sprintf("the two values of ?: are %s and %s, and neither converts to the other", yes.typ, no.typ), "cast one of them")
		return bad(n.Span)
	}
	y, z := b.convertTo(yes, t), b.convertTo(no, t)
	if t == clr.TypeNull {
		t = clr.TypeObject
	}
	return operand{Span: n.Span, typ: t, run: func(f *frame) clr.Value {
		if cond(f) {
			return y(f)
		}
		return z(f)
	}}
}

// commonType is the type of ?: and of new[]: one operand's, to which the other converts.
func (b *binder) commonType(x, y operand) *clr.Type {
	switch {
	case x.typ == clr.TypeAny || y.typ == clr.TypeAny:
		return clr.TypeAny
	case x.typ == clr.TypeVoid || y.typ == clr.TypeVoid:
		return nil
	case x.typ == clr.TypeNull && y.typ == clr.TypeNull:
		return clr.TypeNull
	case clr.Same(x.typ, y.typ):
		return x.typ
	}
	toY, toX := b.converts(x, y.typ), b.converts(y, x.typ)
	switch {
	case x.typ == clr.TypeNull && toY, toY && !toX:
		return y.typ
	case y.typ == clr.TypeNull && toX, toX && !toY:
		return x.typ
	case toX && toY:
		// Constants convert both ways (int and byte): the wider type wins.
		if x.typ.IsNumeric() && y.typ.IsNumeric() && x.typ.Def.Rank < y.typ.Def.Rank {
			return x.typ
		}
		return y.typ
	}
	return nil
}

// condition binds a bool.
func (b *binder) condition(n syntax.Node) func(f *frame) bool {
	o := b.value(n)
	if o.typ != clr.TypeAny && !b.converts(o, clr.TypeBool) {
		b.fail("STL-E007", o.Span, "a condition must be a bool and this is "+o.typ.String(), hintForBool(o.typ))
		return func(*frame) bool { return false }
	}
	run := b.convertTo(o, clr.TypeBool)
	if v, ok := o.value.(bool); ok && o.konst {
		if b.truths == nil {
			b.truths = map[syntax.Node]bool{}
		}
		b.truths[n] = v
	}
	return func(f *frame) bool {
		v, _ := run(f).(bool)
		return v
	}
}

func hintForBool(t *clr.Type) string {
	switch {
	case clr.Same(t, clr.TypeObject):
		return "cast it: (bool)…"
	case t.Is(clr.TypeNullable):
		return "compare it: … == true"
	}
	return ""
}
