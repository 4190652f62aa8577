package expr

import (
	"fmt"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

// boundArg is an argument of a call. A lambda stays unbound until its type is known.
type boundArg struct {
	operand
	name string
	out  bool
	// declare is the local of "out var x", which gets the parameter's type.
	declare *syntax.Argument
	target  *variable
}

// choice is the overload that a call takes.
type choice struct {
	m      *clr.Member
	subst  map[string]*clr.Type
	targs  []*clr.Type
	result *clr.Type
	codes  []code
	// slots tells for each parameter which arguments it takes; expanded is the form
	// where a params array gathers the rest.
	slots    [][]int
	expanded bool
	ranks    []conversion
	types    []*clr.Type
	ext      bool
}

func (b *binder) bindArgs(args []syntax.Argument) []boundArg {
	out := make([]boundArg, len(args))
	for i := range args {
		a := &args[i]
		out[i] = boundArg{name: a.Name, out: a.Out}
		if a.Local != "" {
			out[i].declare, out[i].Span = a, a.Span
			if a.Declare != nil && a.Declare.Name != "var" {
				out[i].typ = b.typeOf(a.Declare)
			}
			continue
		}
		out[i].operand = b.argValue(a)
		if a.Out {
			out[i].target = b.outTarget(a)
		}
	}
	return out
}

// argValue allows what a plain value does not: lambdas and method groups.
func (b *binder) argValue(a *syntax.Argument) operand {
	o := b.expr(a.Value)
	switch {
	case o.lambda != nil:
		return o
	case o.group != nil:
		if l := b.groupLambda(o.group); l != nil {
			return operand{Span: o.Span, typ: clr.TypeLambda, lambda: l}
		}
		b.fail("STL-E006", o.Span, o.group.name+" is a method", "call it, or pass a lambda: x => "+o.group.name+"(x)")
		return bad(o.Span)
	case o.names != nil || o.space != "":
		return b.value(a.Value)
	case o.typ == clr.TypeVoid:
		b.fail("STL-E007", o.Span, "the argument gives no value", "")
		return bad(o.Span)
	}
	return o
}

// groupLambda reads a method name given as a delegate, as the lambda that calls it.
func (b *binder) groupLambda(g *group) *syntax.Lambda {
	var target syntax.Node
	switch {
	case g.target == nil:
		target = &syntax.TypeName{Span: g.at, Ref: &syntax.TypeRef{Span: g.at, Name: g.typ.Def.Name}}
	default:
		return nil
	}
	l := &syntax.Lambda{Span: g.at, Params: []syntax.Parameter{{Name: "\u03b1", At: g.at}}}
	l.Expr = &syntax.Invocation{
		Span:   g.at,
		Target: &syntax.MemberAccess{Span: g.at, Target: target, Name: g.name, NameAt: g.at},
		Args:   []syntax.Argument{{Span: g.at, Value: &syntax.Identifier{Span: g.at, Name: "\u03b1"}}},
	}
	return l
}

func (b *binder) outTarget(a *syntax.Argument) *variable {
	if id, ok := a.Value.(*syntax.Identifier); ok {
		if id.Name == "_" && b.lookup("_") == nil {
			return nil
		}
		if v := b.lookup(id.Name); v != nil && v.readonly == "" && !v.konst {
			return v
		}
	}
	b.fail("STL-E007", a.Span, "an out argument must be a local variable", "declare one: out var x")
	return nil
}

// resolve picks the overload that C# would, or reports why there is none.
func (b *binder) resolve(g *group, args []boundArg, at syntax.Span) (*choice, bool) {
	for i := range args {
		if args[i].typ == clr.TypeAny && args[i].declare == nil {
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
	best.result = best.m.Result.Substitute(best.subst)
	return best, true
}

func (b *binder) applicable(g *group, list []*clr.Member, args []boundArg, ext bool) []*choice {
	var out []*choice
	for _, m := range list {
		if m.Kind == clr.PropertyMember {
			continue
		}
		for _, expanded := range []bool{false, true} {
			if expanded && (len(m.Params) == 0 || !m.Params[len(m.Params)-1].Variadic) {
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
func (b *binder) fit(g *group, m *clr.Member, args []boundArg, expanded, ext bool) *choice {
	c := &choice{m: m, expanded: expanded, ext: ext}
	if !c.assign(args) {
		return nil
	}
	c.subst = map[string]*clr.Type{}
	if g.typ != nil && !ext {
		for _, p := range m.Owner.Def.Params {
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
			t := c.paramType(pi).Substitute(c.subst)
			r := b.argRank(args[ai], m.Params[pi], t)
			if r == impossible {
				return nil
			}
			c.ranks, c.types = append(c.ranks, r), append(c.types, t)
		}
	}
	c.orderByArgument(len(args))
	return c
}

func (b *binder) argRank(a boundArg, p clr.Param, t *clr.Type) conversion {
	if a.out != p.Out {
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
		if !clr.Same(typ, t) {
			return impossible
		}
		return identity
	}
	return b.classify(a.operand, t)
}

func (c *choice) paramType(i int) *clr.Type {
	p := c.m.Params[i]
	if c.expanded && i == len(c.m.Params)-1 {
		return p.Type.Args[0]
	}
	return p.Type
}

// assign maps arguments to parameters; false where their count or names do not fit.
func (c *choice) assign(args []boundArg) bool {
	params := c.m.Params
	c.slots = make([][]int, len(params))
	for i, a := range args {
		pi := i
		if a.name != "" {
			pi = -1
			for k, p := range params {
				if p.Name == a.name {
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
		if len(c.slots[i]) == 0 && !p.Optional && !(c.expanded && i == len(params)-1) {
			return false
		}
	}
	return true
}

// orderByArgument sorts ranks and types, which stand in parameter order.
func (c *choice) orderByArgument(n int) {
	ranks, types := make([]conversion, n), make([]*clr.Type, n)
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
	// Of API Management's own extension methods the first is meant where null fits
	// several: GetValueOrDefault(name, null) is a text.
	if library.Preferred(list[0].m) {
		return list[0], false
	}
	return list[0], true
}

func (b *binder) noOverload(g *group, args []boundArg, at syntax.Span) {
	if b.r.Quiet > 0 {
		b.fail("STL-E006", at, g.name, "")
		return
	}
	var kinds []string
	for _, a := range args {
		switch {
		case a.declare != nil && a.typ == nil:
			kinds = append(kinds, "out var")
		case a.typ == clr.TypeNull:
			kinds = append(kinds, "null")
		default:
			kinds = append(kinds, a.typ.String())
		}
	}
	list := g.list
	if len(list) == 0 {
		list = g.extensions
	}
	if b.failInLambda(g, args) {
		return
	}
	hint := ""
	if len(list) > 0 {
		hint = "it can be called as: " + signatures(list)
	}
	b.fail("STL-E006", at, fmt.Sprintf("no form of %s takes (%s)", g.name, strings.Join(kinds, ", ")), hint)
}

func signatures(list []*clr.Member) string {
	var out []string
	for _, m := range list {
		sig := strings.TrimPrefix(strings.TrimPrefix(m.Sig, "static "), "ext ")
		out = append(out, sig)
		if len(out) == 4 && len(list) > 4 {
			return strings.Join(append(out, "…"), "; ")
		}
	}
	return strings.Join(out, "; ")
}
