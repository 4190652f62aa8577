package xlinq

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

// newElement makes an element with content.
func newElement(m *clr.Machine, name clr.Value, values ...clr.Value) clr.Value {
	n := xmltree.NewElement(nameArg(m, name))
	m.Grow(160)
	addTo(m, n, values...)
	return show(n)
}

// setValue is the Value setter: one text in the place of all content.
func setValue(m *clr.Machine, n *xmltree.Node, s string) {
	n.Clear()
	addTo(m, n, s)
}

// setChild is SetElementValue: null removes the element.
func setChild(m *clr.Machine, n *xmltree.Node, name xmltree.Name, v clr.Value) {
	c := child(m, n, name)
	switch {
	case v == nil && c != nil:
		remove(m, c)
	case v == nil:
	case c == nil:
		addTo(m, n, newElement(m, xname(name), valueText(m, v)))
	default:
		setValue(m, c, valueText(m, v))
	}
}

// setAttribute is SetAttributeValue: null removes the attribute.
func setAttribute(m *clr.Machine, n *xmltree.Node, name xmltree.Name, v clr.Value) {
	m.Work(len(n.Attrs) / 16)
	a := n.Attr(name)
	switch {
	case v == nil && a != nil:
		removeAttr(m, a)
	case v == nil:
	case a == nil:
		s := valueText(m, v)
		m.Grow(160 + len(s))
		n.AppendAttr(&xmltree.Attr{Name: name, Value: s})
	default:
		a.Value = valueText(m, v)
		m.Grow(len(a.Value))
	}
}

func elementMembers() []clr.MemberSpec {
	return concat(elementMakers, elementReads, elementWrites,
		axis("DescendantsAndSelf", descendantsAndSelf), axis("AncestorsAndSelf", ancestorsAndSelf))
}

var elementMakers = []clr.MemberSpec{
	clr.Line("new(XName)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return newElement(m, a[0]) }),
	clr.Line("new(XName, object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return newElement(m, a[0], a[1]) }),
	clr.Line("new(XName, params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return newElement(m, a[0], items(a[1])...)
	}),
	clr.Line("new(XElement)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "other")
		return show(treeOf(a[0]).Clone(m))
	}),
	clr.Line("static XElement Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "s")
		return show(rootOf(parse(m, a[0].(string), false)))
	}),
	clr.Line("static XElement Parse(string, LoadOptions)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "text")
		return show(rootOf(parse(m, a[0].(string), a[1].(clr.Enum).N&1 != 0)))
	}),
}

var elementReads = []clr.MemberSpec{
	line("XName Name", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return xname(n.Name) }),
	line("string Value", func(m *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return valueOf(m, n) }),
	line("bool HasElements", func(m *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		return !children(m, n, func(c *xmltree.Node) bool { return c.Kind != xmltree.Element })
	}),
	line("bool HasAttributes", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return len(n.Attrs) > 0 }),
	line("bool IsEmpty", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return len(n.Children) == 0 && !n.Open }),
	line("XAttribute Attribute(XName)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		if a[1] == nil {
			return nil
		}
		m.Work(len(n.Attrs) / 16)
		return showAttr(n.Attr(xmltree.Name(a[1].(xname))))
	}),
	line("IEnumerable<XAttribute> Attributes()", func(m *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		return attributesOf(m, []*xmltree.Node{n}, nil)
	}),
	line("IEnumerable<XAttribute> Attributes(XName)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		if a[1] == nil {
			return &clr.Array{Elem: typeXAttribute}
		}
		return attributesOf(m, []*xmltree.Node{n}, a[1])
	}),
	line("XAttribute FirstAttribute", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		if len(n.Attrs) == 0 {
			return nil
		}
		return showAttr(n.Attrs[0])
	}),
	line("XAttribute LastAttribute", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		if len(n.Attrs) == 0 {
			return nil
		}
		return showAttr(n.Attrs[len(n.Attrs)-1])
	}),
	line("IEnumerable<XNode> DescendantNodesAndSelf()", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		return nodesOf(descendantsAndSelf, []*xmltree.Node{n})
	}),
	line("XNamespace GetDefaultNamespace()", func(m *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		climb(m, n)
		s, _ := n.SpaceOf("")
		return xspace(s)
	}),
	line("XNamespace GetNamespaceOfPrefix(string)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		need(m, a[1], "prefix")
		climb(m, n)
		if s, ok := n.SpaceOf(a[1].(string)); ok && a[1] != "" {
			return xspace(s)
		}
		return nil
	}),
	line("string GetPrefixOfNamespace(XNamespace)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		need(m, a[1], "ns")
		climb(m, n)
		if p, ok := n.PrefixOf(string(a[1].(xspace)), false); ok {
			return p
		}
		return nil
	}),
}

// climb charges a search through the declarations around a node.
func climb(m *clr.Machine, n *xmltree.Node) {
	for ; n != nil; n = n.Parent {
		m.Work(1 + len(n.Attrs))
	}
}

var elementWrites = []clr.MemberSpec{
	line("set XName Name", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		n.Name = nameArg(m, a[1])
		return nil
	}),
	line("set string Value", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		need(m, a[1], "value")
		setValue(m, n, a[1].(string))
		return nil
	}),
	line("void SetValue(object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		need(m, a[1], "value")
		setValue(m, n, valueText(m, a[1]))
		return nil
	}),
	line("void SetElementValue(XName, object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		setChild(m, n, nameArg(m, a[1]), a[2])
		return nil
	}),
	line("void SetAttributeValue(XName, object)", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		setAttribute(m, n, nameArg(m, a[1]), a[2])
		return nil
	}),
	line("void RemoveAttributes()", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { clearAttrs(n); return nil }),
	line("void RemoveAll()", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		clearAttrs(n)
		n.Clear()
		return nil
	}),
	line("void ReplaceAttributes(params object[])", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		c := gather(m, n, items(a[1])...)
		clearAttrs(n)
		c.insert(len(n.Children))
		return nil
	}),
	line("void ReplaceAll(params object[])", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		c := gather(m, n, items(a[1])...)
		clearAttrs(n)
		n.Clear()
		c.insert(0)
		return nil
	}),
}

func clearAttrs(n *xmltree.Node) {
	for _, a := range n.Attrs {
		a.Parent = nil
	}
	n.Attrs = nil
}
