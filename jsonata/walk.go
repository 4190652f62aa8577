package jsonata

import "stile/jsonata/syntax"

// walk calls f with every node of a tree, parents first.
func walk(n syntax.Node, f func(syntax.Node)) {
	f(n)
	children(n, func(c syntax.Node) { walk(c, f) })
}

// children calls f with the parts of a node, in the order of their text.
func children(n syntax.Node, f func(syntax.Node)) {
	parts(n, f)
	base := n.Base()
	for i := range base.Predicates {
		f(base.Predicates[i].Expr)
	}
	for i := range base.Stages {
		if base.Stages[i].Expr != nil {
			f(base.Stages[i].Expr)
		}
	}
	if base.Group != nil {
		eachPair(base.Group.Pairs, f)
	}
}

// parts are a node's own, without what is attached to it.
func parts(n syntax.Node, f func(syntax.Node)) {
	switch n := n.(type) {
	case *syntax.Path:
		each(f, n.Steps...)
	case *syntax.Sort:
		for i := range n.Terms {
			f(n.Terms[i].Expr)
		}
	case *syntax.Binary:
		each(f, n.Left, n.Right)
	case *syntax.Negate:
		f(n.Operand)
	case *syntax.Array:
		each(f, n.Items...)
	case *syntax.Object:
		eachPair(n.Pairs, f)
	case *syntax.Block:
		each(f, n.Items...)
	case *syntax.Condition:
		each(f, n.Cond, n.Then, n.Else)
	case *syntax.Default:
		each(f, n.Left, n.Right)
	case *syntax.Bind:
		f(n.Value)
	case *syntax.Apply:
		each(f, n.Left, n.Right)
	case *syntax.Call:
		f(n.Procedure)
		each(f, n.Args...)
	case *syntax.Partial:
		f(n.Procedure)
		each(f, n.Args...)
	case *syntax.Lambda:
		f(n.Body)
	case *syntax.Transform:
		each(f, n.Pattern, n.Update, n.Delete)
	}
}

func each(f func(syntax.Node), nodes ...syntax.Node) {
	for _, n := range nodes {
		if n != nil {
			f(n)
		}
	}
}

func eachPair(pairs []syntax.Pair, f func(syntax.Node)) {
	for i := range pairs {
		f(pairs[i].Key)
		f(pairs[i].Value)
	}
}
