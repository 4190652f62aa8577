package schema

import (
	"math/big"
	"strconv"
	"strings"
)

// decimal is a number without rounding: digits, without zeros at either end, times
// ten to the power of exp. Zero has no digits.
type decimal struct {
	negative bool
	digits   string
	exp      int
}

// maxExponent is how large an exponent may be before a number counts as out of
// reason; what is beyond is as if it had this exponent.
const maxExponent = 100_000

// number reads a JSON number.
func number(text string) (d decimal, ok bool) {
	rest, negative := strings.CutPrefix(text, "-")
	mantissa, exponent := rest, ""
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa, exponent = rest[:i], rest[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return d, false
	}
	if exponent != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(exponent, "+"))
		switch {
		case err == nil:
			d.exp = min(max(n, -maxExponent), maxExponent)
		case strings.Trim(exponent, "+-0123456789") != "":
			return d, false
		case strings.HasPrefix(exponent, "-"):
			d.exp = -maxExponent
		default:
			d.exp = maxExponent
		}
	}
	digits := strings.TrimLeft(whole+fraction, "0")
	d.exp -= len(fraction)
	d.digits = strings.TrimRight(digits, "0")
	d.exp += len(digits) - len(d.digits)
	if d.digits == "" {
		return decimal{}, true
	}
	d.negative = negative
	return d, true
}

// integer reports whether the number is whole.
func (d decimal) integer() bool { return d.exp >= 0 }

// compare gives -1, 0 or 1.
func (d decimal) compare(o decimal) int {
	if s, t := d.sign(), o.sign(); s != t || s == 0 {
		return cmpInt(s, t)
	}
	order := cmpInt(len(d.digits)+d.exp, len(o.digits)+o.exp)
	if order == 0 {
		order = strings.Compare(d.digits, o.digits)
	}
	if d.negative {
		return -order
	}
	return order
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

func cmpInt(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// key is the same for equal numbers.
func (d decimal) key() string {
	sign := ""
	if d.negative {
		sign = "-"
	}
	return sign + d.digits + "e" + strconv.Itoa(d.exp)
}

// maxScale bounds the digits that multipleOf computes with.
const maxScale = 2_000

// multipleOf reports whether d is a whole multiple of o; ok is false where that
// would need more digits than is reasonable.
func (d decimal) multipleOf(o decimal) (is, ok bool) {
	if d.digits == "" {
		return true, true
	}
	low := min(d.exp, o.exp)
	if len(d.digits)+d.exp-low > maxScale || len(o.digits)+o.exp-low > maxScale || o.digits == "" {
		return false, false
	}
	whole := func(n decimal) *big.Int {
		i, _ := new(big.Int).SetString(n.digits+strings.Repeat("0", n.exp-low), 10)
		return i
	}
	return new(big.Int).Rem(whole(d), whole(o)).Sign() == 0, true
}

// within reports whether the number is whole and lies in the range of a signed
// integer of so many bits.
func (d decimal) within(bits uint) bool {
	if !d.integer() {
		return false
	}
	if d.digits == "" {
		return true
	}
	if len(d.digits)+d.exp > 19 {
		return false
	}
	text := d.digits + strings.Repeat("0", d.exp)
	if d.negative {
		text = "-" + text
	}
	_, err := strconv.ParseInt(text, 10, int(bits))
	return err == nil
}
