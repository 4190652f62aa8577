package liquid

import (
	"fmt"
	"slices"
	"strings"

	"stile/diag"
)

// Template is a compiled template.
type Template struct {
	nodes []node
	names map[string]bool
	// anyName says that a path begins with a computed name.
	anyName bool
}

// Uses reports whether the template may look a name up outside itself.
func (t *Template) Uses(name string) bool { return t.anyName || t.names[name] }

// maxFaults ends the search for more faults in a text that is no template;
// maxDepth bounds the nesting of blocks.
const (
	maxFaults = 50
	maxDepth  = 80
)

// Compile reads a template. The Template is nil where a fault is no warning.
func Compile(text string) (*Template, []Fault) {
	sc := &scanner{s: text}
	sc.scan()
	p := &parser{tokens: sc.tokens, faults: sc.faults, names: map[string]bool{}}
	nodes, _ := p.block(nil)
	slices.SortStableFunc(p.faults, func(a, b Fault) int { return a.At - b.At })
	for _, f := range p.faults {
		if !f.Warning {
			return nil, p.faults
		}
	}
	return &Template{nodes: nodes, names: p.names, anyName: p.anyName}, p.faults
}

// parser makes nodes of tokens.
type parser struct {
	tokens  []token
	i       int
	depth   int
	faults  []Fault
	names   map[string]bool
	anyName bool
}

func (p *parser) fault(at, width int, message, hint string) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, Fault{At: at, Width: max(width, 1), Message: message, Hint: hint})
	}
}

func (p *parser) warn(at, width int, message, hint string) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, Fault{At: at, Width: max(width, 1), Message: message, Hint: hint, Warning: true})
	}
}

// block takes nodes up to the end tag of the open one, or to a tag that divides
// it, which it gives back. At the top, open is nil.
func (p *parser) block(open *token, dividers ...string) (nodes []node, ender *token) {
	if p.depth++; p.depth > maxDepth {
		p.fault(open.at, len(open.name)+2, "blocks of the template nest too deep", fmt.Sprintf("at most %d may stand in each other", maxDepth))
		p.i = len(p.tokens)
	}
	defer func() { p.depth-- }()
	for p.i < len(p.tokens) {
		t := &p.tokens[p.i]
		p.i++
		switch t.kind {
		case textToken:
			nodes = append(nodes, literal(t.text))
		case outputToken:
			nodes = append(nodes, &outputNode{p.output(t.text, t.inner)})
		case tagToken:
			if open != nil && (t.name == "end"+open.name || slices.Contains(dividers, t.name)) {
				return nodes, t
			}
			if n := p.tag(t, open); n != nil {
				nodes = append(nodes, n)
			}
		}
	}
	if open != nil {
		p.fault(open.at, len(open.name)+2, open.name+" tag was never closed", "add {% end"+open.name+" %}")
	}
	return nodes, nil
}

// tagParser gives what reads a tag, nil for a tag that does not exist.
func tagParser(name string) func(p *parser, t *token) node {
	switch name {
	case "assign":
		return (*parser).assign
	case "capture":
		return (*parser).capture
	case "case":
		return (*parser).caseTag
	case "comment":
		return (*parser).comment
	case "cycle":
		return (*parser).cycle
	case "for", "JSONArrayFor":
		return (*parser).forTag
	case "break", "continue":
		return (*parser).interrupt
	case "if", "unless":
		return (*parser).ifTag
	case "ifchanged":
		return (*parser).ifChanged
	case "increment", "decrement":
		return (*parser).counter
	case "raw", "literal":
		return (*parser).raw
	case "tablerow":
		return (*parser).tableRow
	}
	return nil
}

// tagNames are for hints.
var tagNames = []string{"assign", "capture", "case", "comment", "cycle", "for", "JSONArrayFor", "break", "continue", "if", "unless",
	"ifchanged", "increment", "decrement", "raw", "literal", "tablerow", "else", "elsif", "when"}

