package expr

import (
	"fmt"
)

// conversion tells how good an implicit conversion is; smaller is better.
type conversion int

const (
	identity conversion = iota
	widening
	reference
	boxing
	userDefined
	impossible
)

// widens is C#'s implicit numeric conversion by type.
func widens(from, to *Type) bool {
	f, t := from.def.rank, to.def.rank
	switch {
	case f == 0 || t == 0 || f >= t:
		return false
	case from.is(typeChar):
		return t >= typeUShort.def.rank
	case to.is(typeChar), to.is(typeSByte):
		return false
	case to.is(typeDecimal):
		return f < typeFloat.def.rank
	case t >= typeFloat.def.rank:
		return true
	}
	signedFrom, signedTo := signed(from), signed(to)
	return signedFrom == signedTo || signedTo // unsigned widens to a longer signed
}

// classify finds the implicit conversion of o to a type.
func (b *binder) classify(o operand, to *Type) conversion {
	from := o.typ
	switch {
	case from == typeAny || to == typeAny || to == nil:
		return identity
	case o.lambda != nil:
		return b.classifyLambda(o.lambda, to)
	case from == nil || from == typeVoid || to == typeVoid:
		return impossible
	case from == typeNull:
		if o.never {
			return identity
		}
		if to.isValue() {
			return impossible
		}
		return reference
	case same(from, to):
		return identity
	case to.is(typeNullable):
		return b.toNullable(o, to)
	case from.isNumeric() && to.isNumeric():
		if widens(from, to) || o.konst && fits(o, to) {
			return widening
		}
		return impossible
	case from.derives(to):
		if from.isValue() {
			return boxing
		}
		return reference
	case same(to, typeJToken) && isJSONSource(from):
		return userDefined
	case same(to, typeDateTimeOffset) && same(from, typeDateTime):
		return userDefined
	case to.isEnum() && o.konst && from.isIntegral() && asInt64(o.value) == 0:
		return widening
	}
	return impossible
}

func (b *binder) toNullable(o operand, to *Type) conversion {
	inner := o
	if o.typ.is(typeNullable) {
		inner.typ = o.typ.args[0]
		inner.konst = false
	}
	c := b.classify(inner, to.args[0])
	if c == identity {
		return widening
	}
	return c
}

// fits is the implicit constant conversion: an int constant to a shorter type.
func fits(o operand, to *Type) bool {
	if !o.typ.isIntegral() || o.typ.is(typeChar) || !to.isIntegral() || to.is(typeChar) {
		return false
	}
	if o.typ.def.rank > typeInt.def.rank && !(same(o.typ, typeLong) && same(to, typeULong)) {
		return false
	}
	n := asInt64(o.value)
	return fitsIn(n, to)
}

func (b *binder) converts(o operand, to *Type) bool { return b.classify(o, to) != impossible }

// convertTo gives the code of an implicit conversion, and reports where there is none.
func (b *binder) convertTo(o operand, to *Type) code {
	if o.lambda != nil {
		return b.lambdaTo(o.lambda, to)
	}
	if !b.converts(o, to) {
		b.cannot(o, to)
		return bad(o.span).run
	}
	return implicitly(o.run, o.typ, to)
}

func (b *binder) cannot(o operand, to *Type) {
	hint := ""
	switch {
	case o.typ == typeNull:
		b.fail("STL-E007", o.span, "null cannot become "+to.String(), "")
		return
	case b.castable(o.typ, to):
		hint = fmt.Sprintf("a cast is needed: (%s)…", to)
	case same(to, typeString):
		hint = "call ToString()"
	}
	b.fail("STL-E007", o.span, fmt.Sprintf("%s cannot become %s", o.typ, to), hint)
}

