package syntax

import (
	"strconv"
)

func (p *parser) block() *Block {
	at := p.peek().At
	b := &Block{}
	if !p.enter(p.peek().Span) {
		return b
	}
	defer p.leave()
	p.want("{")
	for !p.failed && !p.Is("}") {
		b.List = append(b.List, p.statement())
	}
	p.want("}")
	b.Span = p.from(at)
	return b
}

func (p *parser) statement() Node {
	t := *p.peek()
	if !p.enter(t.Span) {
		return &EmptyStatement{t.Span}
	}
	defer p.leave()
	if t.kind == tPunct && t.text == "{" {
		return p.block()
	}
	if t.kind == tPunct && t.text == ";" {
		p.take()
		return &EmptyStatement{t.Span}
	}
	if t.kind == tKeyword {
		if s := p.keywordStatement(t); s != nil {
			return s
		}
	}
	if p.peek().isWord("yield") && (p.peekAt(1).Is("return") || p.peekAt(1).Is("break")) {
		p.fail(t.Span, "yield is not supported", "")
	}
	if p.Is("(") || p.peek().isWord("var") && p.peekAt(1).Is("(") {
		if d := p.deconstruction(); d != nil {
			return d
		}
	}
	if d := p.declaration(); d != nil {
		if _, function := d.(*LocalFunction); !function {
			p.want(";")
		}
		return d
	}
	value := p.expression()
	p.want(";")
	return &ExprStatement{p.from(t.At), value}
}

func (p *parser) keywordStatement(t lexeme) Node {
	switch t.text {
	case "if":
		return p.ifStatement()
	case "while":
		p.take()
		cond := p.condition()
		body := p.statement()
		return &WhileStatement{Span: p.from(t.At), Cond: cond, Body: body}
	case "do":
		p.take()
		body := p.statement()
		p.want("while")
		cond := p.condition()
		p.want(";")
		return &WhileStatement{Span: p.from(t.At), Cond: cond, Body: body, Do: true}
	case "for":
		return p.forStatement()
	case "foreach":
		return p.foreachStatement()
	case "switch":
		return p.switchStatement()
	case "return", "throw":
		p.take()
		var value Node
		if !p.Is(";") {
			value = p.expression()
		}
		p.want(";")
		if t.text == "throw" {
			return &ThrowStatement{p.from(t.At), value}
		}
		return &ReturnStatement{p.from(t.At), value}
	case "break", "continue":
		p.take()
		p.want(";")
		return &Jump{t.Span, t.text}
	case "try":
		return p.tryStatement()
	case "using":
		return p.usingStatement()
	case "checked", "unchecked":
		if p.peekAt(1).Is("{") {
			p.take()
			b := p.block()
			b.Word = t.text
			return b
		}
	case "const":
		p.take()
		d, ok := p.declaration().(*Declaration)
		if !ok {
			p.unexpected("a declaration after const")
			return &EmptyStatement{t.Span}
		}
		d.Fixed = true
		p.want(";")
		return d
	case "goto", "lock", "fixed", "unsafe", "class", "struct", "interface", "enum", "namespace":
		p.fail(t.Span, strconv.Quote(t.text)+" is not allowed in a policy expression", "")
		return &EmptyStatement{t.Span}
	}
	return nil
}

func (p *parser) condition() Node {
	p.want("(")
	n := p.expression()
	p.want(")")
	return n
}

