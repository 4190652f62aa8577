package xpath

import (
	"sort"

	"stile/policy/expr/xmltree"
)

// item is a node, or an attribute where attr is set.
type item struct {
	node *xmltree.Node
	attr *xmltree.Attr
}

func (i item) owner() *xmltree.Node {
	if i.attr != nil {
		return i.attr.Parent
	}
	return i.node.Parent
}

// Result is one item of a node-set: Attr is nil for nodes.
type Result struct {
	Node *xmltree.Node
	Attr *xmltree.Attr
}

// context is where an expression is evaluated.
type context struct {
	at       item
	position int
	size     int
	budget   xmltree.Budget
	// orders numbers the document's items once one has to be sorted; all contexts of
	// an evaluation share it.
	orders *map[item]int
}

// Nodes evaluates the expression at a node and gives its node-set in document
// order. The error is a *SyntaxError where it gives something else.
func (e *Expression) Nodes(n *xmltree.Node, b xmltree.Budget) ([]Result, error) {
	v, err := e.run(n, b)
	if err != nil {
		return nil, err
	}
	if v.kind != nodesKind {
		return nil, &SyntaxError{Message: noNodes}
	}
	out := make([]Result, len(v.nodes))
	for i, it := range v.nodes {
		out[i] = Result{it.node, it.attr}
	}
	return out, nil
}

func (e *Expression) run(n *xmltree.Node, b xmltree.Budget) (v value, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			err = s
		}
	}()
	return e.eval(&context{at: item{node: n}, position: 1, size: 1, budget: b, orders: new(map[item]int)}), nil
}

func (c *context) root() *xmltree.Node {
	n := c.at.node
	if c.at.attr != nil {
		n = c.at.attr.Parent
	}
	for n.Parent != nil {
		c.budget.Work(1)
		n = n.Parent
	}
	return n
}

func (c *context) setOf(v value) []item {
	if v.kind != nodesKind {
		panic(&SyntaxError{Message: noNodes})
	}
	return v.nodes
}

type step struct {
	axis       axis
	test       test
	predicates []evaluator
}

type test struct {
	kind      string
	name      xmltree.Name
	attribute bool
}

func (t test) fits(i item) bool {
	if t.kind == "node" {
		return true
	}
	if i.attr != nil {
		if _, ns := i.attr.Declares(); ns || !t.attribute {
			return false
		}
		return t.kind == "any" || t.kind == "name" && i.attr.Name == t.name || t.kind == "space" && i.attr.Name.Space == t.name.Space
	}
	switch n := i.node; t.kind {
	case "any":
		return n.Kind == xmltree.Element && !t.attribute
	case "name":
		return n.Kind == xmltree.Element && n.Name == t.name
	case "space":
		return n.Kind == xmltree.Element && n.Name.Space == t.name.Space
	case "text":
		return n.Kind == xmltree.Text || n.Kind == xmltree.CDATA
	case "comment":
		return n.Kind == xmltree.Comment
	case "processing-instruction":
		return n.Kind == xmltree.Instruction && (t.name.Local == "" || n.Name.Local == t.name.Local)
	}
	return false
}

// follow takes the steps one after the other.
func (c *context) follow(from []item, steps []step) value {
	for _, s := range steps {
		var next []item
		seen := map[item]bool{}
		for _, start := range from {
			var found []item
			s.axis.walk(c, start, func(i item) {
				c.budget.Work(1)
				if s.test.fits(i) {
					c.budget.Grow(16)
					found = append(found, i)
				}
			})
			for _, p := range s.predicates {
				found = c.keep(found, p)
			}
			for _, i := range found {
				if !seen[i] {
					c.budget.Grow(32)
					seen[i] = true
					next = append(next, i)
				}
			}
		}
		if len(from) > 1 || s.axis.backward {
			next = c.sorted(next)
		}
		from = next
	}
	return value{kind: nodesKind, nodes: from}
}

// keep filters by a predicate: a number is a position.
func (c *context) keep(list []item, p evaluator) []item {
	var out []item
	for k, i := range list {
		c.budget.Work(1)
		inner := *c
		inner.at, inner.position, inner.size = i, k+1, len(list)
		v := p(&inner)
		if v.kind == numberKind && v.n == float64(k+1) || v.kind != numberKind && v.truth() {
			out = append(out, i)
		}
	}
	return out
}

