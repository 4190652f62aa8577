package expr

// section is a bound switch section.
type section struct {
	match []func(f *frame, v Value) bool
	other bool
	body  action
}

func (b *binder) switchStatement(n *switchStatement) (action, bool) {
	value := b.value(n.value)
	b.open()
	defer b.close()
	b.switches++
	was := b.broken
	b.broken = false
	var sections []section
	hasDefault, falls := false, false
	for _, s := range n.sections {
		sec, goes := b.switchSection(s, value)
		if goes {
			b.fail("STL-E009", s.span, "control falls out of this case into the next", "end it with break or return")
		}
		hasDefault = hasDefault || sec.other
		sections = append(sections, sec)
	}
	falls = b.broken || !hasDefault
	b.broken = was
	b.switches--
	run := value.run
	return func(f *frame) signal {
		f.m.step()
		if s := choose(f, sections, run(f)); s != nil {
			if out := s.body(f); out != doBreak {
				return out
			}
		}
		return goOn
	}, falls
}

func choose(f *frame, sections []section, v Value) *section {
	var other *section
	for i := range sections {
		for _, match := range sections[i].match {
			if match(f, v) {
				return &sections[i]
			}
		}
		if sections[i].other {
			other = &sections[i]
		}
	}
	return other
}

func (b *binder) switchSection(s switchSection, value operand) (section, bool) {
	b.open()
	defer b.close()
	var sec section
	for _, l := range s.labels {
		if l.isDefault {
			sec.other = true
			continue
		}
		sec.match = append(sec.match, b.switchLabel(l, value))
	}
	var falls bool
	sec.body, falls = b.statements(s.body)
	return sec, falls
}

func (b *binder) switchLabel(l switchLabel, value operand) func(f *frame, v Value) bool {
	match := func(*frame, Value) bool { return false }
	switch {
	case l.typ != nil:
		t := b.typeOf(l.typ)
		v := b.declare(l.local, l.span, t)
		match = func(f *frame, x Value) bool {
			if !isInstance(x, t) {
				return false
			}
			initialise(v, func(*frame) Value { return x })(f)
			return true
		}
	default:
		o := b.value(l.value)
		if o.typ != typeAny && !o.konst {
			b.fail("STL-E007", o.span, "a case needs a constant", "use if and else")
		}
		if o.typ != typeAny && value.typ != typeAny && o.konst {
			b.convertTo(o, value.typ)
		}
		want := o.value
		if value.typ.isNumeric() && o.typ.isNumeric() && want != nil {
			want = toNumber(want, value.typ)
		}
		match = func(f *frame, x Value) bool { return equalValues(f.m, x, want) }
	}
	if l.when == nil {
		return match
	}
	when, inner := b.condition(l.when), match
	return func(f *frame, x Value) bool { return inner(f, x) && when(f) }
}
