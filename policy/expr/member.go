package expr

import (
	"fmt"

	"stile/diag"
)

func (b *binder) memberAccess(n *memberAccess) operand {
	target := b.expr(n.target)
	switch {
	case target.space != "":
		return b.qualified(target, n)
	case target.names != nil:
		if target.names == typeAny {
			return bad(n.span)
		}
		return b.staticMember(target.names, n)
	case target.group != nil:
		b.fail("STL-E006", target.span, target.group.name+" is a method", "call it: "+target.group.name+"(…)")
		return bad(n.span)
	case target.typ == typeAny:
		return bad(n.span)
	case target.lambda != nil || target.typ == typeVoid || target.typ == typeNull:
		b.fail("STL-E005", n.span, fmt.Sprintf("%s has no members", target.typ), "")
		return bad(n.span)
	}
	return b.instanceMember(target, n)
}

// qualified continues a namespace: to a longer one, or to a type in it.
func (b *binder) qualified(target operand, n *memberAccess) operand {
	full := target.space + "." + n.name
	if t := b.lib.byFull[full]; t != nil {
		return operand{span: n.span, names: b.construct(t, n.args, n.span)}
	}
	if b.lib.spaces[full] {
		return operand{span: n.span, space: full}
	}
	hint := "only the types that Azure API Management allows may be used"
	if near, ok := diag.Nearest(n.name, b.lib.typeNames()); ok {
		hint = "did you mean " + near + "?"
	}
	b.fail("STL-E004", n.nameAt, "the type "+full+" is not known or not allowed", hint)
	return bad(n.span)
}

