package expr

import (
	"fmt"
)

// jsonSources convert to JToken by its implicit operators.
var jsonSources = []*Type{
	typeString, typeBool, typeInt, typeLong, typeDouble, typeFloat, typeDecimal, typeShort, typeUShort, typeUInt,
	typeULong, typeByte, typeSByte, typeDateTime, typeDateTimeOffset, typeTimeSpan, typeGuid, typeURI,
}

func isJSONSource(t *Type) bool {
	if t.is(typeNullable) {
		t = t.args[0]
	}
	if t.is(typeArray) {
		return t.args[0].is(typeByte)
	}
	for _, s := range jsonSources {
		if same(s, t) {
			return true
		}
	}
	return false
}

// castValue is an explicit conversion at run time.
func castValue(m *machine, v Value, from, to *Type) Value {
	v = normal(v)
	if from.derives(typeJToken) && !to.derives(typeJToken) && !same(to, typeObject) && isJSONSource(to) {
		return tokenTo(m, v, to)
	}
	inner := to
	if to.is(typeNullable) {
		if v == nil {
			return nil
		}
		inner = to.args[0]
	}
	if v == nil {
		if !to.isValue() {
			return nil
		}
		if from.is(typeNullable) {
			m.throw(typeInvalidOperation, "Nullable object must have a value.")
		}
		m.throw(typeNullReference, "Object reference not set to an instance of an object.")
	}
	if from.is(typeNullable) {
		from = from.args[0]
	}
	fromNumber, toNum := from.isNumeric() || from.isEnum(), inner.isNumeric() || inner.isEnum()
	switch {
	case fromNumber && toNum:
		return castNumber(m, v, inner)
	case same(inner, typeDateTimeOffset) && same(from, typeDateTime):
		return offsetOf(v.(DateTime))
	}
	if t := typeOf(v); t == nil || !t.derives(inner) && !compatible(v, inner) {
		m.throw(typeInvalidCast, fmt.Sprintf("Unable to cast object of type '%s' to type '%s'.", t.fullName(), inner.fullName()))
	}
	return v
}

func castNumber(m *machine, v Value, to *Type) Value {
	if e, ok := v.(Enum); ok {
		v = e.n
	}
	if to.isEnum() {
		return Enum{to, int32(asInt64(v))}
	}
	if d, ok := v.(Decimal); ok && to.isIntegral() {
		n, fit := d.truncate()
		if !fit || !fitsIn(n, to) {
			m.throw(typeOverflow, "Value was either too large or too small for "+articled(to)+".")
		}
		return toNumber(n, to)
	}
	return toNumber(v, to)
}

// isInstance is the run-time test of is and as.
func isInstance(v Value, to *Type) bool {
	v = normal(v)
	t := typeOf(v)
	if t == nil {
		return false
	}
	to = stripNullable(to)
	return t.derives(to) || compatible(v, to)
}
