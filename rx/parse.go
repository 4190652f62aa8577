package rx

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// node is a part of the pattern's tree.
type node struct {
	op       op
	r        rune
	set      *set
	subs     []*node
	n        int // group number, back-reference
	min, max int // repeat; max -1 is without bound
	lazy     bool
	flags    Options
	// first and behind bound the groups inside a repeat of ECMAScript's flavour, which
	// forgets them at every turn.
	first, behind int
}

type op uint8

const (
	opEmpty op = iota
	opRune
	opSet
	opAny
	opBegin     // \A
	opEnd       // \z
	opEndLine   // \Z
	opLineStart // ^
	opLineEnd   // $
	opWord
	opNotWord
	opConcat
	opAlternate
	opRepeat
	opGroup
	opBackRef
	opAhead
	opNotAhead
	opBehind
	opNotBehind
	opAtomic
)

type parser struct {
	s     []rune
	i     int
	flags Options
	// plain counts unnamed groups; named lists the names in order of appearance.
	plain int
	named []string
	depth int
	// pending are the group nodes and references whose numbers wait for the count of
	// unnamed groups: .NET numbers named groups after all unnamed ones.
	groups []*groupUse
}

type groupUse struct {
	n    *node
	name string
}

const maxDepth = 100

// SyntaxError is a fault of a pattern.
type SyntaxError struct{ Reason string }

// Error gives the reason.
func (e *SyntaxError) Error() string { return e.Reason }

func (p *parser) fail(format string, args ...any) {
	panic(&SyntaxError{fmt.Sprintf(format, args...)})
}

func (p *parser) more() bool { return p.i < len(p.s) }

func (p *parser) has(text string) bool {
	r := []rune(text)
	if len(p.s)-p.i < len(r) {
		return false
	}
	for k, c := range r {
		if p.s[p.i+k] != c {
			return false
		}
	}
	return true
}

func (p *parser) accept(text string) bool {
	if p.has(text) {
		p.i += len([]rune(text))
		return true
	}
	return false
}

func (p *parser) alternation() *node {
	if p.depth++; p.depth > maxDepth {
		p.fail("groups nest too deep")
	}
	defer func() { p.depth-- }()
	list := []*node{p.concat()}
	for p.accept("|") {
		list = append(list, p.concat())
	}
	if len(list) == 1 {
		return list[0]
	}
	return &node{op: opAlternate, subs: list}
}

func (p *parser) concat() *node {
	out := &node{op: opConcat}
	for p.more() && p.s[p.i] != '|' && p.s[p.i] != ')' {
		if p.flags&IgnorePatternWhitespace != 0 && p.skipped() {
			continue
		}
		if a := p.atom(); a != nil {
			out.subs = append(out.subs, p.quantified(a))
		}
	}
	return out
}

// skipped passes white space and # comments of an extended pattern.
func (p *parser) skipped() bool {
	c := p.s[p.i]
	if unicode.IsSpace(c) {
		p.i++
		return true
	}
	if c != '#' {
		return false
	}
	for p.more() && p.s[p.i] != '\n' {
		p.i++
	}
	return true
}

func (p *parser) quantified(a *node) *node {
	for p.more() {
		lo, hi := 0, -1
		switch c := p.s[p.i]; c {
		case '*':
		case '+':
			lo = 1
		case '?':
			hi = 1
		case '{':
			var ok bool
			if lo, hi, ok = p.bounds(); !ok {
				return a
			}
			p.i--
		default:
			return a
		}
		p.i++
		a = &node{op: opRepeat, subs: []*node{a}, min: lo, max: hi, lazy: p.accept("?")}
		if p.more() && strings.ContainsRune("*+?", p.s[p.i]) {
			p.fail("nested quantifier %c", p.s[p.i])
		}
	}
	return a
}

