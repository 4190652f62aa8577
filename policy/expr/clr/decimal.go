package clr

import (
	"math/big"
	"strconv"
	"strings"
)

// Decimal is System.Decimal: a 96-bit coefficient over a power of ten from 0 to
// 28. The zero Decimal is 0.
type Decimal struct {
	N     *big.Int
	Scale int
}

const maxScale = 28

// MaxCoefficient is the greatest coefficient of a Decimal, 2^96-1.
var MaxCoefficient = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 96), big.NewInt(1))

// Pow10 gives ten to the power of n.
func Pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// Coefficient gives the digits as a whole number; the caller must not change it.
func (d Decimal) Coefficient() *big.Int {
	if d.N == nil {
		return new(big.Int)
	}
	return d.N
}

// makeDecimal rounds half to even until the coefficient fits; ok is false where
// the whole part alone is too large.
func makeDecimal(n *big.Int, scale int) (d Decimal, ok bool) {
	drop := max(0, scale-maxScale)
	for {
		r := divideRounded(n, Pow10(drop))
		if new(big.Int).Abs(r).Cmp(MaxCoefficient) <= 0 {
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

// ParseDecimal reads digits with an optional sign, point and exponent.
func ParseDecimal(s string) (Decimal, bool) {
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e > 100 || e < -100 {
			return Decimal{}, false
		}
		mantissa, exp = s[:i], e
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	if len(whole)+len(frac) > 200 {
		return Decimal{}, false
	}
	n, ok := new(big.Int).SetString(whole+frac, 10)
	if !ok {
		return Decimal{}, false
	}
	scale := len(frac) - exp
	if scale < 0 {
		n.Mul(n, Pow10(-scale))
		scale = 0
	}
	return makeDecimal(n, scale)
}

// AsDecimal gives a number as a Decimal; reals are taken with the digits that they show.
func AsDecimal(v Value) Value {
	switch x := v.(type) {
	case Decimal:
		return x
	case uint64:
		return Decimal{new(big.Int).SetUint64(x), 0}
	case float64:
		d, _ := ParseDecimal(strconv.FormatFloat(x, 'g', 15, 64))
		return d
	case float32:
		d, _ := ParseDecimal(strconv.FormatFloat(float64(x), 'g', 7, 32))
		return d
	}
	return Decimal{big.NewInt(AsInt64(v)), 0}
}

// aligned gives both coefficients at the greater scale.
func aligned(a, b Decimal) (x, y *big.Int, scale int) {
	x, y, scale = a.Coefficient(), b.Coefficient(), max(a.Scale, b.Scale)
	if a.Scale < scale {
		x = new(big.Int).Mul(x, Pow10(scale-a.Scale))
	}
	if b.Scale < scale {
		y = new(big.Int).Mul(y, Pow10(scale-b.Scale))
	}
	return x, y, scale
}

// DecimalOp computes + - * / or % and throws OverflowException or DivideByZeroException.
func DecimalOp(m *Machine, op string, a, b Decimal) Decimal {
	x, y, scale := aligned(a, b)
	out := new(big.Int)
	switch op {
	case "+":
		out.Add(x, y)
	case "-":
		out.Sub(x, y)
	case "*":
		out.Mul(a.Coefficient(), b.Coefficient())
		scale = a.Scale + b.Scale
	default:
		if y.Sign() == 0 {
			m.Throw(TypeDivideByZero, "Attempted to divide by zero.")
		}
		if op == "%" {
			out.Rem(x, y)
			break
		}
		return quotient(m, x, y, a.Scale-b.Scale)
	}
	d, ok := makeDecimal(out, scale)
	if !ok {
		m.Throw(TypeOverflow, "Value was either too large or too small for a Decimal.")
	}
	return d
}

// quotient divides exactly where it can, else to 28 digits. The result keeps no
// zeros that the division did not need.
func quotient(m *Machine, x, y *big.Int, scale int) Decimal {
	scale = max(scale, 0)
	n := new(big.Int).Mul(x, Pow10(maxScale+1))
	d, ok := makeDecimal(divideRounded(n, y), maxScale+1)
	if !ok {
		m.Throw(TypeOverflow, "Value was either too large or too small for a Decimal.")
	}
	ten, c, r := big.NewInt(10), new(big.Int).Set(d.Coefficient()), new(big.Int)
	for d.Scale > scale {
		q, _ := new(big.Int).QuoRem(c, ten, r)
		if r.Sign() != 0 {
			break
		}
		c = q
		d.Scale--
	}
	d.N = c
	return d
}

// Negate gives -d.
func (d Decimal) Negate() Decimal { return Decimal{new(big.Int).Neg(d.Coefficient()), d.Scale} }

// Compare orders by value: 1.0 and 1.00 are equal.
func (d Decimal) Compare(b Decimal) int {
	x, y, _ := aligned(d, b)
	return x.Cmp(y)
}

// Truncate gives the whole part.
func (d Decimal) Truncate() (n int64, ok bool) {
	q := new(big.Int).Quo(d.Coefficient(), Pow10(d.Scale))
	return q.Int64(), q.IsInt64()
}

func (d Decimal) float() float64 {
	f, _ := strconv.ParseFloat(d.String(), 64)
	return f
}

// Round keeps digits; away rounds a half away from zero, else to even.
func (d Decimal) Round(digits int, away bool) Decimal {
	if d.Scale <= digits {
		return d
	}
	by := Pow10(d.Scale - digits)
	if !away {
		return Decimal{divideRounded(d.Coefficient(), by), digits}
	}
	q, r := new(big.Int).QuoRem(d.Coefficient(), by, new(big.Int))
	if r.Abs(r).Lsh(r, 1).Cmp(by) >= 0 {
		q.Add(q, big.NewInt(int64(d.Coefficient().Sign())))
	}
	return Decimal{q, digits}
}

// String gives all digits, trailing zeros kept as .NET does.
func (d Decimal) String() string {
	s := new(big.Int).Abs(d.Coefficient()).String()
	if d.Scale > 0 {
		if len(s) <= d.Scale {
			s = strings.Repeat("0", d.Scale-len(s)+1) + s
		}
		s = s[:len(s)-d.Scale] + "." + s[len(s)-d.Scale:]
	}
	if d.Coefficient().Sign() < 0 {
		s = "-" + s
	}
	return s
}
