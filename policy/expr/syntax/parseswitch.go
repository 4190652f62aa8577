package syntax

func (p *parser) switchStatement() Node {
	at := p.take().At
	s := &SwitchStatement{Value: p.condition()}
	p.want("{")
	for !p.failed && !p.Is("}") {
		s.Sections = append(s.Sections, p.switchSection())
	}
	p.want("}")
	s.Span = p.from(at)
	return s
}

func (p *parser) switchSection() SwitchSection {
	sec := SwitchSection{Span: p.peek().Span}
	for !p.failed && (p.Is("case") || p.Is("default") && p.peekAt(1).Is(":")) {
		l := SwitchLabel{Span: p.peek().Span}
		if p.take().text == "default" {
			l.IsDefault = true
		} else if t := p.casePattern(&l); !t {
			l.Value = p.binary(1)
		}
		if p.peek().isWord("when") {
			p.take()
			l.When = p.expression()
		}
		p.want(":")
		sec.Labels = append(sec.Labels, l)
	}
	if len(sec.Labels) == 0 {
		p.unexpected(`"case" or "default"`)
	}
	for !p.failed && !p.Is("case") && !p.Is("}") && !(p.Is("default") && p.peekAt(1).Is(":")) {
		sec.Body = append(sec.Body, p.statement())
	}
	sec.Span = p.from(sec.At)
	return sec
}

// casePattern takes "T name".
func (p *parser) casePattern(l *SwitchLabel) bool {
	m := p.mark()
	t := p.typeRef()
	if p.failed || p.peek().kind != tName || p.peek().isWord("when") {
		p.reset(m)
		return false
	}
	p.keep(m)
	l.Type, l.Local = t, p.take().text
	return true
}
