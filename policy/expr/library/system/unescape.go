package system

import (
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

// Unescape is Regex.Unescape.
func Unescape(m *clr.Machine, s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			m.Throw(clr.TypeArgument, "parsing \""+s+"\" - Illegal \\ at end of pattern.")
		}
		if k := strings.IndexByte("tnfrave0", s[i]); k >= 0 {
			b.WriteByte("\t\n\f\r\a\v\x1b\x00"[k])
			continue
		}
		digits := map[byte]int{'x': 2, 'u': 4}[s[i]]
		if digits == 0 {
			b.WriteByte(s[i])
			continue
		}
		end := min(len(s), i+1+digits)
		n, err := strconv.ParseUint(s[i+1:end], 16, 32)
		if err != nil || end < i+1+digits {
			m.Throw(clr.TypeArgument, "parsing \""+s+"\" - Insufficient hexadecimal digits.")
		}
		b.WriteString(clr.Char(n).Text())
		i += digits
	}
	return b.String()
}