// bounds reads {n}, {n,} or {n,m}; anything else leaves the brace a literal.
func (p *parser) bounds() (lo, hi int, ok bool) {
	end := p.i
	for end < len(p.s) && p.s[end] != '}' {
		end++
	}
	if end == len(p.s) {
		return 0, 0, false
	}
	text := string(p.s[p.i+1 : end])
	a, b, comma := strings.Cut(text, ",")
	lo, err := strconv.Atoi(a)
	if err != nil || lo < 0 {
		return 0, 0, false
	}
	hi = lo
	if comma {
		hi = -1
		if b != "" {
			if hi, err = strconv.Atoi(b); err != nil {
				return 0, 0, false
			}
			if hi < lo {
				p.fail("illegal {x,y} with x > y")
			}
		}
	}
	p.i = end + 1
	return lo, hi, true
}

func (p *parser) atom() *node {
	c := p.s[p.i]
	p.i++
	switch c {
	case '(':
		return p.group()
	case '[':
		return &node{op: opSet, set: p.class(), flags: p.flags}
	case '.':
		return &node{op: opAny, flags: p.flags}
	case '^':
		if p.flags&Multiline != 0 {
			return &node{op: opLineStart}
		}
		return &node{op: opBegin}
	case '$':
		if p.flags&Multiline != 0 {
			return &node{op: opLineEnd}
		}
		return &node{op: opEndLine}
	case '\\':
		return p.escape()
	case '*', '+', '?':
		p.fail("quantifier %c following nothing", c)
	}
	return &node{op: opRune, r: c, flags: p.flags}
}

func (p *parser) group() *node {
	if !p.accept("?") {
		if p.flags&ExplicitCapture != 0 {
			return p.body(nil)
		}
		p.plain++
		return p.body(&node{op: opGroup, n: p.plain})
	}
	for _, k := range []struct {
		mark string
		op   op
	}{{":", opConcat}, {"=", opAhead}, {"!", opNotAhead}, {"<=", opBehind}, {"<!", opNotBehind}, {">", opAtomic}} {
		if p.accept(k.mark) {
			return p.body(&node{op: k.op})
		}
	}
	if p.accept("#") {
		for p.more() && p.s[p.i] != ')' {
			p.i++
		}
		p.accept(")")
		return nil
	}
	if p.accept("<") {
		return p.namedGroup('>')
	}
	if p.accept("'") {
		return p.namedGroup('\'')
	}
	return p.options()
}

// body takes the inside of a group and its closing parenthesis.
func (p *parser) body(n *node) *node {
	was := p.flags
	inner := p.alternation()
	p.flags = was
	if !p.accept(")") {
		p.fail("not enough )'s")
	}
	if n == nil {
		return &node{op: opConcat, subs: []*node{inner}}
	}
	n.subs = []*node{inner}
	return n
}

func (p *parser) namedGroup(end rune) *node {
	n := &node{op: opGroup}
	name := p.name(end)
	if num, err := strconv.Atoi(name); err == nil {
		p.fail("numbered group %d is not supported; give it a name", num)
	}
	if strings.Contains(name, "-") {
		p.fail("balancing groups are not supported")
	}
	p.declare(name)
	p.groups = append(p.groups, &groupUse{n, name})
	return p.body(n)
}

func (p *parser) declare(name string) {
	for _, have := range p.named {
		if have == name {
			return
		}
	}
	p.named = append(p.named, name)
}

func (p *parser) name(end rune) string {
	from := p.i
	for p.more() && p.s[p.i] != end {
		p.i++
	}
	name := string(p.s[from:p.i])
	if !p.more() || name == "" {
		p.fail("invalid group name")
	}
	p.i++
	return name
}

// options takes (?imnsx-imnsx) and (?imnsx-imnsx: … ).
func (p *parser) options() *node {
	was, off := p.flags, false
	for p.more() {
		c := p.s[p.i]
		p.i++
		switch c {
		case '-':
			off = true
			continue
		case ')':
			return nil
		case ':':
			inner := p.alternation()
			p.flags = was
			if !p.accept(")") {
				p.fail("not enough )'s")
			}
			return inner
		}
		k := strings.IndexRune("imnsx", c)
		if k < 0 {
			p.fail("unrecognized grouping construct")
		}
		bit := [...]Options{IgnoreCase, Multiline, ExplicitCapture, Singleline, IgnorePatternWhitespace}[k]
		if off {
			p.flags &^= bit
		} else {
			p.flags |= bit
		}
	}
	p.fail("unterminated group")
	return nil
}