func (b *binder) staticMember(t *Type, n *memberAccess) operand {
	d := t.def
	for i, name := range d.names {
		if name == n.name {
			return constant(n.span, t, Enum{t, d.numbers[i]})
		}
	}
	var list []*member
	for _, m := range d.members[n.name] {
		if m.static {
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		b.noMember(t, n, true)
		return bad(n.span)
	}
	if list[0].kind == propertyMember {
		o := b.property(list[0], nil, t, n)
		if v, ok := constants[list[0].sig]; ok && d.keyword != "" {
			o.konst, o.value = true, v
		}
		return o
	}
	return operand{span: n.span, group: &group{list: list, name: n.name, args: b.typesOf(n.args), at: n.nameAt, typ: t}}
}

func (b *binder) typesOf(refs []*typeRef) []*Type {
	var out []*Type
	for _, r := range refs {
		out = append(out, b.typeOf(r))
	}
	return out
}

// found is a member with the base of the receiver's type that declares it.
func findMembers(t *Type, name string) []*member {
	if t.def == nil {
		return nil
	}
	var list []*member
	for _, m := range t.def.members[name] {
		if !m.static {
			list = append(list, m)
		}
	}
	if len(list) > 0 && list[0].kind == propertyMember {
		return list
	}
	s := t.binding()
	for _, base := range t.def.bases {
		for _, m := range findMembers(base.substitute(s), name) {
			if !containsMember(list, m) {
				list = append(list, m)
			}
		}
	}
	if len(list) == 0 && t.def != typeObject.def && len(t.def.bases) == 0 {
		return findMembers(typeObject, name)
	}
	if len(t.def.bases) == 0 && t.def != typeObject.def {
		for _, m := range typeObject.def.members[name] {
			if !containsMember(list, m) {
				list = append(list, m)
			}
		}
	}
	return list
}

func containsMember(list []*member, m *member) bool {
	for _, x := range list {
		if x == m {
			return true
		}
	}
	return false
}

func (b *binder) instanceMember(target operand, n *memberAccess) operand {
	t := target.typ
	if t.def.anonymous != nil {
		if o, ok := b.anonymousMember(target, n); ok {
			return o
		}
	}
	list := findMembers(t, n.name)
	if len(list) > 0 && list[0].kind == propertyMember {
		return b.property(list[0], &target, t, n)
	}
	extensions := b.lib.extensions[n.name]
	if len(list) == 0 && len(extensions) == 0 {
		b.noMember(t, n, false)
		return bad(n.span)
	}
	return operand{span: n.span, group: &group{
		target: &target, list: list, name: n.name, args: b.typesOf(n.args), at: n.nameAt, typ: t, extensions: extensions,
	}}
}

func (b *binder) noMember(t *Type, n *memberAccess, static bool) {
	hint := ""
	if near, ok := diag.Nearest(n.name, b.lib.memberNames(t, static)); ok {
		hint = "did you mean " + near + "?"
	} else if same(t, typeObject) {
		hint = "cast the value first: ((string)…)." + n.name
	} else if len(findMembers(t, n.name)) > 0 || len(t.def.members[n.name]) > 0 {
		hint = n.name + " belongs to a value, not to the type, or the other way round"
	}
	b.fail("STL-E005", n.nameAt, fmt.Sprintf("%s has no member %s", t, n.name), hint)
}

// property binds the reading, and where there is a setter the writing, of m.
func (b *binder) property(m *member, target *operand, t *Type, n *memberAccess) operand {
	if len(n.args) > 0 {
		b.fail("STL-E006", n.nameAt, n.name+" is a property and takes no type arguments", "")
	}
	b.noteBody(m, target)
	s := ownerBinding(m, t)
	result, targs, at, run := m.result.substitute(s), ownerArgs(m, t), n.nameAt.at, m.run
	o := operand{span: n.span, typ: result}
	if target == nil {
		o.run = func(f *frame) Value {
			f.m.pos = at
			return run(f.m, targs, nil)
		}
		return o
	}
	get := func(f *frame, a []Value) Value {
		checkNull(f.m, a[0], t, at)
		f.m.pos = at
		return run(f.m, targs, a)
	}
	recv := target.run
	o.run = func(f *frame) Value {
		a := f.m.push(1)
		a[0] = recv(f)
		v := get(f, a)
		f.m.pop(a)
		return v
	}
	if set := b.setter(t, n.name); set != nil {
		put := set.run
		o.place = &place{parts: []code{recv}, get: get, set: func(f *frame, a []Value, v Value) {
			checkNull(f.m, a[0], t, at)
			f.m.pos = at
			put(f.m, targs, []Value{a[0], v})
		}}
	}
	return o
}

func (b *binder) setter(t *Type, name string) *member {
	if list := findMembers(t, "set "+name); len(list) > 0 {
		return list[0]
	}
	return nil
}

// checkNull is .NET's NullReferenceException; a T? may be null where it is asked.
func checkNull(m *machine, v Value, t *Type, at int) {
	if v == nil && !t.is(typeNullable) {
		m.pos = at
		m.throw(typeNullReference, "Object reference not set to an instance of an object.")
	}
}

// ownerBinding binds the type parameters of m's owner as t constructs it.
func ownerBinding(m *member, t *Type) map[string]*Type {
	if m.owner == nil || len(m.owner.def.params) == 0 {
		return nil
	}
	if base := t.asBase(m.owner.def); base != nil {
		return base.binding()
	}
	return nil
}

func ownerArgs(m *member, t *Type) []*Type {
	if m.owner == nil || len(m.owner.def.params) == 0 {
		return nil
	}
	if base := t.asBase(m.owner.def); base != nil {
		return base.args
	}
	return nil
}

// noteBody remembers that the expression reads a message body.
func (b *binder) noteBody(m *member, target *operand) {
	if target == nil || m.name != "Body" {
		return
	}
	switch {
	case same(target.typ, typeRequest):
		b.p.requestBody = true
	case same(target.typ, typeResponse):
		b.p.responseBody = true
	}
}

func (b *binder) anonymousMember(target operand, n *memberAccess) (operand, bool) {
	for i, name := range target.typ.def.anonymous {
		if name != n.name {
			continue
		}
		recv, at, t := target.run, n.nameAt.at, target.typ
		return operand{span: n.span, typ: t.args[i], run: func(f *frame) Value {
			v := recv(f)
			checkNull(f.m, v, t, at)
			return v.(*Object).values[i]
		}}, true
	}
	return operand{}, false
}

// conditional binds target?.rest: null where target is null, else rest with the
// target evaluated once.
func (b *binder) conditional(n *conditional) operand {
	target := b.value(n.target)
	if target.typ == typeAny {
		return bad(n.span)
	}
	if target.typ.isValue() || target.typ == typeNull || target.typ == typeVoid {
		b.fail("STL-E008", n.span, fmt.Sprintf("?. needs a value that can be null, and this is %s", target.typ), "use . instead")
		return bad(n.span)
	}
	slot := b.newSlot()
	t := target.typ
	if t.is(typeNullable) {
		t = t.args[0]
	}
	was := b.inner
	b.inner = &operand{span: target.span, typ: t, run: func(f *frame) Value { return f.slots[slot] }}
	rest := b.value(n.rest)
	b.inner = was
	if rest.typ == typeAny {
		return bad(n.span)
	}
	typ := rest.typ
	if typ.isValue() {
		typ = nullableOf(typ)
	}
	run, inner := target.run, rest.run
	return operand{span: n.span, typ: typ, call: rest.call, run: func(f *frame) Value {
		v := run(f)
		if v == nil {
			return nil
		}
		f.slots[slot] = v
		return inner(f)
	}}
}
