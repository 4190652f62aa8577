package syntax

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads behind the opening quote of a string up to the closing one.
func (l *lexer) quoted(quote byte) string {
	start := l.pos
	for i := start; i < len(l.src); i++ {
		switch l.src[i] {
		case quote:
			l.pos = i + 1
			return l.src[start:i]
		case '\\':
			return l.unquote(quote, start, i)
		}
	}
	l.pos = len(l.src)
	l.fail("S0101", l.pos, nil)
	return ""
}

// unquote goes on where a string has its first escape.
func (l *lexer) unquote(quote byte, start, first int) string {
	b := append(make([]byte, 0, first-start+32), l.src[start:first]...)
	l.pos = first
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		l.pos++
		switch c {
		case quote:
			return string(b)
		case '\\':
			b = l.escape(b)
		default:
			b = append(b, c)
		}
	}
	l.fail("S0101", l.pos, nil)
	return ""
}

// escape reads what stands behind a backslash.
func (l *lexer) escape(b []byte) []byte {
	c := l.byteAt(l.pos)
	l.pos++
	switch c {
	case '"', '\\', '/':
		return append(b, c)
	case 'b':
		return append(b, '\b')
	case 'f':
		return append(b, '\f')
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'u':
		hex := l.src[l.pos:min(l.pos+4, len(l.src))]
		for i := range len(hex) {
			if !isHex(hex[i]) {
				hex = ""
				break
			}
		}
		unit, err := strconv.ParseUint(hex, 16, 16)
		if err != nil {
			l.fail("S0104", l.pos-1, nil)
		}
		l.pos += 4
		return appendUnit(b, rune(unit))
	}
	l.pos--
	if l.pos >= len(l.src) {
		l.fail("S0103", l.pos, "")
	}
	_, n := utf8.DecodeRuneInString(l.src[l.pos:])
	l.fail("S0103", l.pos, l.src[l.pos:l.pos+n])
	return nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// appendUnit appends a UTF-16 code unit: the two halves of a pair become one
// character, a half that stays alone three bytes.
func appendUnit(b []byte, unit rune) []byte {
	if unit < 0xD800 || unit > 0xDFFF {
		return utf8.AppendRune(b, unit)
	}
	if n := len(b); unit >= 0xDC00 && n >= 3 && b[n-3] == 0xED && b[n-2] >= 0xA0 && b[n-2] < 0xB0 {
		high := 0xD000 | rune(b[n-2]&0x3F)<<6 | rune(b[n-1]&0x3F)
		return utf8.AppendRune(b[:n-3], utf16.DecodeRune(high, unit))
	}
	return append(b, 0xED, 0x80|byte(unit>>6&0x3F), 0x80|byte(unit&0x3F))
}
