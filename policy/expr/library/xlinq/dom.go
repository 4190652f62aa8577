package xlinq

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

// The types of System.Xml.
var (
	typeXMLNode        = clr.Class("System.Xml.XmlNode")
	typeXMLDocument    = clr.Class("System.Xml.XmlDocument")
	typeXMLElement     = clr.Class("System.Xml.XmlElement")
	typeXMLAttribute   = clr.Class("System.Xml.XmlAttribute")
	typeXMLText        = clr.Class("System.Xml.XmlText")
	typeXMLCData       = clr.Class("System.Xml.XmlCDataSection")
	typeXMLComment     = clr.Class("System.Xml.XmlComment")
	typeXMLInstruction = clr.Class("System.Xml.XmlProcessingInstruction")
	typeXMLDeclaration = clr.Class("System.Xml.XmlDeclaration")
	typeXMLNodeList    = clr.Class("System.Xml.XmlNodeList")
	typeXMLAttributes  = clr.Class("System.Xml.XmlAttributeCollection")
	typeXMLNameTable   = clr.Class("System.Xml.XmlNameTable")
	typeXMLNamespaces  = clr.Class("System.Xml.XmlNamespaceManager")
	typeXPathException = clr.Class("System.Xml.XPath.XPathException")
)

func domSpecs() []clr.TypeSpec {
	out := []clr.TypeSpec{
		{Type: typeXMLNode, Members: concat(domReads, domWrites, domSearch)},
		{Type: typeXMLDocument, Bases: "XmlNode", Members: domDocumentMembers},
		{Type: typeXMLElement, Bases: "XmlNode", Members: domElementMembers},
		{Type: typeXMLAttribute, Bases: "XmlNode"}, {Type: typeXMLText, Bases: "XmlNode"},
		{Type: typeXMLCData, Bases: "XmlNode"}, {Type: typeXMLComment, Bases: "XmlNode"},
		{Type: typeXMLInstruction, Bases: "XmlNode"}, {Type: typeXMLDeclaration, Bases: "XmlNode"},
		{Type: typeXMLNodeList, Bases: "IEnumerable<object>", Members: domListMembers},
		{Type: typeXMLAttributes, Bases: "IEnumerable<object>", Members: domAttributesMembers},
		{Type: typeXMLNameTable}, {Type: typeXMLNamespaces, Members: namespacesMembers},
		{Type: typeXPathException, Bases: "Exception"}, {Type: typeXMLReader, Bases: "IDisposable", Members: readerMembers},
	}
	return append(out, textSpecs()...)
}

// domNode is an XmlNode that is no attribute; doc is the document that made it.
type domNode struct{ n, doc *xmltree.Node }

// domAttr is an XmlAttribute.
type domAttr struct {
	a   *xmltree.Attr
	doc *xmltree.Node
}

func showDOM(n *xmltree.Node) clr.Value {
	if n == nil {
		return nil
	}
	if n.Face == nil {
		n.Face = &domNode{n: n}
	}
	return n.Face
}

func showDOMAttr(a *xmltree.Attr) clr.Value {
	if a == nil {
		return nil
	}
	if a.Face == nil {
		a.Face = &domAttr{a: a}
	}
	return a.Face
}

// RuntimeType names the .NET type.
func (d *domNode) RuntimeType() *clr.Type {
	switch d.n.Kind {
	case xmltree.Document:
		return typeXMLDocument
	case xmltree.Element:
		return typeXMLElement
	case xmltree.CDATA:
		return typeXMLCData
	case xmltree.Comment:
		return typeXMLComment
	case xmltree.Instruction:
		if d.n.Name.Local == "xml" {
			return typeXMLDeclaration
		}
		return typeXMLInstruction
	}
	return typeXMLText
}

// RuntimeType names the .NET type.
func (*domAttr) RuntimeType() *clr.Type { return typeXMLAttribute }

// tree gives the node of an XmlNode; nil for an attribute.
func tree(v clr.Value) *xmltree.Node {
	if d, ok := v.(*domNode); ok {
		return d.n
	}
	return nil
}

func domLine(sig string, f func(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, a []clr.Value) clr.Value) clr.MemberSpec {
	return clr.Line(sig, func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if x, ok := a[0].(*domAttr); ok {
			return f(m, nil, x.a, a)
		}
		return f(m, a[0].(*domNode).n, nil, a)
	})
}

// loadDOM reads a text into a document: its declaration is the first child.
func loadDOM(m *clr.Machine, doc *xmltree.Node, s string, keepSpace bool) {
	read := parse(m, s, keepSpace)
	doc.Clear()
	if d := read.Declared; d != nil {
		doc.Append(declarationNode(d))
	}
	for _, c := range read.Children {
		doc.Append(c)
	}
}

// declarationNode is an XmlDeclaration.
func declarationNode(d *xmltree.Declaration) *xmltree.Node {
	s := d.String()
	return &xmltree.Node{Kind: xmltree.Instruction, Name: xmltree.Name{Local: "xml"}, Value: s[len("<?xml ") : len(s)-len("?>")]}
}

