package expr

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

// Operators that a type declares itself stand in the library under the names that
// .NET gives them: op_Implicit, op_Explicit, op_Addition. No expression can call
// them by these names.

// declared finds the conversion operator of either type that takes from and gives
// to; a base of from will do for its parameter.
func declared(name string, from, to *clr.Type) *clr.Member {
	if from == nil || to == nil || from.Def == nil || to.Def == nil {
		return nil
	}
	owners := []*clr.TypeDef{to.Def}
	if inner := clr.StripNullable(to); inner.Def != to.Def {
		owners = append(owners, inner.Def)
	}
	for t := from; t != nil; {
		owners = append(owners, t.Def)
		if len(t.Def.Bases) == 0 {
			break
		}
		t = t.Def.Bases[0]
	}
	for _, d := range owners {
		for _, m := range d.Members[name] {
			if clr.Same(m.Result, to) && from.Derives(m.Params[0].Type) {
				return m
			}
		}
	}
	return nil
}

// convertBy runs a conversion operator over a value.
func convertBy(m *clr.Member, run code, at int) code {
	op := m.Run
	return func(f *frame) clr.Value {
		v := run(f)
		if at >= 0 {
			f.m.Pos = at
		}
		f.m.Step()
		return op(f.m, nil, []clr.Value{v})
	}
}

// addition finds an operator + that one of the operands' types declares.
func (b *binder) addition(at syntax.Span, left, right operand) (operand, bool) {
	for _, t := range []*clr.Type{left.typ, right.typ} {
		if t.Def == nil {
			continue
		}
		for _, m := range t.Def.Members["op_Addition"] {
			x, y := m.Params[0].Type, m.Params[1].Type
			if !b.converts(left, x) || !b.converts(right, y) {
				continue
			}
			l, r, op, pos := b.convertTo(left, x), b.convertTo(right, y), m.Run, at.At
			return operand{Span: at, typ: m.Result, call: true, run: func(f *frame) clr.Value {
				v := l(f)
				w := r(f)
				f.m.Pos = pos
				f.m.Step()
				return op(f.m, nil, []clr.Value{v, w})
			}}, true
		}
	}
	return operand{}, false
}

// alike converts one operand of == to the other's type where an operator of that
// type allows it.
func (b *binder) alike(left, right operand) (operand, operand, bool) {
	switch {
	case left.typ == nil || right.typ == nil:
		return left, right, false
	case declared("op_Implicit", right.typ, left.typ) != nil:
		return left, operand{Span: right.Span, typ: left.typ, run: b.convertTo(right, left.typ)}, true
	case declared("op_Implicit", left.typ, right.typ) != nil:
		return operand{Span: left.Span, typ: right.typ, run: b.convertTo(left, right.typ)}, right, true
	}
	return left, right, false
}
