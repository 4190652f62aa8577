package expr

import (
	"fmt"
)

// equality binds == and != for everything but numbers.
func (b *binder) equality(at span, op string, left, right operand) operand {
	l, r := stripNullable(left.typ), stripNullable(right.typ)
	ok := false
	switch {
	case left.typ == typeNull && right.typ == typeNull:
		ok = true
	case left.typ == typeNull:
		ok = !right.typ.isValue()
	case right.typ == typeNull:
		ok = !left.typ.isValue()
	case same(l, r):
		ok = !l.isValue() || comparableStruct(l)
	case l.isEnum() && right.konst && r.isIntegral() && asInt64(right.value) == 0:
		right, ok = operand{typ: l, run: func(*frame) Value { return Enum{l, 0} }}, true
	case !l.isValue() && !r.isValue():
		ok = l.derives(r) || r.derives(l) || l.def.kind == interfaceKind || r.def.kind == interfaceKind
		b.warnReference(at, op, l, r)
	}
	if !ok {
		hint := castFirst(left.typ, right.typ)
		b.fail("STL-E008", at, fmt.Sprintf("the operator %s does not apply to %s and %s", op, left.typ, right.typ), hint)
		return bad(at)
	}
	x, y, want, pos := left.run, right.run, op == "==", at.at
	return operand{span: at, typ: typeBool, run: func(f *frame) Value {
		v := x(f)
		w := y(f)
		f.m.pos = pos
		return sameValue(f.m, v, w) == want
	}}
}

// warnReference tells of object == string: C# compares references there. Here the
// texts are compared, which is what the author means.
func (b *binder) warnReference(at span, op string, l, r *Type) {
	if same(l, typeObject) && same(r, typeString) || same(r, typeObject) && same(l, typeString) {
		b.warn("STL-E020", at, "C# compares an object and a string by reference here", "cast the object: (string)… "+op+" …")
	}
}
