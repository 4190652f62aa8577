package library

import (
	"encoding/base64"
	"math/big"
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

// writeJSON writes a token as Newtonsoft does; indented by two spaces a level.
func writeJSON(t Token, indented bool) string {
	return string(appendToken(nil, t, indented, 0))
}

func appendToken(b []byte, t Token, indented bool, depth int) []byte {
	switch x := t.(type) {
	case *JObject:
		if len(x.props) == 0 {
			return append(b, "{}"...)
		}
		b = append(b, '{')
		for i, p := range x.props {
			if i > 0 {
				b = append(b, ',')
			}
			b = newLine(b, indented, depth+1)
			b = appendToken(b, p, indented, depth+1)
		}
		return append(newLine(b, indented, depth), '}')
	case *JProperty:
		b = append(appendJSONString(b, x.name), ':')
		if indented {
			b = append(b, ' ')
		}
		return appendToken(b, x.value, indented, depth)
	case *JArray:
		if len(x.items) == 0 {
			return append(b, "[]"...)
		}
		b = append(b, '[')
		for i, it := range x.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = newLine(b, indented, depth+1)
			b = appendToken(b, it, indented, depth+1)
		}
		return append(newLine(b, indented, depth), ']')
	case *JValue:
		return appendPrimitive(b, x.Value)
	}
	return append(b, "null"...)
}

func newLine(b []byte, indented bool, depth int) []byte {
	if !indented {
		return b
	}
	b = append(b, '\n')
	for i := 0; i < depth; i++ {
		b = append(b, ' ', ' ')
	}
	return b
}

func appendPrimitive(b []byte, v clr.Value) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendJSONString(b, x)
	case bool:
		return strconv.AppendBool(b, x)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case uint64:
		return strconv.AppendUint(b, x, 10)
	case *big.Int:
		return x.Append(b, 10)
	case float64:
		return append(b, jsonReal(clr.RoundTrip(x))...)
	case float32:
		return append(b, jsonReal(clr.RealText(float64(x), 7))...)
	case clr.Decimal:
		return append(b, jsonReal(x.String())...)
	case clr.DateTime:
		return appendJSONString(b, clr.FormatTime(x.Ticks, 0, x.Kind, "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"))
	case clr.DateTimeOffset:
		return appendJSONString(b, clr.FormatTime(x.Ticks, x.Offset, clr.KindLocal, "yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz"))
	case []byte:
		return appendJSONString(b, base64.StdEncoding.EncodeToString(x))
	}
	return appendJSONString(b, clr.Text(v))
}

// jsonReal marks a whole real number as one.
func jsonReal(s string) string {
	switch s {
	case "NaN", "Infinity", "-Infinity":
		return `"` + s + `"`
	}
	if strings.ContainsAny(s, ".eE") {
		return s
	}
	return s + ".0"
}

func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range clr.Valid(s) {
		switch r {
		case '"', '\\':
			b = append(b, '\\', byte(r))
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case 0x85, 0x2028, 0x2029:
			b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			if r < 0x20 {
				b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
				continue
			}
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}

// String is JValue.ToString(): the value's own text.
func (v *JValue) String() string { return clr.Text(v.Value) }

// String gives the indented JSON.
func (o *JObject) String() string { return writeJSON(o, true) }

// String gives the indented JSON.
func (p *JProperty) String() string { return writeJSON(p, true) }

// String gives the indented JSON.
func (a *JArray) String() string { return writeJSON(a, true) }

// RuntimeType names the .NET type.
func (o *JObject) RuntimeType() *clr.Type { return TypeJObject }

// RuntimeType names the .NET type.
func (p *JProperty) RuntimeType() *clr.Type { return typeJProperty }

// RuntimeType names the .NET type.
func (a *JArray) RuntimeType() *clr.Type { return typeJArray }

// RuntimeType names the .NET type.
func (v *JValue) RuntimeType() *clr.Type { return typeJValue }

// unwrap gives the primitive inside.
func (v *JValue) Unwrap() clr.Value { return v.Value }
