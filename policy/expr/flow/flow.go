// Package flow finds the locals of a policy expression that are read where they may
// have no value yet: C#'s rule of definite assignment (C# 7, chapter 5.3), with the
// states "when true" and "when false" of conditions.
//
// It knows no types: package expr binds the tree first and tells which conditions
// are constant. Only package expr calls it. Invariants: each node is visited a
// bounded number of times; a tree that C# takes gives no finding.
package flow

import (
	"stile/policy/expr/syntax"
)

// Use is a local that is read before it has a value.
type Use struct {
	Name string
	At   syntax.Span
}

// Check walks an expression or a block. constant gives the value of a condition that
// is a constant.
func Check(tree syntax.Node, constant func(syntax.Node) (value, ok bool)) []Use {
	w := &walker{constant: constant}
	w.open()
	w.anything(tree)
	return w.uses
}

// state is the set of tracked locals that have a value; dead code has all of them.
type state struct {
	dead bool
	set  []bool
}

func (s state) has(i int) bool { return s.dead || i < len(s.set) && s.set[i] }

// with gives the set with one more local.
func (s state) with(i int) state {
	if s.has(i) {
		return s
	}
	set := make([]bool, max(len(s.set), i+1))
	copy(set, s.set)
	set[i] = true
	return state{set: set}
}

// both is what two paths have in common.
func both(a, b state) state {
	if a.dead {
		return b
	}
	if b.dead {
		return a
	}
	set := make([]bool, min(len(a.set), len(b.set)))
	for i := range set {
		set[i] = a.set[i] && b.set[i]
	}
	return state{set: set}
}

// either is what one of two sets has: a path that passed through both.
func either(a, b state) state {
	if a.dead || b.dead {
		return state{dead: true}
	}
	set := make([]bool, max(len(a.set), len(b.set)))
	for i := range set {
		set[i] = a.has(i) || b.has(i)
	}
	return state{set: set}
}

// nowhere is the state of code that is never reached.
var nowhere = state{dead: true}

// target gathers the states of the jumps to the end, or to the step, of a loop.
type target struct {
	breaks, continues []state
	// loop is unset for a switch, which continue passes by.
	loop bool
}

type scope struct {
	parent *scope
	ids    map[string]int
}

type walker struct {
	constant func(syntax.Node) (value, ok bool)
	scope    *scope
	count    int
	now      state
	targets  []*target
	uses     []Use
	told     map[int]bool
}

func (w *walker) open() { w.scope = &scope{w.scope, map[string]int{}} }

func (w *walker) close() { w.scope = w.scope.parent }

// declare begins to track a local; one with a value has it from now on.
func (w *walker) declare(name string, assigned bool) int {
	w.count++
	w.scope.ids[name] = w.count
	if assigned {
		w.now = w.now.with(w.count)
	}
	return w.count
}

func (w *walker) find(name string) (id int, ok bool) {
	for s := w.scope; s != nil; s = s.parent {
		if id, ok := s.ids[name]; ok {
			return id, true
		}
	}
	return 0, false
}

func (w *walker) read(name string, at syntax.Span) {
	id, ok := w.find(name)
	if !ok || w.now.has(id) || w.told[id] {
		return
	}
	if w.told == nil {
		w.told = map[int]bool{}
	}
	w.told[id] = true
	w.uses = append(w.uses, Use{name, at})
}

func (w *walker) write(name string) {
	if id, ok := w.find(name); ok {
		w.now = w.now.with(id)
	}
}

func (w *walker) anything(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Block:
		w.list(n.List)
	default:
		w.expr(n)
	}
}

// function walks a body of its own, in which parameters have values.
func (w *walker) function(params []syntax.Parameter, value syntax.Node, block *syntax.Block) {
	was, targets := w.now, w.targets
	w.targets = nil
	w.open()
	for _, p := range params {
		w.declare(p.Name, true)
	}
	if block != nil {
		w.list(block.List)
	} else if value != nil {
		w.expr(value)
	}
	w.close()
	w.now, w.targets = was, targets
}
