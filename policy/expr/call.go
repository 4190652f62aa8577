package expr

import (
	"fmt"
	"slices"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

// invocation binds a call: of a method, of a delegate, or of a local function.
func (b *binder) invocation(n *syntax.Invocation) operand {
	target := b.callee(n.Target)
	switch {
	case target.typ == clr.TypeAny:
		b.bindArgs(n.Args)
		return bad(n.Span)
	case target.group != nil:
		return b.methodCall(n, target.group)
	case target.names != nil || target.space != "":
		name := target.space
		if target.names != nil {
			name = target.names.String()
		}
		b.fail("STL-E006", n.Span, name+" cannot be called", "to make a value write new "+name+"(…)")
		return bad(n.Span)
	case target.typ.IsFunc():
		return b.delegateCall(n, target)
	}
	if len(b.indexers(target.typ, false)) > 0 {
		b.fail("STL-E006", n.Span, fmt.Sprintf("%s cannot be called", target.typ), "use square brackets to index it: […]")
	} else {
		b.fail("STL-E006", n.Span, fmt.Sprintf("%s cannot be called", target.typ), "")
	}
	b.bindArgs(n.Args)
	return bad(n.Span)
}

// callee binds what is called: a property that is no delegate makes way for an
// extension method of its name (token.First()).
func (b *binder) callee(n syntax.Node) operand {
	m, ok := n.(*syntax.MemberAccess)
	if !ok || len(b.lib.Extensions[m.Name]) == 0 {
		return b.expr(n)
	}
	target := b.expr(m.Target)
	again := *m
	again.Target = &fixedOperand{m.Target.Pos(), target}
	if target.typ == nil || target.typ.Def == nil || target.names != nil || target.group != nil || target.lambda != nil {
		return b.expr(&again)
	}
	list := findMembers(target.typ, m.Name)
	if len(list) == 0 || list[0].Kind != clr.PropertyMember || list[0].Result.IsFunc() {
		return b.expr(&again)
	}
	return operand{Span: m.Span, group: &group{
		target: &target, name: m.Name, args: b.typesOf(m.Args), at: m.NameAt, typ: target.typ, extensions: b.lib.Extensions[m.Name],
	}}
}

func (b *binder) methodCall(n *syntax.Invocation, g *group) operand {
	args := b.bindArgs(n.Args)
	c, ok := b.resolve(g, args, g.at)
	if !ok {
		return bad(n.Span)
	}
	b.checkBodyType(c, g.at)
	codes := c.codes
	if !c.m.Static {
		codes = append([]code{g.target.run}, codes...)
	}
	var receiver *clr.Type
	if !c.m.Static {
		receiver = g.typ
	}
	return operand{Span: n.Span, typ: c.result, call: true, run: callCode(c.m.Run, c.targs, codes, receiver, g.at.At)}
}

// callCode runs a member of the library. receiver is nil for static members.
func callCode(run clr.Native, targs []*clr.Type, codes []code, receiver *clr.Type, at int) code {
	return func(f *frame) clr.Value {
		m := f.m
		a := m.Push(len(codes))
		for i, c := range codes {
			a[i] = c(f)
		}
		m.Pos = at
		if receiver != nil {
			checkNull(m, a[0], receiver, at)
		}
		m.Step()
		v := run(m, targs, a)
		m.Pop(a)
		return v
	}
}

// checkBodyType refuses Body.As<T> for a T that no body can be read as.
func (b *binder) checkBodyType(c *choice, at syntax.Span) {
	if c.m.Owner != library.TypeBody || c.m.Name != "As" || len(c.targs) != 1 || c.targs[0] == clr.TypeAny {
		return
	}
	for _, t := range library.BodyTypes {
		if clr.Same(t, c.targs[0]) {
			return
		}
	}
	b.fail("STL-E007", at, "a body cannot be read as "+c.targs[0].String(), "use string, byte[], JObject, JArray, JToken, XElement, XDocument, XNode or XmlDocument")
}

func (b *binder) delegateCall(n *syntax.Invocation, target operand) operand {
	params, result := target.typ.FuncParts()
	args := b.bindArgs(n.Args)
	if len(args) != len(params) {
		b.fail("STL-E006", n.Span, fmt.Sprintf("the function takes %d arguments", len(params)), "")
		return bad(n.Span)
	}
	codes := make([]code, len(args))
	for i, a := range args {
		if a.typ == clr.TypeAny {
			return bad(n.Span)
		}
		codes[i] = b.convertTo(a.operand, params[i])
	}
	fn, at, t := target.run, n.Span.At, target.typ
	return operand{Span: n.Span, typ: result, call: true, run: func(f *frame) clr.Value {
		v := fn(f)
		checkNull(f.m, v, t, at)
		args := make([]clr.Value, len(codes))
		for i, c := range codes {
			args[i] = c(f)
		}
		return v.(*clr.Function).Call(f.m, args...)
	}}
}

// creation binds new T(…) { … }.
func (b *binder) creation(n *syntax.Creation) operand {
	t := b.typeOf(n.Type)
	args := b.bindArgs(n.Args)
	if t == clr.TypeAny {
		return bad(n.Span)
	}
	g := &group{list: t.Def.Ctors, name: "new " + t.String(), at: n.Span, typ: t}
	var make code
	switch {
	case len(args) == 0 && clr.Same(t, clr.TypeObject):
		make = func(*frame) clr.Value { return &clr.Object{Type: clr.TypeObject} }
	case len(args) == 0 && t.IsValue():
		zero := t.Zero()
		make = func(*frame) clr.Value { return zero }
	case len(t.Def.Ctors) == 0:
		b.fail("STL-E006", n.Span, t.String()+" cannot be made with new", "")
		return bad(n.Span)
	default:
		c, ok := b.resolve(g, args, n.Span)
		if !ok {
			return bad(n.Span)
		}
		make = callCode(c.m.Run, t.Args, c.codes, nil, n.Span.At)
	}
	if !n.HasInit {
		return operand{Span: n.Span, typ: t, run: make, call: true}
	}
	slot := b.newSlot()
	self := operand{Span: n.Span, typ: t, run: func(f *frame) clr.Value { return f.slots[slot] }}
	fill := b.initialisers(self, n.Init)
	return operand{Span: n.Span, typ: t, call: true, run: func(f *frame) clr.Value {
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
func (b *binder) initialisers(self operand, list []syntax.Initialiser) []code {
	var out []code
	for _, in := range list {
		switch {
		case in.Index != nil || in.Name != "":
			out = append(out, b.memberInit(self, in))
		default:
			out = append(out, b.addInit(self, in))
		}
	}
	return out
}

func (b *binder) memberInit(self operand, in syntax.Initialiser) code {
	fixed := &fixedOperand{in.Span, self}
	var target syntax.Node = &syntax.MemberAccess{Span: in.Span, Target: fixed, Name: in.Name, NameAt: in.Span}
	if in.Index != nil {
		var args []syntax.Argument
		for _, x := range in.Index {
			args = append(args, syntax.Argument{Span: x.Pos(), Value: x})
		}
		target = &syntax.Indexing{Span: in.Span, Target: fixed, Args: args}
	}
	if in.IsNest {
		o := b.value(target)
		steps := b.initialisers(o, in.Nested)
		return func(f *frame) clr.Value {
			for _, s := range steps {
				s(f)
			}
			return nil
		}
	}
	return b.value(&syntax.Assignment{Span: in.Span, Op: "=", Target: target, Value: in.Values[0]}).run
}

func (b *binder) addInit(self operand, in syntax.Initialiser) code {
	var args []syntax.Argument
	for _, v := range in.Values {
		args = append(args, syntax.Argument{Span: v.Pos(), Value: v})
	}
	add := &syntax.MemberAccess{Span: in.Span, Target: &fixedOperand{in.Span, self}, Name: "Add", NameAt: in.Span}
	return b.value(&syntax.Invocation{Span: in.Span, Target: add, Args: args}).run
}

// fixedOperand puts a bound operand back into a tree.
type fixedOperand struct {
	syntax.Span
	o operand
}

func (b *binder) arrayCreation(n *syntax.ArrayCreation) operand {
	var elem *clr.Type
	if n.Elem != nil {
		elem = b.typeOf(n.Elem)
	}
	items := make([]operand, len(n.Items))
	for i, it := range n.Items {
		items[i] = b.value(it)
	}
	if elem == nil {
		if elem = b.bestType(items, n.Span); elem == nil {
			return bad(n.Span)
		}
	}
	t := clr.ArrayOf(elem)
	if n.Size != nil && !n.Has {
		size, at := b.convertTo(b.value(n.Size), clr.TypeInt), n.Span.At
		return operand{Span: n.Span, typ: t, run: func(f *frame) clr.Value {
			k := int(size(f).(int32))
			f.m.Pos = at
			if k < 0 {
				f.m.Throw(clr.TypeOverflow, "Arithmetic operation resulted in an overflow.")
			}
			f.m.Grow(16 * k)
			list := make([]clr.Value, k)
			for i := range list {
				list[i] = elem.Zero()
			}
			return clr.MakeArray(elem, list)
		}}
	}
	codes := make([]code, len(items))
	for i, o := range items {
		codes[i] = b.convertTo(o, elem)
	}
	return operand{Span: n.Span, typ: t, run: func(f *frame) clr.Value {
		f.m.Grow(16 * len(codes))
		list := make([]clr.Value, len(codes))
		for i, c := range codes {
			list[i] = c(f)
		}
		return clr.MakeArray(elem, list)
	}}
}

// bestType is the element type of new[] { … }.
func (b *binder) bestType(items []operand, at syntax.Span) *clr.Type {
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
		if t == clr.TypeAny {
			return nil
		}
		if !clr.Same(t, best.typ) {
			best = operand{Span: at, typ: t}
		}
	}
	if best.typ == clr.TypeNull || best.typ == clr.TypeVoid || best.typ == clr.TypeAny || best.typ == clr.TypeLambda {
		if best.typ != clr.TypeAny {
			b.fail("STL-E007", at, "the type of new[] cannot be found", "write the type")
		}
		return nil
	}
	return best.typ
}

func (b *binder) anonymous(n *syntax.Anonymous) operand {
	t := &clr.Type{Def: b.anonymousDef(n.Names)}
	for i, name := range n.Names {
		if slices.Contains(n.Names[:i], name) {
			b.fail("STL-E011", n.Values[i].Pos(), "the anonymous object has a member "+name+" already", "choose another name")
		}
	}
	codes := make([]code, len(n.Values))
	for i, v := range n.Values {
		o := b.value(v)
		if o.typ == clr.TypeNull || o.typ == clr.TypeVoid || o.lambda != nil {
			b.fail("STL-E007", o.Span, "a member of an anonymous object needs a typed value", "cast it: (string)null")
			o = bad(o.Span)
		}
		t.Args, codes[i] = append(t.Args, o.typ), o.run
	}
	return operand{Span: n.Span, typ: t, run: func(f *frame) clr.Value {
		o := &clr.Object{Type: t, Values: make([]clr.Value, len(codes))}
		f.m.Grow(16 * len(codes))
		for i, c := range codes {
			o.Values[i] = c(f)
		}
		return o
	}}
}

// anonymousDef gives one definition for all anonymous objects of the same names,
// so that their types are the same where their members' types are.
func (b *binder) anonymousDef(names []string) *clr.TypeDef {
	key := strings.Join(names, " ")
	if b.anonymousDefs[key] == nil {
		if b.anonymousDefs == nil {
			b.anonymousDefs = map[string]*clr.TypeDef{}
		}
		b.anonymousDefs[key] = &clr.TypeDef{Name: "<>f__AnonymousType", Kind: clr.ClassKind, Anonymous: append([]string{}, names...)}
	}
	return b.anonymousDefs[key]
}
