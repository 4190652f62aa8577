package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"stile/policy/expr/clr"
)

// char takes a character literal.
func (l *lexer) char() {
	from := l.at
	l.at++
	var b strings.Builder
	for l.at < len(l.text) && l.text[l.at] != '\'' && l.text[l.at] != '\n' {
		l.element(&b)
	}
	if l.at >= len(l.text) || l.text[l.at] != '\'' {
		l.fail(from, "character literal has no end", "close it with '; text of several characters stands in double quotes")
		return
	}
	l.at++
	u := clr.Units(b.String())
	if len(u) != 1 {
		l.fail(from, "a character literal must hold one character", "use double quotes for text")
		u = []uint16{0}
	}
	l.Push(from, lexeme{kind: tLiteral, typ: clr.TypeChar, value: clr.Char(u[0])})
}

// element takes one character or escape of a regular literal.
func (l *lexer) element(b *strings.Builder) {
	if l.text[l.at] != '\\' {
		_, n := utf8.DecodeRuneInString(l.text[l.at:])
		b.WriteString(l.text[l.at : l.at+n])
		l.at += n
		return
	}
	from := l.at
	l.at++
	if l.at >= len(l.text) {
		return
	}
	c := l.text[l.at]
	l.at++
	if i := strings.IndexByte(`'"\0abfnrtv`, c); i >= 0 {
		b.WriteByte("'\"\\\x00\a\b\f\n\r\t\v"[i])
		return
	}
	least, most := 0, 0
	switch c {
	case 'u':
		least, most = 4, 4
	case 'U':
		least, most = 8, 8
	case 'x':
		least, most = 1, 4
	default:
		l.fail(from, "unrecognized escape sequence \\"+string(rune(c)), `write \\ for a backslash, or use a verbatim string @"…"`)
		return
	}
	n := l.hexDigits(most)
	if n < least {
		l.fail(from, "escape sequence has too few hexadecimal digits", "")
		return
	}
	v, _ := strconv.ParseUint(l.text[l.at:l.at+n], 16, 32)
	l.at += n
	if v > 0x10ffff {
		l.fail(from, "escape sequence is no character", "")
		return
	}
	l.unit(b, uint32(v))
}

// unit appends a code point; the halves of a surrogate pair written as two
// escapes are joined.
func (l *lexer) unit(b *strings.Builder, v uint32) {
	if s := b.String(); v >= 0xdc00 && v < 0xe000 && len(s) >= 3 {
		if last := clr.Units(s[len(s)-3:]); len(last) == 1 && last[0] >= 0xd800 && last[0] < 0xdc00 {
			b.Reset()
			b.WriteString(s[:len(s)-3])
			b.WriteRune(rune(last[0]-0xd800)<<10 | rune(v-0xdc00) + 0x10000)
			return
		}
	}
	if v >= 0xd800 && v < 0xe000 {
		b.WriteString(clr.FromUnits([]uint16{uint16(v)}))
		return
	}
	b.WriteRune(rune(v))
}

func (l *lexer) hexDigits(most int) int {
	n := 0
	for n < most && l.at+n < len(l.text) && strings.IndexByte("0123456789abcdefABCDEF", l.text[l.at+n]) >= 0 {
		n++
	}
	return n
}

// str takes a string literal of any of the four kinds.
func (l *lexer) str() {
	from := l.at
	verbatim, holes := false, false
	for l.text[l.at] != '"' {
		verbatim = verbatim || l.text[l.at] == '@'
		holes = holes || l.text[l.at] == '$'
		l.at++
	}
	l.at++
	var parts []interpolation
	var b strings.Builder
	for {
		if l.at >= len(l.text) || !verbatim && (l.text[l.at] == '\n' || l.text[l.at] == '\r') {
			l.fail(from, "string has no end", `close it with "; text over several lines needs @"…"`)
			break
		}
		c := l.text[l.at]
		doubled := l.at+1 < len(l.text) && l.text[l.at+1] == c
		if c == '"' {
			l.at++
			if !verbatim || !doubled {
				break
			}
			l.at++
			b.WriteByte('"')
			continue
		}
		if holes && (c == '{' || c == '}') {
			if doubled {
				l.at += 2
				b.WriteByte(c)
				continue
			}
			if c == '}' {
				l.at++
				l.fail(l.at-1, "a } in an interpolated string must be doubled", "write }}")
				continue
			}
			if b.Len() > 0 {
				parts = append(parts, interpolation{Text: b.String()})
				b.Reset()
			}
			parts = append(parts, l.hole())
			continue
		}
		if verbatim {
			b.WriteByte(c)
			l.at++
			continue
		}
		l.element(&b)
	}
	if !holes {
		l.Push(from, lexeme{kind: tLiteral, typ: clr.TypeString, value: b.String()})
		return
	}
	if b.Len() > 0 {
		parts = append(parts, interpolation{Text: b.String()})
	}
	l.Push(from, lexeme{kind: tInterpolated, parts: parts})
}

// hole takes {value,align:format}. The value's text is lexed and parsed apart.
func (l *lexer) hole() interpolation {
	open := l.at
	l.at++
	start, depth := l.at, 0
	var p interpolation
	comma, colon := -1, -1
scan:
	for {
		if l.at >= len(l.text) {
			l.fail(open, "hole of an interpolated string has no end", "close it with }")
			return p
		}
		switch c := l.text[l.at]; c {
		case '(', '[', '{':
			depth++
		case ')', ']':
			depth--
		case '}':
			if depth == 0 {
				break scan
			}
			depth--
		case ',':
			if depth == 0 && comma < 0 {
				comma = l.at
			}
		case ':':
			if depth == 0 {
				colon = l.at
				l.skipFormat()
				break scan
			}
		case '"', '\'':
			l.skipQuoted(c)
			continue
		}
		l.at++
	}
	end := l.at
	if colon >= 0 {
		p.Format = l.text[colon+1 : l.at]
		end = colon
	}
	if l.at < len(l.text) {
		l.at++
	}
	if comma >= 0 && comma < end {
		p.Align = parseHole(l.r, l.text[comma+1:end], l.offset+comma+1)
		end = comma
	}
	p.Value = parseHole(l.r, l.text[start:end], l.offset+start)
	return p
}

func (l *lexer) skipFormat() {
	for l.at < len(l.text) && l.text[l.at] != '}' && l.text[l.at] != '"' {
		l.at++
	}
}

// skipQuoted passes a string or character inside a hole.
func (l *lexer) skipQuoted(q byte) {
	verbatim := l.at > 0 && (l.text[l.at-1] == '@' || l.at > 1 && l.text[l.at-1] == '$' && l.text[l.at-2] == '@')
	for l.at++; l.at < len(l.text); l.at++ {
		switch c := l.text[l.at]; {
		case c == '\\' && !verbatim:
			l.at++
		case c == q:
			l.at++
			if verbatim && l.at < len(l.text) && l.text[l.at] == q {
				continue
			}
			return
		}
	}
	l.at = min(l.at, len(l.text))
}
