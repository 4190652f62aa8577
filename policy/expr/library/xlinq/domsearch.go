package xlinq

import (
	"errors"

	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
	"stile/policy/expr/xmltree/xpath"
)

// domList is an XmlNodeList: the children of a node as they are, or what a search found.
type domList struct {
	live  *xmltree.Node
	found []clr.Value
}

func (*domList) RuntimeType() *clr.Type { return typeXMLNodeList }

func (l *domList) size() int {
	if l.live != nil {
		return len(l.live.Children)
	}
	return len(l.found)
}

func (l *domList) item(i int) clr.Value {
	switch {
	case i < 0 || i >= l.size():
		return nil
	case l.live != nil:
		return showDOM(l.live.Children[i])
	}
	return l.found[i]
}

// Each walks the nodes in order until yield gives false.
func (l *domList) Each(m *clr.Machine, yield func(clr.Value) bool) {
	for i := 0; i < l.size(); i++ {
		m.Step()
		if !yield(l.item(i)) {
			return
		}
	}
}

func listItem(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	return a[0].(*domList).item(int(a[1].(int32)))
}

var domListMembers = []clr.MemberSpec{
	clr.Line("int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(a[0].(*domList).size()) }),
	clr.Line("XmlNode this[int]", listItem), clr.Line("XmlNode Item(int)", listItem),
}

// domAttrs is the XmlAttributeCollection of an element.
type domAttrs struct{ n *xmltree.Node }

func (*domAttrs) RuntimeType() *clr.Type { return typeXMLAttributes }

// Each walks the attributes in order until yield gives false.
func (l *domAttrs) Each(m *clr.Machine, yield func(clr.Value) bool) {
	for _, a := range l.n.Attrs {
		m.Step()
		if !yield(showDOMAttr(a)) {
			return
		}
	}
}

func domAttribute(m *clr.Machine, n *xmltree.Node, name string) *xmltree.Attr {
	m.Work(len(n.Attrs) / 16)
	for _, a := range n.Attrs {
		if attrDOMName(a) == name {
			return a
		}
	}
	return nil
}

func attrsByName(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	return showDOMAttr(domAttribute(m, a[0].(*domAttrs).n, str(a[1])))
}

// putAttr is Append and SetNamedItem: an attribute of the same name goes.
func putAttr(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	n := a[0].(*domAttrs).n
	x, ok := a[1].(*domAttr)
	if !ok {
		m.Throw(clr.TypeArgument, "The node to be inserted is no attribute.")
	}
	if x.a.Parent != nil && x.a.Parent != n {
		m.Throw(clr.TypeInvalidOperation, "The 'Attribute' node cannot be inserted because it is already an attribute of another element.")
	}
	if was := n.Attr(x.a.Name); was != nil {
		was.Remove()
	}
	m.Grow(16)
	n.AppendAttr(x.a)
	return a[1]
}

var domAttributesMembers = []clr.MemberSpec{
	clr.Line("int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(len(a[0].(*domAttrs).n.Attrs))
	}),
	clr.Line("XmlAttribute this[int]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		n, i := a[0].(*domAttrs).n, int(a[1].(int32))
		if i < 0 || i >= len(n.Attrs) {
			m.Throw(clr.TypeIndexRange, "Index was outside the bounds of the array.")
		}
		return showDOMAttr(n.Attrs[i])
	}),
	clr.Line("XmlAttribute this[string]", attrsByName), clr.Line("XmlNode GetNamedItem(string)", attrsByName),
	clr.Line("XmlAttribute Append(XmlAttribute)", putAttr), clr.Line("XmlNode SetNamedItem(XmlNode)", putAttr),
	clr.Line("XmlAttribute Remove(XmlAttribute)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if x, ok := a[1].(*domAttr); ok && x.a.Parent == a[0].(*domAttrs).n {
			removeAttr(m, x.a)
			return a[1]
		}
		return nil
	}),
}

// namespaces is an XmlNamespaceManager.
type namespaces struct{ spaces map[string]string }

