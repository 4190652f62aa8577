package asl

import (
	"strings"
	"unicode/utf8"

	"stile/diag"
)

// placer turns offsets into places, counting from the last one asked for: asked
// mostly in the document's order, it reads a text of one long line once, not
// once for each fault.
type placer struct {
	src                  *diag.Source
	offset, line, column int
}

func newPlacer(src *diag.Source) *placer { return &placer{src: src, line: 1, column: 1} }

// at gives line and column, from 1.
func (p *placer) at(offset int) (line, column int) {
	if p.src.Derived() {
		return p.src.Place(offset)
	}
	text := p.src.Text()
	if offset < p.offset {
		between := text[offset:p.offset]
		if strings.IndexByte(between, '\n') >= 0 {
			p.line, p.column = p.src.Place(offset)
		} else {
			p.column -= utf8.RuneCountInString(between)
		}
	} else {
		between := text[p.offset:offset]
		if i := strings.LastIndexByte(between, '\n'); i >= 0 {
			p.line += strings.Count(between, "\n")
			p.column = 1
			between = between[i+1:]
		}
		p.column += utf8.RuneCountInString(between)
	}
	p.offset = offset
	return p.line, p.column
}

// put adds a diagnostic at an offset.
func (c *compiler) put(offset int, d diag.Diagnostic) {
	d.File = c.src.File()
	d.Line, d.Column = c.places.at(offset)
	d.Excerpt = c.src.Line(d.Line)
	if d.Severity == "" {
		d.Severity = diag.Error
	}
	c.list = append(c.list, d)
}
