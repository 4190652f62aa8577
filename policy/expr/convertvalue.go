package expr

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// changeType is Convert.ChangeType in the invariant culture: what Convert.ToInt32
// and its like, and the reading of JSON values, do.
func changeType(m *machine, v Value, to *Type) Value {
	v = normal(v)
	if v == nil {
		if to.isValue() && !to.is(typeNullable) {
			if to.isNumeric() || same(to, typeBool) {
				return to.zero()
			}
			m.throw(typeInvalidCast, "Null object cannot be converted to a value type.")
		}
		return nil
	}
	if j, ok := v.(wrapper); ok {
		return changeType(m, j.unwrap(), to)
	}
	to = stripNullable(to)
	t := typeOf(v)
	switch {
	case same(to, typeObject), same(t, to):
		return v
	case same(to, typeString):
		return text(v)
	case same(to, typeBool):
		return toBoolean(m, v)
	case to.is(typeChar):
		if s, ok := v.(string); ok {
			if length(s) != 1 {
				m.throw(typeFormat, "String must be exactly one character long.")
			}
			return unitAt(s, 0)
		}
	case same(to, typeDateTime):
		switch x := v.(type) {
		case string:
			return parseDateTime(m, x)
		case DateTimeOffset:
			return DateTime{x.utc(), kindUTC}
		}
	case same(to, typeDateTimeOffset):
		switch x := v.(type) {
		case string:
			return parseOffset(m, x)
		case DateTime:
			return offsetOf(x)
		}
	case same(to, typeGuid):
		if s, ok := v.(string); ok {
			return parseGUID(m, s)
		}
	case same(to, typeTimeSpan):
		if s, ok := v.(string); ok {
			d, ok := parseSpan(s)
			if !ok {
				m.throw(typeFormat, "String was not recognized as a valid TimeSpan.")
			}
			return d
		}
	}
	if to.isNumeric() {
		return toNumeric(m, v, to)
	}
	if t.derives(to) || compatible(v, to) {
		return v
	}
	m.throw(typeInvalidCast, fmt.Sprintf("Invalid cast from '%s' to '%s'.", t.fullName(), to.fullName()))
	return nil
}

func toBoolean(m *machine, v Value) Value {
	switch x := v.(type) {
	case bool:
		return x
	case string:
		b, ok := parseBool(x)
		if !ok {
			m.throw(typeFormat, "String was not recognized as a valid Boolean.")
		}
		return b
	}
	if t := typeOf(v); t.isNumeric() && !t.is(typeChar) {
		return asFloat(v) != 0
	}
	m.throw(typeInvalidCast, "Invalid cast to 'Boolean'.")
	return false
}

// toNumeric checks the range and rounds reals half to even, as Convert does.
func toNumeric(m *machine, v Value, to *Type) Value {
	switch x := v.(type) {
	case string:
		return parseNumber(m, x, to)
	case bool:
		return toNumber(int32(bit(x)), to)
	case Enum:
		v = x.n
	case Decimal:
		if to.isIntegral() {
			v = x.round(0, false)
		}
	case float64, float32:
		if to.isIntegral() {
			f := math.RoundToEven(asFloat(x))
			least, most := limits(to)
			if f != f || f < float64(least) || f > float64(most) {
				m.throw(typeOverflow, "Value was either too large or too small for "+articled(to)+".")
			}
			return toNumber(f, to)
		}
	}
	t := typeOf(v)
	if !t.isNumeric() {
		m.throw(typeInvalidCast, fmt.Sprintf("Invalid cast from '%s' to '%s'.", t.def.name, to.def.name))
	}
	if to.isIntegral() {
		if u, ok := v.(uint64); ok && u > math.MaxInt64 && !to.is(typeULong) || !fitsIn(asInt64(v), to) {
			m.throw(typeOverflow, "Value was either too large or too small for "+articled(to)+".")
		}
	}
	return toNumber(v, to)
}

// parseNumber is T.Parse; it throws FormatException or OverflowException.
func parseNumber(m *machine, s string, to *Type) Value {
	v, fault := readNumber(s, to)
	switch fault {
	case "":
		return v
	case "range":
		m.throw(typeOverflow, "Value was either too large or too small for "+articled(to)+".")
	}
	m.throw(typeFormat, "Input string was not in a correct format.")
	return nil
}

// readNumber reads text as NumberStyles.Integer or, for reals, Float with
// thousands. fault is "", "format" or "range".
func readNumber(s string, to *Type) (v Value, fault string) {
	s = strings.Trim(s, " \t\r\n\v\f\x00")
	if to.isIntegral() {
		digits := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
		if digits == "" || strings.Trim(digits, "0123456789") != "" || len(s) > len(digits)+1 {
			return nil, "format"
		}
		if to.is(typeULong) {
			u, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64)
			if err != nil {
				return nil, "range"
			}
			return u, ""
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || !fitsIn(n, to) {
			return nil, "range"
		}
		return toNumber(n, to), ""
	}
	switch s {
	case "NaN":
		return toNumber(nan, to), ""
	case "Infinity":
		return toNumber(infinity, to), ""
	case "-Infinity":
		return toNumber(-infinity, to), ""
	}
	clean := strings.ReplaceAll(s, ",", "")
	if clean == "" || strings.Trim(clean, "+-.0123456789eE") != "" || strings.HasPrefix(s, ",") {
		return nil, "format"
	}
	if to.is(typeDecimal) {
		if strings.ContainsAny(clean, "eE") {
			return nil, "format"
		}
		if _, err := strconv.ParseFloat(clean, 64); err != nil {
			return nil, "format"
		}
		d, ok := parseDecimal(clean)
		if !ok {
			return nil, "range"
		}
		return d, ""
	}
	f, err := strconv.ParseFloat(clean, 64)
	if err != nil {
		if math.IsInf(f, 0) {
			return nil, "range"
		}
		return nil, "format"
	}
	return toNumber(f, to), ""
}

func fromBase64(m *machine, s string) []byte {
	clean := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, s)
	b, err := base64.StdEncoding.DecodeString(clean)
	if err != nil {
		m.throw(typeFormat, "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters.")
	}
	m.grow(len(b))
	return b
}
