package library

import (
	"math"
	"math/big"
	"regexp"
	"strconv"

	"stile/jsonata/library/picture"
	"stile/jsonata/value"
	"stile/jsonval"
)

var numberTable = []value.Native{
	{Name: "sum", Signature: "<a<n>:n>", Arity: 1, Call: given(sum)},
	{Name: "max", Signature: "<a<n>:n>", Arity: 1, Call: given(most(math.Max))},
	{Name: "min", Signature: "<a<n>:n>", Arity: 1, Call: given(most(math.Min))},
	{Name: "average", Signature: "<a<n>:n>", Arity: 1, Call: given(average)},
	{Name: "number", Signature: "<(nsb)-:n>", Arity: 1, Call: given(number)},
	{Name: "abs", Signature: "<n-:n>", Arity: 1, Call: ofNumber(math.Abs)},
	{Name: "floor", Signature: "<n-:n>", Arity: 1, Call: ofNumber(math.Floor)},
	{Name: "ceil", Signature: "<n-:n>", Arity: 1, Call: ofNumber(math.Ceil)},
	{Name: "round", Signature: "<n-n?:n>", Arity: 2, Call: given(round)},
	{Name: "sqrt", Signature: "<n-:n>", Arity: 1, Call: given(sqrt)},
	{Name: "power", Signature: "<n-n:n>", Arity: 2, Call: given(power)},
	{Name: "formatNumber", Signature: "<n-so?:s>", Arity: 3, Call: given(formatNumber)},
	{Name: "formatBase", Signature: "<n-n?:s>", Arity: 2, Call: given(formatBase)},
	{Name: "formatInteger", Signature: "<n-s:s>", Arity: 2, Call: given(formatInteger)},
	{Name: "parseInteger", Signature: "<s-s:n>", Arity: 2, Call: given(parseInteger)},
}

func total(c *value.Call, list value.Value) (sum float64, n int) {
	items := list.Items()
	c.Spend(1 + len(items))
	for _, item := range items {
		sum += item.Num()
	}
	return sum, len(items)
}

func sum(c *value.Call, args []value.Value) (value.Value, error) {
	sum, _ := total(c, args[0])
	return value.OfNumber(sum), nil
}

func average(c *value.Call, args []value.Value) (value.Value, error) {
	sum, n := total(c, args[0])
	if n == 0 {
		return value.Undefined, nil
	}
	return value.OfNumber(sum / float64(n)), nil
}

// most makes $max and $min.
func most(better func(a, b float64) float64) impl {
	return func(c *value.Call, args []value.Value) (value.Value, error) {
		items := args[0].Items()
		c.Spend(1 + len(items))
		if len(items) == 0 {
			return value.Undefined, nil
		}
		best := items[0].Num()
		for _, item := range items[1:] {
			best = better(best, item.Num())
		}
		return value.OfNumber(best), nil
	}
}

