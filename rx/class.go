package rx

import (
	"sort"
	"strconv"
	"strings"
	"unicode"
)

// set is a character class.
type set struct {
	not    bool
	ranges []rune // pairs
	named  []property
	minus  *set
}

// matches looks at r, or at all its cases where case is ignored.
func (s *set) matches(r rune, flags Options) bool {
	in := s.inside(r)
	if flags&IgnoreCase != 0 {
		for f := unicode.SimpleFold(r); f != r && !in; f = unicode.SimpleFold(f) {
			in = (flags&ecma == 0 || canonical(f) == canonical(r)) && s.inside(f)
		}
	}
	return in != s.not && (s.minus == nil || !s.minus.matches(r, flags))
}

func (s *set) inside(r rune) bool {
	n := len(s.ranges) / 2
	if i := sort.Search(n, func(i int) bool { return s.ranges[2*i+1] >= r }); i < n && r >= s.ranges[2*i] {
		return true
	}
	for i := range s.named {
		if s.named[i].has(r) {
			return true
		}
	}
	return false
}

// sorted puts the ranges in order and joins those that touch.
func (s *set) sorted() *set {
	s.ranges = joined(s.ranges)
	return s
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Pc, r)
}

// classEscape takes \d \w \s \p{…} and their opposites; nil where none stands here.
func (p *parser) classEscape() *set {
	digit, word, space := digits, words, spaces
	if p.flags&ECMAScript != 0 {
		digit, word, space = asciiDigits, asciiWords, asciiSpaces
	}
	c := p.s[p.i]
	if k, ok := map[rune]property{
		'd': digit, 'D': digit.negated(), 'w': word, 'W': word.negated(), 's': space, 'S': space.negated(),
	}[c]; ok {
		p.i++
		return &set{named: []property{k}}
	}
	if c != 'p' && c != 'P' {
		return nil
	}
	p.i++
	if !p.accept("{") {
		p.fail(`malformed \p{X} character escape`)
	}
	name := p.name('}')
	table := unicode.Categories[name]
	if table == nil {
		table = unicode.Scripts[strings.TrimPrefix(name, "Is")]
	}
	if table == nil {
		p.fail("unknown property %q", name)
	}
	return &set{named: []property{{
		is: func(r rune) bool { return unicode.Is(table, r) }, tables: []*unicode.RangeTable{table}, not: c == 'P',
	}}}
}

// charEscape takes an escape that stands for one character.
func (p *parser) charEscape() rune {
	c := p.s[p.i]
	p.i++
	if k := strings.IndexRune("tnrfvae0", c); k >= 0 {
		return []rune("\t\n\r\f\v\a\x1b\x00")[k]
	}
	switch c {
	case 'x':
		return p.hex(2)
	case 'u':
		return p.hex(4)
	case 'c':
		if p.more() {
			r := unicode.ToUpper(p.s[p.i])
			p.i++
			return r ^ 0x40
		}
		p.fail("missing control character")
	}
	if unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' {
		p.fail(`unrecognized escape sequence \%c`, c)
	}
	return c
}

func (p *parser) hex(n int) rune {
	if p.i+n > len(p.s) {
		p.fail("insufficient hexadecimal digits")
	}
	v, err := strconv.ParseUint(string(p.s[p.i:p.i+n]), 16, 32)
	if err != nil {
		p.fail("insufficient hexadecimal digits")
	}
	p.i += n
	return rune(v)
}

// class takes the inside of […] after the opening bracket.
func (p *parser) class() *set {
	s := &set{not: p.accept("^")}
	for first := true; ; first = false {
		if !p.more() {
			p.fail("unterminated [] set")
		}
		if p.s[p.i] == ']' && !first {
			p.i++
			return s.sorted()
		}
		if p.has("-[") && !first {
			p.i += 2
			s.minus = p.class()
			continue
		}
		lo, sub := p.classPart()
		if sub != nil {
			s.named = append(s.named, sub.named...)
			continue
		}
		hi := lo
		if p.has("-") && p.i+1 < len(p.s) && p.s[p.i+1] != ']' && p.s[p.i+1] != '[' {
			p.i++
			var bad *set
			if hi, bad = p.classPart(); bad != nil || hi < lo {
				p.fail("[x-y] range in reverse order")
			}
		}
		s.ranges = append(s.ranges, lo, hi)
	}
}

func (p *parser) classPart() (rune, *set) {
	c := p.s[p.i]
	p.i++
	if c != '\\' {
		return c, nil
	}
	if !p.more() {
		p.fail(`illegal \ at end of pattern`)
	}
	if p.accept("b") {
		return '\b', nil
	}
	if s := p.classEscape(); s != nil {
		return 0, s
	}
	return p.charEscape(), nil
}
