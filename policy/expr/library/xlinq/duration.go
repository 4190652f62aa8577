package xlinq

import (
	"math"
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

// ticks of a second, and how many seconds the parts of a duration have.
const second = 10_000_000

var durationParts = []struct {
	mark    byte
	seconds int64
}{{'Y', 365 * 86400}, {'M', 30 * 86400}, {'D', 86400}, {'T', 0}, {'H', 3600}, {'M', 60}, {'S', 1}}

// durationText writes a TimeSpan as an xs:duration: P1DT2H3M4.5S.
func durationText(d clr.TimeSpan) string {
	if d == 0 {
		return "PT0S"
	}
	var b strings.Builder
	n := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		n = -n
	}
	b.WriteByte('P')
	write := func(n uint64, mark string) {
		if n > 0 {
			b.WriteString(strconv.FormatUint(n, 10) + mark)
		}
	}
	write(n/(86400*second), "D")
	if n %= 86400 * second; n > 0 {
		b.WriteByte('T')
		write(n/(3600*second), "H")
		write(n/(60*second)%60, "M")
		if n %= 60 * second; n > 0 {
			b.WriteString(strconv.FormatUint(n/second, 10))
			if f := n % second; f > 0 {
				b.WriteString(strings.TrimRight("."+strconv.FormatUint(f+second, 10)[1:], "0"))
			}
			b.WriteByte('S')
		}
	}
	return b.String()
}

// parseDuration reads an xs:duration; a year has 365 days, a month 30.
func parseDuration(s string) (clr.TimeSpan, bool) {
	s = strings.Trim(s, " \t\r\n")
	minus := strings.HasPrefix(s, "-")
	s, ok := strings.CutPrefix(strings.TrimPrefix(s, "-"), "P")
	if !ok || s == "" || strings.HasSuffix(s, "T") {
		return 0, false
	}
	var total float64
	parts := durationParts
	var whole int64
	for s != "" {
		if s[0] == 'T' {
			for len(parts) > 0 && parts[0].mark != 'T' {
				parts = parts[1:]
			}
			if len(parts) == 0 {
				return 0, false
			}
			parts, s = parts[1:], s[1:]
			continue
		}
		n := 0
		for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
			n++
		}
		if n == 0 || n == len(s) {
			return 0, false
		}
		for len(parts) > 0 && (parts[0].mark != s[n]) && parts[0].mark != 'T' {
			parts = parts[1:]
		}
		if len(parts) == 0 || parts[0].mark != s[n] {
			return 0, false
		}
		v, err := strconv.ParseFloat(s[:n], 64)
		if err != nil || s[n] != 'S' && strings.Contains(s[:n], ".") {
			return 0, false
		}
		total += v * float64(parts[0].seconds)
		whole += int64(math.Round(v * second * float64(parts[0].seconds)))
		parts, s = parts[1:], s[n+1:]
	}
	if total*second >= math.MaxInt64 {
		return 0, false
	}
	if minus {
		whole = -whole
	}
	return clr.TimeSpan(whole), true
}
