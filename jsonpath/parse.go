package jsonpath

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxSegments and maxFilterDepth keep compiled paths small; real ones have few.
const (
	maxSegments    = 256
	maxExact       = 1<<53 - 1 // of an index
	maxFilterDepth = 32
)

type parser struct {
	text     string
	pos      int
	inFilter int // nesting of filters; names then end at operators too
	operands int // how many paths stand in filters
}

func (p *parser) fail(reason string) error { return &SyntaxError{p.pos, reason} }

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) take(s string) bool {
	if strings.HasPrefix(p.text[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *parser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// segments reads until the text's end, or inside a filter until something that
// cannot go on a path.
func (p *parser) segments() ([]segment, error) {
	var segs []segment
	for p.pos < len(p.text) {
		if c := p.text[p.pos]; c != '.' && c != '[' {
			break
		}
		if len(segs) == maxSegments {
			return nil, p.fail("the path has too many segments")
		}
		if n := len(segs); n > 0 && segs[n-1].kind == segFunction {
			return nil, p.fail("a function stands at the end of a path only")
		}
		s, err := p.segment()
		if err != nil {
			return nil, err
		}
		segs = append(segs, s)
	}
	return segs, nil
}

func (p *parser) segment() (s segment, err error) {
	switch {
	case p.take(".."):
		s.deep = true
		if p.peek() == '[' {
			return p.bracket(s)
		}
	case p.take("."):
		if p.peek() == '[' {
			return p.bracket(s)
		}
	default:
		return p.bracket(s)
	}
	if p.take("*") {
		s.kind = segWildcard
		return s, nil
	}
	return p.dotName(s)
}

func (p *parser) dotName(s segment) (segment, error) {
	start := p.pos
	for p.pos < len(p.text) && !p.endsName(p.text[p.pos]) {
		p.pos++
	}
	name := p.text[start:p.pos]
	if name == "" {
		return s, p.fail("expected a name after the dot")
	}
	if p.peek() == '(' {
		if !functions[name] {
			p.pos = start
			return s, p.fail("unknown function " + strconv.Quote(name))
		}
		p.pos++
		if p.space(); !p.take(")") {
			return s, p.fail("expected ) after the function's name")
		}
		if s.deep {
			return s, p.fail("a function cannot follow ..")
		}
		s.kind, s.function = segFunction, name
		return s, nil
	}
	s.names = []string{name}
	return s, nil
}

func (p *parser) endsName(c byte) bool {
	switch c {
	case '.', '[', '(', ' ', '\t', '\n', '\r':
		return true
	case '=', '<', '>', '!', '&', '|', ')', ']', ',', '~', '?', '+', '*', '/':
		return p.inFilter > 0
	}
	return false
}

func (p *parser) bracket(s segment) (segment, error) {
	p.pos++ // [
	p.space()
	var err error
	switch c := p.peek(); {
	case c == '*':
		p.pos++
		s.kind = segWildcard
	case c == '\'' || c == '"':
		s.names, err = p.names()
	case c == '?':
		p.pos++
		s.kind = segFilter
		s.filter, err = p.filter()
	case c == ':' || c == '-' || c >= '0' && c <= '9':
		s, err = p.numbers(s)
	default:
		return s, p.fail("expected a name in quotes, an index, a slice, * or ? in the brackets")
	}
	if err != nil {
		return s, err
	}
	if p.space(); !p.take("]") {
		return s, p.fail("expected ]")
	}
	return s, nil
}

func (p *parser) names() ([]string, error) {
	var names []string
	for {
		p.space()
		n, err := p.quoted()
		if err != nil {
			return nil, err
		}
		names = append(names, n)
		if p.space(); !p.take(",") {
			return names, nil
		}
	}
}

// quoted reads 'text' or "text"; a backslash takes the next character as it is,
// with JSON's letters for control characters.
func (p *parser) quoted() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", p.fail("expected a text in quotes")
	}
	var b strings.Builder
	for p.pos++; p.pos < len(p.text); p.pos++ {
		c := p.text[p.pos]
		switch {
		case c == quote:
			p.pos++
			return b.String(), nil
		case c == '\\' && p.pos+1 < len(p.text):
			p.pos++
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("the text in quotes does not end")
}

func (p *parser) escape(b *strings.Builder) error {
	switch c := p.text[p.pos]; c {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case 'b':
		b.WriteByte('\b')
	case 'f':
		b.WriteByte('\f')
	case 'u':
		r, ok := p.hex()
		if !ok {
			return p.fail("bad \\u escape")
		}
		p.pos += 4
		if utf16.IsSurrogate(r) && strings.HasPrefix(p.text[p.pos+1:], `\u`) {
			p.pos += 2
			low, ok := p.hex()
			if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
				p.pos += 4
				r = pair
			} else {
				p.pos -= 2
			}
		}
		b.WriteRune(r)
	default:
		b.WriteByte(c)
	}
	return nil
}

// hex reads the four digits behind the u at pos.
func (p *parser) hex() (rune, bool) {
	if p.pos+4 >= len(p.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.text[p.pos+1:p.pos+5], 16, 16)
	return rune(n), err == nil
}

// numbers reads an index, a list of indexes or a slice.
func (p *parser) numbers(s segment) (segment, error) {
	var first *int
	if p.peek() != ':' {
		n, err := p.int()
		if err != nil {
			return s, err
		}
		first = &n
	}
	if p.space(); p.take(":") {
		s.kind, s.from = segSlice, first
		p.space()
		if c := p.peek(); c == '-' || c >= '0' && c <= '9' {
			n, err := p.int()
			if err != nil {
				return s, err
			}
			s.to = &n
		}
		if p.space(); p.peek() == ':' {
			return s, p.fail("a slice has no third part here: write [from:to]")
		}
		return s, nil
	}
	s.kind, s.indexes = segIndexes, []int{*first}
	for p.space(); p.take(","); p.space() {
		p.space()
		n, err := p.int()
		if err != nil {
			return s, err
		}
		s.indexes = append(s.indexes, n)
	}
	return s, nil
}

func (p *parser) int() (int, error) {
	start := p.pos
	p.take("-")
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	n, err := strconv.ParseInt(p.text[start:p.pos], 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		p.pos = start
		return 0, p.fail("expected a whole number")
	case err != nil, n > maxExact, n < -maxExact:
		p.pos = start
		return 0, p.fail("the number is too great")
	}
	return int(min(max(n, math.MinInt32), math.MaxInt32)), nil // no list is longer
}
