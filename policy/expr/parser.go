package expr

import (
	"strconv"
)

// maxNesting bounds the depth of the tree, so that a hostile text cannot exhaust
// the stack.
const maxNesting = 200

type parser struct {
	r     *report
	toks  []lexeme
	i     int
	depth int
	// failed stops further reports: after one syntax error the rest is guesswork.
	failed bool
	splits []split
}

// parse gives the tree of an expression, or of a block of statements.
func parse(r *report, text string, statements bool) node {
	p := &parser{r: r, toks: lex(r, text, 0)}
	if r.list.HasErrors() {
		return nil
	}
	if !statements {
		n := p.expression()
		p.wantEnd()
		return n
	}
	b := &block{span: span{0, len(text)}}
	for !p.failed && p.peek().kind != tEnd {
		b.list = append(b.list, p.statement())
	}
	return b
}

// parseHole gives the tree of an expression inside an interpolated string.
func parseHole(r *report, text string, offset int) node {
	before := len(r.list)
	p := &parser{r: r, toks: lex(r, text, offset)}
	if len(r.list) > before {
		return &literal{span: span{offset, offset}, typ: typeNull}
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

// is reports whether the next lexeme is this operator or keyword.
func (p *parser) is(text string) bool { return p.peek().is(text) }

func (t *lexeme) is(text string) bool {
	return (t.kind == tPunct || t.kind == tKeyword) && t.text == text
}

// isWord is for contextual keywords.
func (t *lexeme) isWord(text string) bool { return t.kind == tName && t.text == text }

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.take()
		return true
	}
	return false
}

func (p *parser) want(text string) lexeme {
	if p.is(text) {
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
	return lexeme{span: p.peek().span, kind: tName, text: "?"}
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
	p.fail(t.span, "expected "+wanted+" and found "+what, "")
}

func (p *parser) fail(at span, message, hint string) {
	if !p.failed {
		p.failed = true
		p.r.add("STL-E002", at, message, hint)
	}
	p.i = len(p.toks) - 1
}

func (p *parser) enter(at span) bool {
	p.depth++
	if p.depth > maxNesting {
		p.fail(at, "expression nests too deep", "split it into statements")
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

// from gives the span from a start to the last lexeme taken.
func (p *parser) from(at int) span {
	end := at
	if p.i > 0 {
		end = p.toks[p.i-1].end
	}
	return span{at, max(end, at)}
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
	p.r.quiet++
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
	p.r.quiet--
	p.depth, p.failed = m.depth, m.failed
}
