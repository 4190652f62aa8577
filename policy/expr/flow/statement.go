package flow

import (
	"stile/policy/expr/syntax"
)

func (w *walker) list(list []syntax.Node) {
	w.open()
	for _, n := range list {
		w.statement(n)
	}
	w.close()
}

// embedded walks a statement that has a scope of its own.
func (w *walker) embedded(n syntax.Node) {
	w.open()
	w.statement(n)
	w.close()
}

func (w *walker) statement(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Block:
		w.list(n.List)
	case *syntax.Declaration:
		for i, name := range n.Names {
			w.optional(n.Values[i])
			w.declare(name, n.Values[i] != nil)
		}
	case *syntax.Deconstruction:
		w.expr(n.Value)
		for _, name := range n.Names {
			w.declare(name, true)
		}
	case *syntax.LocalFunction:
		w.local(n)
	case *syntax.ExprStatement:
		w.expr(n.Value)
	case *syntax.IfStatement:
		yes, no := w.condition(n.Cond)
		w.now = yes
		w.embedded(n.Yes)
		yes, w.now = w.now, no
		if n.No_ != nil {
			w.embedded(n.No_)
		}
		w.now = both(yes, w.now)
	case *syntax.SwitchStatement:
		w.choose(n)
	case *syntax.ReturnStatement:
		w.optional(n.Value)
		w.now = nowhere
	case *syntax.ThrowStatement:
		w.optional(n.Value)
		w.now = nowhere
	case *syntax.Jump:
		w.jump(n)
	case *syntax.TryStatement:
		w.try(n)
	case *syntax.UsingStatement:
		w.open()
		if n.Decl != nil {
			w.statement(n.Decl)
		} else {
			w.expr(n.Expr)
		}
		w.embedded(n.Body)
		w.close()
	default:
		w.loop(n)
	}
}

// local walks a local function. What it reads of its surroundings is due where it is
// called, which this leaves to the run.
func (w *walker) local(n *syntax.LocalFunction) {
	was := w.now
	all := make([]bool, w.count+1)
	for i := range all {
		all[i] = true
	}
	w.now = state{set: all}
	w.function(n.Params, n.Expr, n.Body)
	w.now = was
}

func (w *walker) loop(n syntax.Node) {
	w.open()
	defer w.close()
	t := &target{loop: true}
	switch n := n.(type) {
	case *syntax.WhileStatement:
		if n.Do {
			w.inside(t, n.Body)
			w.now = merged(w.now, t.continues)
			_, w.now = w.condition(n.Cond)
			break
		}
		yes, no := w.condition(n.Cond)
		w.now = yes
		w.inside(t, n.Body)
		w.now = no
	case *syntax.ForStatement:
		for _, s := range n.Init {
			if d, ok := s.(*syntax.Declaration); ok {
				w.statement(d)
			} else {
				w.expr(s)
			}
		}
		yes, no := w.now, nowhere
		if n.Cond != nil {
			yes, no = w.condition(n.Cond)
		}
		w.now = yes
		w.inside(t, n.Body)
		w.now = merged(w.now, t.continues)
		w.all(n.Step)
		w.now = no
	case *syntax.ForeachStatement:
		w.expr(n.Seq)
		was := w.now
		w.declare(n.Name, true)
		w.inside(t, n.Body)
		w.now = was
	}
	w.now = merged(w.now, t.breaks)
}

func (w *walker) inside(t *target, body syntax.Node) {
	w.targets = append(w.targets, t)
	w.embedded(body)
	w.targets = w.targets[:len(w.targets)-1]
}

func merged(s state, more []state) state {
	for _, m := range more {
		s = both(s, m)
	}
	return s
}

func (w *walker) jump(n *syntax.Jump) {
	for i := len(w.targets) - 1; i >= 0; i-- {
		t := w.targets[i]
		if n.Word == "break" {
			t.breaks = append(t.breaks, w.now)
			break
		}
		if t.loop {
			t.continues = append(t.continues, w.now)
			break
		}
	}
	w.now = nowhere
}

func (w *walker) choose(n *syntax.SwitchStatement) {
	w.expr(n.Value)
	// One block declares for all sections; a pattern's local is its section's own.
	w.open()
	defer w.close()
	before, t, other := w.now, &target{}, false
	w.targets = append(w.targets, t)
	for _, s := range n.Sections {
		begin := nowhere
		for _, l := range s.Labels {
			w.now = before
			other = other || l.IsDefault
			if l.Local != "" {
				w.declare(l.Local, true)
			}
			w.optional(l.Value)
			if l.When != nil {
				w.now, _ = w.condition(l.When)
			}
			begin = both(begin, w.now)
		}
		w.now = begin
		for _, b := range s.Body {
			w.statement(b)
		}
		t.breaks = append(t.breaks, w.now)
	}
	w.targets = w.targets[:len(w.targets)-1]
	w.now = nowhere
	if !other {
		w.now = before
	}
	w.now = merged(w.now, t.breaks)
}

func (w *walker) try(n *syntax.TryStatement) {
	before := w.now
	marks := make([][2]int, len(w.targets))
	for i, t := range w.targets {
		marks[i] = [2]int{len(t.breaks), len(t.continues)}
	}
	w.list(n.Body.List)
	end := w.now
	for _, c := range n.Catches {
		w.now = before
		w.open()
		if c.Name != "" {
			w.declare(c.Name, true)
		}
		if c.When != nil {
			w.now, _ = w.condition(c.When)
		}
		w.list(c.Body.List)
		w.close()
		end = both(end, w.now)
	}
	w.now = end
	if n.Finally == nil {
		return
	}
	w.now = before
	w.list(n.Finally.List)
	last := w.now
	w.now = either(end, last)
	for i, t := range w.targets {
		for k := marks[i][0]; k < len(t.breaks); k++ {
			t.breaks[k] = either(t.breaks[k], last)
		}
		for k := marks[i][1]; k < len(t.continues); k++ {
			t.continues[k] = either(t.continues[k], last)
		}
	}
}
