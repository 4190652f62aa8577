package expr

import (
	"fmt"
	"strings"
)

// boundArg is an argument of a call. A lambda stays unbound until its type is known.
type boundArg struct {
	operand
	name string
	out  bool
	// declare is the local of "out var x", which gets the parameter's type.
	declare *argument
	target  *variable
}

// choice is the overload that a call takes.
type choice struct {
	m      *member
	subst  map[string]*Type
	targs  []*Type
	result *Type
	codes  []code
	// slots tells for each parameter which arguments it takes; expanded is the form
	// where a params array gathers the rest.
	slots    [][]int
	expanded bool
	ranks    []conversion
	types    []*Type
	ext      bool
}

func (b *binder) bindArgs(args []argument) []boundArg {
	out := make([]boundArg, len(args))
	for i := range args {
		a := &args[i]
		out[i] = boundArg{name: a.name, out: a.out}
		if a.local != "" {
			out[i].declare, out[i].span = a, a.span
			if a.declare != nil && a.declare.name != "var" {
				out[i].typ = b.typeOf(a.declare)
			}
			continue
		}
		out[i].operand = b.argValue(a)
		if a.out {
			out[i].target = b.outTarget(a)
		}
	}
	return out
}

// argValue allows what a plain value does not: lambdas and method groups.
func (b *binder) argValue(a *argument) operand {
	o := b.expr(a.value)
	switch {
	case o.lambda != nil:
		return o
	case o.group != nil:
		if l := b.groupLambda(o.group); l != nil {
			return operand{span: o.span, typ: typeLambda, lambda: l}
		}
		b.fail("STL-E006", o.span, o.group.name+" is a method", "call it, or pass a lambda: x => "+o.group.name+"(x)")
		return bad(o.span)
	case o.names != nil || o.space != "":
		return b.value(a.value)
	case o.typ == typeVoid:
		b.fail("STL-E007", o.span, "the argument gives no value", "")
		return bad(o.span)
	}
	return o
}

// groupLambda reads a method name given as a delegate, as the lambda that calls it.
func (b *binder) groupLambda(g *group) *lambda {
	var target node
	switch {
	case g.target == nil:
		target = &typeName{span: g.at, ref: &typeRef{span: g.at, name: g.typ.def.name}}
	default:
		return nil
	}
	l := &lambda{span: g.at, params: []parameter{{name: "\u03b1", at: g.at}}}
	l.expr = &invocation{
		span:   g.at,
		target: &memberAccess{span: g.at, target: target, name: g.name, nameAt: g.at},
		args:   []argument{{span: g.at, value: &identifier{span: g.at, name: "\u03b1"}}},
	}
	return l
}

func (b *binder) outTarget(a *argument) *variable {
	if id, ok := a.value.(*identifier); ok {
		if id.name == "_" && b.lookup("_") == nil {
			return nil
		}
		if v := b.lookup(id.name); v != nil && v.readonly == "" && !v.konst {
			return v
		}
	}
	b.fail("STL-E007", a.span, "an out argument must be a local variable", "declare one: out var x")
	return nil
}

// resolve picks the overload that C# would, or reports why there is none.
func (b *binder) resolve(g *group, args []boundArg, at span) (*choice, bool) {
	for i := range args {
		if args[i].typ == typeAny && args[i].declare == nil {
			return nil, false
		}
	}
	best, tie := b.pick(b.applicable(g, g.list, args, false))
	if best == nil && g.target != nil && len(g.extensions) > 0 {
		self := boundArg{operand: *g.target}
		best, tie = b.pick(b.applicable(g, g.extensions, append([]boundArg{self}, args...), true))
		if best != nil {
			args = append([]boundArg{self}, args...)
		}
	}
	if best == nil {
		b.noOverload(g, args, at)
		return nil, false
	}
	if tie {
		b.fail("STL-E006", at, fmt.Sprintf("the call of %s is ambiguous", g.name), "cast an argument")
		return nil, false
	}
	b.argumentCodes(best, args)
	best.result = best.m.result.substitute(best.subst)
	return best, true
}

func (b *binder) applicable(g *group, list []*member, args []boundArg, ext bool) []*choice {
	var out []*choice
	for _, m := range list {
		if m.kind == propertyMember {
			continue
		}
		for _, expanded := range []bool{false, true} {
			if expanded && (len(m.params) == 0 || !m.params[len(m.params)-1].variadic) {
				continue
			}
			if c := b.fit(g, m, args, expanded, ext); c != nil {
				out = append(out, c)
				break
			}
		}
	}
	return out
}

