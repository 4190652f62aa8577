package expr

// closure is a bound lambda or local function.
type closure struct {
	fn     *function
	params []*variable
	body   func(f *frame) Value
	result *Type
}

// bindLambda binds a lambda for given parameter types. result is what its body
// must give; nil lets the body decide, and void takes none.
func (b *binder) bindLambda(l *lambda, types []*Type, result *Type, void bool) *closure {
	c := &closure{fn: &function{parent: b.fn, result: result, void: void}}
	outer, loops, switches, catching := b.fn, b.loops, b.switches, b.catching
	b.fn, b.loops, b.switches, b.catching = c.fn, 0, 0, 0
	b.open()
	defer func() {
		b.close()
		b.fn, b.loops, b.switches, b.catching = outer, loops, switches, catching
	}()
	for i, p := range l.params {
		t := types[i]
		if p.typ != nil {
			if own := b.typeOf(p.typ); !same(own, t) && own != typeAny {
				b.fail("STL-E007", p.at, "the parameter "+p.name+" is "+own.String()+" and must be "+t.String(), "")
			}
		}
		c.params = append(c.params, b.declare(p.name, p.at, t))
	}
	if l.block != nil {
		b.lambdaBlock(c, l, result, void)
		return c
	}
	o := b.value(l.expr)
	c.result = o.typ
	switch {
	case void:
		c.body, c.result = o.run, typeVoid
		if !o.call && o.typ != typeAny {
			b.fail("STL-E008", o.span, "only calls and assignments can stand here as a statement", "")
		}
	case o.lambda != nil && result == nil:
		b.fail("STL-E007", o.span, "the type of this lambda cannot be found", "")
		c.result, c.body = typeAny, bad(o.span).run
	case result != nil:
		c.body, c.result = b.convertTo(o, result), result
	default:
		c.body = o.run
		if o.typ == typeVoid {
			b.fail("STL-E007", o.span, "the lambda gives no value", "")
		}
	}
	return c
}

func (b *binder) lambdaBlock(c *closure, l *lambda, result *Type, void bool) {
	run, falls := b.statements(l.block.list)
	c.body = func(f *frame) Value {
		run(f)
		return f.result
	}
	switch {
	case void:
		c.result = typeVoid
	case falls:
		b.fail("STL-E009", l.span, "not every path of the lambda returns a value", "")
		c.result = typeAny
	case result != nil:
		c.result = result
	default:
		c.result = b.returnedType(c.fn, l.span)
	}
}

// returnedType is the common type of the returns of a lambda with a block.
func (b *binder) returnedType(fn *function, at span) *Type {
	if len(fn.returned) == 0 {
		return typeVoid
	}
	best := fn.returned[0]
	for _, o := range fn.returned[1:] {
		t := b.commonType(best, o)
		if t == nil {
			b.fail("STL-E007", at, "the returns of the lambda give values of different types", "cast them to one type")
			return typeAny
		}
		if !same(t, best.typ) {
			best = operand{span: at, typ: t}
		}
	}
	return best.typ
}

// code gives what makes the delegate at run time.
func (c *closure) code(typ *Type) code {
	return func(f *frame) Value {
		cells := make([]*cell, len(c.fn.captures))
		for i, cp := range c.fn.captures {
			cells[i] = cp.from(f)
		}
		return &Function{typ: typ, call: func(m *machine, args ...Value) Value {
			m.enterCall()
			in := &frame{m: m, slots: make([]Value, c.fn.slots)}
			for i, p := range c.params {
				if p.captured {
					in.slots[p.slot] = &cell{v: args[i]}
				} else {
					in.slots[p.slot] = args[i]
				}
			}
			for i, cp := range c.fn.captures {
				in.slots[cp.slot] = cells[i]
			}
			v := c.body(in)
			m.depth--
			return v
		}}
	}
}

// classifyLambda tells how a lambda converts to a delegate type.
func (b *binder) classifyLambda(l *lambda, to *Type) conversion {
	if !to.isFunc() {
		return impossible
	}
	params, result := to.funcParts()
	if len(params) != len(l.params) || anyOpen(params) {
		return impossible
	}
	if result.open() {
		return impossible
	}
	void := result == typeVoid
	got := (*Type)(nil)
	ok := b.trial(func() {
		var want *Type
		if l.block != nil && !void {
			want = result
		}
		c := b.bindLambda(l, params, want, void)
		got = c.result
		if want == nil && !void {
			b.convertTo(operand{span: l.span, typ: c.result, run: c.body, konst: b.constantBody(l)}, result)
		}
	})
	switch {
	case !ok:
		return impossible
	case void || same(got, result):
		return identity
	}
	return widening
}

// constantBody is asked for bodies such as x => 0, which convert to shorter types;
// the table has no delegate for which it would decide.
func (b *binder) constantBody(*lambda) bool { return false }

// lambdaResult is the type that the body gives for known parameters; nil where the
// body has a fault.
func (b *binder) lambdaResult(l *lambda, types []*Type) *Type {
	var got *Type
	if !b.trial(func() { got = b.bindLambda(l, types, nil, false).result }) {
		return nil
	}
	return got
}

// lambdaTo gives the code of a lambda as a delegate of type to.
func (b *binder) lambdaTo(l *lambda, to *Type) code {
	if !to.isFunc() {
		b.fail("STL-E007", l.span, "a lambda cannot become "+to.String(), "give it to a method that takes a delegate")
		return bad(l.span).run
	}
	params, result := to.funcParts()
	if len(params) != len(l.params) {
		b.fail("STL-E007", l.span, "the lambda has the wrong number of parameters", "")
		return bad(l.span).run
	}
	return b.bindLambda(l, params, result, result == typeVoid).code(to)
}

// localFunction declares and binds a function inside a block. Its name is known in
// its own body and after it.
func (b *binder) localFunction(n *localFunction) action {
	result := typeVoid
	if n.result != nil {
		result = b.typeOf(n.result)
	}
	types := make([]*Type, len(n.params))
	for i, p := range n.params {
		types[i] = typeAny
		if p.typ != nil {
			types[i] = b.typeOf(p.typ)
		}
	}
	typ := generic(typeAction, types...)
	if result != typeVoid {
		typ = generic(typeFunc, append(append([]*Type{}, types...), result)...)
	}
	v := b.declare(n.name, n.span, typ)
	v.readonly = "a local function"
	params := make([]parameter, len(n.params))
	for i, p := range n.params {
		params[i] = parameter{name: p.name, at: p.at}
	}
	l := &lambda{span: n.span, params: params, expr: n.expr, block: n.body}
	c := b.bindLambda(l, types, result, result == typeVoid)
	make := c.code(typ)
	return func(f *frame) signal {
		if v.captured {
			shared := &cell{}
			f.slots[v.slot] = shared
			shared.v = make(f)
		} else {
			f.slots[v.slot] = make(f)
		}
		return goOn
	}
}
