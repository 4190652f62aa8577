package expr

import (
	"math/big"
	"strconv"
	"strings"
)

// Decimal is System.Decimal: a 96-bit coefficient over a power of ten from 0 to
// 28. The zero Decimal is 0.
type Decimal struct {
	n     *big.Int
	scale int
}

const maxScale = 28

var maxCoefficient = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 96), big.NewInt(1))

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func (d Decimal) coefficient() *big.Int {
	if d.n == nil {
		return new(big.Int)
	}
	return d.n
}

// makeDecimal rounds half to even until the coefficient fits; ok is false where
// the whole part alone is too large.
func makeDecimal(n *big.Int, scale int) (d Decimal, ok bool) {
	drop := max(0, scale-maxScale)
	for {
		r := divideRounded(n, pow10(drop))
		if new(big.Int).Abs(r).Cmp(maxCoefficient) <= 0 {
			return Decimal{r, scale - drop}, true
		}
		if drop >= scale {
			return Decimal{}, false
		}
		drop++
	}
}

// divideRounded divides and rounds half to even.
func divideRounded(n, by *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(n, by, new(big.Int))
	twice := new(big.Int).Abs(r)
	twice.Lsh(twice, 1)
	if c := twice.Cmp(new(big.Int).Abs(by)); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(int64(n.Sign()*by.Sign())))
	}
	return q
}

// parseDecimal reads digits with an optional sign, point and exponent.
func parseDecimal(s string) (Decimal, bool) {
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e > 100 || e < -100 {
			return Decimal{}, false
		}
		mantissa, exp = s[:i], e
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	n, ok := new(big.Int).SetString(whole+frac, 10)
	if !ok || len(whole)+len(frac) > 200 {
		return Decimal{}, false
	}
	scale := len(frac) - exp
	if scale < 0 {
		n.Mul(n, pow10(-scale))
		scale = 0
	}
	return makeDecimal(n, scale)
}

func asDecimal(v Value) Value {
	switch x := v.(type) {
	case Decimal:
		return x
	case uint64:
		return Decimal{new(big.Int).SetUint64(x), 0}
	case float64:
		d, _ := parseDecimal(strconv.FormatFloat(x, 'g', 15, 64))
		return d
	case float32:
		d, _ := parseDecimal(strconv.FormatFloat(float64(x), 'g', 7, 32))
		return d
	}
	return Decimal{big.NewInt(asInt64(v)), 0}
}

// aligned gives both coefficients at the greater scale.
func aligned(a, b Decimal) (x, y *big.Int, scale int) {
	x, y, scale = a.coefficient(), b.coefficient(), max(a.scale, b.scale)
	if a.scale < scale {
		x = new(big.Int).Mul(x, pow10(scale-a.scale))
	}
	if b.scale < scale {
		y = new(big.Int).Mul(y, pow10(scale-b.scale))
	}
	return x, y, scale
}

func decimalOp(m *machine, op string, a, b Decimal) Decimal {
	x, y, scale := aligned(a, b)
	out := new(big.Int)
	switch op {
	case "+":
		out.Add(x, y)
	case "-":
		out.Sub(x, y)
	case "*":
		out.Mul(a.coefficient(), b.coefficient())
		scale = a.scale + b.scale
	default:
		if y.Sign() == 0 {
			m.throw(typeDivideByZero, "Attempted to divide by zero.")
		}
		if op == "%" {
			out.Rem(x, y)
			break
		}
		return quotient(m, x, y, a.scale-b.scale)
	}
	d, ok := makeDecimal(out, scale)
	if !ok {
		m.throw(typeOverflow, "Value was either too large or too small for a Decimal.")
	}
	return d
}

// quotient divides exactly where it can, else to 28 digits. The result keeps no
// zeros that the division did not need.
func quotient(m *machine, x, y *big.Int, scale int) Decimal {
	scale = max(scale, 0)
	n := new(big.Int).Mul(x, pow10(maxScale+1))
	d, ok := makeDecimal(divideRounded(n, y), maxScale+1)
	if !ok {
		m.throw(typeOverflow, "Value was either too large or too small for a Decimal.")
	}
	ten, c, r := big.NewInt(10), new(big.Int).Set(d.coefficient()), new(big.Int)
	for d.scale > scale {
		q, _ := new(big.Int).QuoRem(c, ten, r)
		if r.Sign() != 0 {
			break
		}
		c = q
		d.scale--
	}
	d.n = c
	return d
}

func (d Decimal) negate() Decimal { return Decimal{new(big.Int).Neg(d.coefficient()), d.scale} }

func (d Decimal) compare(b Decimal) int {
	x, y, _ := aligned(d, b)
	return x.Cmp(y)
}

// truncate gives the whole part.
func (d Decimal) truncate() (n int64, ok bool) {
	q := new(big.Int).Quo(d.coefficient(), pow10(d.scale))
	return q.Int64(), q.IsInt64()
}

func (d Decimal) float() float64 {
	f, _ := strconv.ParseFloat(d.String(), 64)
	return f
}

// round keeps digits; away rounds a half away from zero, else to even.
func (d Decimal) round(digits int, away bool) Decimal {
	if d.scale <= digits {
		return d
	}
	by := pow10(d.scale - digits)
	if !away {
		return Decimal{divideRounded(d.coefficient(), by), digits}
	}
	q, r := new(big.Int).QuoRem(d.coefficient(), by, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(by) >= 0 {
		q.Add(q, big.NewInt(int64(d.coefficient().Sign())))
	}
	return Decimal{q, digits}
}

// String gives all digits, trailing zeros kept as .NET does.
func (d Decimal) String() string {
	s := new(big.Int).Abs(d.coefficient()).String()
	if d.scale > 0 {
		if len(s) <= d.scale {
			s = strings.Repeat("0", d.scale-len(s)+1) + s
		}
		s = s[:len(s)-d.scale] + "." + s[len(s)-d.scale:]
	}
	if d.coefficient().Sign() < 0 {
		s = "-" + s
	}
	return s
}
