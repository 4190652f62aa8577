package xpath

import (
	"fmt"
	"strconv"

	"stile/policy/expr/xmltree"
)

// primary tells whether a filter expression begins here, not a location path.
func (p *parser) primary() bool {
	t := p.peek()
	switch t.kind {
	case 's', '#':
		return true
	case 'o':
		return t.text == "("
	case 'n':
		return p.toks[p.i+1] == token{'o', "("} && !nodeTest[t.text]
	}
	return false
}

var nodeTest = map[string]bool{"node": true, "text": true, "comment": true, "processing-instruction": true}

func (p *parser) path() evaluator {
	if !p.primary() {
		return p.location()
	}
	e := p.filter()
	if !p.is("/") && !p.is("//") {
		return e
	}
	steps := p.slashes(nil)
	return func(c *context) value { return c.follow(c.setOf(e(c)), steps) }
}

func (p *parser) filter() evaluator {
	var e evaluator
	switch t := p.peek(); t.kind {
	case 's':
		p.i++
		e = func(*context) value { return value{kind: textKind, s: t.text} }
	case '#':
		p.i++
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			p.fail()
		}
		e = func(*context) value { return number(n) }
	case 'n':
		e = p.call()
	default:
		p.must("(")
		e = p.expr()
		p.must(")")
	}
	for p.is("[") {
		inner, test := e, p.predicate()
		e = func(c *context) value { return value{kind: nodesKind, nodes: c.keep(c.setOf(inner(c)), test)} }
	}
	return e
}

func (p *parser) predicate() evaluator {
	p.must("[")
	e := p.expr()
	p.must("]")
	return e
}

func (p *parser) location() evaluator {
	var steps []step
	absolute := false
	switch {
	case p.is("//"):
		absolute = true
		steps = p.slashes(nil)
	case p.take("/"):
		absolute = true
		if p.begins() {
			steps = p.slashes([]step{p.step()})
		}
	default:
		steps = p.slashes([]step{p.step()})
	}
	return func(c *context) value {
		from := []item{c.at}
		if absolute {
			from = []item{{node: c.root()}}
		}
		return c.follow(from, steps)
	}
}

// begins tells whether a step begins here.
func (p *parser) begins() bool {
	t := p.peek()
	return t.kind == 'n' || t.kind == 'o' && (t.text == "." || t.text == ".." || t.text == "@" || t.text == "*")
}

func (p *parser) slashes(steps []step) []step {
	for {
		switch {
		case p.take("//"):
			steps = append(steps, step{axis: axes["descendant-or-self"], test: test{kind: "node"}}, p.step())
		case p.take("/"):
			steps = append(steps, p.step())
		default:
			return steps
		}
	}
}

func (p *parser) step() step {
	switch {
	case p.take("."):
		return step{axis: axes["self"], test: test{kind: "node"}}
	case p.take(".."):
		return step{axis: axes["parent"], test: test{kind: "node"}}
	}
	s := step{axis: axes["child"]}
	attribute := p.take("@")
	if t := p.peek(); !attribute && t.kind == 'n' && p.toks[p.i+1] == (token{'o', "::"}) {
		a, ok := axes[t.text]
		if !ok {
			p.fail()
		}
		p.i += 2
		s.axis, attribute = a, t.text == "attribute"
	} else if attribute {
		s.axis = axes["attribute"]
	}
	s.test = p.test(attribute)
	for p.is("[") {
		s.predicates = append(s.predicates, p.predicate())
	}
	return s
}

// test reads what follows an axis.
func (p *parser) test(attribute bool) test {
	if p.take("*") {
		return test{kind: "any", attribute: attribute}
	}
	t := p.peek()
	if t.kind != 'n' {
		panic(&SyntaxError{Message: noNodes})
	}
	p.i++
	if nodeTest[t.text] && p.take("(") {
		out := test{kind: t.text, attribute: attribute}
		if arg := p.peek(); arg.kind == 's' && t.text == "processing-instruction" {
			p.i++
			out.name.Local = arg.text
		}
		p.must(")")
		return out
	}
	if !p.take(":") {
		return test{kind: "name", name: xmltree.Name{Local: t.text}, attribute: attribute}
	}
	space, ok := p.space(t.text)
	if !ok {
		panic(&SyntaxError{Message: fmt.Sprintf("Namespace prefix '%s' is not defined.", t.text), Context: true})
	}
	if p.take("*") {
		return test{kind: "space", name: xmltree.Name{Space: space}, attribute: attribute}
	}
	local := p.peek()
	if local.kind != 'n' {
		p.fail()
	}
	p.i++
	return test{kind: "name", name: xmltree.Name{Space: space, Local: local.text}, attribute: attribute}
}
