package expr

import (
	"fmt"
	"strings"
)

// invocation binds a call: of a method, of a delegate, or of a local function.
func (b *binder) invocation(n *invocation) operand {
	target := b.expr(n.target)
	switch {
	case target.typ == typeAny:
		b.bindArgs(n.args)
		return bad(n.span)
	case target.group != nil:
		return b.methodCall(n, target.group)
	case target.names != nil || target.space != "":
		name := target.space
		if target.names != nil {
			name = target.names.String()
		}
		b.fail("STL-E006", n.span, name+" cannot be called", "to make a value write new "+name+"(…)")
		return bad(n.span)
	case target.typ.isFunc():
		return b.delegateCall(n, target)
	}
	if len(b.indexers(target.typ, false)) > 0 {
		b.fail("STL-E006", n.span, fmt.Sprintf("%s cannot be called", target.typ), "use square brackets to index it: […]")
	} else {
		b.fail("STL-E006", n.span, fmt.Sprintf("%s cannot be called", target.typ), "")
	}
	b.bindArgs(n.args)
	return bad(n.span)
}

func (b *binder) methodCall(n *invocation, g *group) operand {
	args := b.bindArgs(n.args)
	c, ok := b.resolve(g, args, g.at)
	if !ok {
		return bad(n.span)
	}
	codes := c.codes
	if !c.m.static {
		codes = append([]code{g.target.run}, codes...)
	}
	var receiver *Type
	if !c.m.static {
		receiver = g.typ
	}
	return operand{span: n.span, typ: c.result, call: true, run: callCode(c.m.run, c.targs, codes, receiver, g.at.at)}
}

// callCode runs a member of the library. receiver is nil for static members.
func callCode(run native, targs []*Type, codes []code, receiver *Type, at int) code {
	return func(f *frame) Value {
		m := f.m
		a := m.push(len(codes))
		for i, c := range codes {
			a[i] = c(f)
		}
		m.pos = at
		if receiver != nil {
			checkNull(m, a[0], receiver, at)
		}
		m.step()
		v := run(m, targs, a)
		m.pop(a)
		return v
	}
}

func (b *binder) delegateCall(n *invocation, target operand) operand {
	params, result := target.typ.funcParts()
	args := b.bindArgs(n.args)
	if len(args) != len(params) {
		b.fail("STL-E006", n.span, fmt.Sprintf("the function takes %d arguments", len(params)), "")
		return bad(n.span)
	}
	codes := make([]code, len(args))
	for i, a := range args {
		if a.typ == typeAny {
			return bad(n.span)
		}
		codes[i] = b.convertTo(a.operand, params[i])
	}
	fn, at, t := target.run, n.span.at, target.typ
	return operand{span: n.span, typ: result, call: true, run: func(f *frame) Value {
		v := fn(f)
		checkNull(f.m, v, t, at)
		args := make([]Value, len(codes))
		for i, c := range codes {
			args[i] = c(f)
		}
		return v.(*Function).call(f.m, args...)
	}}
}

// creation binds new T(…) { … }.
func (b *binder) creation(n *creation) operand {
	t := b.typeOf(n.typ)
	args := b.bindArgs(n.args)
	if t == typeAny {
		return bad(n.span)
	}
	g := &group{list: t.def.ctors, name: "new " + t.String(), at: n.span, typ: t}
	var make code
	switch {
	case len(t.def.ctors) == 0 && len(args) == 0 && t.isValue():
		zero := t.zero()
		make = func(*frame) Value { return zero }
	case len(t.def.ctors) == 0:
		b.fail("STL-E006", n.span, t.String()+" cannot be made with new", "")
		return bad(n.span)
	default:
		c, ok := b.resolve(g, args, n.span)
		if !ok {
			return bad(n.span)
		}
		make = callCode(c.m.run, t.args, c.codes, nil, n.span.at)
	}
	if !n.hasInit {
		return operand{span: n.span, typ: t, run: make, call: true}
	}
	slot := b.newSlot()
	self := operand{span: n.span, typ: t, run: func(f *frame) Value { return f.slots[slot] }}
	fill := b.initialisers(self, n.init)
	return operand{span: n.span, typ: t, call: true, run: func(f *frame) Value {
		was := f.slots[slot]
		v := make(f)
		f.slots[slot] = v
		for _, step := range fill {
			step(f)
		}
		v = f.slots[slot]
		f.slots[slot] = was
		return v
	}}
}

// initialisers binds the parts of { … } over the value that they fill.
func (b *binder) initialisers(self operand, list []initialiser) []code {
	var out []code
	for _, in := range list {
		switch {
		case in.index != nil || in.name != "":
			out = append(out, b.memberInit(self, in))
		default:
			out = append(out, b.addInit(self, in))
		}
	}
	return out
}

