package expr

import (
	"strconv"
)

func (p *parser) block() *block {
	at := p.peek().at
	b := &block{}
	if !p.enter(p.peek().span) {
		return b
	}
	defer p.leave()
	p.want("{")
	for !p.failed && !p.is("}") {
		b.list = append(b.list, p.statement())
	}
	p.want("}")
	b.span = p.from(at)
	return b
}

func (p *parser) statement() node {
	t := *p.peek()
	if !p.enter(t.span) {
		return &emptyStatement{t.span}
	}
	defer p.leave()
	if t.kind == tPunct && t.text == "{" {
		return p.block()
	}
	if t.kind == tPunct && t.text == ";" {
		p.take()
		return &emptyStatement{t.span}
	}
	if t.kind == tKeyword {
		if s := p.keywordStatement(t); s != nil {
			return s
		}
	}
	if p.peek().isWord("yield") && (p.peekAt(1).is("return") || p.peekAt(1).is("break")) {
		p.fail(t.span, "yield is not supported", "")
	}
	if d := p.declaration(); d != nil {
		if _, function := d.(*localFunction); !function {
			p.want(";")
		}
		return d
	}
	value := p.expression()
	p.want(";")
	return &exprStatement{p.from(t.at), value}
}

func (p *parser) keywordStatement(t lexeme) node {
	switch t.text {
	case "if":
		return p.ifStatement()
	case "while":
		p.take()
		cond := p.condition()
		body := p.statement()
		return &whileStatement{span: p.from(t.at), cond: cond, body: body}
	case "do":
		p.take()
		body := p.statement()
		p.want("while")
		cond := p.condition()
		p.want(";")
		return &whileStatement{span: p.from(t.at), cond: cond, body: body, do: true}
	case "for":
		return p.forStatement()
	case "foreach":
		return p.foreachStatement()
	case "switch":
		return p.switchStatement()
	case "return", "throw":
		p.take()
		var value node
		if !p.is(";") {
			value = p.expression()
		}
		p.want(";")
		if t.text == "throw" {
			return &throwStatement{p.from(t.at), value}
		}
		return &returnStatement{p.from(t.at), value}
	case "break", "continue":
		p.take()
		p.want(";")
		return &jump{t.span, t.text}
	case "try":
		return p.tryStatement()
	case "using":
		return p.usingStatement()
	case "checked", "unchecked":
		if p.peekAt(1).is("{") {
			p.take()
			return p.block()
		}
	case "const":
		p.take()
		d, ok := p.declaration().(*declaration)
		if !ok {
			p.unexpected("a declaration after const")
			return &emptyStatement{t.span}
		}
		d.fixed = true
		p.want(";")
		return d
	case "goto", "lock", "fixed", "unsafe", "class", "struct", "interface", "enum", "namespace":
		p.fail(t.span, strconv.Quote(t.text)+" is not allowed in a policy expression", "")
		return &emptyStatement{t.span}
	}
	return nil
}

func (p *parser) condition() node {
	p.want("(")
	n := p.expression()
	p.want(")")
	return n
}

// declaration takes "T x = …" without its semicolon, a local function, or nothing.
func (p *parser) declaration() node {
	at := p.peek().at
	m := p.mark()
	typ := p.typeRef()
	ok := !p.failed && p.peek().kind == tName
	if ok {
		next := p.peekAt(1)
		ok = next.is("=") || next.is(";") || next.is(",") || next.is("(") || next.is("in") || next.is(")")
	}
	if !ok {
		p.reset(m)
		return nil
	}
	p.keep(m)
	if p.peekAt(1).is("(") || p.peekAt(1).is("<") {
		return p.localFunction(at, typ)
	}
	d := &declaration{typ: typ}
	if typ.name == "var" && len(typ.args) == 0 && typ.rank == 0 && !typ.nullable {
		d.typ = nil
	}
	for !p.failed {
		t := p.wantName()
		var value node
		if p.accept("=") {
			if p.is("{") && typ.rank > 0 {
				elem := *typ
				elem.rank--
				start := p.peek().at
				items := p.items()
				value = &arrayCreation{span: p.from(start), elem: &elem, items: items, has: true}
			} else {
				value = p.expression()
			}
		}
		d.names, d.places, d.values = append(d.names, t.text), append(d.places, t.span), append(d.values, value)
		if !p.accept(",") {
			break
		}
	}
	d.span = p.from(at)
	return d
}

