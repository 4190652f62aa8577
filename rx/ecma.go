package rx

import (
	"strconv"
	"strings"
)

// ecma marks nodes of ECMAScript's flavour. It is no option of .NET's.
const ecma Options = 1 << 16

// CompileECMA reads a pattern of ECMAScript without its u flag, with the lenient
// rules that browsers share (ECMA-262, Annex B.1.2), save that one character is one
// code point. flags is of the letters i, m, s, and g, which changes nothing here.
// Groups are numbered as they open, named ones too. Errors are *SyntaxError.
func CompileECMA(pattern, flags string) (*Regexp, error) {
	options := ecma
	for _, f := range flags {
		switch f {
		case 'i':
			options |= IgnoreCase
		case 'm':
			options |= Multiline
		case 's':
			options |= Singleline
		case 'g':
		default:
			return nil, &SyntaxError{"Invalid flags supplied to RegExp constructor '" + flags + "'"}
		}
	}
	return compiled(func() (*node, []string) {
		p := &ecmaParser{parser: parser{s: []rune(pattern), flags: options}}
		p.survey()
		tree := p.disjunction()
		if p.more() {
			p.fail("Unmatched ')'")
		}
		p.link()
		return tree, p.names
	})
}

// ecmaParser reads ECMAScript's grammar.
type ecmaParser struct {
	parser
	// total and hasNames are known before parsing: what \2 and \k mean depends on them.
	total    int
	hasNames bool
	names    []string
}

// survey counts the groups that capture.
func (p *ecmaParser) survey() {
	p.names = []string{"0"}
	inside := false
	for i := 0; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '\\':
			i++
		case inside:
			inside = c != ']'
		case c == '[':
			inside = true
		case c == '(':
			rest := string(p.s[i+1 : min(i+4, len(p.s))])
			named := strings.HasPrefix(rest, "?<") && rest != "?<=" && rest != "?<!"
			if named || !strings.HasPrefix(rest, "?") {
				p.total++
			}
			p.hasNames = p.hasNames || named
		}
	}
}

// link gives references by name their numbers.
func (p *ecmaParser) link() {
	for _, use := range p.groups {
		for i, n := range p.names {
			if i > 0 && n == use.name {
				use.n.n = i
			}
		}
		if use.n.n == 0 {
			p.fail("Invalid named capture referenced")
		}
	}
}

func (p *ecmaParser) disjunction() *node {
	if p.depth++; p.depth > maxDepth {
		p.fail("Regular expression too large")
	}
	defer func() { p.depth-- }()
	list := []*node{p.sequence()}
	for p.accept("|") {
		list = append(list, p.sequence())
	}
	if len(list) == 1 {
		return list[0]
	}
	return &node{op: opAlternate, subs: list}
}

func (p *ecmaParser) sequence() *node {
	out := &node{op: opConcat}
	for p.more() && p.s[p.i] != '|' && p.s[p.i] != ')' {
		before := len(p.names)
		term, fixed := p.term()
		if q := p.quantifier(); q != nil {
			if fixed {
				p.fail("Nothing to repeat")
			}
			q.subs, q.flags, q.first, q.behind = []*node{term}, ecma, before, len(p.names)
			term = q
		}
		out.subs = append(out.subs, term)
	}
	return out
}

// quantifier takes *, +, ?, {n}, {n,} or {n,m} and a following ?; nil where none stands.
func (p *ecmaParser) quantifier() *node {
	if !p.more() {
		return nil
	}
	n := &node{op: opRepeat, max: -1}
	switch p.s[p.i] {
	case '*':
		p.i++
	case '+':
		n.min = 1
		p.i++
	case '?':
		n.max = 1
		p.i++
	case '{':
		var ok bool
		if n.min, n.max, ok = p.counts(); !ok {
			return nil
		}
	default:
		return nil
	}
	n.lazy = p.accept("?")
	return n
}

// counts reads the braces of a quantifier; braces that are none are left alone.
func (p *ecmaParser) counts() (lo, hi int, ok bool) {
	end := p.i + 1
	for end < len(p.s) && (p.s[end] >= '0' && p.s[end] <= '9' || p.s[end] == ',') {
		end++
	}
	if end == len(p.s) || p.s[end] != '}' {
		return 0, 0, false
	}
	low, high, comma := strings.Cut(string(p.s[p.i+1:end]), ",")
	if low == "" || strings.Contains(high, ",") {
		return 0, 0, false
	}
	lo = count(low)
	switch {
	case !comma:
		hi = lo
	case high == "":
		hi = -1
	default:
		if hi = count(high); hi < lo {
			p.fail("numbers out of order in {} quantifier")
		}
	}
	p.i = end + 1
	return lo, hi, true
}

// count reads digits; more than a program can hold is as good as the most.
func count(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxProgram {
		return maxProgram + 1
	}
	return n
}

// term takes one atom or assertion; fixed says that no quantifier may follow it.
func (p *ecmaParser) term() (n *node, fixed bool) {
	c := p.s[p.i]
	switch c {
	case '*', '+', '?':
		p.fail("Nothing to repeat")
	case '{':
		if _, _, ok := p.counts(); ok {
			p.fail("Nothing to repeat")
		}
	}
	p.i++
	switch c {
	case '^':
		if p.flags&Multiline != 0 {
			return p.leaf(opLineStart), true
		}
		return p.leaf(opBegin), true
	case '$':
		if p.flags&Multiline != 0 {
			return p.leaf(opLineEnd), true
		}
		return p.leaf(opEnd), true
	case '(':
		return p.group()
	case '[':
		n = p.leaf(opSet)
		n.set = p.class()
		return n, false
	case '.':
		return p.leaf(opAny), false
	case '\\':
		return p.escape()
	}
	n = p.leaf(opRune)
	n.r = c
	return n, false
}

func (p *ecmaParser) leaf(o op) *node { return &node{op: o, flags: p.flags} }

func (p *ecmaParser) group() (n *node, fixed bool) {
	switch {
	case p.accept("?:"):
		return p.closed(&node{op: opConcat}), false
	case p.accept("?="):
		return p.closed(&node{op: opAhead}), false
	case p.accept("?!"):
		return p.closed(&node{op: opNotAhead}), false
	case p.accept("?<="):
		return p.closed(&node{op: opBehind}), true
	case p.accept("?<!"):
		return p.closed(&node{op: opNotBehind}), true
	case p.accept("?<"):
		name := p.groupName("Invalid capture group name")
		for _, have := range p.names {
			if have == name {
				p.fail("Duplicate capture group name")
			}
		}
		p.names = append(p.names, name)
	case p.has("?"):
		p.fail("Invalid group")
	default:
		p.names = append(p.names, itoa(len(p.names)))
	}
	return p.closed(&node{op: opGroup, n: len(p.names) - 1}), false
}

func (p *ecmaParser) closed(n *node) *node {
	n.subs = []*node{p.disjunction()}
	if !p.accept(")") {
		p.fail("Unterminated group")
	}
	return n
}

// groupName takes a name up to its closing angle.
func (p *ecmaParser) groupName(fault string) string {
	from := p.i
	for p.more() && p.s[p.i] != '>' {
		if c := p.s[p.i]; c != '$' && !isWord(c) || p.i == from && c >= '0' && c <= '9' {
			p.fail("%s", fault)
		}
		p.i++
	}
	name := string(p.s[from:p.i])
	if name == "" || !p.accept(">") {
		p.fail("%s", fault)
	}
	return name
}