// fit tries one member in one form.
func (b *binder) fit(g *group, m *member, args []boundArg, expanded, ext bool) *choice {
	c := &choice{m: m, expanded: expanded, ext: ext}
	if !c.assign(args) {
		return nil
	}
	c.subst = map[string]*Type{}
	if g.typ != nil && !ext {
		for _, p := range m.owner.def.params {
			if s := ownerBinding(m, g.typ); s != nil {
				c.subst[p] = s[p]
			}
		}
		c.targs = ownerArgs(m, g.typ)
	}
	if !b.inferTypes(c, g, args) {
		return nil
	}
	for pi, list := range c.slots {
		for _, ai := range list {
			t := c.paramType(pi).substitute(c.subst)
			r := b.argRank(args[ai], m.params[pi], t)
			if r == impossible {
				return nil
			}
			c.ranks, c.types = append(c.ranks, r), append(c.types, t)
		}
	}
	c.orderByArgument(len(args))
	return c
}

func (b *binder) argRank(a boundArg, p param, t *Type) conversion {
	if a.out != p.out {
		return impossible
	}
	if a.out {
		if a.declare != nil && a.typ == nil || a.target == nil && a.declare == nil {
			return identity
		}
		typ := a.typ
		if a.target != nil {
			typ = a.target.typ
		}
		if !same(typ, t) {
			return impossible
		}
		return identity
	}
	return b.classify(a.operand, t)
}

func (c *choice) paramType(i int) *Type {
	p := c.m.params[i]
	if c.expanded && i == len(c.m.params)-1 {
		return p.typ.args[0]
	}
	return p.typ
}

// assign maps arguments to parameters; false where their count or names do not fit.
func (c *choice) assign(args []boundArg) bool {
	params := c.m.params
	c.slots = make([][]int, len(params))
	for i, a := range args {
		pi := i
		if a.name != "" {
			pi = -1
			for k, p := range params {
				if p.name == a.name {
					pi = k
				}
			}
			if pi < 0 || len(c.slots[pi]) > 0 {
				return false
			}
		}
		if c.expanded && pi >= len(params)-1 {
			pi = len(params) - 1
		}
		if pi >= len(params) || len(c.slots[pi]) > 0 && !(c.expanded && pi == len(params)-1) {
			return false
		}
		c.slots[pi] = append(c.slots[pi], i)
	}
	for i, p := range params {
		if len(c.slots[i]) == 0 && !p.optional && !(c.expanded && i == len(params)-1) {
			return false
		}
	}
	return true
}

// orderByArgument sorts ranks and types, which stand in parameter order.
func (c *choice) orderByArgument(n int) {
	ranks, types := make([]conversion, n), make([]*Type, n)
	k := 0
	for _, list := range c.slots {
		for _, ai := range list {
			ranks[ai], types[ai] = c.ranks[k], c.types[k]
			k++
		}
	}
	c.ranks, c.types = ranks, types
}

// pick finds the best choice; tie is set where none is better than all others.
func (b *binder) pick(list []*choice) (best *choice, tie bool) {
	for i, c := range list {
		wins := true
		for j, other := range list {
			if i != j && !better(c, other) {
				wins = false
				break
			}
		}
		if wins {
			return c, false
		}
	}
	if len(list) == 0 {
		return nil, false
	}
	return list[0], true
}

func (b *binder) noOverload(g *group, args []boundArg, at span) {
	var kinds []string
	for _, a := range args {
		switch {
		case a.declare != nil && a.typ == nil:
			kinds = append(kinds, "out var")
		case a.typ == typeNull:
			kinds = append(kinds, "null")
		default:
			kinds = append(kinds, a.typ.String())
		}
	}
	list := g.list
	if len(list) == 0 {
		list = g.extensions
	}
	b.failInLambda(g, list, args)
	hint := ""
	if len(list) > 0 {
		hint = "it can be called as: " + signatures(list)
	}
	b.fail("STL-E006", at, fmt.Sprintf("no form of %s takes (%s)", g.name, strings.Join(kinds, ", ")), hint)
}

func signatures(list []*member) string {
	var out []string
	for _, m := range list {
		sig := strings.TrimPrefix(strings.TrimPrefix(m.sig, "static "), "ext ")
		out = append(out, sig)
		if len(out) == 4 && len(list) > 4 {
			return strings.Join(append(out, "…"), "; ")
		}
	}
	return strings.Join(out, "; ")
}
