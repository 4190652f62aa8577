package expr

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

// interpolated binds $"…": each hole is formatted in the invariant culture.
func (b *binder) interpolated(n *syntax.Interpolated) operand {
	type piece struct {
		text   string
		run    code
		align  code
		format string
	}
	pieces := make([]piece, len(n.Parts))
	for i, part := range n.Parts {
		pieces[i] = piece{text: part.Text, format: part.Format}
		if part.Value == nil {
			continue
		}
		o := b.value(part.Value)
		if o.typ == clr.TypeVoid {
			b.fail("STL-E007", o.Span, "the expression gives no value", "")
		}
		pieces[i].run = b.convertTo(o, clr.TypeObject)
		if part.Align != nil {
			pieces[i].align = b.convertTo(b.value(part.Align), clr.TypeInt)
		}
	}
	at := n.Span.At
	return operand{Span: n.Span, typ: clr.TypeString, run: func(f *frame) clr.Value {
		var out []byte
		for i := range pieces {
			p := &pieces[i]
			if p.run == nil {
				out = append(out, p.text...)
				continue
			}
			v := p.run(f)
			f.m.Pos = at
			s := clr.Format(f.m, v, p.format)
			if p.align != nil {
				s = clr.Align(s, int(p.align(f).(int32)))
			}
			out = append(out, s...)
		}
		return f.m.Text(string(out))
	}}
}