func (*namespaces) RuntimeType() *clr.Type { return typeXMLNamespaces }

// nameTable stands for an XmlNameTable, which only makes XmlNamespaceManagers here.
type nameTable struct{}

func (nameTable) RuntimeType() *clr.Type { return typeXMLNameTable }

var namespacesMembers = []clr.MemberSpec{
	clr.Line("new(XmlNameTable)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "nameTable")
		return &namespaces{map[string]string{"xml": xmltree.SpaceXML, "xmlns": xmltree.SpaceXMLNS, "": ""}}
	}),
	clr.Line("void AddNamespace(string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[1], "prefix")
		need(m, a[2], "uri")
		m.Grow(64)
		a[0].(*namespaces).spaces[a[1].(string)] = a[2].(string)
		return nil
	}),
	clr.Line("string LookupNamespace(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if s, ok := a[0].(*namespaces).spaces[str(a[1])]; ok {
			return s
		}
		return nil
	}),
	clr.Line("bool HasNamespace(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, ok := a[0].(*namespaces).spaces[str(a[1])]
		return ok
	}),
}

// find evaluates an XPath expression at a node.
func find(m *clr.Machine, n *xmltree.Node, path, manager clr.Value) []clr.Value {
	if n == nil {
		return nil
	}
	need(m, path, "xpath")
	text := path.(string)
	m.Work(1 + len(text)/4)
	m.Grow(8 * len(text))
	spaces := func(prefix string) (string, bool) {
		if ns, ok := manager.(*namespaces); ok {
			s, ok := ns.spaces[prefix]
			return s, ok && prefix != ""
		}
		return "", false
	}
	e, err := xpath.Compile(text, spaces)
	if err != nil {
		m.Throw(typeXPathException, reason(err, manager))
	}
	list, err := e.Nodes(n, m)
	if err != nil {
		m.Throw(typeXPathException, err.Error())
	}
	out := make([]clr.Value, len(list))
	m.Grow(16 * len(list))
	for i, r := range list {
		if r.Attr != nil {
			out[i] = showDOMAttr(r.Attr)
		} else {
			out[i] = showDOM(r.Node)
		}
	}
	return out
}

// reason is the message of an expression that does not compile.
func reason(err error, manager clr.Value) string {
	var syntax *xpath.SyntaxError
	if _, ok := manager.(*namespaces); !ok && errors.As(err, &syntax) && syntax.Context {
		return "Namespace Manager or XsltContext needed. This query has a prefix, variable, or user-defined function."
	}
	return err.Error()
}

func one(list []clr.Value) clr.Value {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

var domSearch = []clr.MemberSpec{
	domLine("XmlNode SelectSingleNode(string)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return one(find(m, n, a[1], nil))
	}),
	domLine("XmlNode SelectSingleNode(string, XmlNamespaceManager)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return one(find(m, n, a[1], a[2]))
	}),
	domLine("XmlNodeList SelectNodes(string)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return &domList{found: find(m, n, a[1], nil)}
	}),
	domLine("XmlNodeList SelectNodes(string, XmlNamespaceManager)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return &domList{found: find(m, n, a[1], a[2])}
	}),
}

// tagged lists the elements below a node by a test.
func tagged(m *clr.Machine, n *xmltree.Node, fits func(*xmltree.Node) bool) clr.Value {
	out := &domList{}
	descendants(m, n, func(c *xmltree.Node) bool {
		if c.Kind == xmltree.Element && fits(c) {
			m.Grow(16)
			out.found = append(out.found, showDOM(c))
		}
		return true
	})
	return out
}

func byTag(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
	name := str(a[1])
	return tagged(m, n, func(c *xmltree.Node) bool { return name == "*" || domName(c) == name })
}

func bySpace(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
	local, space := str(a[1]), str(a[2])
	return tagged(m, n, func(c *xmltree.Node) bool {
		return (local == "*" || c.Name.Local == local) && (space == "*" || c.Name.Space == space)
	})
}
