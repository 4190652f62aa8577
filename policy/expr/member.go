package expr

import (
	"fmt"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

func (b *binder) memberAccess(n *syntax.MemberAccess) operand {
	target := b.expr(n.Target)
	switch {
	case target.space != "":
		return b.qualified(target, n)
	case target.names != nil:
		if target.names == clr.TypeAny {
			return bad(n.Span)
		}
		return b.staticMember(target.names, n)
	case target.group != nil:
		b.fail("STL-E006", target.Span, target.group.name+" is a method", "call it: "+target.group.name+"(…)")
		return bad(n.Span)
	case target.typ == clr.TypeAny:
		return bad(n.Span)
	case target.lambda != nil || target.typ == clr.TypeVoid || target.typ == clr.TypeNull:
		b.fail("STL-E005", n.Span, fmt.Sprintf("%s has no members", target.typ), "")
		return bad(n.Span)
	}
	return b.instanceMember(target, n)
}

// qualified continues a namespace: to a longer one, or to a type in it.
func (b *binder) qualified(target operand, n *syntax.MemberAccess) operand {
	full := target.space + "." + n.Name
	if t := b.lib.ByFull[full]; t != nil {
		return operand{Span: n.Span, names: b.construct(t, n.Args, n.Span)}
	}
	if b.lib.Spaces[full] {
		return operand{Span: n.Span, space: full}
	}
	hint := "only the types that Azure API Management allows may be used"
	if near, ok := b.nearest(n.Name, b.lib.TypeNames); ok {
		hint = "did you mean " + near + "?"
	}
	b.fail("STL-E004", n.NameAt, "the type "+full+" is not known or not allowed", hint)
	return bad(n.Span)
}

func (b *binder) staticMember(t *clr.Type, n *syntax.MemberAccess) operand {
	d := t.Def
	for i, name := range d.Names {
		if name == n.Name {
			return constant(n.Span, t, clr.Enum{Type: t, N: d.Numbers[i]})
		}
	}
	var list []*clr.Member
	for _, m := range d.Members[n.Name] {
		if m.Static && !strings.HasPrefix(m.Name, "op_") {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		b.noMember(t, n, true)
		return bad(n.Span)
	}
	if list[0].Kind == clr.PropertyMember {
		o := b.property(list[0], nil, t, n)
		if v, ok := library.Constants[list[0].Sig]; ok && d.Keyword != "" {
			o.konst, o.value = true, v
		}
		return o
	}
	return operand{Span: n.Span, group: &group{list: list, name: n.Name, args: b.typesOf(n.Args), at: n.NameAt, typ: t}}
}

func (b *binder) typesOf(refs []*syntax.TypeRef) []*clr.Type {
	var out []*clr.Type
	for _, r := range refs {
		out = append(out, b.typeOf(r))
	}
	return out
}

// found is a member with the base of the receiver's type that declares it.
func findMembers(t *clr.Type, name string) []*clr.Member {
	if t.Def == nil {
		return nil
	}
	var list []*clr.Member
	for _, m := range t.Def.Members[name] {
		if !m.Static {
			list = append(list, m)
		}
	}
	if len(list) > 0 && list[0].Kind == clr.PropertyMember {
		return list
	}
	s := t.Binding()
	for _, base := range t.Def.Bases {
		for _, m := range findMembers(base.Substitute(s), name) {
			if !containsMember(list, m) {
				list = append(list, m)
			}
		}
	}
	if len(list) == 0 && t.Def != clr.TypeObject.Def && len(t.Def.Bases) == 0 {
		return findMembers(clr.TypeObject, name)
	}
	if len(t.Def.Bases) == 0 && t.Def != clr.TypeObject.Def {
		for _, m := range clr.TypeObject.Def.Members[name] {
			if !containsMember(list, m) {
				list = append(list, m)
			}
		}
	}
	return list
}

func containsMember(list []*clr.Member, m *clr.Member) bool {
	for _, x := range list {
		if x == m {
			return true
		}
	}
	return false
}

func (b *binder) instanceMember(target operand, n *syntax.MemberAccess) operand {
	t := target.typ
	if t.Def.Anonymous != nil {
		if o, ok := b.anonymousMember(target, n); ok {
			return o
		}
	}
	if t.Is(clr.TypeTuple) {
		if o, ok := b.tupleMember(target, n); ok {
			return o
		}
	}
	list := findMembers(t, n.Name)
	if len(list) > 0 && list[0].Kind == clr.PropertyMember {
		return b.property(list[0], &target, t, n)
	}
	extensions := b.lib.Extensions[n.Name]
	if len(list) == 0 && len(extensions) == 0 {
		b.noMember(t, n, false)
		return bad(n.Span)
	}
	return operand{Span: n.Span, group: &group{
		target: &target, list: list, name: n.Name, args: b.typesOf(n.Args), at: n.NameAt, typ: t, extensions: extensions,
	}}
}

func (b *binder) noMember(t *clr.Type, n *syntax.MemberAccess, static bool) {
	hint := ""
	if near, ok := b.nearest(n.Name, func() []string { return b.lib.MemberNames(t, static) }); ok {
		hint = "did you mean " + near + "?"
	} else if clr.Same(t, clr.TypeObject) {
		hint = "cast the value first: ((string)…)." + n.Name
	} else if len(findMembers(t, n.Name)) > 0 || len(t.Def.Members[n.Name]) > 0 {
		hint = n.Name + " belongs to a value, not to the type, or the other way round"
	}
	b.fail("STL-E005", n.NameAt, fmt.Sprintf("%s has no member %s", t, n.Name), hint)
}

// property binds the reading, and where there is a setter the writing, of m.
func (b *binder) property(m *clr.Member, target *operand, t *clr.Type, n *syntax.MemberAccess) operand {
	if len(n.Args) > 0 {
		b.fail("STL-E006", n.NameAt, n.Name+" is a property and takes no type arguments", "")
	}
	s := ownerBinding(m, t)
	result, targs, at, run := m.Result.Substitute(s), ownerArgs(m, t), n.NameAt.At, m.Run
	o := operand{Span: n.Span, typ: result}
	if target == nil {
		o.run = func(f *frame) clr.Value {
			f.m.Pos = at
			return run(f.m, targs, nil)
		}
		return o
	}
	get := func(f *frame, a []clr.Value) clr.Value {
		checkNull(f.m, a[0], t, at)
		f.m.Pos = at
		return run(f.m, targs, a)
	}
	recv := target.run
	o.run = func(f *frame) clr.Value {
		a := f.m.Push(1)
		a[0] = recv(f)
		v := get(f, a)
		f.m.Pop(a)
		return v
	}
	if set := b.setter(t, n.Name); set != nil {
		put := set.Run
		o.place = &place{parts: []code{recv}, get: get, set: func(f *frame, a []clr.Value, v clr.Value) {
			checkNull(f.m, a[0], t, at)
			f.m.Pos = at
			put(f.m, targs, []clr.Value{a[0], v})
		}}
	}
	return o
}

func (b *binder) setter(t *clr.Type, name string) *clr.Member {
	if list := findMembers(t, "set "+name); len(list) > 0 {
		return list[0]
	}
	return nil
}

// checkNull is .NET's NullReferenceException; a T? may be null where it is asked.
func checkNull(m *clr.Machine, v clr.Value, t *clr.Type, at int) {
	if v == nil && !t.Is(clr.TypeNullable) {
		m.Pos = at
		m.Throw(clr.TypeNullReference, "Object reference not set to an instance of an object.")
	}
}

// ownerBinding binds the type parameters of m's owner as t constructs it.
func ownerBinding(m *clr.Member, t *clr.Type) map[string]*clr.Type {
	if m.Owner == nil || len(m.Owner.Def.Params) == 0 {
		return nil
	}
	if base := t.AsBase(m.Owner.Def); base != nil {
		return base.Binding()
	}
	return nil
}

func ownerArgs(m *clr.Member, t *clr.Type) []*clr.Type {
	if m.Owner == nil || len(m.Owner.Def.Params) == 0 {
		return nil
	}
	if base := t.AsBase(m.Owner.Def); base != nil {
		return base.Args
	}
	return nil
}

func (b *binder) anonymousMember(target operand, n *syntax.MemberAccess) (operand, bool) {
	for i, name := range target.typ.Def.Anonymous {
		if name != n.Name {
			continue
		}
		recv, at, t := target.run, n.NameAt.At, target.typ
		return operand{Span: n.Span, typ: t.Args[i], run: func(f *frame) clr.Value {
			v := recv(f)
			checkNull(f.m, v, t, at)
			return v.(*clr.Object).Values[i]
		}}, true
	}
	return operand{}, false
}

// conditional binds target?.rest: null where target is null, else rest with the
// target evaluated once.
func (b *binder) conditional(n *syntax.Conditional) operand {
	target := b.value(n.Target)
	if target.typ == clr.TypeAny {
		return bad(n.Span)
	}
	if target.typ.IsValue() || target.typ == clr.TypeNull || target.typ == clr.TypeVoid {
		b.fail("STL-E008", n.Span, fmt.Sprintf("?. needs a value that can be null, and this is %s", target.typ), "use . instead")
		return bad(n.Span)
	}
	slot := b.newSlot()
	t := target.typ
	if t.Is(clr.TypeNullable) {
		t = t.Args[0]
	}
	was := b.inner
	b.inner = &operand{Span: target.Span, typ: t, run: func(f *frame) clr.Value { return f.slots[slot] }}
	rest := b.value(n.Rest)
	b.inner = was
	if rest.typ == clr.TypeAny {
		return bad(n.Span)
	}
	typ := rest.typ
	if typ.IsValue() {
		typ = clr.NullableOf(typ)
	}
	run, inner := target.run, rest.run
	return operand{Span: n.Span, typ: typ, call: rest.call, run: func(f *frame) clr.Value {
		v := run(f)
		if v == nil {
			return nil
		}
		f.slots[slot] = v
		return inner(f)
	}}
}
