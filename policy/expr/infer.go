package expr

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

// inferTypes finds the type arguments of a generic method: given ones, then what
// the plain arguments say, then what the lambdas give.
func (b *binder) inferTypes(c *choice, g *group, args []boundArg) bool {
	m := c.m
	if len(g.args) > 0 {
		if len(g.args) != len(m.Generics) {
			return false
		}
		for i, p := range m.Generics {
			c.subst[p] = g.args[i]
		}
	}
	if len(m.Generics) == 0 {
		return true
	}
	if len(g.args) == 0 {
		b.inferPlain(c, args)
		// A lambda may need what another one gives: two rounds reach all members of the table.
		for round := 0; round < 2; round++ {
			if !b.inferLambdas(c, args) {
				return false
			}
		}
	}
	for _, p := range m.Generics {
		t := c.subst[p]
		if t == nil || t == clr.TypeNull || t == clr.TypeVoid {
			return false
		}
		c.targs = append(c.targs[:len(c.targs):len(c.targs)], t)
	}
	return true
}

func (b *binder) inferPlain(c *choice, args []boundArg) {
	for pi, list := range c.slots {
		for _, ai := range list {
			a := args[ai]
			if a.lambda != nil || a.declare != nil || a.typ == clr.TypeNull || a.typ == nil {
				continue
			}
			p := c.paramType(pi)
			// JObject is a sequence of tokens and one of pairs: neither is inferred.
			if a.typ.Is(library.TypeJObject) && p.Is(clr.TypeEnumerable) {
				continue
			}
			b.unify(c, p, a.typ, a.operand)
		}
	}
}

// unify learns type parameters from an argument's type.
func (b *binder) unify(c *choice, p, t *clr.Type, o operand) {
	if p.Def == nil {
		was, ok := c.subst[p.Param]
		switch {
		case !containsName(c.m.Generics, p.Param):
		case !ok:
			c.subst[p.Param] = t
		case !clr.Same(was, t) && b.converts(operand{typ: was}, t) && !b.converts(o, was):
			c.subst[p.Param] = t
		}
		return
	}
	if p.Is(clr.TypeNullable) {
		if t.Is(clr.TypeNullable) {
			b.unify(c, p.Args[0], t.Args[0], o)
		} else if t.IsValue() {
			b.unify(c, p.Args[0], t, o)
		}
		return
	}
	if p.IsFunc() {
		return
	}
	if base := t.AsBase(p.Def); base != nil {
		for i := range p.Args {
			if i < len(base.Args) {
				b.unify(c, p.Args[i], base.Args[i], operand{typ: base.Args[i]})
			}
		}
	}
}

func containsName(list []string, name string) bool {
	for _, n := range list {
		if n == name {
			return true
		}
	}
	return false
}

// inferLambdas binds each lambda whose parameters are known and learns its result.
func (b *binder) inferLambdas(c *choice, args []boundArg) bool {
	for pi, list := range c.slots {
		for _, ai := range list {
			l := args[ai].lambda
			p := c.paramType(pi)
			if l == nil || !p.IsFunc() {
				continue
			}
			params, result := p.FuncParts()
			if len(params) != len(l.Params) {
				return false
			}
			if !result.Open() || known(c, result) {
				continue
			}
			types := make([]*clr.Type, len(params))
			for i, t := range params {
				types[i] = t.Substitute(c.subst)
			}
			if anyOpen(types) {
				continue
			}
			got := b.lambdaResult(l, types)
			if got == nil {
				return false
			}
			b.unify(c, result, got, operand{typ: got})
		}
	}
	return true
}

func known(c *choice, t *clr.Type) bool { return !t.Substitute(c.subst).Open() }

func anyOpen(types []*clr.Type) bool {
	for _, t := range types {
		if t.Open() {
			return true
		}
	}
	return false
}

// argumentCodes makes the code of every parameter of the chosen member, in the
// order of the parameters.
func (b *binder) argumentCodes(c *choice, args []boundArg) {
	for pi := range c.m.Params {
		p := &c.m.Params[pi]
		t := c.paramType(pi).Substitute(c.subst)
		list := c.slots[pi]
		switch {
		case c.expanded && pi == len(c.m.Params)-1:
			c.codes = append(c.codes, b.gathered(args, list, t))
		case len(list) == 0:
			c.codes = append(c.codes, defaultCode(p, t))
		case p.Out:
			c.codes = append(c.codes, b.outCode(args[list[0]], t))
		default:
			c.codes = append(c.codes, b.convertTo(args[list[0]].operand, t))
		}
	}
}

func defaultCode(p *clr.Param, t *clr.Type) code {
	v := p.DefaultVal
	if v == nil {
		v = t.Zero()
	} else if t.IsNumeric() {
		v = clr.ToNumber(v, t)
	}
	return func(*frame) clr.Value { return v }
}

// gathered packs the rest of the arguments into the params array.
func (b *binder) gathered(args []boundArg, list []int, elem *clr.Type) code {
	codes := make([]code, len(list))
	for i, ai := range list {
		codes[i] = b.convertTo(args[ai].operand, elem)
	}
	return func(f *frame) clr.Value {
		items := make([]clr.Value, len(codes))
		for i, c := range codes {
			items[i] = c(f)
		}
		return clr.MakeArray(elem, items)
	}
}

func (b *binder) outCode(a boundArg, t *clr.Type) code {
	v := a.target
	if a.declare != nil {
		if a.declare.Local == "_" {
			return func(*frame) clr.Value { return &clr.Ref{Set: func(clr.Value) {}} }
		}
		v = b.declare(a.declare.Local, a.declare.Span, t)
	}
	if v == nil {
		return func(*frame) clr.Value { return &clr.Ref{Set: func(clr.Value) {}} }
	}
	slot, shared := b.fn.local(v)
	fresh := a.declare != nil
	return func(f *frame) clr.Value {
		if fresh && v.captured {
			f.slots[slot] = &cell{}
		}
		if c, ok := f.slots[slot].(*cell); ok && (shared || v.captured) {
			return &clr.Ref{Set: func(x clr.Value) { c.v = x }}
		}
		return &clr.Ref{Set: func(x clr.Value) { f.slots[slot] = x }}
	}
}

// failInLambda binds the lambdas of a failed call once more, aloud, so that the
// fault inside one is seen instead of only that no overload fits.
func (b *binder) failInLambda(g *group, args []boundArg) (found bool) {
	if g.target == nil || g.target.typ == nil {
		return false
	}
	elem := g.target.typ.ElementType()
	if elem == nil {
		return false
	}
	for _, a := range args {
		if a.lambda == nil || len(a.lambda.Params) != 1 {
			continue
		}
		if !b.trial(func() { b.bindLambda(a.lambda, []*clr.Type{elem}, nil, false) }) {
			b.bindLambda(a.lambda, []*clr.Type{elem}, nil, false)
			found = true
		}
	}
	return found
}
