package xlinq

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

// line is a member of a node.
func line(sig string, f func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value) clr.MemberSpec {
	return clr.Line(sig, func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(m, treeOf(a[0]), a) })
}

// valueOf is the text of a node, charged.
func valueOf(m *clr.Machine, n *xmltree.Node) clr.Value {
	if len(n.Children) > 1 || len(n.Children) == 1 && n.Children[0].Kind == xmltree.Element {
		descendants(m, n, func(*xmltree.Node) bool { return true })
	}
	s := n.Text()
	m.Grow(len(s))
	return s
}

// up is the parent element.
func up(n *xmltree.Node) *xmltree.Node {
	if n != nil && n.Parent != nil && n.Parent.Kind == xmltree.Element {
		return n.Parent
	}
	return nil
}

func documentOf(m *clr.Machine, n *xmltree.Node) clr.Value {
	for ; n != nil; n = n.Parent {
		m.Step()
		if n.Kind == xmltree.Document {
			return show(n)
		}
	}
	return nil
}

var objectMembers = []clr.MemberSpec{
	clr.Line("XElement Parent", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if x, ok := a[0].(*Attribute); ok {
			return show(x.a.Parent)
		}
		return show(up(treeOf(a[0])))
	}),
	clr.Line("XDocument Document", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if x, ok := a[0].(*Attribute); ok {
			return documentOf(m, x.a.Parent)
		}
		return documentOf(m, treeOf(a[0]))
	}),
	clr.Line("XmlNodeType NodeType", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if _, ok := a[0].(*Attribute); ok {
			return nodeType(nodeAttribute)
		}
		return nodeType(kindNumbers[treeOf(a[0]).Kind])
	}),
	clr.Line("string BaseUri", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return "" }),
}

// beside inserts content before or after a node.
func beside(m *clr.Machine, n *xmltree.Node, shift int, values ...clr.Value) {
	if n.Parent == nil {
		m.Throw(clr.TypeInvalidOperation, "The parent is missing.")
	}
	m.Work(len(n.Parent.Children) / 32)
	gather(m, n.Parent, values...).insert(n.Index() + shift)
}

func replace(m *clr.Machine, n *xmltree.Node, values ...clr.Value) {
	if n.Parent == nil {
		m.Throw(clr.TypeInvalidOperation, "The parent is missing.")
	}
	p, at := n.Parent, n.Index()
	m.Work(len(p.Children) / 32)
	n.Remove()
	gather(m, p, values...).insert(at)
}

// sibling gives the node so many places away, null where there is none.
func sibling(m *clr.Machine, n *xmltree.Node, by int) clr.Value {
	if n.Parent == nil {
		return nil
	}
	m.Work(len(n.Parent.Children) / 32)
	i := n.Index() + by
	if i < 0 || i >= len(n.Parent.Children) {
		return nil
	}
	return show(n.Parent.Children[i])
}

func items(v clr.Value) []clr.Value {
	if a, ok := v.(*clr.Array); ok {
		return a.Items
	}
	return []clr.Value{v}
}

func indented(m *clr.Machine, options clr.Value) xmltree.Layout {
	n := options.(clr.Enum).N
	return xmltree.Layout{Indent: n&1 == 0}
}

