package liquid

import (
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

// literal is text as it stands.
type literal string

func (l literal) render(r *render) { r.write(string(l)) }

type outputNode struct{ output output }

func (n *outputNode) render(r *render) { r.write(r.written(r.filtered(&n.output))) }

type assignNode struct {
	name  string
	value output
}

func (n *assignNode) render(r *render) { r.global[n.name] = r.filtered(&n.value) }

type captureNode struct {
	name  string
	nodes []node
}

func (n *captureNode) render(r *render) { r.global[n.name] = r.aside(n.nodes) }

type interruptNode string

func (n interruptNode) render(r *render) { r.interrupted = string(n) }

type ifChangedNode struct{ nodes []node }

func (n *ifChangedNode) render(r *render) {
	if text := r.aside(n.nodes); !r.everChanged || text != r.changed {
		r.changed, r.everChanged = text, true
		r.write(text)
	}
}

// counterNode is increment, which counts from 0, or decrement, which counts from -1.
type counterNode struct {
	name string
	step int64
}

func (n *counterNode) render(r *render) {
	if r.counters == nil {
		r.counters = map[string]int64{}
	}
	before := r.counters[n.name]
	r.counters[n.name] = before + n.step
	if n.step < 0 {
		before--
	}
	r.write(strconv.FormatInt(before, 10))
}

type cycleNode struct {
	name   *expression
	key    string
	values []expression
}

func (n *cycleNode) render(r *render) {
	key := n.key
	if n.name != nil {
		key = textOf(r.value(n.name))
	}
	if r.cycles == nil {
		r.cycles = map[string]int{}
	}
	i := r.cycles[key] % len(n.values)
	r.cycles[key] = i + 1
	r.write(r.written(r.value(&n.values[i])))
}

type ifNode struct{ branches []branch }

func (n *ifNode) render(r *render) {
	for i := range n.branches {
		if b := &n.branches[i]; b.test == nil || r.holds(b.test) {
			r.all(b.nodes)
			return
		}
	}
}

type caseArm struct {
	values []expression
	nodes  []node
	isElse bool
}

type caseNode struct {
	value expression
	arms  []caseArm
}

// render writes every arm that matches, as DotLiquid does; an else is for those
// before it.
func (n *caseNode) render(r *render) {
	v, matched := r.value(&n.value), false
	for i := range n.arms {
		arm := &n.arms[i]
		if arm.isElse {
			if !matched {
				r.all(arm.nodes)
			}
			continue
		}
		for k := range arm.values {
			if r.equal(v, r.value(&arm.values[k])) {
				matched = true
				r.all(arm.nodes)
			}
			if r.interrupted != "" {
				return
			}
		}
	}
}

// segment lists what a loop goes over.
func (r *render) segment(l *loop) []any {
	items, ok := r.items(r.value(&l.over))
	if !ok {
		return nil
	}
	from := int64(0)
	switch {
	case l.fromLast:
		from = int64(r.progress[l.name])
	case l.offset != nil:
		from = r.integer(r.value(l.offset))
	}
	items = items[min(max(from, 0), int64(len(items))):]
	if l.limit != nil {
		if limit, ok := indexOf(r.value(l.limit)); ok {
			items = items[:min(max(limit, 0), int64(len(items)))]
		}
	}
	if len(items) > 0 {
		if r.progress == nil {
			r.progress = map[string]int{}
		}
		r.progress[l.name] = int(max(from, 0)) + len(items)
	}
	if l.reversed {
		r.m.Grow(16 * len(items))
		turned := make([]any, len(items))
		for i, it := range items {
			turned[len(items)-1-i] = it
		}
		items = turned
	}
	return items
}

// each runs body for every item in a scope of its own; body gives false to end.
func (r *render) each(l *loop, items []any, about func(i int) (string, *Hash), body func(i int) bool) {
	scope := map[string]any{}
	r.scopes = append(r.scopes, scope)
	for i, it := range items {
		r.m.Step()
		name, loop := about(i)
		scope[l.variable], scope[name] = it, loop
		if !body(i) {
			break
		}
		if how := r.interrupted; how != "" {
			r.interrupted = ""
			if how == "break" {
				break
			}
		}
	}
	r.scopes = r.scopes[:len(r.scopes)-1]
}

// position makes forloop, and what tablerowloop shares with it.
func (r *render) position(i, n int) *Hash {
	r.m.Grow(256)
	h := &Hash{}
	h.Set("length", int32(n))
	h.Set("index", int32(i+1))
	h.Set("index0", int32(i))
	h.Set("rindex", int32(n-i))
	h.Set("rindex0", int32(n-i-1))
	h.Set("first", i == 0)
	h.Set("last", i == n-1)
	return h
}

// forNode is for, or where array is set JSONArrayFor, which puts commas between
// what its turns write.
type forNode struct {
	loop  *loop
	array bool
}

func (n *forNode) render(r *render) {
	items := r.segment(n.loop)
	if len(items) == 0 {
		r.all(n.loop.otherwise)
		return
	}
	about := func(i int) (string, *Hash) {
		h := r.position(i, len(items))
		h.Set("name", n.loop.name)
		return "forloop", h
	}
	written := false
	r.each(n.loop, items, about, func(int) bool {
		if !n.array {
			r.all(n.loop.nodes)
			return true
		}
		text := r.aside(n.loop.nodes)
		if strings.TrimSpace(text) == "" {
			return true
		}
		if written {
			r.write(",")
		}
		written = true
		r.write(text)
		return true
	})
}

type tableRowNode struct{ loop *loop }

func (n *tableRowNode) render(r *render) {
	items := r.segment(n.loop)
	if items == nil {
		if _, ok := r.items(r.value(&n.loop.over)); !ok {
			return
		}
	}
	cols := int(clr.AsInt64(r.integer(r.value(n.loop.cols))))
	row, col := 1, 0
	r.write("<tr class=\"row1\">\n")
	about := func(i int) (string, *Hash) {
		h := r.position(i, len(items))
		h.Set("col", int32(col+1))
		h.Set("col0", int32(col))
		h.Set("col_first", col == 0)
		h.Set("col_last", col == cols-1)
		return "tablerowloop", h
	}
	r.each(n.loop, items, about, func(i int) bool {
		col++
		r.write("<td class=\"col" + strconv.Itoa(col) + "\">" + r.aside(n.loop.nodes) + "</td>")
		if col == cols && i != len(items)-1 {
			col = 0
			row++
			r.write("</tr>\n<tr class=\"row" + strconv.Itoa(row) + "\">")
		}
		return true
	})
	r.write("</tr>\n")
}
