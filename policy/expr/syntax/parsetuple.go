package syntax

// tuple takes what follows "(" of a tuple; first is its first item where that has
// been read.
func (p *parser) tuple(at int, first Node) Node {
	t := &Tuple{}
	if first != nil {
		t.Names, t.Values = []string{""}, []Node{first}
		p.want(",")
	}
	for !p.failed {
		name := ""
		if p.peek().kind == tName && p.peekAt(1).Is(":") {
			name = p.take().text
			p.take()
		}
		t.Names, t.Values = append(t.Names, name), append(t.Values, p.expression())
		if !p.accept(",") {
			break
		}
	}
	p.want(")")
	t.Span = p.from(at)
	if len(t.Values) < 2 || len(t.Values) > maxTuple {
		p.fail(t.Span, "a tuple has two to seven items", "")
	}
	return t
}

// maxTuple is how many items a tuple has at most.
const maxTuple = 7

// tupleType takes (T, U name).
func (p *parser) tupleType(t *TypeRef) {
	if !p.enter(p.peek().Span) {
		return
	}
	defer p.leave()
	p.want("(")
	for !p.failed {
		t.Items = append(t.Items, p.typeRef())
		name := ""
		if p.peek().kind == tName {
			name = p.take().text
		}
		t.Names = append(t.Names, name)
		if !p.accept(",") {
			break
		}
	}
	p.want(")")
	if len(t.Items) < 2 || len(t.Items) > maxTuple {
		p.fail(p.peek().Span, "a tuple has two to seven items", "")
	}
}

// deconstruction takes var (a, b) = value or (T a, U b) = value, or nothing.
func (p *parser) deconstruction() Node {
	at := p.peek().At
	m := p.mark()
	d := &Deconstruction{}
	whole := p.peek().isWord("var") && p.peekAt(1).Is("(")
	if whole {
		p.take()
	}
	ok := p.accept("(")
	for ok && !p.failed {
		var typ *TypeRef
		if !whole {
			typ = p.typeRef()
			if typ.Name == "var" && typ.Rank == 0 && !typ.Nullable {
				typ = nil
			}
		}
		if ok = !p.failed && p.peek().kind == tName; !ok {
			break
		}
		name := p.take()
		d.Types, d.Names, d.Places = append(d.Types, typ), append(d.Names, name.text), append(d.Places, name.Span)
		if !p.accept(",") {
			break
		}
	}
	ok = ok && !p.failed && len(d.Names) > 1 && p.accept(")") && p.Is("=")
	if !ok {
		p.reset(m)
		return nil
	}
	p.keep(m)
	p.take()
	d.Value = p.expression()
	p.want(";")
	d.Span = p.from(at)
	return d
}
