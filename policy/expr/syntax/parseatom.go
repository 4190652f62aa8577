package syntax

import (
	"strconv"

	"stile/policy/expr/clr"
)

// atom takes the innermost expressions: literals, names, parentheses, new.
func (p *parser) atom() Node {
	t := *p.peek()
	switch t.kind {
	case tLiteral:
		p.take()
		return &Literal{t.Span, t.typ, t.value}
	case tInterpolated:
		p.take()
		return &Interpolated{t.Span, t.parts}
	case tName:
		return p.nameAtom()
	case tPunct:
		if t.text == "(" {
			p.take()
			if p.peek().kind == tName && p.peekAt(1).Is(":") {
				return p.tuple(t.At, nil)
			}
			n := p.expression()
			if p.Is(",") {
				return p.tuple(t.At, n)
			}
			p.want(")")
			return &Paren{p.from(t.At), n}
		}
	case tKeyword:
		return p.keywordAtom()
	}
	p.unexpected("an expression")
	return &Literal{Span: t.Span, Type: clr.TypeNull}
}

func (p *parser) nameAtom() Node {
	t := p.take()
	if t.text == "nameof" && p.Is("(") {
		p.take()
		name := p.wantName().text
		for p.accept(".") {
			name = p.wantName().text
		}
		p.want(")")
		return &NameOf{p.from(t.At), name}
	}
	args := p.genericArgs()
	return &Identifier{p.from(t.At), t.text, args}
}

func (p *parser) keywordAtom() Node {
	t := *p.peek()
	if KeywordTypes[t.text] && t.text != "void" {
		p.take()
		return &TypeName{t.Span, &TypeRef{Span: t.Span, Name: t.text}}
	}
	switch t.text {
	case "new":
		return p.creation()
	case "default":
		p.take()
		d := &DefaultValue{}
		if p.accept("(") {
			d.To = p.typeRef()
			p.want(")")
		}
		d.Span = p.from(t.At)
		return d
	case "typeof":
		p.fail(t.Span, "typeof is not allowed in a policy expression", "reflection is refused; test with is or compare JTokenType")
	case "checked", "unchecked":
		p.take()
		p.want("(")
		n := p.expression()
		p.want(")")
		return &CheckedExpr{p.from(t.At), n, t.text == "checked"}
	case "this", "base":
		p.fail(t.Span, t.text+" has no meaning in a policy expression", "")
	case "delegate":
		p.fail(t.Span, "anonymous methods are not supported", "use a lambda: x => …")
	case "sizeof", "stackalloc", "ref":
		p.fail(t.Span, strconv.Quote(t.text)+" is not allowed in a policy expression", "")
	}
	p.unexpected("an expression")
	return &Literal{Span: t.Span, Type: clr.TypeNull}
}

// lambda takes x => …, (x, y) => … or (T x) => …, or nothing.
func (p *parser) lambda() Node {
	start := p.peek().Span
	l := &Lambda{}
	switch {
	case p.peek().kind == tName && p.peekAt(1).Is("=>"):
		t := p.take()
		l.Params = []Parameter{{Name: t.text, At: t.Span}}
	case p.Is("(") && p.lambdaAhead():
		p.take()
		for !p.failed && !p.Is(")") {
			l.Params = append(l.Params, p.parameter())
			if !p.accept(",") {
				break
			}
		}
		p.want(")")
	default:
		return nil
	}
	p.want("=>")
	if p.Is("{") {
		l.Block = p.block()
	} else {
		l.Expr = p.valueOrThrow()
	}
	l.Span = p.from(start.At)
	return l
}

// lambdaAhead looks whether the parenthesis that opens here is followed by =>.
func (p *parser) lambdaAhead() bool {
	depth := 0
	for i := p.i; i < len(p.toks); i++ {
		switch t := &p.toks[i]; {
		case t.Is("("):
			depth++
		case t.Is(")"):
			if depth--; depth == 0 {
				return p.toks[min(i+1, len(p.toks)-1)].Is("=>")
			}
		case t.Is(";"), t.Is("{"), t.Is("}"):
			return false
		}
	}
	return false
}