func (b *binder) memberInit(self operand, in initialiser) code {
	fixed := &fixedOperand{in.span, self}
	var target node = &memberAccess{span: in.span, target: fixed, name: in.name, nameAt: in.span}
	if in.index != nil {
		var args []argument
		for _, x := range in.index {
			args = append(args, argument{span: x.pos(), value: x})
		}
		target = &indexing{in.span, fixed, args}
	}
	if in.isNest {
		o := b.value(target)
		steps := b.initialisers(o, in.nested)
		return func(f *frame) Value {
			for _, s := range steps {
				s(f)
			}
			return nil
		}
	}
	return b.value(&assignment{in.span, "=", target, in.values[0]}).run
}

func (b *binder) addInit(self operand, in initialiser) code {
	var args []argument
	for _, v := range in.values {
		args = append(args, argument{span: v.pos(), value: v})
	}
	add := &memberAccess{span: in.span, target: &fixedOperand{in.span, self}, name: "Add", nameAt: in.span}
	return b.value(&invocation{in.span, add, args}).run
}

// fixedOperand puts a bound operand back into a tree.
type fixedOperand struct {
	span
	o operand
}

func (b *binder) arrayCreation(n *arrayCreation) operand {
	var elem *Type
	if n.elem != nil {
		elem = b.typeOf(n.elem)
	}
	items := make([]operand, len(n.items))
	for i, it := range n.items {
		items[i] = b.value(it)
	}
	if elem == nil {
		if elem = b.bestType(items, n.span); elem == nil {
			return bad(n.span)
		}
	}
	t := arrayOf(elem)
	if n.size != nil && !n.has {
		size, at := b.convertTo(b.value(n.size), typeInt), n.span.at
		return operand{span: n.span, typ: t, run: func(f *frame) Value {
			k := int(size(f).(int32))
			f.m.pos = at
			if k < 0 {
				f.m.throw(typeOverflow, "Arithmetic operation resulted in an overflow.")
			}
			f.m.grow(16 * k)
			list := make([]Value, k)
			for i := range list {
				list[i] = elem.zero()
			}
			return makeArray(elem, list)
		}}
	}
	codes := make([]code, len(items))
	for i, o := range items {
		codes[i] = b.convertTo(o, elem)
	}
	return operand{span: n.span, typ: t, run: func(f *frame) Value {
		f.m.grow(16 * len(codes))
		list := make([]Value, len(codes))
		for i, c := range codes {
			list[i] = c(f)
		}
		return makeArray(elem, list)
	}}
}

// bestType is the element type of new[] { … }.
func (b *binder) bestType(items []operand, at span) *Type {
	if len(items) == 0 {
		b.fail("STL-E007", at, "the type of an empty new[] cannot be found", "write new string[0] or the type you need")
		return nil
	}
	best := items[0]
	for _, o := range items[1:] {
		t := b.commonType(best, o)
		if t == nil {
			b.fail("STL-E007", at, fmt.Sprintf("no common type of %s and %s was found for new[]", best.typ, o.typ), "write the type: new object[] {…}")
			return nil
		}
		if t == typeAny {
			return nil
		}
		if !same(t, best.typ) {
			best = operand{span: at, typ: t}
		}
	}
	if best.typ == typeNull || best.typ == typeVoid || best.typ == typeAny || best.typ == typeLambda {
		if best.typ != typeAny {
			b.fail("STL-E007", at, "the type of new[] cannot be found", "write the type")
		}
		return nil
	}
	return best.typ
}

func (b *binder) anonymous(n *anonymous) operand {
	t := &Type{def: b.anonymousDef(n.names)}
	codes := make([]code, len(n.values))
	for i, v := range n.values {
		o := b.value(v)
		if o.typ == typeNull || o.typ == typeVoid || o.lambda != nil {
			b.fail("STL-E007", o.span, "a member of an anonymous object needs a typed value", "cast it: (string)null")
			o = bad(o.span)
		}
		t.args, codes[i] = append(t.args, o.typ), o.run
	}
	return operand{span: n.span, typ: t, run: func(f *frame) Value {
		o := &Object{typ: t, values: make([]Value, len(codes))}
		f.m.grow(16 * len(codes))
		for i, c := range codes {
			o.values[i] = c(f)
		}
		return o
	}}
}

// anonymousDef gives one definition for all anonymous objects of the same names,
// so that their types are the same where their members' types are.
func (b *binder) anonymousDef(names []string) *typeDef {
	key := strings.Join(names, " ")
	if b.anonymousDefs[key] == nil {
		if b.anonymousDefs == nil {
			b.anonymousDefs = map[string]*typeDef{}
		}
		b.anonymousDefs[key] = &typeDef{name: "<>f__AnonymousType", kind: classKind, anonymous: append([]string{}, names...)}
	}
	return b.anonymousDefs[key]
}
