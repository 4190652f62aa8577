package value

import (
	"math"
	"strconv"
)

// Precise15 rounds to 15 significant digits, as $string shows numbers.
func Precise15(f float64) float64 {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return f
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		return f
	}
	return r
}