func (p *parser) parameter() Parameter {
	if p.Is("out") || p.Is("ref") || p.Is("params") {
		p.fail(p.peek().Span, p.peek().text+" parameters are not supported here", "")
	}
	if p.peek().kind == tName && (p.peekAt(1).Is(",") || p.peekAt(1).Is(")")) {
		t := p.take()
		return Parameter{Name: t.text, At: t.Span}
	}
	typ := p.typeRef()
	t := p.wantName()
	return Parameter{t.text, typ, t.Span}
}

// creation takes everything that begins with new.
func (p *parser) creation() Node {
	at := p.take().At
	switch {
	case p.Is("{"):
		return p.anonymous(at)
	case p.Is("[") && p.peekAt(1).Is("]"):
		p.take()
		p.take()
		items := p.items()
		return &ArrayCreation{Span: p.from(at), Items: items, Has: true}
	}
	typ := p.typeRef()
	if typ.Rank > 0 || p.Is("[") {
		return p.array(at, typ)
	}
	c := &Creation{Type: typ}
	if p.Is("(") {
		c.Args = p.arguments("(", ")")
	} else if !p.Is("{") {
		p.unexpected(`"(" or "{" after the type`)
	}
	if p.Is("{") {
		c.HasInit = true
		c.Init = p.initialisers()
	}
	c.Span = p.from(at)
	return c
}

func (p *parser) array(at int, typ *TypeRef) Node {
	a := &ArrayCreation{}
	if p.Is("[") {
		p.take()
		a.Size = p.expression()
		p.want("]")
		for p.Is("[") && p.peekAt(1).Is("]") {
			p.take()
			p.take()
			typ.Rank++
		}
	} else {
		typ.Rank--
	}
	a.Elem = typ
	if p.Is("{") {
		a.Items, a.Has = p.items(), true
	} else if a.Size == nil {
		p.unexpected(`"{" or a size`)
	}
	a.Span = p.from(at)
	return a
}

func (p *parser) items() []Node {
	p.want("{")
	var items []Node
	for !p.failed && !p.Is("}") {
		items = append(items, p.expression())
		if !p.accept(",") {
			break
		}
	}
	p.want("}")
	return items
}

func (p *parser) anonymous(at int) Node {
	p.want("{")
	a := &Anonymous{}
	for !p.failed && !p.Is("}") {
		name, start := "", p.peek().Span
		if p.peek().kind == tName && p.peekAt(1).Is("=") {
			name = p.take().text
			p.take()
		}
		value := p.expression()
		if name == "" {
			switch v := value.(type) {
			case *Identifier:
				name = v.Name
			case *MemberAccess:
				name = v.Name
			default:
				p.fail(start, "a member of an anonymous object needs a name", "write name = value")
			}
		}
		a.Names, a.Values = append(a.Names, name), append(a.Values, value)
		if !p.accept(",") {
			break
		}
	}
	p.want("}")
	a.Span = p.from(at)
	return a
}

func (p *parser) initialisers() []Initialiser {
	if !p.enter(p.peek().Span) {
		return nil
	}
	defer p.leave()
	p.want("{")
	var out []Initialiser
	for !p.failed && !p.Is("}") {
		out = append(out, p.initialiser())
		if !p.accept(",") {
			break
		}
	}
	p.want("}")
	return out
}

func (p *parser) initialiser() Initialiser {
	in := Initialiser{Span: p.peek().Span}
	switch {
	case p.Is("["):
		for _, a := range p.arguments("[", "]") {
			in.Index = append(in.Index, a.Value)
		}
		p.want("=")
	case p.peek().kind == tName && p.peekAt(1).Is("="):
		in.Name = p.take().text
		p.take()
	case p.Is("{"):
		in.Values = p.items()
		in.Span = p.from(in.At)
		return in
	}
	if p.Is("{") {
		in.Nested, in.IsNest = p.initialisers(), true
	} else {
		in.Values = []Node{p.expression()}
	}
	in.Span = p.from(in.At)
	return in
}
