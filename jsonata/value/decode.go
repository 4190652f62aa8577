package value

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseNumber reads a JSON number as JSON.parse does: what is too large becomes
// infinite.
func parseNumber(text string) float64 {
	if len(text) < 10 {
		n, i := 0, 0
		for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
			n = n*10 + int(text[i]-'0')
		}
		if i == len(text) {
			return float64(n)
		}
	}
	f, _ := strconv.ParseFloat(text, 64)
	return f
}

// unquote decodes the inside of a JSON string. A lone surrogate keeps its three
// bytes (as WTF-8 does), so that JavaScript's functions can refuse it.
func unquote(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			out = append(out, s[i])
			i++
			continue
		}
		switch c := s[i+1]; c {
		case 'u':
			r := hex4(s[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				if i+5 < len(s) && s[i] == '\\' && s[i+1] == 'u' {
					if pair := utf16.DecodeRune(r, hex4(s[i+2:])); pair != utf8.RuneError {
						out = utf8.AppendRune(out, pair)
						i += 6
						continue
					}
				}
				out = append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
				continue
			}
			out = utf8.AppendRune(out, r)
			continue
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		default:
			out = append(out, c)
		}
		i += 2
	}
	return string(out)
}

func hex4(s string) rune {
	var n rune
	for i := range 4 {
		c := s[i]
		n <<= 4
		switch {
		case c >= 'a':
			n |= rune(c-'a') + 10
		case c >= 'A':
			n |= rune(c-'A') + 10
		default:
			n |= rune(c - '0')
		}
	}
	return n
}
