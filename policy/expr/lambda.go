package expr

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

// closure is a bound lambda or local function.
type closure struct {
	fn     *function
	params []*variable
	body   func(f *frame) clr.Value
	result *clr.Type
}

// bindLambda binds a lambda for given parameter types. result is what its body
// must give; nil lets the body decide, and void takes none.
func (b *binder) bindLambda(l *syntax.Lambda, types []*clr.Type, result *clr.Type, void bool) *closure {
	c := &closure{fn: &function{parent: b.fn, result: result, void: void, early: b.early}}
	b.early = false
	outer, loops, switches, catching := b.fn, b.loops, b.switches, b.catching
	b.fn, b.loops, b.switches, b.catching = c.fn, 0, 0, 0
	b.Open()
	defer func() {
		b.close()
		b.fn, b.loops, b.switches, b.catching = outer, loops, switches, catching
	}()
	for i, p := range l.Params {
		t := types[i]
		if p.Type != nil {
			if own := b.typeOf(p.Type); !clr.Same(own, t) && own != clr.TypeAny {
				b.fail("STL-E007", p.At, "the parameter "+p.Name+" is "+own.String()+" and must be "+t.String(), "")
			}
		}
		c.params = append(c.params, b.declare(p.Name, p.At, t))
	}
	if l.Block != nil {
		b.lambdaBlock(c, l, result, void)
		return c
	}
	o := b.value(l.Expr)
	c.result = o.typ
	switch {
	case void:
		c.body, c.result = o.run, clr.TypeVoid
		if !o.call && o.typ != clr.TypeAny {
			b.fail("STL-E008", o.Span, "only calls and assignments can stand here as a statement", "")
		}
	case o.lambda != nil && result == nil:
		b.fail("STL-E007", o.Span, "the type of this lambda cannot be found", "")
		c.result, c.body = clr.TypeAny, bad(o.Span).run
	case result != nil:
		c.body, c.result = b.convertTo(o, result), result
	default:
		c.body = o.run
		if o.typ == clr.TypeVoid {
			b.fail("STL-E007", o.Span, "the lambda gives no value", "")
		}
	}
	return c
}

func (b *binder) lambdaBlock(c *closure, l *syntax.Lambda, result *clr.Type, void bool) {
	run, falls := b.statements(l.Block.List)
	c.body = func(f *frame) clr.Value {
		run(f)
		return f.result
	}
	switch {
	case void:
		c.result = clr.TypeVoid
	case falls:
		b.fail("STL-E009", l.Span, "not every path of the lambda returns a value", "")
		c.result = clr.TypeAny
	case result != nil:
		c.result = result
	default:
		c.result = b.returnedType(c.fn, l.Span)
	}
}

// returnedType is the common type of the returns of a lambda with a block.
func (b *binder) returnedType(fn *function, at syntax.Span) *clr.Type {
	if len(fn.returned) == 0 {
		return clr.TypeVoid
	}
	best := fn.returned[0]
	for _, o := range fn.returned[1:] {
		t := b.commonType(best, o)
		if t == nil {
			b.fail("STL-E007", at, "the returns of the lambda give values of different types", "cast them to one type")
			return clr.TypeAny
		}
		if !clr.Same(t, best.typ) {
			best = operand{Span: at, typ: t}
		}
	}
	return best.typ
}

// code gives what makes the delegate at run time.
func (c *closure) code(typ *clr.Type) code {
	return func(f *frame) clr.Value {
		cells := make([]*cell, len(c.fn.captures))
		for i, cp := range c.fn.captures {
			cells[i] = cp.from(f)
		}
		return &clr.Function{Type: typ, Call: func(m *clr.Machine, args ...clr.Value) clr.Value {
			m.EnterCall()
			in := &frame{m: m, slots: make([]clr.Value, c.fn.slots)}
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
			m.Depth--
			return v
		}}
	}
}

// classifyLambda tells how a lambda converts to a delegate type.
func (b *binder) classifyLambda(l *syntax.Lambda, to *clr.Type) conversion {
	if !to.IsFunc() {
		return impossible
	}
	params, result := to.FuncParts()
	if len(params) != len(l.Params) || anyOpen(params) {
		return impossible
	}
	if result.Open() {
		return impossible
	}
	void := result == clr.TypeVoid
	got := (*clr.Type)(nil)
	ok := b.trial(func() {
		var want *clr.Type
		if l.Block != nil && !void {
			want = result
		}
		c := b.bindLambda(l, params, want, void)
		got = c.result
		if want == nil && !void {
			b.convertTo(operand{Span: l.Span, typ: c.result, run: c.body}, result)
		}
	})
	switch {
	case !ok:
		return impossible
	case void || clr.Same(got, result):
		return identity
	}
	return widening
}

// lambdaResult is the type that the body gives for known parameters; nil where the
// body has a fault.
func (b *binder) lambdaResult(l *syntax.Lambda, types []*clr.Type) *clr.Type {
	var got *clr.Type
	if !b.trial(func() { got = b.bindLambda(l, types, nil, false).result }) {
		return nil
	}
	return got
}

// lambdaTo gives the code of a lambda as a delegate of type to.
func (b *binder) lambdaTo(l *syntax.Lambda, to *clr.Type) code {
	if !to.IsFunc() {
		b.fail("STL-E007", l.Span, "a lambda cannot become "+to.String(), "give it to a method that takes a delegate")
		return bad(l.Span).run
	}
	params, result := to.FuncParts()
	if len(params) != len(l.Params) {
		b.fail("STL-E007", l.Span, "the lambda has the wrong number of parameters", "")
		return bad(l.Span).run
	}
	return b.bindLambda(l, params, result, result == clr.TypeVoid).code(to)
}

// localName declares a local function, so that all statements of its block see it.
func (b *binder) localName(n *syntax.LocalFunction) *variable {
	result := clr.TypeVoid
	if n.Result != nil {
		result = b.typeOf(n.Result)
	}
	types := make([]*clr.Type, len(n.Params))
	for i, p := range n.Params {
		types[i] = clr.TypeAny
		if p.Type != nil {
			types[i] = b.typeOf(p.Type)
		}
	}
	typ := clr.Generic(clr.TypeAction, types...)
	if result != clr.TypeVoid {
		typ = clr.Generic(clr.TypeFunc, append(append([]*clr.Type{}, types...), result)...)
	}
	v := b.declare(n.Name, n.Span, typ)
	v.readonly, v.early = "a local function", true
	return v
}

// localFunction binds a declared local function and gives what makes it.
func (b *binder) localFunction(n *syntax.LocalFunction, v *variable) action {
	params := make([]syntax.Parameter, len(n.Params))
	for i, p := range n.Params {
		params[i] = syntax.Parameter{Name: p.Name, At: p.At}
	}
	types, result := v.typ.FuncParts()
	l := &syntax.Lambda{Span: n.Span, Params: params, Expr: n.Expr, Block: n.Body}
	b.early = true
	c := b.bindLambda(l, types, result, result == clr.TypeVoid)
	make := c.code(v.typ)
	return func(f *frame) signal {
		if !v.captured {
			f.slots[v.slot] = make(f)
			return goOn
		}
		shared, ok := f.slots[v.slot].(*cell)
		if !ok {
			shared = &cell{}
			f.slots[v.slot] = shared
		}
		shared.v = make(f)
		return goOn
	}
}