// domName is XmlNode.Name.
func domName(n *xmltree.Node) string {
	switch n.Kind {
	case xmltree.Document:
		return "#document"
	case xmltree.Text:
		return "#text"
	case xmltree.CDATA:
		return "#cdata-section"
	case xmltree.Comment:
		return "#comment"
	}
	return qualified(n.Prefix, n.Name.Local)
}

func attrDOMName(a *xmltree.Attr) string {
	return qualified(a.Prefix, a.Name.Local)
}

var domReads = []clr.MemberSpec{
	domLine("string Name", func(_ *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		if x != nil {
			return attrDOMName(x)
		}
		return domName(n)
	}),
	domLine("string LocalName", func(_ *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		switch {
		case x != nil:
			return x.Name.Local
		case n.Name.Local != "":
			return n.Name.Local
		}
		return domName(n)
	}),
	domLine("string NamespaceURI", func(_ *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		if x != nil {
			return x.Name.Space
		}
		return n.Name.Space
	}),
	domLine("string Prefix", func(_ *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		if x != nil {
			return x.Prefix
		}
		return n.Prefix
	}),
	domLine("string Value", func(_ *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		switch {
		case x != nil:
			return x.Value
		case n.Kind == xmltree.Element || n.Kind == xmltree.Document:
			return nil
		}
		return n.Value
	}),
	domLine("string InnerText", func(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		if x != nil {
			return x.Value
		}
		return valueOf(m, n)
	}),
	domLine("string InnerXml", func(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		if x != nil {
			return attrMarkup(x)
		}
		return joined(m, n.Children)
	}),
	domLine("string OuterXml", func(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		if x != nil {
			return attrDOMName(x) + `="` + attrMarkup(x) + `"`
		}
		return joined(m, []*xmltree.Node{n})
	}),
	domLine("XmlNodeType NodeType", func(_ *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		switch {
		case x != nil:
			return nodeType(nodeAttribute)
		case n.Kind == xmltree.Instruction && n.Name.Local == "xml":
			return nodeType(nodeDeclaration)
		}
		return nodeType(kindNumbers[n.Kind])
	}),
	domLine("XmlNode ParentNode", func(_ *clr.Machine, n *xmltree.Node, x *xmltree.Attr, _ []clr.Value) clr.Value {
		if x != nil {
			return nil
		}
		return showDOM(n.Parent)
	}),
	domLine("XmlDocument OwnerDocument", func(m *clr.Machine, n *xmltree.Node, x *xmltree.Attr, a []clr.Value) clr.Value {
		if n != nil && n.Kind == xmltree.Document {
			return nil
		}
		return showDOM(ownerOf(m, a[0]))
	}),
	domLine("bool HasChildNodes", func(_ *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		return n == nil || len(n.Children) > 0
	}),
	domLine("XmlNodeList ChildNodes", func(_ *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		if n == nil {
			return &domList{}
		}
		return &domList{live: n}
	}),
	domLine("XmlNode FirstChild", func(_ *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		if n == nil || len(n.Children) == 0 {
			return nil
		}
		return showDOM(n.Children[0])
	}),
	domLine("XmlNode LastChild", func(_ *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		if n == nil || len(n.Children) == 0 {
			return nil
		}
		return showDOM(n.Children[len(n.Children)-1])
	}),
	domLine("XmlNode NextSibling", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		return domSibling(m, n, 1)
	}),
	domLine("XmlNode PreviousSibling", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		return domSibling(m, n, -1)
	}),
	domLine("XmlAttributeCollection Attributes", func(_ *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		if n == nil || n.Kind != xmltree.Element {
			return nil
		}
		return &domAttrs{n}
	}),
	domLine("XmlElement this[string]", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		if n == nil {
			return nil
		}
		for _, c := range n.Children {
			m.Step()
			if c.Kind == xmltree.Element && domName(c) == str(a[1]) {
				return showDOM(c)
			}
		}
		return nil
	}),
}

func attrMarkup(x *xmltree.Attr) string {
	s := xmltree.WriteAttr(&xmltree.Attr{Name: xmltree.Name{Local: "x"}, Value: x.Value})
	return s[len(`x="`) : len(s)-1]
}

// ownerOf finds a node's document.
func ownerOf(m *clr.Machine, v clr.Value) *xmltree.Node {
	var n *xmltree.Node
	switch x := v.(type) {
	case *domAttr:
		if x.a.Parent == nil {
			return x.doc
		}
		n = x.a.Parent
	case *domNode:
		n = x.n
	}
	for ; n.Parent != nil; n = n.Parent {
		m.Step()
	}
	if n.Kind == xmltree.Document {
		return n
	}
	if d, ok := n.Face.(*domNode); ok {
		return d.doc
	}
	return nil
}

func domSibling(m *clr.Machine, n *xmltree.Node, by int) clr.Value {
	if n == nil || n.Parent == nil {
		return nil
	}
	m.Work(len(n.Parent.Children) / 32)
	i := n.Index() + by
	if i < 0 || i >= len(n.Parent.Children) {
		return nil
	}
	return showDOM(n.Parent.Children[i])
}
