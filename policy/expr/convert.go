package expr

import (
	"fmt"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
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
func widens(from, to *clr.Type) bool {
	f, t := from.Def.Rank, to.Def.Rank
	switch {
	case f == 0 || t == 0 || f >= t:
		return false
	case from.Is(clr.TypeChar):
		return t >= clr.TypeUShort.Def.Rank
	case to.Is(clr.TypeChar), to.Is(clr.TypeSByte):
		return false
	case to.Is(clr.TypeDecimal):
		return f < clr.TypeFloat.Def.Rank
	case t >= clr.TypeFloat.Def.Rank:
		return true
	}
	signedFrom, signedTo := clr.Signed(from), clr.Signed(to)
	return signedFrom == signedTo || signedTo // unsigned widens to a longer signed
}

// classify finds the implicit conversion of o to a type.
func (b *binder) classify(o operand, to *clr.Type) conversion {
	from := o.typ
	switch {
	case from == clr.TypeAny || to == clr.TypeAny || to == nil:
		return identity
	case o.lambda != nil:
		return b.classifyLambda(o.lambda, to)
	case from == nil || from == clr.TypeVoid || to == clr.TypeVoid:
		return impossible
	case from == clr.TypeNull:
		if o.never {
			return identity
		}
		if to.IsValue() {
			return impossible
		}
		return reference
	case clr.Same(from, to):
		return identity
	case o.tuple != nil && to.Is(clr.TypeTuple):
		return b.classifyTuple(o, to)
	case to.Is(clr.TypeNullable):
		return b.toNullable(o, to)
	case from.IsNumeric() && to.IsNumeric():
		if widens(from, to) || o.konst && fits(o, to) {
			return widening
		}
		return impossible
	case from.Derives(to):
		if from.IsValue() {
			return boxing
		}
		return reference
	case clr.Same(to, library.TypeJToken) && library.IsJSONSource(from):
		return userDefined
	case clr.Same(to, clr.TypeDateTimeOffset) && clr.Same(from, clr.TypeDateTime):
		return userDefined
	case to.IsEnum() && o.konst && from.IsIntegral() && clr.AsInt64(o.value) == 0:
		return widening
	case declared("op_Implicit", from, to) != nil:
		return userDefined
	}
	return impossible
}

func (b *binder) toNullable(o operand, to *clr.Type) conversion {
	inner := o
	if o.typ.Is(clr.TypeNullable) {
		inner.typ = o.typ.Args[0]
		inner.konst = false
	}
	c := b.classify(inner, to.Args[0])
	if c == identity {
		return widening
	}
	return c
}

// fits is the implicit constant conversion: an int constant to a shorter type.
func fits(o operand, to *clr.Type) bool {
	if !o.typ.IsIntegral() || o.typ.Is(clr.TypeChar) || !to.IsIntegral() || to.Is(clr.TypeChar) {
		return false
	}
	if o.typ.Def.Rank > clr.TypeInt.Def.Rank && !(clr.Same(o.typ, clr.TypeLong) && clr.Same(to, clr.TypeULong)) {
		return false
	}
	n := clr.AsInt64(o.value)
	return clr.FitsIn(n, to)
}

func (b *binder) converts(o operand, to *clr.Type) bool { return b.classify(o, to) != impossible }

// convertTo gives the code of an implicit conversion, and reports where there is none.
func (b *binder) convertTo(o operand, to *clr.Type) code {
	if o.lambda != nil {
		return b.lambdaTo(o.lambda, to)
	}
	if !b.converts(o, to) {
		b.cannot(o, to)
		return bad(o.Span).run
	}
	if o.tuple != nil && to.Is(clr.TypeTuple) {
		return b.tupleTo(o, to)
	}
	return implicitly(o.run, o.typ, to)
}

func (b *binder) cannot(o operand, to *clr.Type) {
	hint := ""
	switch {
	case o.typ == clr.TypeNull:
		b.fail("STL-E007", o.Span, "null cannot become "+to.String(), "")
		return
	case b.castable(o.typ, to):
		hint = fmt.Sprintf("a cast is needed: (%s)…", to)
	case clr.Same(to, clr.TypeString):
		hint = "call ToString()"
	}
	b.fail("STL-E007", o.Span, fmt.Sprintf("%s cannot become %s", o.typ, to), hint)
}

// implicitly wraps run in a conversion that classify allowed.
func implicitly(run code, from, to *clr.Type) code {
	if from == clr.TypeAny || to == clr.TypeAny || from == clr.TypeNull || clr.Same(from, to) || to == nil {
		return run
	}
	if to.Is(clr.TypeNullable) {
		inner := to.Args[0]
		src := from
		if from.Is(clr.TypeNullable) {
			src = from.Args[0]
		}
		if clr.Same(src, inner) {
			return run
		}
		return func(f *frame) clr.Value {
			v := run(f)
			if v == nil {
				return nil
			}
			return coerce(v, inner)
		}
	}
	switch {
	case from.IsNumeric() && to.IsNumeric():
		return func(f *frame) clr.Value { return clr.ToNumber(run(f), to) }
	case clr.Same(to, library.TypeJToken) && library.IsJSONSource(from):
		return func(f *frame) clr.Value { return library.TokenOf(f.m, run(f)) }
	case clr.Same(to, clr.TypeDateTimeOffset) && clr.Same(from, clr.TypeDateTime):
		return func(f *frame) clr.Value { return clr.OffsetOf(run(f).(clr.DateTime)) }
	case to.IsEnum() && from.IsNumeric():
		return func(f *frame) clr.Value { return clr.Enum{Type: to, N: int32(clr.AsInt64(run(f)))} }
	case !from.Derives(to):
		if m := declared("op_Implicit", from, to); m != nil {
			return convertBy(m, run, -1)
		}
	}
	return run
}

// coerce is an implicit conversion of a value that is there.
func coerce(v clr.Value, to *clr.Type) clr.Value {
	switch {
	case to.IsNumeric():
		return clr.ToNumber(v, to)
	case clr.Same(to, clr.TypeDateTimeOffset):
		if d, ok := v.(clr.DateTime); ok {
			return clr.OffsetOf(d)
		}
	}
	return v
}

// castable tells whether an explicit conversion between types exists.
func (b *binder) castable(from, to *clr.Type) bool {
	if from == clr.TypeAny || to == clr.TypeAny || from == clr.TypeNull && !to.IsValue() {
		return true
	}
	if from == nil || from == clr.TypeVoid || to == clr.TypeVoid || from == clr.TypeLambda || from == clr.TypeNull {
		return false
	}
	if from.Is(clr.TypeNullable) && !clr.Same(to, clr.TypeObject) {
		from = from.Args[0]
	}
	if to.Is(clr.TypeNullable) {
		to = to.Args[0]
	}
	numberLike := func(t *clr.Type) bool { return t.IsNumeric() || t.IsEnum() }
	switch {
	case clr.Same(from, to), numberLike(from) && numberLike(to), from.Derives(to), to.Derives(from):
		return true
	case from.Derives(library.TypeJToken) && (library.IsJSONSource(to)):
		return true
	case to.Derives(library.TypeJToken) && library.IsJSONSource(from), clr.Same(to, clr.TypeDateTimeOffset) && clr.Same(from, clr.TypeDateTime):
		return true
	case from.Def.Kind == clr.InterfaceKind && !to.IsValue(), to.Def.Kind == clr.InterfaceKind && !from.IsValue():
		return !to.Sealed() && !from.Sealed() || from.ElementType() != nil && to.Is(clr.TypeArray) || to.ElementType() != nil && from.Is(clr.TypeArray)
	}
	return false
}

func (b *binder) cast(n *syntax.Cast) operand {
	to := b.typeOf(n.To)
	o := b.value(n.Operand)
	if o.typ == clr.TypeAny || to == clr.TypeAny {
		return operand{Span: n.Span, typ: to, run: o.run}
	}
	if o.lambda != nil || b.converts(o, to) {
		run := b.convertTo(o, to)
		if o.konst && to.IsNumeric() {
			return constant(n.Span, to, clr.ToNumber(o.value, to))
		}
		if o.konst && clr.Same(o.typ, to) {
			return constant(n.Span, to, o.value)
		}
		return operand{Span: n.Span, typ: to, run: run}
	}
	if o.konst && o.typ.IsNumeric() && to.IsNumeric() {
		if to.IsIntegral() && !b.unchecked && !o.typ.Is(clr.TypeDecimal) && (clr.IsReal(o.value) && !clr.RealFits(clr.AsFloat(o.value), to) || !clr.IsReal(o.value) && !clr.FitsIn(clr.AsInt64(o.value), to)) {
			b.fail("STL-E013", n.Span, fmt.Sprintf("the constant %s does not fit in %s", clr.Text(o.value), to), "write unchecked(…) if the bits are meant")
			return bad(n.Span)
		}
		return constant(n.Span, to, clr.ToNumber(o.value, to))
	}
	if m := declared("op_Explicit", o.typ, to); m != nil {
		return operand{Span: n.Span, typ: to, call: true, run: convertBy(m, o.run, n.Span.At)}
	}
	if m := declared("op_Explicit", o.typ, clr.TypeInt); m != nil && to.IsNumeric() {
		// A number that the type has no operator for goes by way of int.
		run := convertBy(m, o.run, n.Span.At)
		return operand{Span: n.Span, typ: to, call: true, run: func(f *frame) clr.Value {
			return library.CastValue(f.m, run(f), clr.TypeInt, to)
		}}
	}
	if !b.castable(o.typ, to) {
		b.fail("STL-E007", n.Span, fmt.Sprintf("%s cannot be cast to %s", o.typ, to), castHint(o.typ, to))
		return bad(n.Span)
	}
	run, at, from := o.run, n.Span.At, o.typ
	if b.checked {
		run = checkedFor(run, from, to, at)
	}
	if library.IsJSONSource(from) && to.Derives(library.TypeJToken) {
		// JToken's own conversion comes first, then the cast to the derived class.
		run, from = b.convertTo(o, library.TypeJToken), library.TypeJToken
	}
	return operand{Span: n.Span, typ: to, run: func(f *frame) clr.Value {
		v := run(f)
		f.m.Pos = at
		return library.CastValue(f.m, v, from, to)
	}}
}

// checkedFor gives an OverflowException where a number does not fit in an integral
// type, as explicit conversions inside checked do.
func checkedFor(run code, from, to *clr.Type, at int) code {
	from, to = clr.StripNullable(from), clr.StripNullable(to)
	if !from.IsNumeric() || !to.IsIntegral() {
		return run
	}
	return func(f *frame) clr.Value {
		v := run(f)
		if v == nil {
			return nil
		}
		fits := false
		switch x := v.(type) {
		case float64, float32:
			fits = clr.RealFits(clr.AsFloat(x), to)
		case uint64:
			fits = to.Is(clr.TypeULong) || x < 1<<63 && clr.FitsIn(int64(x), to)
		case clr.Decimal:
			fits = true // the cast itself looks
		default:
			n := clr.AsInt64(x)
			fits = clr.FitsIn(n, to) && (n >= 0 || clr.Signed(to))
		}
		if !fits {
			f.m.Pos = at
			f.m.Throw(clr.TypeOverflow, "Arithmetic operation resulted in an overflow.")
		}
		return v
	}
}

func castHint(from, to *clr.Type) string {
	switch {
	case clr.Same(from, clr.TypeString) && to.IsNumeric():
		return fmt.Sprintf("use %s.Parse(…) or Convert", to)
	case clr.Same(to, clr.TypeString):
		return "call ToString()"
	}
	return ""
}