// declaration takes "T x = …" without its semicolon, a local function, or nothing.
func (p *parser) declaration() Node {
	at := p.peek().At
	m := p.mark()
	typ := p.typeRef()
	ok := !p.failed && p.peek().kind == tName
	if ok {
		next := p.peekAt(1)
		ok = next.Is("=") || next.Is(";") || next.Is(",") || next.Is("(") || next.Is("in") || next.Is(")")
	}
	if !ok {
		p.reset(m)
		return nil
	}
	p.keep(m)
	if p.peekAt(1).Is("(") || p.peekAt(1).Is("<") {
		return p.localFunction(at, typ)
	}
	d := &Declaration{Type: typ}
	if typ.Name == "var" && len(typ.Args) == 0 && typ.Rank == 0 && !typ.Nullable {
		d.Type = nil
	}
	for !p.failed {
		t := p.wantName()
		var value Node
		if p.accept("=") {
			if p.Is("{") && typ.Rank > 0 {
				elem := *typ
				elem.Rank--
				start := p.peek().At
				items := p.items()
				value = &ArrayCreation{Span: p.from(start), Elem: &elem, Items: items, Has: true}
			} else {
				value = p.expression()
			}
		}
		d.Names, d.Places, d.Values = append(d.Names, t.text), append(d.Places, t.Span), append(d.Values, value)
		if !p.accept(",") {
			break
		}
	}
	d.Span = p.from(at)
	return d
}

func (p *parser) localFunction(at int, result *TypeRef) Node {
	f := &LocalFunction{Name: p.wantName().text}
	if result.Name != "void" {
		f.Result = result
	}
	p.want("(")
	for !p.failed && !p.Is(")") {
		f.Params = append(f.Params, p.parameter())
		if !p.accept(",") {
			break
		}
	}
	p.want(")")
	if p.accept("=>") {
		f.Expr = p.valueOrThrow()
		p.want(";")
	} else {
		f.Body = p.block()
	}
	f.Span = p.from(at)
	return f
}

func (p *parser) ifStatement() Node {
	at := p.take().At
	s := &IfStatement{Cond: p.condition()}
	s.Yes = p.statement()
	if p.accept("else") {
		s.No_ = p.statement()
	}
	s.Span = p.from(at)
	return s
}

func (p *parser) forStatement() Node {
	at := p.take().At
	s := &ForStatement{}
	p.want("(")
	if !p.Is(";") {
		if d := p.declaration(); d != nil {
			s.Init = []Node{d}
		} else {
			s.Init = p.expressions()
		}
	}
	p.want(";")
	if !p.Is(";") {
		s.Cond = p.expression()
	}
	p.want(";")
	if !p.Is(")") {
		s.Step = p.expressions()
	}
	p.want(")")
	s.Body = p.statement()
	s.Span = p.from(at)
	return s
}

func (p *parser) expressions() []Node {
	list := []Node{p.expression()}
	for !p.failed && p.accept(",") {
		list = append(list, p.expression())
	}
	return list
}

func (p *parser) foreachStatement() Node {
	at := p.take().At
	p.want("(")
	s := &ForeachStatement{Type: p.typeRef()}
	if s.Type.Name == "var" {
		s.Type = nil
	}
	name := p.wantName()
	s.Name, s.At_ = name.text, name.Span
	p.want("in")
	s.Seq = p.expression()
	p.want(")")
	s.Body = p.statement()
	s.Span = p.from(at)
	return s
}

func (p *parser) tryStatement() Node {
	at := p.take().At
	s := &TryStatement{Body: p.block()}
	for !p.failed && p.Is("catch") {
		c := CatchClause{Span: p.take().Span}
		if p.accept("(") {
			c.Type = p.typeRef()
			if p.peek().kind == tName {
				c.Name = p.take().text
			}
			p.want(")")
		}
		if p.peek().isWord("when") {
			p.take()
			c.When = p.condition()
		}
		c.Body = p.block()
		s.Catches = append(s.Catches, c)
	}
	if p.accept("finally") {
		s.Finally = p.block()
	}
	if len(s.Catches) == 0 && s.Finally == nil {
		p.unexpected(`"catch" or "finally"`)
	}
	s.Span = p.from(at)
	return s
}

func (p *parser) usingStatement() Node {
	at := p.take().At
	s := &UsingStatement{}
	p.want("(")
	if d, ok := p.declaration().(*Declaration); ok {
		s.Decl = d
	} else {
		s.Expr = p.expression()
	}
	p.want(")")
	s.Body = p.statement()
	s.Span = p.from(at)
	return s
}
