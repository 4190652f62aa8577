package rx

import (
	"strconv"
)

func (p *parser) escape() *node {
	if !p.more() {
		p.fail(`illegal \ at end of pattern`)
	}
	c := p.s[p.i]
	switch c {
	case 'A', 'z', 'Z', 'b', 'B', 'G':
		p.i++
		ops := map[rune]op{'A': opBegin, 'z': opEnd, 'Z': opEndLine, 'b': opWord, 'B': opNotWord}
		if o, ok := ops[c]; ok {
			return &node{op: o}
		}
		p.fail(`\G is not supported`)
	case 'k':
		p.i++
		if p.accept("<") {
			return p.namedRef('>')
		}
		if p.accept("'") {
			return p.namedRef('\'')
		}
		p.fail(`malformed \k<…> named back reference`)
	}
	if c >= '1' && c <= '9' {
		n := 0
		for p.more() && p.s[p.i] >= '0' && p.s[p.i] <= '9' && n < 1000 {
			n = n*10 + int(p.s[p.i]-'0')
			p.i++
		}
		return &node{op: opBackRef, n: n, flags: p.flags}
	}
	if s := p.classEscape(); s != nil {
		return &node{op: opSet, set: s, flags: p.flags}
	}
	return &node{op: opRune, r: p.charEscape(), flags: p.flags}
}

func (p *parser) namedRef(end rune) *node {
	n := &node{op: opBackRef, flags: p.flags}
	name := p.name(end)
	if num, err := strconv.Atoi(name); err == nil {
		n.n = num
		return n
	}
	p.groups = append(p.groups, &groupUse{n, name})
	return n
}
