package syntax

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"stile/policy/expr/clr"
)

type tokenKind uint8

const (
	tEnd tokenKind = iota
	tName
	tKeyword
	tLiteral
	tInterpolated
	tPunct
)

// lexeme is one lexical piece. text is the word or the operator; value and typ are
// a literal's; parts is what an interpolated string holds.
type lexeme struct {
	Span
	kind  tokenKind
	text  string
	value clr.Value
	typ   *clr.Type
	parts []interpolation
}

// keywords are C#'s reserved words; contextual ones (var, when, nameof …) are names.
var keywords = wordSet(`abstract as base bool break byte case catch char checked class const continue
decimal default delegate do double else enum event explicit extern false finally fixed float for foreach
goto if implicit in int interface internal is lock long namespace new null object operator out override
params private protected public readonly ref return sbyte sealed short sizeof stackalloc static string
struct switch this throw true try typeof uint ulong unchecked unsafe ushort using virtual void volatile while`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// operators, longest first.
var operators = []string{
	"<<=", ">>=", "??=", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--",
	"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "::", "->",
	"+", "-", "*", "/", "%", "&", "|", "^", "!", "~", "<", ">", "=", "?", ":", ";", ",", ".", "(", ")", "[", "]", "{", "}",
}

type lexer struct {
	r    *Report
	text string
	at   int
	out  []lexeme
	// offset moves spans of a text that was cut out of a greater one.
	offset int
}

// lex cuts text into tokens; faults go to r. The last lexeme is tEnd.
func lex(r *Report, text string, offset int) []lexeme {
	l := &lexer{r: r, text: text, offset: offset}
	for l.skipSpace(); l.at < len(l.text); l.skipSpace() {
		l.next()
	}
	return append(l.out, lexeme{Span: l.here(l.at, l.at), kind: tEnd, text: "end of expression"})
}

func (l *lexer) here(from, to int) Span { return Span{l.offset + from, l.offset + to} }

func (l *lexer) fail(from int, message, hint string) {
	l.r.Add("STL-E001", l.here(from, l.at), message, hint)
}

func (l *lexer) skipSpace() {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		switch c, n := utf8.DecodeRuneInString(rest); {
		case unicode.IsSpace(c) || c == '\ufeff':
			l.at += n
		case strings.HasPrefix(rest, "//"):
			if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
				l.at += i
			} else {
				l.at = len(l.text)
			}
		case strings.HasPrefix(rest, "/*"):
			from := l.at
			i := strings.Index(rest[2:], "*/")
			if i < 0 {
				l.at = len(l.text)
				l.fail(from, "comment has no end", "close it with */")
				return
			}
			l.at += i + 4
		default:
			return
		}
	}
}

func (l *lexer) Push(from int, t lexeme) {
	t.Span = l.here(from, l.at)
	l.out = append(l.out, t)
}

func isNameStart(c rune) bool { return c == '_' || unicode.IsLetter(c) }
func isNamePart(c rune) bool  { return isNameStart(c) || unicode.IsDigit(c) }

func (l *lexer) next() {
	from, rest := l.at, l.text[l.at:]
	c, n := utf8.DecodeRuneInString(rest)
	switch {
	case isNameStart(c), c == '@' && len(rest) > 1 && isNameStart(rune(rest[1])):
		l.name()
	case c >= '0' && c <= '9', c == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		l.number()
	case c == '\'':
		l.char()
	case c == '"', strings.HasPrefix(rest, `@"`), strings.HasPrefix(rest, `$"`),
		strings.HasPrefix(rest, `$@"`), strings.HasPrefix(rest, `@$"`):
		l.str()
	default:
		for _, op := range operators {
			if strings.HasPrefix(rest, op) {
				// "x ?.5 : 1" is a ternary, not a null-conditional access.
				if op == "?." && len(rest) > 2 && rest[2] >= '0' && rest[2] <= '9' {
					op = "?"
				}
				l.at += len(op)
				l.Push(from, lexeme{kind: tPunct, text: op})
				return
			}
		}
		l.at += n
		l.fail(from, "unexpected character "+strconv.QuoteRune(c), "")
	}
}

