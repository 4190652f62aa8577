package expr

import (
	"strconv"
)

// atom takes the innermost expressions: literals, names, parentheses, new.
func (p *parser) atom() node {
	t := *p.peek()
	switch t.kind {
	case tLiteral:
		p.take()
		return &literal{t.span, t.typ, t.value}
	case tInterpolated:
		p.take()
		return &interpolated{t.span, t.parts}
	case tName:
		return p.nameAtom()
	case tPunct:
		if t.text == "(" {
			p.take()
			n := p.expression()
			if p.is(",") {
				p.fail(p.peek().span, "tuples are not supported", "use an anonymous object or separate variables")
			}
			p.want(")")
			return &paren{p.from(t.at), n}
		}
	case tKeyword:
		return p.keywordAtom()
	}
	p.unexpected("an expression")
	return &literal{span: t.span, typ: typeNull}
}

func (p *parser) nameAtom() node {
	t := p.take()
	if t.text == "nameof" && p.is("(") {
		p.take()
		name := p.wantName().text
		for p.accept(".") {
			name = p.wantName().text
		}
		p.want(")")
		return &nameOf{p.from(t.at), name}
	}
	args := p.genericArgs()
	return &identifier{p.from(t.at), t.text, args}
}

func (p *parser) keywordAtom() node {
	t := *p.peek()
	if keywordTypes[t.text] && t.text != "void" {
		p.take()
		return &typeName{t.span, &typeRef{span: t.span, name: t.text}}
	}
	switch t.text {
	case "new":
		return p.creation()
	case "default":
		p.take()
		d := &defaultValue{}
		if p.accept("(") {
			d.to = p.typeRef()
			p.want(")")
		}
		d.span = p.from(t.at)
		return d
	case "typeof":
		p.fail(t.span, "typeof is not allowed in a policy expression", "reflection is refused; test with is or compare JTokenType")
	case "checked", "unchecked":
		p.take()
		p.want("(")
		n := p.expression()
		p.want(")")
		return &checkedExpr{p.from(t.at), n, t.text == "checked"}
	case "this", "base":
		p.fail(t.span, t.text+" has no meaning in a policy expression", "")
	case "delegate":
		p.fail(t.span, "anonymous methods are not supported", "use a lambda: x => …")
	case "sizeof", "stackalloc", "ref":
		p.fail(t.span, strconv.Quote(t.text)+" is not allowed in a policy expression", "")
	}
	p.unexpected("an expression")
	return &literal{span: t.span, typ: typeNull}
}

// lambda takes x => …, (x, y) => … or (T x) => …, or nothing.
func (p *parser) lambda() node {
	start := p.peek().span
	l := &lambda{}
	switch {
	case p.peek().kind == tName && p.peekAt(1).is("=>"):
		t := p.take()
		l.params = []parameter{{name: t.text, at: t.span}}
	case p.is("(") && p.lambdaAhead():
		p.take()
		for !p.failed && !p.is(")") {
			l.params = append(l.params, p.parameter())
			if !p.accept(",") {
				break
			}
		}
		p.want(")")
	default:
		return nil
	}
	p.want("=>")
	if p.is("{") {
		l.block = p.block()
	} else {
		l.expr = p.expression()
	}
	l.span = p.from(start.at)
	return l
}

// lambdaAhead looks whether the parenthesis that opens here is followed by =>.
func (p *parser) lambdaAhead() bool {
	depth := 0
	for i := p.i; i < len(p.toks); i++ {
		switch t := &p.toks[i]; {
		case t.is("("):
			depth++
		case t.is(")"):
			if depth--; depth == 0 {
				return p.toks[min(i+1, len(p.toks)-1)].is("=>")
			}
		case t.is(";"), t.is("{"), t.is("}"):
			return false
		}
	}
	return false
}

func (p *parser) parameter() parameter {
	if p.is("out") || p.is("ref") || p.is("params") {
		p.fail(p.peek().span, p.peek().text+" parameters are not supported here", "")
	}
	if p.peek().kind == tName && (p.peekAt(1).is(",") || p.peekAt(1).is(")")) {
		t := p.take()
		return parameter{name: t.text, at: t.span}
	}
	typ := p.typeRef()
	t := p.wantName()
	return parameter{t.text, typ, t.span}
}

// creation takes everything that begins with new.
func (p *parser) creation() node {
	at := p.take().at
	switch {
	case p.is("{"):
		return p.anonymous(at)
	case p.is("[") && p.peekAt(1).is("]"):
		p.take()
		p.take()
		items := p.items()
		return &arrayCreation{span: p.from(at), items: items, has: true}
	}
	typ := p.typeRef()
	if typ.rank > 0 || p.is("[") {
		return p.array(at, typ)
	}
	c := &creation{typ: typ}
	if p.is("(") {
		c.args = p.arguments("(", ")")
	} else if !p.is("{") {
		p.unexpected(`"(" or "{" after the type`)
	}
	if p.is("{") {
		c.hasInit = true
		c.init = p.initialisers()
	}
	c.span = p.from(at)
	return c
}

func (p *parser) array(at int, typ *typeRef) node {
	a := &arrayCreation{}
	if p.is("[") {
		p.take()
		a.size = p.expression()
		p.want("]")
		for p.is("[") && p.peekAt(1).is("]") {
			p.take()
			p.take()
			typ.rank++
		}
	} else {
		typ.rank--
	}
	a.elem = typ
	if p.is("{") {
		a.items, a.has = p.items(), true
	} else if a.size == nil {
		p.unexpected(`"{" or a size`)
	}
	a.span = p.from(at)
	return a
}

func (p *parser) items() []node {
	p.want("{")
	var items []node
	for !p.failed && !p.is("}") {
		items = append(items, p.expression())
		if !p.accept(",") {
			break
		}
	}
	p.want("}")
	return items
}

func (p *parser) anonymous(at int) node {
	p.want("{")
	a := &anonymous{}
	for !p.failed && !p.is("}") {
		name, start := "", p.peek().span
		if p.peek().kind == tName && p.peekAt(1).is("=") {
			name = p.take().text
			p.take()
		}
		value := p.expression()
		if name == "" {
			switch v := value.(type) {
			case *identifier:
				name = v.name
			case *memberAccess:
				name = v.name
			default:
				p.fail(start, "a member of an anonymous object needs a name", "write name = value")
			}
		}
		a.names, a.values = append(a.names, name), append(a.values, value)
		if !p.accept(",") {
			break
		}
	}
	p.want("}")
	a.span = p.from(at)
	return a
}

func (p *parser) initialisers() []initialiser {
	if !p.enter(p.peek().span) {
		return nil
	}
	defer p.leave()
	p.want("{")
	var out []initialiser
	for !p.failed && !p.is("}") {
		out = append(out, p.initialiser())
		if !p.accept(",") {
			break
		}
	}
	p.want("}")
	return out
}

func (p *parser) initialiser() initialiser {
	in := initialiser{span: p.peek().span}
	switch {
	case p.is("["):
		for _, a := range p.arguments("[", "]") {
			in.index = append(in.index, a.value)
		}
		p.want("=")
	case p.peek().kind == tName && p.peekAt(1).is("="):
		in.name = p.take().text
		p.take()
	case p.is("{"):
		in.values = p.items()
		in.span = p.from(in.at)
		return in
	}
	if p.is("{") {
		in.nested, in.isNest = p.initialisers(), true
	} else {
		in.values = []node{p.expression()}
	}
	in.span = p.from(in.at)
	return in
}
