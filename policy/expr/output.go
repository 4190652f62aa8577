package expr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ToText gives .NET's ToString() in the invariant culture, as API Management
// writes an expression's value into a header, an attribute or a body: null is "",
// bools are True and False, a JSON token is indented.
func ToText(v any) string { return valid(text(normal(v))) }

// ErrNotBool and ErrNotInt say that a value has no reading of that kind.
var (
	ErrNotBool = errors.New("the expression's value is no boolean")
	ErrNotInt  = errors.New("the expression's value is no whole number")
)

// ToBool reads a condition: a bool, or text that bool.Parse takes.
func ToBool(v any) (bool, error) {
	switch x := normal(v).(type) {
	case bool:
		return x, nil
	case *JValue:
		if b, ok := x.value.(bool); ok {
			return b, nil
		}
		return ToBool(text(x))
	case string:
		if b, ok := parseBool(x); ok {
			return b, nil
		}
	}
	return false, fmt.Errorf("%w: %s", ErrNotBool, brief(v))
}

// ToInt reads an attribute that is a whole number, such as calls or a status code.
func ToInt(v any) (int64, error) {
	v = normal(v)
	if j, ok := v.(*JValue); ok {
		v = normal(j.value)
	}
	switch x := v.(type) {
	case string:
		if n, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64); err == nil {
			return n, nil
		}
	case float64, float32, Decimal:
		if f := asFloat(x); f == math.Trunc(f) && math.Abs(f) < 1<<62 {
			return int64(f), nil
		}
	case nil, bool:
	default:
		if t := typeOf(v); t.isIntegral() {
			return asInt64(v), nil
		}
	}
	return 0, fmt.Errorf("%w: %s", ErrNotInt, brief(v))
}

func brief(v Value) string {
	s := ToText(v)
	if v == nil {
		return "null"
	}
	if len(s) > 60 {
		s = s[:57] + "..."
	}
	return strconv.Quote(s)
}

// ToBody gives the bytes of set-body. contentType is what the value suggests, ""
// where it suggests none; set-body itself changes no header.
func ToBody(v any) (body []byte, contentType string) {
	switch x := normal(v).(type) {
	case nil:
		return nil, ""
	case []byte:
		return x, "application/octet-stream"
	case token:
		return []byte(ToText(x)), "application/json"
	case string:
		return []byte(valid(x)), ""
	default:
		return []byte(ToText(x)), ""
	}
}