func (l *lexer) name() {
	from := l.at
	verbatim := l.text[l.at] == '@'
	if verbatim {
		l.at++
	}
	start := l.at
	for l.at < len(l.text) {
		c, n := utf8.DecodeRuneInString(l.text[l.at:])
		if !isNamePart(c) {
			break
		}
		l.at += n
	}
	word := l.text[start:l.at]
	t := lexeme{kind: tName, text: word}
	if !verbatim && keywords[word] {
		t.kind = tKeyword
		switch word {
		case "true", "false":
			t.kind, t.typ, t.value = tLiteral, clr.TypeBool, word == "true"
		case "null":
			t.kind, t.typ = tLiteral, clr.TypeNull
		}
	}
	l.Push(from, t)
}

func (l *lexer) number() {
	from := l.at
	base, digits := 10, "0123456789_"
	if p := strings.ToLower(l.text[l.at:min(l.at+2, len(l.text))]); p == "0x" {
		base, digits = 16, "0123456789abcdefABCDEF_"
	} else if p == "0b" {
		base, digits = 2, "01_"
	}
	if base != 10 {
		l.at += 2
	}
	start := l.at
	run := func() {
		for l.at < len(l.text) && strings.IndexByte(digits, l.text[l.at]) >= 0 {
			l.at++
		}
	}
	run()
	real := false
	if base == 10 {
		if l.at+1 < len(l.text) && l.text[l.at] == '.' && l.text[l.at+1] >= '0' && l.text[l.at+1] <= '9' {
			real = true
			l.at++
			run()
		}
		if l.exponent() {
			real = true
			run()
		}
	}
	text := strings.ReplaceAll(l.text[start:l.at], "_", "")
	suffix := l.suffix(base)
	l.numberValue(from, text, suffix, base, real)
}

// exponent takes e, e+ or e- where digits follow.
func (l *lexer) exponent() bool {
	rest := l.text[l.at:]
	if rest == "" || rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	n := 1
	if len(rest) > 1 && (rest[1] == '+' || rest[1] == '-') {
		n = 2
	}
	if len(rest) <= n || rest[n] < '0' || rest[n] > '9' {
		return false
	}
	l.at += n
	return true
}

func (l *lexer) suffix(base int) string {
	from := l.at
	for l.at < len(l.text) && l.at-from < 2 {
		c := l.text[l.at] | 0x20
		if c != 'l' && c != 'u' && (base != 10 || c != 'f' && c != 'd' && c != 'm') {
			break
		}
		l.at++
	}
	return strings.ToLower(l.text[from:l.at])
}

func (l *lexer) numberValue(from int, text, suffix string, base int, real bool) {
	if real || suffix == "f" || suffix == "d" || suffix == "m" {
		t := lexeme{kind: tLiteral}
		switch suffix {
		case "m":
			d, ok := clr.ParseDecimal(text)
			if !ok {
				l.fail(from, "decimal literal is out of range", "")
			}
			t.typ, t.value = clr.TypeDecimal, d
		case "f":
			f, _ := strconv.ParseFloat(text, 32)
			t.typ, t.value = clr.TypeFloat, float32(f)
		case "", "d":
			f, _ := strconv.ParseFloat(text, 64)
			t.typ, t.value = clr.TypeDouble, f
		default:
			l.fail(from, "a real number cannot have the suffix "+suffix, "")
		}
		l.Push(from, t)
		return
	}
	n, ok := new(big.Int).SetString(text, base)
	if !ok || n.BitLen() > 64 {
		l.fail(from, "integral constant is too large", "")
		n = new(big.Int)
	}
	typ, value := integerLiteral(n.Uint64(), suffix)
	if l.at < len(l.text) {
		if c, _ := utf8.DecodeRuneInString(l.text[l.at:]); isNamePart(c) {
			l.fail(from, "a number runs into a name", "put a space or an operator between them")
		}
	}
	l.Push(from, lexeme{kind: tLiteral, typ: typ, value: value})
}

// integerLiteral gives the first type of C#'s list that holds u.
func integerLiteral(u uint64, suffix string) (*clr.Type, clr.Value) {
	unsigned, long := strings.Contains(suffix, "u"), strings.Contains(suffix, "l")
	switch {
	case !unsigned && !long && u <= 1<<31-1:
		return clr.TypeInt, int32(u)
	case !long && u <= 1<<32-1:
		return clr.TypeUInt, uint32(u)
	case !unsigned && u <= 1<<63-1:
		return clr.TypeLong, int64(u)
	}
	return clr.TypeULong, u
}
