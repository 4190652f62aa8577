package expr

import (
	"fmt"

	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

func (b *binder) indexing(n *syntax.Indexing) operand {
	target := b.value(n.Target)
	if target.typ == clr.TypeAny {
		b.bindArgs(n.Args)
		return bad(n.Span)
	}
	if target.typ == clr.TypeNull || target.typ == clr.TypeVoid || target.lambda != nil {
		b.fail("STL-E008", n.Span, fmt.Sprintf("%s cannot be indexed", target.typ), "")
		return bad(n.Span)
	}
	getters := b.indexers(target.typ, false)
	if len(getters) == 0 {
		hint := ""
		if clr.Same(target.typ, clr.TypeObject) {
			hint = "cast it first, such as ((JObject)…)[…]"
		}
		b.fail("STL-E008", n.Span, fmt.Sprintf("%s cannot be indexed", target.typ), hint)
		return bad(n.Span)
	}
	args := b.bindArgs(n.Args)
	if target.typ.Is(clr.TypeArray) && len(args) == 1 {
		b.longIndex(&args[0])
	}
	c, ok := b.resolve(&group{target: &target, list: getters, name: "the indexer", at: n.Span, typ: target.typ}, args, n.Span)
	if !ok {
		return bad(n.Span)
	}
	return b.indexed(n, target, c, args)
}

// longIndex lets uint, long and ulong stand for an array's index, as C# does.
func (b *binder) longIndex(a *boundArg) {
	t := a.typ
	if t == nil || a.out || a.lambda != nil || !t.IsIntegral() || t.Def.Rank <= clr.TypeInt.Def.Rank {
		return
	}
	run, at := a.run, a.Span.At
	a.operand = operand{Span: a.Span, typ: clr.TypeInt, run: func(f *frame) clr.Value {
		v := run(f)
		f.m.Pos = at
		if !clr.FitsIn(clr.AsInt64(v), clr.TypeInt) {
			f.m.Throw(clr.TypeOverflow, "Arithmetic operation resulted in an overflow.")
		}
		return clr.ToNumber(v, clr.TypeInt)
	}}
}

func (b *binder) indexers(t *clr.Type, set bool) []*clr.Member {
	if t.Def == nil {
		return nil
	}
	list := t.Def.Getters
	if set {
		list = t.Def.Setters
	}
	list = append([]*clr.Member(nil), list...)
	s := t.Binding()
	for _, base := range t.Def.Bases {
		for _, m := range b.indexers(base.Substitute(s), set) {
			if !containsMember(list, m) {
				list = append(list, m)
			}
		}
	}
	return list
}

func (b *binder) indexed(n *syntax.Indexing, target operand, c *choice, args []boundArg) operand {
	at, t, run, targs := n.Span.At, target.typ, c.m.Run, c.targs
	parts := append([]code{target.run}, c.codes...)
	get := func(f *frame, a []clr.Value) clr.Value {
		checkNull(f.m, a[0], t, at)
		f.m.Pos = at
		return run(f.m, targs, a)
	}
	o := operand{Span: n.Span, typ: c.result, run: func(f *frame) clr.Value {
		a := f.m.Push(len(parts))
		for i, p := range parts {
			a[i] = p(f)
		}
		v := get(f, a)
		f.m.Pop(a)
		return v
	}}
	setters := b.indexers(target.typ, true)
	if len(setters) == 0 {
		return o
	}
	var put clr.Native
	b.trial(func() {
		if sc, ok := b.resolve(&group{target: &target, list: setters, name: "the indexer", at: n.Span, typ: target.typ}, args, n.Span); ok {
			put = sc.m.Run
		}
	})
	if put == nil {
		return o
	}
	o.place = &place{parts: parts, get: get, set: func(f *frame, a []clr.Value, v clr.Value) {
		checkNull(f.m, a[0], t, at)
		f.m.Pos = at
		put(f.m, targs, append(append(make([]clr.Value, 0, len(a)+1), a...), v))
	}}
	return o
}
