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

// unquote decodes the inside of a JSON string. A lone surrogate stays one, so that
// JavaScript's functions can refuse it.
func unquote(s []byte) string { return jsonval.Unquote(s, jsonval.KeepSurrogates) }
