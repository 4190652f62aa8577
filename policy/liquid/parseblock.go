package liquid

import (
	"regexp"
	"strings"
)

// branch is one arm of if, unless or case; an arm without conditions is else.
type branch struct {
	test  *condition
	nodes []node
}

func (p *parser) ifTag(t *token) node {
	n := &ifNode{}
	test := p.condition(t, t)
	if t.name == "unless" && test != nil {
		test = &condition{negated: test}
	}
	for {
		nodes, ender := p.block(t, "else", "elsif", "elseif")
		n.branches = append(n.branches, branch{test, nodes})
		if ender == nil || ender.name == "end"+t.name {
			return n
		}
		test = nil
		if ender.name != "else" {
			test = p.condition(ender, t)
		}
	}
}

// condition is `left operator right`, a value alone, or two conditions joined;
// as in DotLiquid the right-hand ones are taken together first.
type condition struct {
	left, right expression
	operator    string
	joiner      string // and, or; empty at the end
	next        *condition
	negated     *condition // unless
}

// operators by their text in lower case.
var operators = map[string]bool{"==": true, "!=": true, "<>": true, "<": true, ">": true, "<=": true, ">=": true, "contains": true,
	"startswith": true, "endswith": true, "haskey": true, "hasvalue": true}

// condition compiles the markup of t, an arm of the tag open.
func (p *parser) condition(t, open *token) *condition {
	// In text between XML elements the brackets stay as entities.
	text := strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(t.text)
	var words []string
	for rest := strings.TrimLeft(text, blanks); rest != ""; rest = strings.TrimLeft(rest, blanks) {
		n := fragment(rest, false)
		if n == 0 {
			n = 1 // a comma, a bar, a quote that stands alone: no operator or value
		}
		words = append(words, rest[:n])
		rest = rest[n:]
	}
	first := &condition{}
	c := first
	for {
		if len(words) == 0 || words[0] == "and" || words[0] == "or" {
			p.syntax(t, open.name, open.name+" value == other")
			return nil
		}
		c.left, words = p.expression(words[0]), words[1:]
		if len(words) > 0 && words[0] != "and" && words[0] != "or" {
			c.operator = strings.ToLower(words[0])
			if !operators[c.operator] {
				p.fault(t.at, len(t.name)+3, "Unknown operator "+words[0], "the operators are ==, !=, <>, <, >, <=, >=, contains, startswith, endswith, haskey, hasvalue; put blanks around them")
				return nil
			}
			words = words[1:]
			if len(words) > 0 && words[0] != "and" && words[0] != "or" {
				c.right, words = p.expression(words[0]), words[1:]
			}
		}
		if len(words) == 0 {
			return first
		}
		if words[0] != "and" && words[0] != "or" {
			p.syntax(t, open.name, open.name+" value == other and value == other")
			return nil
		}
		c.joiner, c.next = words[0], &condition{}
		c, words = c.next, words[1:]
	}
}

func (p *parser) caseTag(t *token) node {
	n := &caseNode{}
	text := strings.TrimLeft(t.text, blanks)
	if k := fragment(text, false); k > 0 {
		n.value = p.expression(text[:k])
	} else {
		p.syntax(t, "case", "case value")
	}
	_, ender := p.block(t, "when", "else") // text before the first when is dropped
	for ender != nil && ender.name != "endcase" {
		arm := caseArm{isElse: ender.name == "else"}
		if !arm.isElse {
			arm.values = p.whenValues(ender)
		} else if strings.TrimSpace(ender.text) != "" {
			p.syntax(ender, "case", "else")
		}
		arm.nodes, ender = p.block(t, "when", "else")
		n.arms = append(n.arms, arm)
	}
	return n
}

var whenOr = regexp.MustCompile(`^(\s+or\s+|\s*,\s*)`)

func (p *parser) whenValues(t *token) (out []expression) {
	rest := strings.TrimLeft(t.text, blanks)
	for {
		n := fragment(rest, false)
		if n == 0 {
			p.syntax(t, "case", "when value or value")
			return out
		}
		out = append(out, p.expression(rest[:n]))
		rest = rest[n:]
		sep := whenOr.FindString(rest)
		if sep == "" {
			return out
		}
		rest = rest[len(sep):]
	}
}

var (
	loopText  = regexp.MustCompile(`^\s*([\p{L}\p{Nd}_]+)\s+in\s+`)
	loopValue = regexp.MustCompile(`([\p{L}\p{Nd}_]+)\s*:\s*("[^"]*"|'[^']*'|[^\s,|'"]+)`)
)

// loop is what for, JSONArrayFor and tablerow have in common.
type loop struct {
	name, variable      string
	over                expression
	reversed            bool
	limit, offset, cols *expression
	fromLast            bool // offset:continue
	nodes, otherwise    []node
}

func (p *parser) loop(t *token) *loop {
	m := loopText.FindStringSubmatch(t.text)
	rest := ""
	n := 0
	if m != nil {
		rest = t.text[len(m[0]):]
		n = fragment(rest, false)
	}
	if n == 0 {
		p.syntax(t, t.name, t.name+" item in items")
		return &loop{}
	}
	l := &loop{variable: m[1], name: m[1] + "-" + rest[:n], over: p.expression(rest[:n])}
	rest = rest[n:]
	if name, _ := word(rest); name == "reversed" {
		l.reversed = true
	}
	for _, a := range loopValue.FindAllStringSubmatch(rest, -1) {
		value := p.expression(a[2])
		switch {
		case a[1] == "offset" && a[2] == "continue":
			l.fromLast = true
		case a[1] == "offset":
			l.offset = &value
		case a[1] == "limit":
			l.limit = &value
		case a[1] == "cols" && t.name == "tablerow":
			l.cols = &value
		default:
			p.warn(t.at, len(t.name)+3, "attribute "+a[1]+" of "+t.name+" is passed over", "it takes limit and offset")
		}
	}
	return l
}

func (p *parser) forTag(t *token) node {
	l := p.loop(t)
	var ender *token
	l.nodes, ender = p.block(t, "else")
	if ender != nil && ender.name == "else" {
		l.otherwise, _ = p.block(t)
	}
	return &forNode{loop: l, array: t.name == "JSONArrayFor"}
}

func (p *parser) tableRow(t *token) node {
	l := p.loop(t)
	if l.cols == nil && l.variable != "" {
		p.syntax(t, "tablerow", "tablerow item in items cols:2")
	}
	l.nodes, _ = p.block(t)
	return &tableRowNode{l}
}
