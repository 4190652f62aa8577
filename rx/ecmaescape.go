package rx

import (
	"strings"
	"unicode"
)

func isASCIIWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func isASCIIDigit(r rune) bool { return r >= '0' && r <= '9' }

// isLineEnd tells ECMAScript's line terminators.
func isLineEnd(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' }

// isECMASpace tells ECMAScript's white space and line terminators.
func isECMASpace(r rune) bool {
	return r >= '\t' && r <= '\r' || r == ' ' || r == '\ufeff' || isLineEnd(r) || unicode.Is(unicode.Zs, r)
}

// ecmaSets are the escapes that stand for a class.
var ecmaSets = map[rune]*set{
	'd': {named: []property{asciiDigits}}, 'D': {named: []property{asciiDigits.negated()}},
	'w': {named: []property{asciiWords}}, 'W': {named: []property{asciiWords.negated()}},
	's': {named: []property{ecmaSpaces}}, 'S': {named: []property{ecmaSpaces.negated()}},
}

// escape takes what follows a backslash outside a class.
func (p *ecmaParser) escape() (n *node, fixed bool) {
	if !p.more() {
		p.fail(`\ at end of pattern`)
	}
	c := p.s[p.i]
	switch {
	case c == 'b':
		p.i++
		return p.leaf(opWord), true
	case c == 'B':
		p.i++
		return p.leaf(opNotWord), true
	case c == 'k' && p.hasNames:
		p.i++
		if !p.accept("<") {
			p.fail("Invalid named reference")
		}
		n = p.leaf(opBackRef)
		p.groups = append(p.groups, &groupUse{n, p.groupName("Invalid named reference")})
		return n, false
	case c >= '1' && c <= '9':
		if num, digits := p.decimal(); num <= p.total {
			p.i += digits
			n = p.leaf(opBackRef)
			n.n = num
			return n, false
		}
	case ecmaSets[c] != nil:
		p.i++
		n = p.leaf(opSet)
		n.set = ecmaSets[c]
		return n, false
	}
	n = p.leaf(opRune)
	n.r = p.character(false)
	return n, false
}

// decimal looks at the number that stands here.
func (p *ecmaParser) decimal() (num, digits int) {
	for p.i+digits < len(p.s) && isASCIIDigit(p.s[p.i+digits]) {
		num = min(num*10+int(p.s[p.i+digits]-'0'), maxProgram)
		digits++
	}
	return num, digits
}

// character takes an escape that stands for one character; one that means nothing
// stands for its own letter.
func (p *ecmaParser) character(inClass bool) rune {
	c := p.s[p.i]
	p.i++
	if k := strings.IndexRune("tnrfv", c); k >= 0 {
		return []rune("\t\n\r\f\v")[k]
	}
	switch {
	case c == 'x' || c == 'u':
		if r, ok := p.digits(c); ok {
			return r
		}
	case c == 'c':
		if p.more() && p.controls(p.s[p.i], inClass) {
			r := p.s[p.i] % 32
			p.i++
			return r
		}
		// The backslash stands for itself, and the c follows it.
		p.i--
		return '\\'
	case c >= '0' && c <= '7':
		p.i--
		return p.octal()
	}
	return c
}

func (p *ecmaParser) controls(c rune, inClass bool) bool {
	return c < 128 && (unicode.IsLetter(c) || inClass && isASCIIWord(c))
}

// digits takes the two or four hexadecimal digits of \x and \u, and both halves of
// a surrogate pair.
func (p *ecmaParser) digits(kind rune) (rune, bool) {
	size := 2
	if kind == 'u' {
		size = 4
	}
	r, ok := p.hexAt(p.i, size)
	if !ok {
		return 0, false
	}
	p.i += size
	if kind == 'u' && r >= 0xd800 && r < 0xdc00 && p.has(`\u`) {
		if low, ok := p.hexAt(p.i+2, 4); ok && low >= 0xdc00 && low < 0xe000 {
			p.i += 6
			return (r-0xd800)<<10 + low - 0xdc00 + 0x10000, true
		}
	}
	return r, true
}

func (p *ecmaParser) hexAt(at, size int) (r rune, ok bool) {
	if at+size > len(p.s) {
		return 0, false
	}
	for _, c := range p.s[at : at+size] {
		k := strings.IndexRune("0123456789abcdef", unicode.ToLower(c))
		if k < 0 || c > 127 {
			return 0, false
		}
		r = r<<4 + rune(k)
	}
	return r, true
}

// octal takes up to three octal digits, no more than 377.
func (p *ecmaParser) octal() (r rune) {
	for n := 0; n < 3 && p.more() && p.s[p.i] >= '0' && p.s[p.i] <= '7' && r*8 < 256; n++ {
		r = r*8 + p.s[p.i] - '0'
		p.i++
	}
	return r
}

// class takes the inside of […] after the opening bracket.
func (p *ecmaParser) class() *set {
	s := &set{not: p.accept("^")}
	for {
		if !p.more() {
			p.fail("Unterminated character class")
		}
		if p.accept("]") {
			return s.sorted()
		}
		lo, sub := p.member()
		ranged := p.has("-") && p.i+1 < len(p.s) && p.s[p.i+1] != ']'
		if !ranged {
			s.add(lo, lo, sub)
			continue
		}
		p.i++
		hi, other := p.member()
		if sub != nil || other != nil {
			// A class at an end of a range makes the hyphen a plain one.
			s.add(lo, lo, sub)
			s.add('-', '-', nil)
			s.add(hi, hi, other)
			continue
		}
		if hi < lo {
			p.fail("Range out of order in character class")
		}
		s.add(lo, hi, nil)
	}
}

func (s *set) add(lo, hi rune, sub *set) {
	if sub != nil {
		s.named = append(s.named, sub.named...)
		return
	}
	s.ranges = append(s.ranges, lo, hi)
}

// member takes one character of a class, or a class in it.
func (p *ecmaParser) member() (rune, *set) {
	c := p.s[p.i]
	p.i++
	if c != '\\' {
		return c, nil
	}
	if !p.more() {
		p.fail(`\ at end of pattern`)
	}
	switch c = p.s[p.i]; {
	case c == 'b':
		p.i++
		return '\b', nil
	case ecmaSets[c] != nil:
		p.i++
		return 0, ecmaSets[c]
	}
	return p.character(true), nil
}

// canonical is ECMAScript's Canonicalize without the u flag: the upper case, unless
// that is ASCII and the character is not.
func canonical(r rune) rune {
	u := unicode.ToUpper(r)
	if r >= 128 && u < 128 {
		return r
	}
	return u
}
