package jsonata

import (
	"slices"

	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

// ReferenceKind is what a Reference reads.
type ReferenceKind uint8

// The kinds of references.
const (
	// VariableReference is $name that the expression does not bind itself.
	VariableReference ReferenceKind = iota
	// CallReference is such a $name that is called: $name(…).
	CallReference
	// MemberReference is $states.name.
	MemberReference
	// ContextReference reads the context outside all expressions: a bare field, *,
	// ** or $ that stands behind no step. Name is what is written.
	ContextReference
	// RootReference is $$.
	RootReference
)

// Reference is one place where an expression reads what it did not make.
type Reference struct {
	Kind ReferenceKind
	// Name has no $ of a variable, call or member.
	Name string
	// Path are the names that stand behind a variable or member, joined by dots, up
	// to the first step that is none; brackets behind a name end nothing.
	Path []string
	// At is the byte offset of the place.
	At int
	// BuiltIn says that the name of a variable or call is a built-in function's.
	BuiltIn bool
}

// References lists what the expression reads from outside itself, in the order of
// the text. $states alone is a VariableReference; with a member it is a
// MemberReference only. What it binds itself is not among them: parameters, what @
// and # bind up to the end of their path, what := binds from there on in its block
// and in all functions that are made in the block.
func (x *Expr) References() []Reference {
	r := &references{natives: x.natives}
	r.within(&scope{}, []syntax.Node{x.root}, true)
	slices.SortStableFunc(r.list, func(a, b Reference) int { return a.At - b.At })
	return r.list
}

// Functions lists the names of the built-in functions without $, sorted.
func Functions() []string { return sortedNames(natives()) }

func sortedNames(table map[string]value.Native) []string {
	var names []string
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Variables lists the names of the variables that the expression reads from
// outside, each once, in the order of the text; states is one, functions of the
// language are not.
func (x *Expr) Variables() []string {
	var names []string
	for _, r := range x.References() {
		name := r.Name
		switch {
		case r.Kind == MemberReference:
			name = "states"
		case r.Kind > MemberReference || r.BuiltIn:
			continue
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// references walks a tree.
type references struct {
	natives map[string]value.Value
	scope   *scope
	list    []Reference
}

// scope is a block, or a function's body.
type scope struct {
	parent *scope
	lambda bool
	bound  []string // so far
	later  []string // all that := binds in it: functions made before may run after
}

// bound tells that the expression has bound a variable around the node at hand.
func (r *references) bound(name string) bool {
	inLambda := false
	for s := r.scope; s != nil; s = s.parent {
		if slices.Contains(s.bound, name) || inLambda && slices.Contains(s.later, name) {
			return true
		}
		inLambda = inLambda || s.lambda
	}
	return false
}

func (r *references) bind(name string) {
	if name != "" {
		r.scope.bound = append(r.scope.bound, name)
	}
}

// within walks nodes in a scope of their own.
func (r *references) within(s *scope, nodes []syntax.Node, top bool) {
	var collect func(n syntax.Node)
	collect = func(n syntax.Node) {
		switch n := n.(type) {
		case *syntax.Block, *syntax.Lambda:
			return // these bind in themselves
		case *syntax.Bind:
			s.later = append(s.later, n.Name)
		}
		children(n, collect)
	}
	each(collect, nodes...)
	s.parent, r.scope = r.scope, s
	r.nodes(nodes, top)
	r.scope = s.parent
}

func (r *references) add(kind ReferenceKind, name string, path []string, at int) {
	ref := Reference{Kind: kind, Name: name, Path: path, At: at}
	if kind <= CallReference {
		if r.bound(name) {
			return
		}
		_, ref.BuiltIn = r.natives[name]
	}
	r.list = append(r.list, ref)
}

// node walks n; top says that its context is the one outside the expression.
func (r *references) node(n syntax.Node, top bool) {
	if n == nil {
		return
	}
	base := n.Base()
	switch n := n.(type) {
	case *syntax.Variable:
		r.variable(n, nil, top)
	case *syntax.Name:
		r.context(n.Value, base.At, top)
	case *syntax.Wildcard:
		r.context("*", base.At, top)
	case *syntax.Descendant:
		r.context("**", base.At, top)
	case *syntax.Path:
		r.path(n, top)
	case *syntax.Sort:
		for i := range n.Terms {
			r.node(n.Terms[i].Expr, false)
		}
	case *syntax.Block:
		r.within(&scope{}, n.Items, top)
	case *syntax.Lambda:
		r.within(&scope{lambda: true, bound: slices.Clone(n.Params)}, []syntax.Node{n.Body}, top)
	case *syntax.Bind:
		r.node(n.Value, top)
		r.bind(n.Name)
	case *syntax.Call:
		r.procedure(n.Procedure, top)
		r.nodes(n.Args, top)
	case *syntax.Partial:
		r.procedure(n.Procedure, top)
		r.nodes(n.Args, top)
	case *syntax.Transform:
		r.nodes([]syntax.Node{n.Pattern, n.Update, n.Delete}, false)
	default:
		r.parts(n, top)
	}
	r.behind(base)
}

// parts walks the operands of nodes that bind nothing and keep the context.
func (r *references) parts(n syntax.Node, top bool) {
	switch n := n.(type) {
	case *syntax.Binary:
		r.nodes([]syntax.Node{n.Left, n.Right}, top)
	case *syntax.Negate:
		r.node(n.Operand, top)
	case *syntax.Array:
		r.nodes(n.Items, top)
	case *syntax.Object:
		r.pairs(n.Pairs, top)
	case *syntax.Condition:
		r.nodes([]syntax.Node{n.Cond, n.Then, n.Else}, top)
	case *syntax.Default:
		r.nodes([]syntax.Node{n.Left, n.Right}, top)
	case *syntax.Apply:
		r.node(n.Left, top)
		r.procedure(n.Right, top)
	}
}

func (r *references) nodes(list []syntax.Node, top bool) {
	for _, n := range list {
		r.node(n, top)
	}
}

func (r *references) pairs(list []syntax.Pair, top bool) {
	for i := range list {
		r.node(list[i].Key, top)
		r.node(list[i].Value, top)
	}
}

// behind walks what stands behind an expression: its context is the value before.
func (r *references) behind(base *syntax.Common) {
	r.bind(base.Focus)
	r.bind(base.Index)
	for i := range base.Predicates {
		r.node(base.Predicates[i].Expr, false)
	}
	for i := range base.Stages {
		r.node(base.Stages[i].Expr, false)
		r.bind(base.Stages[i].Index)
	}
	if base.Group != nil {
		r.pairs(base.Group.Pairs, false)
	}
}

func (r *references) path(p *syntax.Path, top bool) {
	kept := len(r.scope.bound)
	for i, step := range p.Steps {
		v, ok := step.(*syntax.Variable)
		if i > 0 || !ok {
			r.node(step, top && i == 0)
			continue
		}
		path := names(p.Steps[1:])
		if v.Name == "states" && len(path) > 0 && !r.bound("states") {
			r.add(MemberReference, path[0], path[1:], v.At)
		} else {
			r.variable(v, path, top)
		}
		r.behind(&v.Common)
	}
	if !p.Tuple {
		r.scope.bound = r.scope.bound[:kept]
	}
}

// names gives the names that steps begin with.
func names(steps []syntax.Node) (path []string) {
	for _, step := range steps {
		name, ok := step.(*syntax.Name)
		if !ok {
			break
		}
		path = append(path, name.Value)
	}
	return path
}

func (r *references) variable(v *syntax.Variable, path []string, top bool) {
	switch v.Name {
	case "":
		r.context("$", v.At, top)
	case "$":
		r.add(RootReference, "$$", path, v.At)
	default:
		r.add(VariableReference, v.Name, path, v.At)
	}
}

// procedure is what is called: a variable, or anything that gives a function.
func (r *references) procedure(n syntax.Node, top bool) {
	if v, ok := n.(*syntax.Variable); ok && v.Name != "" && v.Name != "$" {
		r.add(CallReference, v.Name, nil, v.At)
		r.behind(v.Base())
		return
	}
	if p, ok := n.(*syntax.Path); ok && len(p.Steps) == 1 {
		if name, ok := p.Steps[0].(*syntax.Name); ok && r.natives[name.Value].IsFunction() {
			return // the evaluation says that the call forgot its $
		}
	}
	r.node(n, top)
}

func (r *references) context(name string, at int, top bool) {
	if top {
		r.add(ContextReference, name, nil, at)
	}
}