var nodeMembers = concat(axis("Ancestors", ancestors), axis("ElementsAfterSelf", after), axis("ElementsBeforeSelf", before), []clr.MemberSpec{
	line("string ToString()", func(m *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		return text(m, n, xmltree.Layout{Indent: true})
	}),
	line("string ToString(SaveOptions)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		return text(m, n, indented(m, a[1]))
	}),
	line("void Remove()", func(m *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { remove(m, n); return nil }),
	line("void ReplaceWith(object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value { replace(m, n, a[1]); return nil }),
	line("void ReplaceWith(params object[])", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		replace(m, n, items(a[1])...)
		return nil
	}),
	line("void AddBeforeSelf(object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value { beside(m, n, 0, a[1]); return nil }),
	line("void AddBeforeSelf(params object[])", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		beside(m, n, 0, items(a[1])...)
		return nil
	}),
	line("void AddAfterSelf(object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value { beside(m, n, 1, a[1]); return nil }),
	line("void AddAfterSelf(params object[])", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		beside(m, n, 1, items(a[1])...)
		return nil
	}),
	line("XNode NextNode", func(m *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return sibling(m, n, 1) }),
	line("XNode PreviousNode", func(m *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return sibling(m, n, -1) }),
	line("IEnumerable<XNode> NodesAfterSelf()", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		return nodesOf(after, []*xmltree.Node{n})
	}),
	line("IEnumerable<XNode> NodesBeforeSelf()", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		return nodesOf(before, []*xmltree.Node{n})
	}),
	clr.Line("static bool DeepEquals(XNode, XNode)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if a[0] == nil || a[1] == nil {
			return a[0] == a[1]
		}
		return deepEquals(m, treeOf(a[0]), treeOf(a[1]))
	}),
	clr.Line("static XNode ReadFrom(XmlReader)", readFrom),
})

// deepEquals compares trees by names, attributes in order, and content.
func deepEquals(m *clr.Machine, x, y *xmltree.Node) bool {
	m.Step()
	if x.Kind != y.Kind || x.Name != y.Name || x.Value != y.Value || len(x.Attrs) != len(y.Attrs) || len(x.Children) != len(y.Children) {
		return false
	}
	if x.Kind == xmltree.Element && len(x.Children) == 0 && x.Open != y.Open {
		return false
	}
	for i, a := range x.Attrs {
		if b := y.Attrs[i]; a.Name != b.Name || a.Value != b.Value {
			return false
		}
	}
	for i := range x.Children {
		if !deepEquals(m, x.Children[i], y.Children[i]) {
			return false
		}
	}
	return true
}

var containerMembers = concat(axis("Elements", children), axis("Descendants", descendants), []clr.MemberSpec{
	line("XElement Element(XName)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		if a[1] == nil {
			return nil
		}
		return show(child(m, n, xmltree.Name(a[1].(xname))))
	}),
	line("IEnumerable<XNode> Nodes()", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		return nodesOf(children, []*xmltree.Node{n})
	}),
	line("IEnumerable<XNode> DescendantNodes()", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		return nodesOf(descendants, []*xmltree.Node{n})
	}),
	line("XNode FirstNode", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return end(n, false) }),
	line("XNode LastNode", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return end(n, true) }),
	line("void Add(object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value { addTo(m, n, a[1]); return nil }),
	line("void Add(params object[])", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		addTo(m, n, items(a[1])...)
		return nil
	}),
	line("void AddFirst(object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		gather(m, n, a[1]).insert(0)
		return nil
	}),
	line("void AddFirst(params object[])", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		gather(m, n, items(a[1])...).insert(0)
		return nil
	}),
	line("void RemoveNodes()", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { n.Clear(); return nil }),
	line("void ReplaceNodes(object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		refill(m, n, a[1])
		return nil
	}),
	line("void ReplaceNodes(params object[])", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		refill(m, n, items(a[1])...)
		return nil
	}),
})

// refill puts content in the place of all that is there; content that is a
// sequence over the old one is read first.
func refill(m *clr.Machine, n *xmltree.Node, values ...clr.Value) {
	c := gather(m, n, values...)
	n.Clear()
	c.insert(0)
}

func end(n *xmltree.Node, last bool) clr.Value {
	switch k := len(n.Children); {
	case k == 0:
		return nil
	case last:
		return show(n.Children[k-1])
	}
	return show(n.Children[0])
}

// child finds the first child element of a name.
func child(m *clr.Machine, n *xmltree.Node, name xmltree.Name) *xmltree.Node {
	for _, c := range n.Children {
		m.Step()
		if c.Kind == xmltree.Element && c.Name == name {
			return c
		}
	}
	return nil
}
