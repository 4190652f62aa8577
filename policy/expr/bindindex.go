package expr

import (
	"fmt"
)

func (b *binder) indexing(n *indexing) operand {
	target := b.value(n.target)
	if target.typ == typeAny {
		b.bindArgs(n.args)
		return bad(n.span)
	}
	if target.typ == typeNull || target.typ == typeVoid || target.lambda != nil {
		b.fail("STL-E008", n.span, fmt.Sprintf("%s cannot be indexed", target.typ), "")
		return bad(n.span)
	}
	getters := b.indexers(target.typ, false)
	if len(getters) == 0 {
		hint := ""
		if same(target.typ, typeObject) {
			hint = "cast it first, such as ((JObject)…)[…]"
		}
		b.fail("STL-E008", n.span, fmt.Sprintf("%s cannot be indexed", target.typ), hint)
		return bad(n.span)
	}
	args := b.bindArgs(n.args)
	c, ok := b.resolve(&group{target: &target, list: getters, name: "the indexer", at: n.span, typ: target.typ}, args, n.span)
	if !ok {
		return bad(n.span)
	}
	return b.indexed(n, target, c, args)
}

func (b *binder) indexers(t *Type, set bool) []*member {
	if t.def == nil {
		return nil
	}
	list := t.def.getters
	if set {
		list = t.def.setters
	}
	list = append([]*member(nil), list...)
	s := t.binding()
	for _, base := range t.def.bases {
		for _, m := range b.indexers(base.substitute(s), set) {
			if !containsMember(list, m) {
				list = append(list, m)
			}
		}
	}
	return list
}

func (b *binder) indexed(n *indexing, target operand, c *choice, args []boundArg) operand {
	at, t, run, targs := n.span.at, target.typ, c.m.run, c.targs
	parts := append([]code{target.run}, c.codes...)
	get := func(f *frame, a []Value) Value {
		checkNull(f.m, a[0], t, at)
		f.m.pos = at
		return run(f.m, targs, a)
	}
	o := operand{span: n.span, typ: c.result, run: func(f *frame) Value {
		a := f.m.push(len(parts))
		for i, p := range parts {
			a[i] = p(f)
		}
		v := get(f, a)
		f.m.pop(a)
		return v
	}}
	setters := b.indexers(target.typ, true)
	if len(setters) == 0 {
		return o
	}
	var put native
	b.trial(func() {
		if sc, ok := b.resolve(&group{target: &target, list: setters, name: "the indexer", at: n.span, typ: target.typ}, args, n.span); ok {
			put = sc.m.run
		}
	})
	if put == nil {
		return o
	}
	o.place = &place{parts: parts, get: get, set: func(f *frame, a []Value, v Value) {
		checkNull(f.m, a[0], t, at)
		f.m.pos = at
		put(f.m, targs, append(append(make([]Value, 0, len(a)+1), a...), v))
	}}
	return o
}
