package expr

// inferTypes finds the type arguments of a generic method: given ones, then what
// the plain arguments say, then what the lambdas give.
func (b *binder) inferTypes(c *choice, g *group, args []boundArg) bool {
	m := c.m
	if len(g.args) > 0 {
		if len(g.args) != len(m.generics) {
			return false
		}
		for i, p := range m.generics {
			c.subst[p] = g.args[i]
		}
	}
	if len(m.generics) == 0 {
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
	for _, p := range m.generics {
		t := c.subst[p]
		if t == nil || t == typeNull || t == typeVoid {
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
			if a.lambda != nil || a.declare != nil || a.typ == typeNull || a.typ == nil {
				continue
			}
			b.unify(c, c.paramType(pi), a.typ, a.operand)
		}
	}
}

// unify learns type parameters from an argument's type.
func (b *binder) unify(c *choice, p, t *Type, o operand) {
	if p.def == nil {
		was, ok := c.subst[p.param]
		switch {
		case !containsName(c.m.generics, p.param):
		case !ok:
			c.subst[p.param] = t
		case !same(was, t) && b.converts(operand{typ: was}, t) && !b.converts(o, was):
			c.subst[p.param] = t
		}
		return
	}
	if p.is(typeNullable) {
		if t.is(typeNullable) {
			b.unify(c, p.args[0], t.args[0], o)
		} else if t.isValue() {
			b.unify(c, p.args[0], t, o)
		}
		return
	}
	if p.isFunc() {
		return
	}
	if base := t.asBase(p.def); base != nil {
		for i := range p.args {
			if i < len(base.args) {
				b.unify(c, p.args[i], base.args[i], operand{typ: base.args[i]})
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
			if l == nil || !p.isFunc() {
				continue
			}
			params, result := p.funcParts()
			if len(params) != len(l.params) {
				return false
			}
			if !result.open() || known(c, result) {
				continue
			}
			types := make([]*Type, len(params))
			for i, t := range params {
				types[i] = t.substitute(c.subst)
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

func known(c *choice, t *Type) bool { return !t.substitute(c.subst).open() }

func anyOpen(types []*Type) bool {
	for _, t := range types {
		if t.open() {
			return true
		}
	}
	return false
}

// argumentCodes makes the code of every parameter of the chosen member, in the
// order of the parameters.
func (b *binder) argumentCodes(c *choice, args []boundArg) {
	for pi := range c.m.params {
		p := &c.m.params[pi]
		t := c.paramType(pi).substitute(c.subst)
		list := c.slots[pi]
		switch {
		case c.expanded && pi == len(c.m.params)-1:
			c.codes = append(c.codes, b.gathered(args, list, t))
		case len(list) == 0:
			c.codes = append(c.codes, defaultCode(p, t))
		case p.out:
			c.codes = append(c.codes, b.outCode(args[list[0]], t))
		default:
			c.codes = append(c.codes, b.convertTo(args[list[0]].operand, t))
		}
	}
}

func defaultCode(p *param, t *Type) code {
	v := p.defaultVal
	if v == nil {
		v = t.zero()
	} else if t.isNumeric() {
		v = toNumber(v, t)
	}
	return func(*frame) Value { return v }
}

// gathered packs the rest of the arguments into the params array.
func (b *binder) gathered(args []boundArg, list []int, elem *Type) code {
	codes := make([]code, len(list))
	for i, ai := range list {
		codes[i] = b.convertTo(args[ai].operand, elem)
	}
	return func(f *frame) Value {
		items := make([]Value, len(codes))
		for i, c := range codes {
			items[i] = c(f)
		}
		return makeArray(elem, items)
	}
}

func (b *binder) outCode(a boundArg, t *Type) code {
	v := a.target
	if a.declare != nil {
		if a.declare.local == "_" {
			return func(*frame) Value { return &ref{set: func(Value) {}} }
		}
		v = b.declare(a.declare.local, a.declare.span, t)
	}
	if v == nil {
		return func(*frame) Value { return &ref{set: func(Value) {}} }
	}
	slot, shared := b.fn.local(v)
	fresh := a.declare != nil
	return func(f *frame) Value {
		if fresh && v.captured {
			f.slots[slot] = &cell{}
		}
		if c, ok := f.slots[slot].(*cell); ok && (shared || v.captured) {
			return &ref{set: func(x Value) { c.v = x }}
		}
		return &ref{set: func(x Value) { f.slots[slot] = x }}
	}
}

// failInLambda binds the lambdas of a failed call once more, aloud, so that the
// fault inside one is seen and not only that no overload fits.
func (b *binder) failInLambda(g *group, list []*member, args []boundArg) {
	if g.target == nil || g.target.typ == nil {
		return
	}
	elem := g.target.typ.elementType()
	if elem == nil {
		return
	}
	for _, a := range args {
		if a.lambda == nil || len(a.lambda.params) != 1 {
			continue
		}
		b.bindLambda(a.lambda, []*Type{elem}, nil, false)
	}
}
