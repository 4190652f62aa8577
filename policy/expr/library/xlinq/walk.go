package xlinq

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

// walk calls yield with nodes in order until it gives false; it gives false then.
type walk func(m *clr.Machine, n *xmltree.Node, yield func(*xmltree.Node) bool) bool

func children(m *clr.Machine, n *xmltree.Node, yield func(*xmltree.Node) bool) bool {
	for _, c := range n.Children {
		m.Step()
		if !yield(c) {
			return false
		}
	}
	return true
}

func descendants(m *clr.Machine, n *xmltree.Node, yield func(*xmltree.Node) bool) bool {
	return children(m, n, func(c *xmltree.Node) bool { return yield(c) && descendants(m, c, yield) })
}

func descendantsAndSelf(m *clr.Machine, n *xmltree.Node, yield func(*xmltree.Node) bool) bool {
	return yield(n) && descendants(m, n, yield)
}

func ancestors(m *clr.Machine, n *xmltree.Node, yield func(*xmltree.Node) bool) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		m.Step()
		if !yield(p) {
			return false
		}
	}
	return true
}

func ancestorsAndSelf(m *clr.Machine, n *xmltree.Node, yield func(*xmltree.Node) bool) bool {
	return yield(n) && ancestors(m, n, yield)
}

func after(m *clr.Machine, n *xmltree.Node, yield func(*xmltree.Node) bool) bool {
	if n.Parent == nil {
		return true
	}
	m.Work(len(n.Parent.Children) / 16)
	for _, c := range n.Parent.Children[n.Index()+1:] {
		m.Step()
		if !yield(c) {
			return false
		}
	}
	return true
}

func before(m *clr.Machine, n *xmltree.Node, yield func(*xmltree.Node) bool) bool {
	if n.Parent == nil {
		return true
	}
	m.Work(len(n.Parent.Children) / 16)
	for _, c := range n.Parent.Children[:n.Index()] {
		m.Step()
		if !yield(c) {
			return false
		}
	}
	return true
}

// elementsOf keeps the elements of a walk, of one name where it is not null. The
// sequence is walked when it is asked for, as .NET's are.
func elementsOf(over walk, from []*xmltree.Node, name clr.Value) clr.Value {
	return &clr.Seq{Elem: TypeXElement, Each: func(m *clr.Machine, yield func(clr.Value) bool) {
		for _, n := range from {
			if !over(m, n, func(c *xmltree.Node) bool {
				if c.Kind != xmltree.Element || name != nil && c.Name != xmltree.Name(name.(xname)) {
					return true
				}
				return yield(show(c))
			}) {
				return
			}
		}
	}}
}

func nodesOf(over walk, from []*xmltree.Node) clr.Value {
	return &clr.Seq{Elem: TypeXNode, Each: func(m *clr.Machine, yield func(clr.Value) bool) {
		for _, n := range from {
			if !over(m, n, func(c *xmltree.Node) bool { return yield(show(c)) }) {
				return
			}
		}
	}}
}

// nothing is the sequence that Elements((XName)null) and its like give.
func nothing() clr.Value { return &clr.Array{Elem: TypeXElement} }

// axis gives the two members of an axis of elements: all, and those of a name.
func axis(name string, over walk) []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("IEnumerable<XElement> "+name+"()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return elementsOf(over, []*xmltree.Node{treeOf(a[0])}, nil)
		}),
		clr.Line("IEnumerable<XElement> "+name+"(XName)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if a[1] == nil {
				return nothing()
			}
			return elementsOf(over, []*xmltree.Node{treeOf(a[0])}, a[1])
		}),
	}
}

// axisOver is an axis over a sequence: the extension methods of System.Xml.Linq.
func axisOver(name, of string, over walk) []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("ext IEnumerable<XElement> "+name+"(IEnumerable<"+of+">)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return elementsOf(over, treesOf(m, a[0]), nil)
		}),
		clr.Line("ext IEnumerable<XElement> "+name+"(IEnumerable<"+of+">, XName)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if a[1] == nil {
				return nothing()
			}
			return elementsOf(over, treesOf(m, a[0]), a[1])
		}),
	}
}

func treesOf(m *clr.Machine, seq clr.Value) []*xmltree.Node {
	var out []*xmltree.Node
	clr.Iterate(m, seq, func(v clr.Value) bool {
		if v == nil {
			m.Throw(clr.TypeNullReference, "Object reference not set to an instance of an object.")
		}
		m.Grow(8)
		out = append(out, treeOf(v))
		return true
	})
	return out
}

func concat(lists ...[]clr.MemberSpec) []clr.MemberSpec {
	var out []clr.MemberSpec
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func attributesOf(m *clr.Machine, from []*xmltree.Node, name clr.Value) clr.Value {
	out := &clr.Array{Elem: typeXAttribute}
	for _, n := range from {
		for _, a := range n.Attrs {
			m.Step()
			if name == nil || a.Name == xmltree.Name(name.(xname)) {
				out.Items = append(out.Items, showAttr(a))
			}
		}
	}
	return out
}

var extensionMembers = concat(
	axisOver("Elements", "XContainer", children), axisOver("Descendants", "XContainer", descendants),
	axisOver("DescendantsAndSelf", "XElement", descendantsAndSelf),
	axisOver("Ancestors", "XNode", ancestors), axisOver("AncestorsAndSelf", "XElement", ancestorsAndSelf),
	[]clr.MemberSpec{
		clr.Line("ext IEnumerable<XNode> Nodes(IEnumerable<XContainer>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return nodesOf(children, treesOf(m, a[0]))
		}),
		clr.Line("ext IEnumerable<XNode> DescendantNodes(IEnumerable<XContainer>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return nodesOf(descendants, treesOf(m, a[0]))
		}),
		clr.Line("ext IEnumerable<XAttribute> Attributes(IEnumerable<XElement>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return attributesOf(m, treesOf(m, a[0]), nil)
		}),
		clr.Line("ext IEnumerable<XAttribute> Attributes(IEnumerable<XElement>, XName)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if a[1] == nil {
				return &clr.Array{Elem: typeXAttribute}
			}
			return attributesOf(m, treesOf(m, a[0]), a[1])
		}),
		clr.Line("ext void Remove(IEnumerable<XNode>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			for _, n := range treesOf(m, a[0]) {
				remove(m, n)
			}
			return nil
		}),
		clr.Line("ext void Remove(IEnumerable<XAttribute>)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			for _, v := range clr.Collect(m, a[0]) {
				removeAttr(m, attrOf(v))
			}
			return nil
		}),
	})

// remove is XNode.Remove.
func remove(m *clr.Machine, n *xmltree.Node) {
	if n.Parent == nil {
		m.Throw(clr.TypeInvalidOperation, "The parent is missing.")
	}
	m.Work(1 + len(n.Parent.Children)/32)
	m.Grow(8 * len(n.Parent.Children) / 64)
	n.Remove()
}

func removeAttr(m *clr.Machine, a *xmltree.Attr) {
	if a.Parent == nil {
		m.Throw(clr.TypeInvalidOperation, "The parent is missing.")
	}
	m.Work(1 + len(a.Parent.Attrs)/32)
	a.Remove()
}