var (
	decimalForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$`)
	radixForm   = regexp.MustCompile(`^0([xX][0-9A-Fa-f]+|[oO][0-7]+|[bB][01]+)$`)
)

func number(c *value.Call, args []value.Value) (value.Value, error) {
	v := args[0]
	c.Spend(1 + len(v.Str())/8)
	switch {
	case v.IsNumber():
		return v, nil
	case v.Kind() == value.BoolKind:
		return value.OfNumber(v.Num()), nil
	case decimalForm.MatchString(v.Str()):
		if f, err := strconv.ParseFloat(v.Str(), 64); err == nil {
			return value.OfNumber(f), nil
		}
	case radixForm.MatchString(v.Str()):
		base := map[byte]float64{'x': 16, 'o': 8, 'b': 2}[v.Str()[1]|0x20]
		n := 0.0
		for _, d := range []byte(v.Str()[2:]) {
			digit, _ := strconv.ParseUint(string(d), 16, 8)
			n = n*base + float64(digit)
		}
		return value.OfNumber(n), nil
	}
	return value.Undefined, fault("D3030", v, 1)
}

func round(_ *value.Call, args []value.Value) (value.Value, error) {
	return value.OfNumber(picture.Round(args[0].Num(), arg(args, 1).Num())), nil
}

func sqrt(_ *value.Call, args []value.Value) (value.Value, error) {
	if args[0].Num() < 0 {
		return value.Undefined, fault("D3060", args[0], 1)
	}
	return value.OfNumber(math.Sqrt(args[0].Num())), nil
}

func power(_ *value.Call, args []value.Value) (value.Value, error) {
	exp := arg(args, 1)
	f := raised(args[0].Num(), exp.Num())
	if math.IsNaN(exp.Num()) {
		exp = value.Null
	}
	if exp.IsUndefined() || math.IsInf(f, 0) || math.IsNaN(f) {
		return value.Undefined, &value.Error{Code: "D3061", Value: args[0], Exp: exp, Index: 1}
	}
	return value.OfNumber(f), nil
}

// raised is x to the power of y, rounded once: math.Pow loses the last digits where
// y has a fraction. The fraction's bits are square roots of x.
func raised(x, y float64) float64 {
	whole, fraction := math.Modf(math.Abs(y))
	magnitude := y * math.Log2(math.Abs(x))
	if x == 0 || math.Abs(x) == 1 || whole >= 1<<62 || x < 0 && fraction != 0 || !(math.Abs(magnitude) < 1000) {
		return math.Pow(x, y)
	}
	const bits = 192
	result, root := big.NewFloat(1).SetPrec(bits), big.NewFloat(math.Abs(x)).SetPrec(bits)
	power := new(big.Float).Set(root)
	for n := uint64(whole); n > 0; n >>= 1 {
		if n&1 == 1 {
			result.Mul(result, power)
		}
		power.Mul(power, power)
	}
	for fraction > 0 {
		root.Sqrt(root)
		if fraction *= 2; fraction >= 1 {
			fraction--
			result.Mul(result, root)
		}
	}
	if y < 0 {
		result.Quo(big.NewFloat(1).SetPrec(bits), result)
	}
	f, _ := result.Float64()
	if x < 0 && math.Mod(whole, 2) == 1 {
		return -f
	}
	return f
}

func formatNumber(c *value.Call, args []value.Value) (value.Value, error) {
	options := picture.DefaultOptions()
	if o := arg(args, 2); o.IsObject() {
		members := o.Object().Members()
		c.Spend(len(members))
		for _, m := range members {
			s, err := value.Stringify(m.Value, false)
			if err != nil {
				return value.Undefined, err
			}
			options[m.Name] = s
		}
	}
	s, err := picture.FormatNumber(args[0].Num(), arg(args, 1).Str(), options, c)
	return value.OfString(s), pictured(err)
}

func formatInteger(c *value.Call, args []value.Value) (value.Value, error) {
	s, err := picture.FormatInteger(args[0].Num(), arg(args, 1).Str(), c)
	return value.OfString(s), pictured(err)
}

func parseInteger(c *value.Call, args []value.Value) (value.Value, error) {
	f, err := picture.ParseInteger(args[0].Str(), arg(args, 1).Str(), c)
	return value.OfNumber(f), pictured(err)
}

func formatBase(c *value.Call, args []value.Value) (value.Value, error) {
	f, radix := picture.Round(args[0].Num(), 0), 10.0
	if r := arg(args, 1); !r.IsUndefined() {
		radix = picture.Round(r.Num(), 0)
	}
	if !(radix >= 2 && radix <= 36) {
		return value.Undefined, fault("D3100", value.OfNumber(radix), 0)
	}
	if radix == 10 || math.IsInf(f, 0) || math.IsNaN(f) {
		return text(c, jsonval.FormatNumber(f)), nil
	}
	return text(c, inBase(f, radix)), nil
}

// inBase writes an integer as JavaScript does: digits that a double does not hold
// are zeros.
func inBase(f, radix float64) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	var out []byte
	rest := math.Abs(f)
	for rest >= 1<<53 {
		rest /= radix
		out = append(out, '0')
	}
	for rest = math.Floor(rest); ; rest = math.Floor(rest / radix) {
		out = append(out, digits[int(math.Mod(rest, radix))])
		if rest < radix {
			break
		}
	}
	if f < 0 {
		out = append(out, '-')
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

// pictured is a picture's fault as an error of the evaluation.
func pictured(err error) error {
	f, ok := err.(*picture.Fault)
	if !ok {
		return err
	}
	e := &value.Error{Code: f.Code, Text: f.Text}
	switch {
	case f.What != nil:
		e.Value = value.OfString(*f.What)
	case f.Number != nil:
		e.Value = value.OfNumber(*f.Number)
	}
	return e
}