func (p *parser) localFunction(at int, result *typeRef) node {
	f := &localFunction{name: p.wantName().text}
	if result.name != "void" {
		f.result = result
	}
	p.want("(")
	for !p.failed && !p.is(")") {
		f.params = append(f.params, p.parameter())
		if !p.accept(",") {
			break
		}
	}
	p.want(")")
	if p.accept("=>") {
		f.expr = p.expression()
		p.want(";")
	} else {
		f.body = p.block()
	}
	f.span = p.from(at)
	return f
}

func (p *parser) ifStatement() node {
	at := p.take().at
	s := &ifStatement{cond: p.condition()}
	s.yes = p.statement()
	if p.accept("else") {
		s.no_ = p.statement()
	}
	s.span = p.from(at)
	return s
}

func (p *parser) forStatement() node {
	at := p.take().at
	s := &forStatement{}
	p.want("(")
	if !p.is(";") {
		if d := p.declaration(); d != nil {
			s.init = []node{d}
		} else {
			s.init = p.expressions()
		}
	}
	p.want(";")
	if !p.is(";") {
		s.cond = p.expression()
	}
	p.want(";")
	if !p.is(")") {
		s.step = p.expressions()
	}
	p.want(")")
	s.body = p.statement()
	s.span = p.from(at)
	return s
}

func (p *parser) expressions() []node {
	list := []node{p.expression()}
	for !p.failed && p.accept(",") {
		list = append(list, p.expression())
	}
	return list
}

func (p *parser) foreachStatement() node {
	at := p.take().at
	p.want("(")
	s := &foreachStatement{typ: p.typeRef()}
	if s.typ.name == "var" {
		s.typ = nil
	}
	name := p.wantName()
	s.name, s.at_ = name.text, name.span
	p.want("in")
	s.seq = p.expression()
	p.want(")")
	s.body = p.statement()
	s.span = p.from(at)
	return s
}

func (p *parser) switchStatement() node {
	at := p.take().at
	s := &switchStatement{value: p.condition()}
	p.want("{")
	for !p.failed && !p.is("}") {
		s.sections = append(s.sections, p.switchSection())
	}
	p.want("}")
	s.span = p.from(at)
	return s
}

func (p *parser) switchSection() switchSection {
	sec := switchSection{span: p.peek().span}
	for !p.failed && (p.is("case") || p.is("default") && p.peekAt(1).is(":")) {
		l := switchLabel{span: p.peek().span}
		if p.take().text == "default" {
			l.isDefault = true
		} else if t := p.casePattern(&l); !t {
			l.value = p.binary(1)
		}
		if p.peek().isWord("when") {
			p.take()
			l.when = p.expression()
		}
		p.want(":")
		sec.labels = append(sec.labels, l)
	}
	if len(sec.labels) == 0 {
		p.unexpected(`"case" or "default"`)
	}
	for !p.failed && !p.is("case") && !p.is("}") && !(p.is("default") && p.peekAt(1).is(":")) {
		sec.body = append(sec.body, p.statement())
	}
	sec.span = p.from(sec.at)
	return sec
}

// casePattern takes "T name".
func (p *parser) casePattern(l *switchLabel) bool {
	m := p.mark()
	t := p.typeRef()
	if p.failed || p.peek().kind != tName || p.peek().isWord("when") {
		p.reset(m)
		return false
	}
	p.keep(m)
	l.typ, l.local = t, p.take().text
	return true
}

func (p *parser) tryStatement() node {
	at := p.take().at
	s := &tryStatement{body: p.block()}
	for !p.failed && p.is("catch") {
		c := catchClause{span: p.take().span}
		if p.accept("(") {
			c.typ = p.typeRef()
			if p.peek().kind == tName {
				c.name = p.take().text
			}
			p.want(")")
		}
		if p.peek().isWord("when") {
			p.take()
			c.when = p.condition()
		}
		c.body = p.block()
		s.catches = append(s.catches, c)
	}
	if p.accept("finally") {
		s.finally = p.block()
	}
	if len(s.catches) == 0 && s.finally == nil {
		p.unexpected(`"catch" or "finally"`)
	}
	s.span = p.from(at)
	return s
}

func (p *parser) usingStatement() node {
	at := p.take().at
	s := &usingStatement{}
	p.want("(")
	if d, ok := p.declaration().(*declaration); ok {
		s.decl = d
	} else {
		s.expr = p.expression()
	}
	p.want(")")
	s.body = p.statement()
	s.span = p.from(at)
	return s
}
