package syntax

import (
	"strconv"

	"stile/policy/expr/clr"
)

// maxNesting bounds the depth of the tree, so that a hostile text cannot exhaust
// the stack.
const maxNesting = 200

type parser struct {
	r     *Report
	toks  []lexeme
	i     int
	depth int
	// failed stops further reports: after one syntax error the rest is guesswork.
	failed bool
	splits []split
}

// Parse gives the tree of an expression, or of a block of statements.
func Parse(r *Report, text string, statements bool) Node {
	p := &parser{r: r, toks: lex(r, text, 0)}
	if r.List.HasErrors() {
		return nil
	}
	if !statements {
		n := p.expression()
		p.wantEnd()
		return n
	}
	b := &Block{Span: Span{0, len(text)}}
	for !p.failed && p.peek().kind != tEnd {
		b.List = append(b.List, p.statement())
	}
	return b
}

// parseHole gives the tree of an expression inside an interpolated string.
func parseHole(r *Report, text string, offset int) Node {
	before := len(r.List)
	p := &parser{r: r, toks: lex(r, text, offset)}
	if len(r.List) > before {
		return &Literal{Span: Span{offset, offset}, Type: clr.TypeNull}
	}
	n := p.expression()
	p.wantEnd()
	return n
}

func (p *parser) peek() *lexeme { return &p.toks[p.i] }

func (p *parser) peekAt(n int) *lexeme { return &p.toks[min(p.i+n, len(p.toks)-1)] }

func (p *parser) take() lexeme {
	t := p.toks[p.i]
	if p.i < len(p.toks)-1 {
		p.i++
	}
	return t
}

// Is reports whether the next lexeme is this operator or keyword.
func (p *parser) Is(text string) bool { return p.peek().Is(text) }

// Is tells whether both are constructions of one definition.
func (t *lexeme) Is(text string) bool {
	return (t.kind == tPunct || t.kind == tKeyword) && t.text == text
}

// isWord is for contextual keywords.
func (t *lexeme) isWord(text string) bool { return t.kind == tName && t.text == text }

func (p *parser) accept(text string) bool {
	if p.Is(text) {
		p.take()
		return true
	}
	return false
}

func (p *parser) want(text string) lexeme {
	if p.Is(text) {
		return p.take()
	}
	p.unexpected(strconv.Quote(text))
	return *p.peek()
}

func (p *parser) wantEnd() {
	if p.peek().kind != tEnd {
		p.unexpected("the end of the expression")
	}
}

func (p *parser) wantName() lexeme {
	if p.peek().kind == tName {
		return p.take()
	}
	p.unexpected("a name")
	return lexeme{Span: p.peek().Span, kind: tName, text: "?"}
}

func (p *parser) unexpected(wanted string) {
	t := p.peek()
	what := t.text
	switch t.kind {
	case tLiteral, tInterpolated:
		what = "a literal"
	case tPunct, tKeyword, tName:
		what = strconv.Quote(t.text)
	}
	p.fail(t.Span, "expected "+wanted+" and found "+what, "")
}

func (p *parser) fail(at Span, message, hint string) {
	if !p.failed {
		p.failed = true
		p.r.Add("STL-E002", at, message, hint)
	}
	p.i = len(p.toks) - 1
}

func (p *parser) enter(at Span) bool {
	p.depth++
	if p.depth > maxNesting {
		p.fail(at, "expression nests too deep", "split it into statements")
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

// from gives the span from a start to the last lexeme taken.
func (p *parser) from(at int) Span {
	end := at
	if p.i > 0 {
		end = p.toks[p.i-1].End
	}
	return Span{at, max(end, at)}
}

// mark and reset allow the parser to try a reading and to take it back.
type mark struct {
	i, splits, depth int
	failed           bool
}

// split remembers a lexeme such as ">>" that was cut into two closing angles.
type split struct {
	i   int
	was lexeme
}

func (p *parser) mark() mark {
	p.r.Quiet++
	return mark{p.i, len(p.splits), p.depth, p.failed}
}

// reset goes back to the mark.
func (p *parser) reset(m mark) {
	for len(p.splits) > m.splits {
		last := p.splits[len(p.splits)-1]
		p.toks[last.i] = last.was
		p.splits = p.splits[:len(p.splits)-1]
	}
	p.i = m.i
	p.keep(m)
}

// keep ends the trial and leaves what it took.
func (p *parser) keep(m mark) {
	p.r.Quiet--
	p.depth, p.failed = m.depth, m.failed
}
