package clr

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"stile/policy/exchange"
)

// Text is ToString without the clean-up of half surrogate pairs.
func Text(v Value) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case bool:
		if x {
			return "True"
		}
		return "False"
	case int32:
		return strconv.Itoa(int(x))
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return RealText(x, 15)
	case float32:
		return RealText(float64(x), 7)
	case Char:
		return x.Text()
	case uint64:
		return strconv.FormatUint(x, 10)
	case uint8, int8, int16, uint16, uint32:
		return strconv.FormatInt(AsInt64(x), 10)
	case Enum:
		return x.String()
	case fmt.Stringer:
		return x.String()
	case KeyValue:
		return "[" + Text(x.Key) + ", " + Text(x.Value) + "]"
	case *Object:
		if x.Type.Is(TypeTuple) {
			items := make([]string, len(x.Values))
			for i, v := range x.Values {
				items[i] = Text(v)
			}
			return "(" + strings.Join(items, ", ") + ")"
		}
		if x.Type.Def.Anonymous == nil {
			return x.Type.FullName()
		}
		parts := make([]string, len(x.Values))
		for i, v := range x.Values {
			parts[i] = x.Type.Def.Anonymous[i] + " = " + Text(v)
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case *Exception:
		return x.String()
	case exchange.Redacted:
		return x.Reveal()
	case int, []string:
		return Text(Normal(x))
	}
	if t := TypeOf(v); t != nil {
		return t.FullName()
	}
	return fmt.Sprint(v)
}

// String gives the constant's name, names joined for flags, or the number.
func (e Enum) String() string {
	for i, n := range e.Type.Def.Numbers {
		if n == e.N {
			return e.Type.Def.Names[i]
		}
	}
	return strconv.Itoa(int(e.N))
}

// RealText is double.ToString() of the .NET Framework: up to 15 digits (7 for
// float), with an exponent from 1E+15 and below 1E-05.
func RealText(f float64, digits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	return general(strconv.FormatFloat(f, 'e', digits-1, 64), digits, "E+00")
}

// general lays out d.ddde±xx as .NET's G format does.
func general(s string, digits int, exponent string) string {
	mantissa, e, _ := strings.Cut(s, "e")
	exp, _ := strconv.Atoi(e)
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	all := strings.TrimRight(strings.Replace(mantissa, ".", "", 1), "0")
	if all == "" {
		return "0"
	}
	if exp >= digits || exp <= -5 {
		out := all[:1]
		if len(all) > 1 {
			out += "." + all[1:]
		}
		mark := exponent[:1]
		if exp < 0 {
			return fmt.Sprintf("%s%s%s-%02d", sign, out, mark, -exp)
		}
		return fmt.Sprintf("%s%s%s+%02d", sign, out, mark, exp)
	}
	switch {
	case exp < 0:
		return sign + "0." + strings.Repeat("0", -exp-1) + all
	case exp+1 >= len(all):
		return sign + all + strings.Repeat("0", exp+1-len(all))
	}
	return sign + all[:exp+1] + "." + all[exp+1:]
}

// ParseBool is bool.TryParse.
func ParseBool(s string) (value, ok bool) {
	switch strings.ToLower(strings.Trim(s, " \t\r\n\x00")) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}
