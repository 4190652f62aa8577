package library

import (
	"fmt"

	"stile/policy/expr/clr"
)

// jsonSources convert to JToken by its implicit operators.
var jsonSources = []*clr.Type{
	clr.TypeString, clr.TypeBool, clr.TypeInt, clr.TypeLong, clr.TypeDouble, clr.TypeFloat, clr.TypeDecimal, clr.TypeShort, clr.TypeUShort, clr.TypeUInt,
	clr.TypeULong, clr.TypeByte, clr.TypeSByte, clr.TypeDateTime, clr.TypeDateTimeOffset, clr.TypeTimeSpan, clr.TypeGuid, typeURI,
}

// IsJSONSource tells the types that JToken's conversion operators know.
func IsJSONSource(t *clr.Type) bool {
	if t.Is(clr.TypeNullable) {
		t = t.Args[0]
	}
	if t.Is(clr.TypeArray) {
		return t.Args[0].Is(clr.TypeByte)
	}
	for _, s := range jsonSources {
		if clr.Same(s, t) {
			return true
		}
	}
	return false
}

// CastValue is an explicit conversion at run time.
func CastValue(m *clr.Machine, v clr.Value, from, to *clr.Type) clr.Value {
	v = clr.Normal(v)
	if from.Derives(TypeJToken) && !to.Derives(TypeJToken) && !clr.Same(to, clr.TypeObject) && IsJSONSource(to) {
		return tokenTo(m, v, to)
	}
	inner := to
	if to.Is(clr.TypeNullable) {
		if v == nil {
			return nil
		}
		inner = to.Args[0]
	}
	if v == nil {
		if !to.IsValue() {
			return nil
		}
		if from.Is(clr.TypeNullable) {
			m.Throw(clr.TypeInvalidOperation, "Nullable object must have a value.")
		}
		m.Throw(clr.TypeNullReference, "Object reference not set to an instance of an object.")
	}
	if from.Is(clr.TypeNullable) {
		from = from.Args[0]
	}
	fromNumber, toNum := from.IsNumeric() || from.IsEnum(), inner.IsNumeric() || inner.IsEnum()
	switch {
	case fromNumber && toNum:
		return castNumber(m, v, inner)
	case clr.Same(inner, clr.TypeDateTimeOffset) && clr.Same(from, clr.TypeDateTime):
		return clr.OffsetOf(v.(clr.DateTime))
	}
	if t := clr.TypeOf(v); t == nil || !t.Derives(inner) {
		m.Throw(clr.TypeInvalidCast, fmt.Sprintf("Unable to cast object of type '%s' to type '%s'.", t.FullName(), inner.FullName()))
	}
	return v
}

func castNumber(m *clr.Machine, v clr.Value, to *clr.Type) clr.Value {
	if e, ok := v.(clr.Enum); ok {
		v = e.N
	}
	if to.IsEnum() {
		return clr.Enum{Type: to, N: int32(clr.AsInt64(v))}
	}
	if to.Is(clr.TypeDecimal) && clr.IsReal(v) {
		// decimal.MaxValue is 2⁹⁶ - 1.
		if f := clr.AsFloat(v); !(f > -0x1p96 && f < 0x1p96) {
			m.Throw(clr.TypeOverflow, "Value was either too large or too small for a Decimal.")
		}
	}
	if d, ok := v.(clr.Decimal); ok && to.IsIntegral() {
		n, fit := d.Truncate()
		if !fit || !clr.FitsIn(n, to) {
			m.Throw(clr.TypeOverflow, "Value was either too large or too small for "+clr.Articled(to)+".")
		}
		return clr.ToNumber(n, to)
	}
	return clr.ToNumber(v, to)
}

// IsInstance is the run-time test of is and as.
func IsInstance(v clr.Value, to *clr.Type) bool {
	v = clr.Normal(v)
	t := clr.TypeOf(v)
	if t == nil {
		return false
	}
	to = clr.StripNullable(to)
	return t.Derives(to)
}
