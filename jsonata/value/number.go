package value

import (
	"math"
	"strconv"
)

// maxSafe is the greatest float64 that stands for one whole number alone.
const maxSafe = 1<<53 - 1

// Int gives a number cut towards zero as a whole one of 64 bits, the nearest where it
// has more; 0 for NaN. It is exact where the number kept its digits (see OfInt).
func (v Value) Int() int64 {
	if v.kind == NumberKind && v.str != "" {
		n, _ := strconv.ParseInt(v.str, 10, 64)
		return n
	}
	switch f := v.Num(); {
	case math.IsNaN(f):
		return 0
	case f >= 1<<63:
		return math.MaxInt64
	case f < -1<<63:
		return math.MinInt64
	default:
		return int64(f)
	}
}

// Precise15 rounds a number with a fraction to 15 significant digits, as $string shows
// it. Whole numbers stay (jsonata-js 2.0.6 rounds them too, 2.2 and Step Functions do
// not).
func Precise15(f float64) float64 {
	if f == math.Trunc(f) {
		return f
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		return f
	}
	return r
}
