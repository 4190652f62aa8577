// Package picture formats and parses numbers, integers and moments by pictures:
// $formatNumber, $formatInteger, $parseInteger, $fromMillis and $toMillis.
//
// It follows the picture strings of XPath and XQuery Functions and Operators 3.1
// as far as the reference implementation of JSONata does, and its departures from
// them too, because results are compared: where that one shows NaN, so does this.
// Only jsonata/library calls it.
//
// Invariants: functions are pure; what grows with a width or a value in a picture
// is charged to the Meter before it is made. Errors are *Fault.
package picture

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Meter is charged for work and output; it panics where the budget is gone.
type Meter interface {
	Spend(steps int)
	Produce(bytes int)
}

// Fault is an error of a picture, or of what does not fit it: one of JSONata's
// codes, or with Code "" a text of its own.
type Fault struct {
	Code string
	// What is the text or the number that the code's text names; both absent where it
	// names nothing.
	What   *string
	Number *float64
	Text   string
}

// Error gives the code, or the text.
func (f *Fault) Error() string {
	if f.Code == "" {
		return f.Text
	}
	return f.Code
}

func fault(code string) error { return &Fault{Code: code} }

func faultAt(code, what string) error { return &Fault{Code: code, What: &what} }

// repeated makes n copies of r; n below 1 makes none.
func repeated(m Meter, r rune, n int) string {
	if n <= 0 {
		return ""
	}
	m.Produce(n * max(utf8.RuneLen(r), 1))
	return strings.Repeat(string(r), n)
}

// parseInt is JavaScript's parseInt: the number at the beginning, NaN for none.
func parseInt(s string) float64 {
	s = strings.TrimLeft(s, " \t\n\r\v\f\u00a0\ufeff\u2028\u2029")
	sign := 1.0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	base, digits := 10, "0123456789"
	if len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' {
		s, base, digits = s[2:], 16, "0123456789abcdefABCDEF"
	}
	end := 0
	for end < len(s) && strings.IndexByte(digits, s[end]) >= 0 {
		end++
	}
	if end == 0 {
		return math.NaN()
	}
	if base == 16 {
		n := 0.0
		for _, c := range strings.ToLower(s[:end]) {
			n = n*16 + float64(strings.IndexRune(digits, c))
		}
		return sign * n
	}
	n, _ := strconv.ParseFloat(s[:end], 64)
	return sign * n
}

// regular tells whether positions are all the multiples of one number, which it
// gives; 0 where they are not.
func regular(positions []int) int {
	factor := 0
	for _, p := range positions {
		for a, b := factor, p; ; a, b = b, a%b {
			if b == 0 {
				factor = a
				break
			}
		}
	}
	has := make(map[int]bool, len(positions))
	for _, p := range positions {
		has[p] = true
	}
	for i := range positions {
		if !has[(i+1)*factor] {
			return 0
		}
	}
	return factor
}
