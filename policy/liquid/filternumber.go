package liquid

import (
	"math"
	"math/big"
	"strings"

	"stile/policy/expr/clr"
)

// number reads text as NumberStyles.Number does, else gives what a number is.
func number(v any) (float64, bool) {
	s := strings.TrimSpace(textOf(v))
	if strings.ContainsAny(s, "eE") || s == "" {
		if f, ok := v.(float64); ok {
			return f, true
		}
		return 0, false
	}
	n, fault := clr.ReadNumber(s, clr.TypeDouble)
	if fault != "" {
		return 0, false
	}
	return clr.AsFloat(n), true
}

// present throws what input.ToString() throws of null.
func (r *render) present(v any) {
	if v == nil {
		r.m.Throw(clr.TypeException, "Object reference not set to an instance of an object.")
	}
}

func abs(r *render, in any, _ []any) any {
	r.present(in)
	n, _ := number(in)
	return math.Abs(n)
}

func atLeast(r *render, in any, args []any) any { return r.bounded(in, args[0], math.Max) }

func atMost(r *render, in any, args []any) any { return r.bounded(in, args[0], math.Min) }

func (r *render) bounded(in, by any, choose func(x, y float64) float64) any {
	r.present(in)
	r.present(by)
	x, isNumber := number(in)
	y, alsoNumber := number(by)
	if !isNumber || !alsoNumber {
		return in
	}
	return choose(x, y)
}

// decimalOf reads a number as a decimal.
func decimalOf(v any) (clr.Decimal, bool) {
	switch x := v.(type) {
	case string:
		d, fault := clr.ReadNumber(x, clr.TypeDecimal)
		out, ok := d.(clr.Decimal)
		return out, ok && fault == ""
	case clr.Decimal:
		return x, true
	}
	if !simple(v) || !clr.TypeOf(v).IsNumeric() {
		return clr.Decimal{}, false
	}
	if f, ok := v.(float64); ok && !(math.Abs(f) < 7.9e28) {
		return clr.Decimal{}, false
	}
	d, ok := clr.AsDecimal(v).(clr.Decimal)
	return d, ok
}

func ceil(r *render, in any, _ []any) any { return r.stepped(in, 1) }

func floor(r *render, in any, _ []any) any { return r.stepped(in, -1) }

// stepped goes to the next whole number in a direction.
func (r *render) stepped(in any, way int) any {
	r.present(in)
	d, ok := decimalOf(textOf(in))
	if !ok {
		return nil
	}
	q, rest := new(big.Int).QuoRem(d.Coefficient(), clr.Pow10(d.Scale), new(big.Int))
	if rest.Sign() == way {
		q.Add(q, big.NewInt(int64(way)))
	}
	out, _ := clr.ParseDecimal(q.String())
	return out
}

// round rounds half to even; null where the input is no number.
func round(r *render, in any, args []any) any {
	places := int64(0)
	if args[0] != nil {
		n, ok := r.tryChange(args[0], int32(0))
		if !ok || n.(int32) < 0 || n.(int32) > 28 {
			return nil
		}
		places = int64(n.(int32))
	}
	if in == nil {
		in = int32(0)
	}
	d, ok := decimalOf(in)
	if !ok {
		return nil
	}
	return d.Round(int(places), false)
}

// plus joins text, and adds numbers.
func plus(r *render, in any, args []any) any {
	if s, ok := in.(string); ok {
		return r.m.Text(s + textOf(args[0]))
	}
	return arithmetic("+")(r, in, args)
}

// times repeats text, and multiplies numbers.
func times(r *render, in any, args []any) any {
	s, text := in.(string)
	n, isWhole := indexOf(args[0])
	if !text || !isWhole {
		return arithmetic("*")(r, in, args)
	}
	if n < 0 {
		r.m.Throw(clr.TypeArgumentRange, "Specified argument was out of the range of valid values.\nParameter name: count")
	}
	r.m.Grow(int(min(n, 1<<32)) * (len(s) + 16))
	out := make(List, n)
	for i := range out {
		out[i] = s
	}
	return out
}

// methods name the operators as .NET's expression trees do.
var methods = map[string]string{"+": "AddChecked", "-": "SubtractChecked", "*": "MultiplyChecked", "/": "Divide", "%": "Modulo"}

// arithmetic computes with decimals where a side is real, else with integers,
// checked.
func arithmetic(op string) func(r *render, in any, args []any) any {
	return func(r *render, in any, args []any) any {
		by := args[0]
		if in == nil || by == nil {
			return nil
		}
		for _, v := range []any{in, by} {
			if !simple(v) || !clr.TypeOf(v).IsNumeric() {
				r.m.Throw(clr.TypeInvalidOperation, "The binary operator "+methods[op]+" is not defined for the types '"+typeName(in)+"' and '"+typeName(by)+"'.")
			}
		}
		if clr.IsReal(in) || clr.IsReal(by) {
			return r.real(op, in, by)
		}
		t := clr.Promoted(clr.TypeOf(in), clr.TypeOf(by))
		return clr.NumberOp(r.m, op, clr.ToNumber(in, t), clr.ToNumber(by, t), op != "/" && op != "%")
	}
}

// real computes with decimals, and with doubles where those do not suffice.
func (r *render) real(op string, in, by any) (out any) {
	x, ok := decimalOf(in)
	y, also := decimalOf(by)
	if ok && also {
		out, ok = r.tryDecimal(op, x, y)
	}
	if ok && also {
		return out
	}
	return clr.NumberOp(r.m, op, clr.AsFloat(in), clr.AsFloat(by), false)
}

// tryDecimal computes; ok is false on an overflow or a division by zero.
func (r *render) tryDecimal(op string, x, y clr.Decimal) (out any, ok bool) {
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case *clr.Thrown:
			out, ok = nil, false
		default:
			panic(fault)
		}
	}()
	return clr.DecimalOp(r.m, op, x, y), true
}

// currency writes ¤ amounts of the invariant culture, and of en-US, the only other
// one here.
func currency(r *render, in any, args []any) any {
	r.present(in)
	sign := "¤"
	switch strings.ToLower(strings.TrimSpace(given(args[0]))) {
	case "":
	case "en-us":
		sign = "$"
	default:
		r.m.Throw(clr.TypeArgument, "Culture is not supported.\nParameter name: name\n"+given(args[0])+" is an invalid culture identifier.")
	}
	d, ok := decimalOf(in)
	if !ok {
		return textOf(in)
	}
	text := clr.FormatNumber(r.m, d, "N2")
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		if sign == "$" {
			return "-" + sign + rest
		}
		return "(" + sign + rest + ")"
	}
	return sign + text
}

// date lays out a time by a .NET format; text that is no time stays.
func date(r *render, in any, args []any) any {
	if in == nil {
		return nil
	}
	format := given(args[0])
	at, ok := in.(clr.DateTime)
	if !ok {
		text := textOf(in)
		switch {
		case strings.EqualFold(text, "now"), strings.EqualFold(text, "today"):
			at = clr.DateTime{Ticks: clr.TicksOf(r.m.Now()), Kind: clr.KindLocal}
		case blank(format):
			return text
		default:
			if at, ok = clr.TryDate(text); !ok {
				return text
			}
		}
	}
	if blank(format) {
		return at.String()
	}
	return r.m.Text(clr.Format(r.m, at, format))
}
