package policy

import (
	"strings"

	"stile/diag"
)

// Template is an element's content as text of another language, with the places
// where it stands.
type Template struct {
	Text   string
	tree   *Tree
	pieces []templatePiece
}

// templatePiece is a stretch of a Template's text, from an offset on.
type templatePiece struct {
	from int
	d    decoded
}

// Template gives an element's content as Content does, never as an expression: of
// elements inside it the markup, comments and all; without any, its text decoded.
func (c *Compiler) Template(e *Element) *Template {
	t := &Template{tree: e.tree}
	if len(e.Elements("")) > 0 {
		t.Text = e.tree.text[e.inner:e.innerEnd]
		t.pieces = []templatePiece{{0, decoded{text: t.Text, base: e.inner}}}
		return t
	}
	var b strings.Builder
	for i := range e.Children {
		n := &e.Children[i]
		if n.Kind != TextNode && n.Kind != CDATANode {
			continue
		}
		d := decoded{text: n.content.raw, base: n.content.at}
		switch {
		case n.content.plain:
			d = decoded{text: n.content.literal(), base: n.content.at + len(cdataStart)}
		case n.Kind == TextNode:
			d = decode(n.content.raw, n.content.at, nil)
		}
		t.pieces = append(t.pieces, templatePiece{b.Len(), d})
		b.WriteString(d.text)
	}
	t.Text = b.String()
	return t
}

// FaultIn reports an error, or a warning, at a byte offset of a template.
func (c *Compiler) FaultIn(t *Template, at, width int, severity diag.Severity, code, message, hint string) {
	source := 0
	for _, p := range t.pieces {
		if p.from <= at {
			source = p.d.source(min(at-p.from, len(p.d.text)))
		}
	}
	c.fault(t.tree, source, width, severity, code, message, hint)
}
