package expr

import (
	"slices"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

// section is a bound switch section.
type section struct {
	match []func(f *frame, v clr.Value) bool
	other bool
	body  action
}

func (b *binder) switchStatement(n *syntax.SwitchStatement) (action, bool) {
	value := b.value(n.Value)
	b.Open()
	defer b.close()
	b.switches++
	was := b.broken
	b.broken = false
	var sections []section
	hasDefault, falls := false, false
	b.distinctLabels(n)
	for _, s := range n.Sections {
		sec, goes := b.switchSection(s, value)
		if goes {
			b.fail("STL-E009", s.Span, "control falls out of this case into the next", "end it with break or return")
		}
		hasDefault = hasDefault || sec.other
		sections = append(sections, sec)
	}
	falls = b.broken || !hasDefault
	b.broken = was
	b.switches--
	run := value.run
	return func(f *frame) signal {
		f.m.Step()
		if s := choose(f, sections, run(f)); s != nil {
			if out := s.body(f); out != doBreak {
				return out
			}
		}
		return goOn
	}, falls
}

// distinctLabels refuses a second label of the same literal, or a second default.
func (b *binder) distinctLabels(n *syntax.SwitchStatement) {
	seen := map[string]bool{}
	for _, s := range n.Sections {
		for _, l := range s.Labels {
			key := "default"
			if v, ok := l.Value.(*syntax.Literal); ok && l.When == nil {
				key = v.Type.String() + " " + clr.Text(v.Value)
			} else if !l.IsDefault {
				continue
			}
			if seen[key] {
				b.fail("STL-E011", l.Span, "the switch has this label already", "take one of them out")
			}
			seen[key] = true
		}
	}
}

func choose(f *frame, sections []section, v clr.Value) *section {
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

func (b *binder) switchSection(s syntax.SwitchSection, value operand) (section, bool) {
	// A pattern's local is the section's own; what the statements declare is seen by
	// the sections that follow, for one block declares for all of them.
	whole := b.scope
	b.Open()
	defer b.close()
	var sec section
	for _, l := range s.Labels {
		if l.IsDefault {
			sec.other = true
			continue
		}
		sec.match = append(sec.match, b.switchLabel(l, value))
	}
	patterns := sortedNames(b.scope.names)
	var falls bool
	sec.body, falls = b.sequence(s.Body)
	for _, name := range sortedNames(b.scope.names) {
		if !slices.Contains(patterns, name) {
			whole.names[name] = b.scope.names[name]
		}
	}
	return sec, falls
}

func (b *binder) switchLabel(l syntax.SwitchLabel, value operand) func(f *frame, v clr.Value) bool {
	var match func(*frame, clr.Value) bool
	switch {
	case l.Type != nil:
		t := b.typeOf(l.Type)
		v := b.declare(l.Local, l.Span, t)
		match = func(f *frame, x clr.Value) bool {
			if !library.IsInstance(x, t) {
				return false
			}
			initialise(v, func(*frame) clr.Value { return x })(f)
			return true
		}
	default:
		o := b.value(l.Value)
		if o.typ != clr.TypeAny && !o.konst {
			b.fail("STL-E007", o.Span, "a case needs a constant", "use if and else")
		}
		if o.typ != clr.TypeAny && value.typ != clr.TypeAny && o.konst {
			b.convertTo(o, value.typ)
		}
		want := o.value
		if value.typ.IsNumeric() && o.typ.IsNumeric() && want != nil {
			want = clr.ToNumber(want, value.typ)
		}
		match = func(f *frame, x clr.Value) bool { return clr.EqualValues(f.m, x, want) }
	}
	if l.When == nil {
		return match
	}
	when, inner := b.condition(l.When), match
	return func(f *frame, x clr.Value) bool { return inner(f, x) && when(f) }
}