// sorted puts items in document order, each once.
func (c *context) sorted(list []item) []item {
	if len(list) < 2 {
		return list
	}
	if *c.orders == nil {
		*c.orders = map[item]int{}
		c.number(c.root())
	}
	orders := *c.orders
	c.budget.Work(len(list))
	sort.SliceStable(list, func(a, b int) bool { return orders[list[a]] < orders[list[b]] })
	out := list[:1]
	for _, i := range list[1:] {
		if i != out[len(out)-1] {
			out = append(out, i)
		}
	}
	return out
}

func (c *context) number(n *xmltree.Node) {
	c.budget.Work(1)
	c.budget.Grow(48)
	orders := *c.orders
	orders[item{node: n}] = len(orders)
	for _, a := range n.Attrs {
		c.budget.Grow(48)
		orders[item{attr: a}] = len(orders)
	}
	for _, k := range n.Children {
		c.number(k)
	}
}

type axis struct {
	walk     func(c *context, from item, yield func(item))
	backward bool
}

var axes = map[string]axis{
	"self": {walk: func(_ *context, i item, yield func(item)) { yield(i) }},
	"child": {walk: func(_ *context, i item, yield func(item)) {
		if i.attr == nil {
			for _, k := range i.node.Children {
				yield(item{node: k})
			}
		}
	}},
	"attribute": {walk: func(_ *context, i item, yield func(item)) {
		if i.attr == nil {
			for _, a := range i.node.Attrs {
				if _, ns := a.Declares(); !ns {
					yield(item{attr: a})
				}
			}
		}
	}},
	"parent": {walk: func(_ *context, i item, yield func(item)) {
		if p := i.owner(); p != nil {
			yield(item{node: p})
		}
	}},
	"ancestor": {backward: true, walk: func(_ *context, i item, yield func(item)) { up(i, yield) }},
	"ancestor-or-self": {backward: true, walk: func(_ *context, i item, yield func(item)) {
		yield(i)
		up(i, yield)
	}},
	"descendant": {walk: func(_ *context, i item, yield func(item)) { below(i, yield) }},
	"descendant-or-self": {walk: func(_ *context, i item, yield func(item)) {
		yield(i)
		below(i, yield)
	}},
	"following-sibling": {walk: func(c *context, i item, yield func(item)) { following(c, i, yield) }},
	"preceding-sibling": {backward: true, walk: func(c *context, i item, yield func(item)) { preceding(c, i, yield) }},
	"following": {walk: func(c *context, i item, yield func(item)) {
		if i.attr != nil {
			i = item{node: i.attr.Parent}
			below(i, yield)
		}
		for ; i.node != nil; i.node = i.node.Parent {
			following(c, i, func(s item) {
				yield(s)
				below(s, yield)
			})
		}
	}},
	"preceding": {backward: true, walk: func(c *context, i item, yield func(item)) {
		if i.attr != nil {
			i = item{node: i.attr.Parent}
		}
		for ; i.node != nil; i.node = i.node.Parent {
			preceding(c, i, func(s item) {
				var list []item
				below(s, func(d item) { list = append(list, d) })
				c.budget.Grow(16 * len(list))
				for k := len(list) - 1; k >= 0; k-- {
					yield(list[k])
				}
				yield(s)
			})
		}
	}},
}

func up(i item, yield func(item)) {
	for p := i.owner(); p != nil; p = p.Parent {
		yield(item{node: p})
	}
}

func below(i item, yield func(item)) {
	if i.attr != nil {
		return
	}
	for _, k := range i.node.Children {
		yield(item{node: k})
		below(item{node: k}, yield)
	}
}

func following(c *context, i item, yield func(item)) {
	if i.attr != nil || i.node.Parent == nil {
		return
	}
	c.budget.Work(len(i.node.Parent.Children) / 16)
	for _, s := range i.node.Parent.Children[i.node.Index()+1:] {
		yield(item{node: s})
	}
}

func preceding(c *context, i item, yield func(item)) {
	if i.attr != nil || i.node.Parent == nil {
		return
	}
	c.budget.Work(len(i.node.Parent.Children) / 16)
	for k := i.node.Index() - 1; k >= 0; k-- {
		yield(item{node: i.node.Parent.Children[k]})
	}
}
