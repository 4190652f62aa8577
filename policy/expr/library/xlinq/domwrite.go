package xlinq

import (
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

// place puts a node under a parent; it leaves the place where it was.
func place(m *clr.Machine, parent *xmltree.Node, v clr.Value, at func() int) clr.Value {
	if _, ok := v.(*domAttr); ok || v == nil || parent == nil {
		m.Throw(clr.TypeInvalidOperation, "The specified node cannot be inserted as the valid child of this node, because the specified node is the wrong type.")
	}
	n := v.(*domNode).n
	for p := parent; p != nil; p = p.Parent {
		m.Step()
		if p == n {
			m.Throw(clr.TypeArgument, "Cannot insert a node or any ancestor of that node as a child of itself.")
		}
	}
	if parent.Kind == xmltree.Document && n.Kind == xmltree.Element && parent.Root() != nil && parent.Root() != n {
		m.Throw(clr.TypeInvalidOperation, "This document already has a 'DocumentElement' node.")
	}
	if n.Parent != nil {
		remove(m, n)
	}
	m.Work(len(parent.Children) / 32)
	m.Grow(16)
	parent.Insert(at(), n)
	return v
}

func childPlace(m *clr.Machine, parent *xmltree.Node, v clr.Value) int {
	n := tree(v)
	if n == nil || n.Parent != parent {
		m.Throw(clr.TypeArgument, "The reference node is not a child of this node.")
	}
	m.Work(len(parent.Children) / 32)
	return n.Index()
}

var domWrites = []clr.MemberSpec{
	domLine("XmlNode AppendChild(XmlNode)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return place(m, n, a[1], func() int { return len(n.Children) })
	}),
	domLine("XmlNode PrependChild(XmlNode)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return place(m, n, a[1], func() int { return 0 })
	}),
	domLine("XmlNode InsertBefore(XmlNode, XmlNode)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return place(m, n, a[1], func() int {
			if a[2] == nil {
				return len(n.Children)
			}
			return childPlace(m, n, a[2])
		})
	}),
	domLine("XmlNode InsertAfter(XmlNode, XmlNode)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return place(m, n, a[1], func() int {
			if a[2] == nil {
				return 0
			}
			return childPlace(m, n, a[2]) + 1
		})
	}),
	domLine("XmlNode RemoveChild(XmlNode)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		if tree(a[1]) == nil || tree(a[1]).Parent != n || n == nil {
			m.Throw(clr.TypeArgument, "The node to be removed is not a child of this node.")
		}
		remove(m, tree(a[1]))
		return a[1]
	}),
	domLine("XmlNode ReplaceChild(XmlNode, XmlNode)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		at := childPlace(m, n, a[2])
		tree(a[2]).Remove()
		place(m, n, a[1], func() int { return min(at, len(n.Children)) })
		return a[2]
	}),
	domLine("void RemoveAll()", func(_ *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		if n != nil {
			n.Clear()
			clearAttrs(n)
		}
		return nil
	}),
	domLine("XmlNode CloneNode(bool)", func(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, a []clr.Value) clr.Value {
		return cloneDOM(m, n, x, a[1] == true, ownerOf(m, a[0]))
	}),
	domLine("set string InnerText", setInnerText), domLine("set string Value", setInnerText),
	domLine("set string InnerXml", func(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, a []clr.Value) clr.Value {
		if x != nil {
			x.Value = str(a[1])
			return nil
		}
		if n.Kind == xmltree.Document {
			loadDOM(m, n, str(a[1]), false)
			return nil
		}
		setInner(m, n, str(a[1]))
		return nil
	}),
}

func cloneDOM(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, deep bool, doc *xmltree.Node) clr.Value {
	if x != nil {
		m.Grow(160)
		c := &xmltree.Attr{Name: x.Name, Prefix: x.Prefix, Value: x.Value}
		c.Face = &domAttr{c, doc}
		return c.Face
	}
	from := n
	if !deep {
		shallow := *n
		shallow.Children = nil
		from = &shallow
	}
	c := from.Clone(m)
	c.Face = &domNode{c, doc}
	return c.Face
}

func setInnerText(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, a []clr.Value) clr.Value {
	switch {
	case x != nil:
		x.Value = str(a[1])
	case n.Kind == xmltree.Element:
		setValue(m, n, str(a[1]))
		n.Open = n.Open && len(n.Children) == 0
	case n.Kind == xmltree.Document:
		m.Throw(clr.TypeInvalidOperation, "The 'InnerText' of a 'Document' node is read-only and cannot be set.")
	default:
		n.Value = str(a[1])
	}
	return nil
}

// setInner reads a fragment with the namespaces that count at the node.
func setInner(m *clr.Machine, n *xmltree.Node, s string) {
	var head strings.Builder
	head.WriteString("<x")
	seen := map[string]bool{}
	for e := n; e != nil; e = e.Parent {
		for _, a := range e.Attrs {
			m.Step()
			if p, ok := a.Declares(); ok && !seen[p] {
				seen[p] = true
				head.WriteString(" xmlns" + strings.TrimSuffix(":"+p, ":") + `="` + attrMarkup(a) + `"`)
			}
		}
	}
	root := rootOf(parse(m, head.String()+">"+s+"</x>", false))
	n.Clear()
	for _, c := range append([]*xmltree.Node{}, root.Children...) {
		n.Append(c)
	}
}

// domNameOf splits a qualified name that is given to a Create method.
func domNameOf(m *clr.Machine, s, space string) (string, xmltree.Name) {
	prefix, local, ok := strings.Cut(s, ":")
	if !ok {
		prefix, local = "", s
	}
	if local == "" {
		m.Throw(clr.TypeArgument, "The local name for elements or attributes cannot be null or an empty string.")
	}
	verify(m, local)
	return prefix, xmltree.Name{Space: space, Local: local}
}

func makeElement(m *clr.Machine, doc *xmltree.Node, name, space string) clr.Value {
	m.Grow(200)
	n := &xmltree.Node{Kind: xmltree.Element}
	n.Prefix, n.Name = domNameOf(m, name, space)
	n.Face = &domNode{n, doc}
	return n.Face
}

func makeAttribute(m *clr.Machine, doc *xmltree.Node, name, space string) clr.Value {
	m.Grow(200)
	x := &xmltree.Attr{}
	x.Prefix, x.Name = domNameOf(m, name, space)
	if x.Prefix == "xmlns" {
		x.Name.Space = xmltree.SpaceXMLNS
	}
	x.Face = &domAttr{x, doc}
	return x.Face
}

func makeNode(kind xmltree.Kind) func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
	return func(m *clr.Machine, doc *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		m.Grow(200)
		n := &xmltree.Node{Kind: kind, Value: str(a[1])}
		n.Face = &domNode{n, doc}
		return n.Face
	}
}
