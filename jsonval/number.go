package jsonval

import (
	"math"
	"strconv"
)

// FormatNumber spells a number as JavaScript's String does.
func FormatNumber(f float64) string { return string(AppendNumber(nil, f)) }

// AppendNumber appends a number as JavaScript's String spells it: the shortest
// text that reads back the same, without an exponent from 1e-6 to below 1e21.
func AppendNumber(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	case f == 0:
		return append(b, '0')
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.AppendInt(b, int64(f), 10)
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	// Go writes at least two digits of exponent: 1e-07 becomes 1e-7.
	for i := start; i < len(b); i++ {
		if b[i] == 'e' && i+2 < len(b) && b[i+2] == '0' {
			b = append(b[:i+2], b[i+3:]...)
			break
		}
	}
	return b
}
