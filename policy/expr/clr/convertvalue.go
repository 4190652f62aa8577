package clr

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ChangeType is Convert.ChangeType in the invariant culture: what Convert.ToInt32
// and its like, and the reading of JSON values, do.
func ChangeType(m *Machine, v Value, to *Type) Value {
	v = Normal(v)
	if v == nil {
		if to.IsValue() && !to.Is(TypeNullable) {
			if to.IsNumeric() || Same(to, TypeBool) {
				return to.Zero()
			}
			m.Throw(TypeInvalidCast, "Null object cannot be converted to a value type.")
		}
		return nil
	}
	if j, ok := v.(wrapper); ok {
		return ChangeType(m, j.Unwrap(), to)
	}
	to = StripNullable(to)
	t := TypeOf(v)
	switch {
	case Same(to, TypeObject), Same(t, to):
		return v
	case Same(to, TypeString):
		return Text(v)
	case Same(to, TypeBool):
		return ToBoolean(m, v)
	case to.Is(TypeChar):
		if s, ok := v.(string); ok {
			if Length(s) != 1 {
				m.Throw(TypeFormat, "String must be exactly one character long.")
			}
			return UnitAt(s, 0)
		}
	case Same(to, TypeDateTime):
		switch x := v.(type) {
		case string:
			return ParseDateTime(m, x)
		case DateTimeOffset:
			return DateTime{x.Utc(), KindUTC}
		}
	case Same(to, TypeDateTimeOffset):
		switch x := v.(type) {
		case string:
			return ParseOffset(m, x)
		case DateTime:
			return OffsetOf(x)
		}
	case Same(to, TypeGuid):
		if s, ok := v.(string); ok {
			return ParseGUID(m, s)
		}
	case Same(to, TypeTimeSpan):
		if s, ok := v.(string); ok {
			d, ok := ParseSpan(s)
			if !ok {
				m.Throw(TypeFormat, "String was not recognized as a valid TimeSpan.")
			}
			return d
		}
	}
	if to.IsNumeric() {
		return toNumeric(m, v, to)
	}
	if t.Derives(to) {
		return v
	}
	m.Throw(TypeInvalidCast, fmt.Sprintf("Invalid cast from '%s' to '%s'.", t.FullName(), to.FullName()))
	return nil
}

// ToBoolean is Convert.ToBoolean.
func ToBoolean(m *Machine, v Value) Value {
	switch x := v.(type) {
	case bool:
		return x
	case string:
		b, ok := ParseBool(x)
		if !ok {
			m.Throw(TypeFormat, "String was not recognized as a valid Boolean.")
		}
		return b
	}
	if t := TypeOf(v); t.IsNumeric() && !t.Is(TypeChar) {
		return AsFloat(v) != 0
	}
	m.Throw(TypeInvalidCast, "Invalid cast to 'Boolean'.")
	return false
}

// toNumeric checks the range and rounds reals half to even, as Convert does.
func toNumeric(m *Machine, v Value, to *Type) Value {
	switch x := v.(type) {
	case string:
		return ParseNumber(m, x, to)
	case bool:
		return ToNumber(int32(Bit(x)), to)
	case Enum:
		v = x.N
	case Decimal:
		if to.IsIntegral() {
			v = x.Round(0, false)
		}
	case float64, float32:
		if to.IsIntegral() {
			f := math.RoundToEven(AsFloat(x))
			least, most := Limits(to)
			if f != f || f < float64(least) || f > float64(most) {
				m.Throw(TypeOverflow, "Value was either too large or too small for "+Articled(to)+".")
			}
			return ToNumber(f, to)
		}
	}
	t := TypeOf(v)
	if !t.IsNumeric() {
		m.Throw(TypeInvalidCast, fmt.Sprintf("Invalid cast from '%s' to '%s'.", t.Def.Name, to.Def.Name))
	}
	if to.IsIntegral() {
		if u, ok := v.(uint64); ok && u > math.MaxInt64 && !to.Is(TypeULong) || !FitsIn(AsInt64(v), to) {
			m.Throw(TypeOverflow, "Value was either too large or too small for "+Articled(to)+".")
		}
	}
	return ToNumber(v, to)
}

// ParseNumber is T.Parse; it throws FormatException or OverflowException.
func ParseNumber(m *Machine, s string, to *Type) Value {
	m.Work(len(s) / 64)
	v, fault := ReadNumber(s, to)
	switch fault {
	case "":
		return v
	case "range":
		m.Throw(TypeOverflow, "Value was either too large or too small for "+Articled(to)+".")
	}
	m.Throw(TypeFormat, "Input string was not in a correct format.")
	return nil
}

// ReadNumber reads text as NumberStyles.Integer or, for reals, Float with
// thousands. fault is "", "format" or "range".
func ReadNumber(s string, to *Type) (v Value, fault string) {
	s = strings.Trim(s, " \t\r\n\v\f\x00")
	if to.IsIntegral() {
		digits := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
		if digits == "" || strings.Trim(digits, "0123456789") != "" || len(s) > len(digits)+1 {
			return nil, "format"
		}
		if to.Is(TypeULong) {
			u, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64)
			if err != nil {
				return nil, "range"
			}
			return u, ""
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || !FitsIn(n, to) {
			return nil, "range"
		}
		return ToNumber(n, to), ""
	}
	switch s {
	case "NaN":
		return ToNumber(Nan, to), ""
	case "Infinity":
		return ToNumber(Infinity, to), ""
	case "-Infinity":
		return ToNumber(-Infinity, to), ""
	}
	clean := strings.ReplaceAll(s, ",", "")
	if clean == "" || strings.Trim(clean, "+-.0123456789eE") != "" || strings.HasPrefix(s, ",") {
		return nil, "format"
	}
	if to.Is(TypeDecimal) {
		if strings.ContainsAny(clean, "eE") {
			return nil, "format"
		}
		if _, err := strconv.ParseFloat(clean, 64); err != nil {
			return nil, "format"
		}
		d, ok := ParseDecimal(clean)
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
	return ToNumber(f, to), ""
}

// FromBase64 is Convert.FromBase64String; white space is passed over.
func FromBase64(m *Machine, s string) []byte {
	clean := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, s)
	b, err := base64.StdEncoding.DecodeString(clean)
	if err != nil {
		m.Throw(TypeFormat, "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters.")
	}
	m.Grow(len(b))
	return b
}
