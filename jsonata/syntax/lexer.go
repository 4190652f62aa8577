package syntax

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

const (
	tEnd kind = iota
	tName
	tVariable
	tOperator
	tString
	tNumber
	tValue // true, false, null
	tRegex
)

// pattern is the value of a token that is a regular expression.
type pattern struct{ text, flags string }

// token is one token. Value is a string, float64, bool, nil or pattern.
type token struct {
	kind     kind
	op       string // of an operator; empty for all others
	value    any
	at       int // byte offset of its beginning
	position int // UTF-16 offset of its end
}

// lexer gives one token after the other. It is told before each whether an operator
// may stand there, because / is a division then and a regular expression else.
type lexer struct {
	src string
	pos int
	// counted bytes are units UTF-16 code units.
	counted, units int
}

// fail ends the parse; Parse recovers it.
func (l *lexer) fail(code string, at int, tok any) {
	panic(fault(code, min(at, len(l.src)), l.position(at), tok, nil))
}

// position gives a byte offset in UTF-16 units. Offsets mostly grow.
func (l *lexer) position(at int) int {
	if at < l.counted {
		l.counted, l.units = 0, 0
	}
	beyond := max(0, at-len(l.src)) // a cut-off escape ends behind the text
	for at = min(at, len(l.src)); l.counted < at; {
		r, n := utf8.DecodeRuneInString(l.src[l.counted:])
		if n == 1 && l.src[l.counted] == 0xED && l.counted+3 <= len(l.src) {
			n = 3 // half of a surrogate pair, as a caller may have read it from JSON
		}
		l.counted += n
		l.units++
		if r > 0xFFFF {
			l.units++
		}
	}
	return l.units + beyond
}

// byteAt gives the byte at an offset, 0 behind the end.
func (l *lexer) byteAt(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

func (l *lexer) make(k kind, at int, value any) token {
	t := token{kind: k, value: value, at: at, position: l.position(l.pos)}
	if k == tOperator {
		t.op = value.(string)
	}
	return t
}

// next gives the next token; infix tells that an operator may stand here.
func (l *lexer) next(infix bool) token {
	l.blank()
	at := l.pos
	if at >= len(l.src) {
		l.pos = at
		return token{kind: tEnd, value: "(end)", at: len(l.src), position: l.position(len(l.src))}
	}
	c := l.src[at]
	switch {
	case c == '/' && !infix:
		l.pos++
		p := l.regex()
		return l.make(tRegex, at, p)
	case isOperator(c):
		op := l.src[at : at+l.width(c)]
		l.pos += len(op)
		return l.make(tOperator, at, op)
	case c == '"' || c == '\'':
		l.pos++
		s := l.quoted(c)
		return l.make(tString, at, s)
	case '0' <= c && c <= '9':
		f := l.number()
		return l.make(tNumber, at, f)
	case c == '`':
		end := strings.IndexByte(l.src[at+1:], '`')
		if end < 0 {
			l.fail("S0105", len(l.src), nil)
		}
		l.pos += end + 2
		return l.make(tName, at, l.src[at+1:at+1+end])
	}
	return l.word()
}

// blank goes over white space and comments.
func (l *lexer) blank() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case isSpace(c):
			l.pos++
		case c == '/' && l.byteAt(l.pos+1) == '*':
			end := strings.Index(l.src[l.pos+2:], "*/")
			if end < 0 {
				l.fail("S0106", l.pos, nil)
			}
			l.pos += end + 4
		default:
			return
		}
	}
}

// width is how many bytes the operator at the position has.
func (l *lexer) width(c byte) int {
	d := l.byteAt(l.pos + 1)
	switch {
	case c == '.' && d == '.', c == ':' && d == '=', c == '!' && d == '=', c == '>' && d == '=', c == '<' && d == '=',
		c == '*' && d == '*', c == '~' && d == '>', c == '?' && d == ':', c == '?' && d == '?':
		return 2
	}
	return 1
}

// word reads a name, a variable or a word that means something.
func (l *lexer) word() token {
	at := l.pos
	for l.pos < len(l.src) && !isSpace(l.src[l.pos]) && !isOperator(l.src[l.pos]) {
		l.pos++
	}
	switch name := l.src[at:l.pos]; name {
	case "or", "in", "and":
		return l.make(tOperator, at, name)
	case "true", "false":
		return l.make(tValue, at, name == "true")
	case "null":
		return l.make(tValue, at, nil)
	default:
		if name[0] == '$' {
			return l.make(tVariable, at, name[1:])
		}
		return l.make(tName, at, name)
	}
}

// number reads digits, a fraction and an exponent; a zero in front stands alone.
func (l *lexer) number() float64 {
	at := l.pos
	if l.src[l.pos] == '0' {
		l.pos++
	} else {
		l.digits(l.pos)
	}
	if l.byteAt(l.pos) == '.' {
		l.digits(l.pos + 1)
	}
	if c := l.byteAt(l.pos); c == 'e' || c == 'E' {
		if s := l.byteAt(l.pos + 1); s == '+' || s == '-' {
			l.digits(l.pos + 2)
		} else {
			l.digits(l.pos + 1)
		}
	}
	text := l.src[at:l.pos]
	f, _ := strconv.ParseFloat(text, 64)
	if math.IsInf(f, 0) {
		l.pos = at
		l.fail("S0102", at, text)
	}
	return f
}

// digits moves behind the digits that begin at an offset, if there are any.
func (l *lexer) digits(from int) {
	for i := from; '0' <= l.byteAt(i) && l.byteAt(i) <= '9'; i++ {
		l.pos = i + 1
	}
}

// regex reads behind the first slash of a regular expression up to the slash that
// stands in no bracket and is not escaped, and the flags behind it.
func (l *lexer) regex() pattern {
	start, depth := l.pos, 0
	for ; l.pos < len(l.src); l.pos++ {
		escaped := l.src[l.pos-1] == '\\'
		switch l.src[l.pos] {
		case '/':
			if depth == 0 && !l.escaped(start) {
				return l.flags(l.src[start:l.pos])
			}
		case '(', '[', '{':
			if !escaped {
				depth++
			}
		case ')', ']', '}':
			if !escaped {
				depth--
			}
		}
	}
	l.fail("S0302", len(l.src), nil)
	return pattern{}
}

// escaped tells whether an odd number of backslashes stands before the position.
func (l *lexer) escaped(start int) bool {
	i := l.pos
	for i > start && l.src[i-1] == '\\' {
		i--
	}
	return (l.pos-i)%2 == 1
}

func (l *lexer) flags(text string) pattern {
	if text == "" {
		l.fail("S0301", l.pos, nil)
	}
	l.pos++
	from := l.pos
	for l.byteAt(l.pos) == 'i' || l.byteAt(l.pos) == 'm' {
		l.pos++
	}
	flags := l.src[from:l.pos]
	if strings.Count(flags, "i") > 1 || strings.Count(flags, "m") > 1 {
		panic(&Error{At: from,
			Message: "Invalid flags supplied to RegExp constructor '" + flags + "g'"})
	}
	return pattern{text, flags}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' }

// isOperator tells the bytes that are operators or begin one, and so end a name.
func isOperator(c byte) bool {
	return c < utf8.RuneSelf && strings.IndexByte(".[]{}(),@#;:?+-*/%|=<>^&!~", c) >= 0
}