func (p *parser) tag(t, open *token) node {
	if read := tagParser(t.name); read != nil {
		return read(p, t)
	}
	if t.name == "" {
		return nil // the scanner told of it
	}
	hint := "the tags are " + strings.Join(tagNames, ", ")
	switch {
	case open != nil && (t.name == "else" || t.name == "elsif" || t.name == "elseif" || t.name == "when"):
		p.fault(t.at, len(t.name)+3, open.name+" tag does not expect "+t.name+" tag", "close the block before, or remove the tag")
		return nil
	case open != nil && strings.HasPrefix(t.name, "end"):
		p.fault(t.at, len(t.name)+3, fmt.Sprintf("'%s' is not a valid delimiter for %s tags. Use end%s", t.name, open.name, open.name), "close the tags in order")
		return nil
	case t.name == "include" || t.name == "extends" || t.name == "block":
		hint = "a template of set-body is one text: write the other's text into it"
	default:
		if near, ok := diag.Nearest(t.name, tagNames); ok {
			hint = "did you mean " + near + "?"
		}
	}
	p.fault(t.at, len(t.name)+3, fmt.Sprintf("Unknown tag '%s'", t.name), hint)
	return nil
}

func (p *parser) syntax(t *token, tag, valid string) {
	p.fault(t.at, len(t.name)+3, fmt.Sprintf("Syntax Error in '%s' tag", tag), "write {% "+valid+" %}")
}

// word takes the name at the begin of text.
func word(text string) (name, rest string) {
	text = strings.TrimLeft(text, blanks)
	n := 0
	for n < len(text) && wordByte(text[n]) {
		n++
	}
	return text[:n], text[n:]
}

func (p *parser) assign(t *token) node {
	name, rest := word(t.text)
	at := t.inner + len(t.text) - len(rest)
	trimmed := strings.TrimLeft(rest, blanks)
	if name == "" || !strings.HasPrefix(trimmed, "=") {
		p.syntax(t, "assign", "assign name = value")
		return nil
	}
	return &assignNode{name, p.output(trimmed[1:], at+len(rest)-len(trimmed)+1)}
}

func (p *parser) capture(t *token) node {
	name, _ := word(strings.TrimLeft(t.text, blanks+`"'`))
	if name == "" {
		p.syntax(t, "capture", "capture name")
	}
	nodes, _ := p.block(t)
	return &captureNode{name, nodes}
}

func (p *parser) comment(t *token) node {
	p.block(t)
	return nil
}

func (p *parser) raw(t *token) node {
	nodes, _ := p.block(t)
	if len(nodes) == 0 {
		return nil
	}
	return nodes[0]
}

func (p *parser) interrupt(t *token) node { return interruptNode(t.name) }

func (p *parser) ifChanged(t *token) node {
	nodes, _ := p.block(t)
	return &ifChangedNode{nodes}
}

func (p *parser) counter(t *token) node {
	name, _ := word(t.text)
	if name == "" {
		p.syntax(t, t.name, t.name+" name")
		return nil
	}
	step := int64(1)
	if t.name == "decrement" {
		step = -1
	}
	return &counterNode{name, step}
}

func (p *parser) cycle(t *token) node {
	text := strings.TrimLeft(t.text, blanks)
	n := fragment(text, false)
	if n == 0 {
		p.syntax(t, "cycle", "cycle 'one', 'two'")
		return nil
	}
	c := &cycleNode{}
	// A name stands before a colon, which a fragment may have taken in.
	if head, rest, ok := cutName(text); ok {
		name := p.expression(head)
		c.name, text = &name, rest
	}
	for _, part := range splitOutside(text, ',') {
		part = strings.TrimSpace(part)
		c.key += part[:fragment(part, false)]
		c.values = append(c.values, p.expression(part[:fragment(part, false)]))
	}
	return c
}

// cutName cuts `name: ` off a cycle's values.
func cutName(text string) (name, rest string, ok bool) {
	parts := splitOutside(text, ':')
	if len(parts) < 2 || strings.Contains(parts[0], ",") {
		return "", "", false
	}
	return strings.TrimSpace(parts[0]), text[len(parts[0])+1:], true
}
