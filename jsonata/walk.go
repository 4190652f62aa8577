package jsonata

import "stile/jsonata/syntax"

// walk calls f with every node of a tree, parents first.
func walk(n syntax.Node, f func(syntax.Node)) {
	if n == nil {
		return
	}
	f(n)
	base := n.Base()
	for i := range base.Predicates {
		walk(base.Predicates[i].Expr, f)
	}
	for i := range base.Stages {
		walk(base.Stages[i].Expr, f)
	}
	if base.Group != nil {
		walkPairs(base.Group.Pairs, f)
	}
	switch n := n.(type) {
	case *syntax.Path:
		walkAll(n.Steps, f)
	case *syntax.Sort:
		for i := range n.Terms {
			walk(n.Terms[i].Expr, f)
		}
	case *syntax.Binary:
		walk(n.Left, f)
		walk(n.Right, f)
	case *syntax.Negate:
		walk(n.Operand, f)
	case *syntax.Array:
		walkAll(n.Items, f)
	case *syntax.Object:
		walkPairs(n.Pairs, f)
	case *syntax.Block:
		walkAll(n.Items, f)
	case *syntax.Condition:
		walkAll([]syntax.Node{n.Cond, n.Then, n.Else}, f)
	case *syntax.Default:
		walk(n.Left, f)
		walk(n.Right, f)
	case *syntax.Bind:
		walk(n.Value, f)
	case *syntax.Apply:
		walk(n.Left, f)
		walk(n.Right, f)
	case *syntax.Call:
		walk(n.Procedure, f)
		walkAll(n.Args, f)
	case *syntax.Partial:
		walk(n.Procedure, f)
		walkAll(n.Args, f)
	case *syntax.Lambda:
		walk(n.Body, f)
	case *syntax.Transform:
		walkAll([]syntax.Node{n.Pattern, n.Update, n.Delete}, f)
	}
}

func walkAll(nodes []syntax.Node, f func(syntax.Node)) {
	for _, n := range nodes {
		walk(n, f)
	}
}

func walkPairs(pairs []syntax.Pair, f func(syntax.Node)) {
	for i := range pairs {
		walk(pairs[i].Key, f)
		walk(pairs[i].Value, f)
	}
}
