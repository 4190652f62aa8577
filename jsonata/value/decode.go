package value

import (
	"strconv"

	"stile/jsonval"
)

// parseNumber reads a JSON number as JSON.parse does: what is too large becomes
// infinite.
func parseNumber(text []byte) float64 {
	if len(text) < 10 {
		n, i := 0, 0
		for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
			n = n*10 + int(text[i]-'0')
		}
		if i == len(text) {
			return float64(n)
		}
	}
	f, _ := strconv.ParseFloat(string(text), 64)
	return f
}

// numberFrom reads a JSON number. Written as a whole one that an int64 holds, it keeps
// its digits: Step Functions passes it on exactly while nothing calculates with it.
func numberFrom(text []byte) Value {
	if len(text) > 15 && wholeDigits(text) {
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			return OfInt(n)
		}
	}
	return Value{kind: NumberKind, num: parseNumber(text)}
}

// wholeDigits says that a JSON number has neither a fraction nor an exponent.
func wholeDigits(text []byte) bool {
	for _, c := range text {
		if c > '9' || c == '.' || c == '+' {
			return false
		}
	}
	return true
}

// unquote decodes the inside of a JSON string. A lone surrogate stays one, so that
// JavaScript's functions can refuse it.
func unquote(s []byte) string { return jsonval.Unquote(s, jsonval.KeepSurrogates) }