// implicitly wraps run in a conversion that classify allowed.
func implicitly(run code, from, to *Type) code {
	if from == typeAny || to == typeAny || from == typeNull || same(from, to) || to == nil {
		return run
	}
	if to.is(typeNullable) {
		inner := to.args[0]
		src := from
		if from.is(typeNullable) {
			src = from.args[0]
		}
		if same(src, inner) {
			return run
		}
		return func(f *frame) Value {
			v := run(f)
			if v == nil {
				return nil
			}
			return coerce(v, inner)
		}
	}
	switch {
	case from.isNumeric() && to.isNumeric():
		return func(f *frame) Value { return toNumber(run(f), to) }
	case same(to, typeJToken) && isJSONSource(from):
		return func(f *frame) Value { return tokenOf(f.m, run(f)) }
	case same(to, typeDateTimeOffset) && same(from, typeDateTime):
		return func(f *frame) Value { return offsetOf(run(f).(DateTime)) }
	case to.isEnum() && from.isNumeric():
		return func(f *frame) Value { return Enum{to, int32(asInt64(run(f)))} }
	}
	return run
}

// coerce is an implicit conversion of a value that is there.
func coerce(v Value, to *Type) Value {
	switch {
	case to.isNumeric():
		return toNumber(v, to)
	case same(to, typeDateTimeOffset):
		if d, ok := v.(DateTime); ok {
			return offsetOf(d)
		}
	}
	return v
}

// castable tells whether an explicit conversion between types exists.
func (b *binder) castable(from, to *Type) bool {
	if from == typeAny || to == typeAny || from == typeNull && !to.isValue() {
		return true
	}
	if from == nil || from == typeVoid || to == typeVoid || from == typeLambda || from == typeNull {
		return false
	}
	if from.is(typeNullable) && !same(to, typeObject) {
		from = from.args[0]
	}
	if to.is(typeNullable) {
		to = to.args[0]
	}
	numberLike := func(t *Type) bool { return t.isNumeric() || t.isEnum() }
	switch {
	case same(from, to), numberLike(from) && numberLike(to), from.derives(to), to.derives(from):
		return true
	case from.derives(typeJToken) && (isJSONSource(to)):
		return true
	case same(to, typeJToken) && isJSONSource(from), same(to, typeDateTimeOffset) && same(from, typeDateTime):
		return true
	case from.def.kind == interfaceKind && !to.isValue() && !same(to, typeString), to.def.kind == interfaceKind && !from.isValue() && !same(from, typeString):
		return !from.is(typeArray) && !to.is(typeArray) || from.def.kind == interfaceKind && from.elementType() != nil
	}
	return false
}

func (b *binder) cast(n *cast) operand {
	to := b.typeOf(n.to)
	o := b.value(n.operand)
	if o.typ == typeAny || to == typeAny {
		return operand{span: n.span, typ: to, run: o.run}
	}
	if o.lambda != nil || b.converts(o, to) {
		run := b.convertTo(o, to)
		if o.konst && to.isNumeric() {
			return constant(n.span, to, toNumber(o.value, to))
		}
		return operand{span: n.span, typ: to, run: run}
	}
	if o.konst && o.typ.isNumeric() && to.isNumeric() {
		if to.isIntegral() && !b.unchecked && !o.typ.is(typeDecimal) && (isReal(o.value) && !realFits(asFloat(o.value), to) || !isReal(o.value) && !fitsIn(asInt64(o.value), to)) {
			b.fail("STL-E013", n.span, fmt.Sprintf("the constant %s does not fit in %s", text(o.value), to), "write unchecked(…) if the bits are meant")
			return bad(n.span)
		}
		return constant(n.span, to, toNumber(o.value, to))
	}
	if !b.castable(o.typ, to) {
		b.fail("STL-E007", n.span, fmt.Sprintf("%s cannot be cast to %s", o.typ, to), castHint(o.typ, to))
		return bad(n.span)
	}
	run, at, from := o.run, n.span.at, o.typ
	return operand{span: n.span, typ: to, run: func(f *frame) Value {
		v := run(f)
		f.m.pos = at
		return castValue(f.m, v, from, to)
	}}
}

func castHint(from, to *Type) string {
	switch {
	case same(from, typeString) && to.isNumeric():
		return fmt.Sprintf("use %s.Parse(…) or Convert", to)
	case same(to, typeString):
		return "call ToString()"
	}
	return ""
}
