package expr

import (
	"fmt"

	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

// equality binds == and != for everything but numbers.
func (b *binder) equality(at syntax.Span, op string, left, right operand) operand {
	l, r := clr.StripNullable(left.typ), clr.StripNullable(right.typ)
	ok := false
	switch {
	case left.typ == clr.TypeNull && right.typ == clr.TypeNull:
		ok = true
	case left.typ == clr.TypeNull:
		ok = !right.typ.IsValue() || clr.ComparableStruct(r)
	case right.typ == clr.TypeNull:
		ok = !left.typ.IsValue() || clr.ComparableStruct(l)
	case clr.Same(l, r):
		ok = !l.IsValue() || clr.ComparableStruct(l)
	case l.IsEnum() && right.konst && r.IsIntegral() && clr.AsInt64(right.value) == 0:
		right, ok = operand{typ: l, run: func(*frame) clr.Value { return clr.Enum{Type: l, N: 0} }}, true
	case !l.IsValue() && !r.IsValue():
		var same bool
		if left, right, same = b.alike(left, right); same {
			ok = true
			break
		}
		ok = l.Derives(r) || r.Derives(l) || (l.Def.Kind == clr.InterfaceKind || r.Def.Kind == clr.InterfaceKind) && !l.Sealed() && !r.Sealed()
		b.warnReference(at, op, l, r)
	}
	if !ok {
		hint := castFirst(left.typ, right.typ)
		b.fail("STL-E008", at, fmt.Sprintf("the operator %s does not apply to %s and %s", op, left.typ, right.typ), hint)
		return bad(at)
	}
	x, y, want, pos := left.run, right.run, op == "==", at.At
	return operand{Span: at, typ: clr.TypeBool, run: func(f *frame) clr.Value {
		v := x(f)
		w := y(f)
		f.m.Pos = pos
		return clr.SameValue(f.m, v, w) == want
	}}
}

// warnReference tells of object == string: C# compares references there. Here the
// texts are compared, which is what the author means.
func (b *binder) warnReference(at syntax.Span, op string, l, r *clr.Type) {
	if clr.Same(l, clr.TypeObject) && clr.Same(r, clr.TypeString) || clr.Same(r, clr.TypeObject) && clr.Same(l, clr.TypeString) {
		b.warn("STL-E020", at, "C# compares an object and a string by reference here", "cast the object: (string)… "+op+" …")
	}
}
