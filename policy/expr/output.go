package expr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/library/xlinq"
)

// ToText gives .NET's ToString() in the invariant culture, as API Management
// writes an expression's value into a header, an attribute or a body: null is "",
// bools are True and False, a JSON token is indented.
func ToText(v any) string { return clr.Valid(clr.Text(clr.Normal(v))) }

// ErrNotBool and ErrNotInt say that a value has no reading of that kind.
var (
	ErrNotBool = errors.New("the expression's value is no boolean")
	ErrNotInt  = errors.New("the expression's value is no whole number")
)

// ToBool reads a condition: a bool, or text that bool.Parse takes.
func ToBool(v any) (bool, error) {
	switch x := clr.Normal(v).(type) {
	case bool:
		return x, nil
	case *library.JValue:
		if b, ok := x.Value.(bool); ok {
			return b, nil
		}
		return ToBool(clr.Text(x))
	case string:
		if b, ok := clr.ParseBool(x); ok {
			return b, nil
		}
	}
	return false, fmt.Errorf("%w: %s", ErrNotBool, brief(v))
}

// ToInt reads an attribute that is a whole number, such as calls or a status code.
func ToInt(v any) (int64, error) {
	v = clr.Normal(v)
	if j, ok := v.(*library.JValue); ok {
		v = clr.Normal(j.Value)
	}
	switch x := v.(type) {
	case string:
		if n, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64); err == nil {
			return n, nil
		}
	case float64, float32, clr.Decimal:
		if f := clr.AsFloat(x); f == math.Trunc(f) && math.Abs(f) < 1<<62 {
			return int64(f), nil
		}
	case nil, bool:
	default:
		if t := clr.TypeOf(v); t.IsIntegral() {
			return clr.AsInt64(v), nil
		}
	}
	return 0, fmt.Errorf("%w: %s", ErrNotInt, brief(v))
}

func brief(v clr.Value) string {
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
	switch x := clr.Normal(v).(type) {
	case nil:
		return nil, ""
	case []byte:
		return x, "application/octet-stream"
	case library.Token:
		return []byte(ToText(x)), "application/json"
	case string:
		return []byte(clr.Valid(x)), ""
	default:
		if xlinq.IsXML(x) {
			return []byte(clr.Valid(xlinq.BodyText(x))), "application/xml"
		}
		return []byte(ToText(x)), ""
	}
}
