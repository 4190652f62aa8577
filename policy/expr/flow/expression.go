package flow

import (
	"stile/policy/expr/syntax"
)

// condition walks n and gives the states after it is true and after it is false.
func (w *walker) condition(n syntax.Node) (yes, no state) {
	// A constant reads no variable and gives none a value.
	if value, ok := w.constant(n); ok {
		if value {
			return w.now, nowhere
		}
		return nowhere, w.now
	}
	switch n := n.(type) {
	case *syntax.Paren:
		return w.condition(n.Inner)
	case *syntax.Unary:
		if n.Op == "!" {
			no, yes = w.condition(n.Operand)
			return yes, no
		}
	case *syntax.Binary:
		switch n.Op {
		case "&&":
			left, leftNot := w.condition(n.Left)
			w.now = left
			right, rightNot := w.condition(n.Right)
			return right, both(leftNot, rightNot)
		case "||":
			left, leftNot := w.condition(n.Left)
			w.now = leftNot
			right, rightNot := w.condition(n.Right)
			return both(left, right), rightNot
		}
	case *syntax.Ternary:
		first, second := w.condition(n.Cond)
		w.now = first
		yes, no = w.condition(n.Yes)
		w.now = second
		yes2, no2 := w.condition(n.No)
		return both(yes, yes2), both(no, no2)
	case *syntax.TypeTest:
		w.expr(n.Operand)
		if n.Value != nil {
			w.expr(n.Value)
		}
		if n.Local != "" {
			id := w.declare(n.Local, false)
			return w.now.with(id), w.now
		}
		return w.now, w.now
	}
	w.expr(n)
	return w.now, w.now
}

// expr walks an expression; now is the state behind it.
func (w *walker) expr(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Identifier:
		w.read(n.Name, n.Span)
	case *syntax.Interpolated:
		for _, part := range n.Parts {
			w.optional(part.Value)
			w.optional(part.Align)
		}
	case *syntax.MemberAccess:
		w.expr(n.Target)
	case *syntax.Invocation:
		w.expr(n.Target)
		w.arguments(n.Args)
	case *syntax.Indexing:
		w.expr(n.Target)
		w.arguments(n.Args)
	case *syntax.Conditional:
		w.expr(n.Target)
		was := w.now
		w.expr(n.Rest)
		w.now = was
	case *syntax.Unary:
		if n.Op == "!" {
			w.truth(n)
			return
		}
		w.expr(n.Operand)
	case *syntax.Postfix:
		w.expr(n.Operand)
	case *syntax.Binary:
		w.binary(n)
	case *syntax.Ternary, *syntax.TypeTest:
		w.choice(n)
	case *syntax.Assignment:
		w.assignment(n)
	case *syntax.Paren:
		w.expr(n.Inner)
	case *syntax.Lambda:
		w.function(n.Params, n.Expr, n.Block)
	case *syntax.ThrowExpr:
		w.expr(n.Value)
		w.now = nowhere
	default:
		w.creation(n)
	}
}

func (w *walker) optional(n syntax.Node) {
	if n != nil {
		w.expr(n)
	}
}

// creation walks what makes or converts values.
func (w *walker) creation(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Cast:
		w.expr(n.Operand)
	case *syntax.AsCast:
		w.expr(n.Operand)
	case *syntax.CheckedExpr:
		w.expr(n.Operand)
	case *syntax.Creation:
		w.arguments(n.Args)
		w.initialisers(n.Init)
	case *syntax.ArrayCreation:
		w.optional(n.Size)
		w.all(n.Items)
	case *syntax.Anonymous:
		w.all(n.Values)
	case *syntax.Tuple:
		w.all(n.Values)
	}
}

func (w *walker) all(list []syntax.Node) {
	for _, n := range list {
		w.expr(n)
	}
}

func (w *walker) initialisers(list []syntax.Initialiser) {
	for _, in := range list {
		w.all(in.Index)
		w.all(in.Values)
		w.initialisers(in.Nested)
	}
}

// truth walks a condition whose value is used like any other.
func (w *walker) truth(n syntax.Node) {
	yes, no := w.condition(n)
	w.now = both(yes, no)
}

func (w *walker) choice(n syntax.Node) {
	t, ok := n.(*syntax.Ternary)
	if !ok {
		w.truth(n)
		return
	}
	yes, no := w.condition(t.Cond)
	w.now = yes
	w.expr(t.Yes)
	first := w.now
	w.now = no
	w.expr(t.No)
	w.now = both(first, w.now)
}

func (w *walker) binary(n *syntax.Binary) {
	switch n.Op {
	case "&&", "||":
		w.truth(n)
	case "??":
		w.expr(n.Left)
		was := w.now
		w.expr(n.Right)
		w.now = was
	default:
		w.expr(n.Left)
		w.expr(n.Right)
	}
}

func (w *walker) assignment(n *syntax.Assignment) {
	if t, ok := n.Target.(*syntax.Tuple); ok {
		w.expr(n.Value)
		for _, v := range t.Values {
			if id, ok := v.(*syntax.Identifier); ok {
				w.write(id.Name)
			} else {
				w.expr(v)
			}
		}
		return
	}
	id, ok := n.Target.(*syntax.Identifier)
	if !ok || n.Op != "=" {
		w.expr(n.Target)
		w.expr(n.Value)
		return
	}
	w.expr(n.Value)
	w.write(id.Name)
}

// arguments walks the arguments of a call; what goes out has a value behind it.
func (w *walker) arguments(args []syntax.Argument) {
	for i := range args {
		a := &args[i]
		if a.Local != "" {
			w.declare(a.Local, false)
			continue
		}
		if _, ok := a.Value.(*syntax.Identifier); ok && a.Out {
			continue
		}
		w.expr(a.Value)
	}
	for i := range args {
		a := &args[i]
		if a.Local != "" {
			w.write(a.Local)
		} else if id, ok := a.Value.(*syntax.Identifier); ok && a.Out {
			w.write(id.Name)
		}
	}
}
