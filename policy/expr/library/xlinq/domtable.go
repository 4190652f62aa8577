package xlinq

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

func documentNode(a []clr.Value) *xmltree.Node { return a[0].(*domNode).n }

var domDocumentMembers = []clr.MemberSpec{
	clr.Line("new()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
		m.Grow(200)
		return showDOM(&xmltree.Node{Kind: xmltree.Document})
	}),
	clr.Line("void LoadXml(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[1], "xml")
		n := documentNode(a)
		loadDOM(m, n, a[1].(string), n.Open)
		return nil
	}),
	// A document holds nothing that Open could mean, so that it keeps the setting.
	clr.Line("bool PreserveWhitespace", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return documentNode(a).Open }),
	clr.Line("set bool PreserveWhitespace", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		documentNode(a).Open = a[1] == true
		return nil
	}),
	clr.Line("XmlElement DocumentElement", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return showDOM(documentNode(a).Root())
	}),
	clr.Line("XmlNameTable NameTable", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nameTable{} }),
	domLine("XmlNodeList GetElementsByTagName(string)", byTag), domLine("XmlNodeList GetElementsByTagName(string, string)", bySpace),
	clr.Line("XmlElement CreateElement(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return makeElement(m, documentNode(a), str(a[1]), "")
	}),
	clr.Line("XmlElement CreateElement(string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return makeElement(m, documentNode(a), str(a[1]), str(a[2]))
	}),
	clr.Line("XmlElement CreateElement(string, string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return makeElement(m, documentNode(a), qualified(str(a[1]), str(a[2])), str(a[3]))
	}),
	clr.Line("XmlAttribute CreateAttribute(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return makeAttribute(m, documentNode(a), str(a[1]), "")
	}),
	clr.Line("XmlAttribute CreateAttribute(string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return makeAttribute(m, documentNode(a), str(a[1]), str(a[2]))
	}),
	clr.Line("XmlAttribute CreateAttribute(string, string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return makeAttribute(m, documentNode(a), qualified(str(a[1]), str(a[2])), str(a[3]))
	}),
	domLine("XmlText CreateTextNode(string)", makeNode(xmltree.Text)),
	domLine("XmlCDataSection CreateCDataSection(string)", makeNode(xmltree.CDATA)),
	domLine("XmlComment CreateComment(string)", makeNode(xmltree.Comment)),
	clr.Line("XmlDeclaration CreateXmlDeclaration(string, string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if str(a[1]) != "1.0" {
			m.Throw(clr.TypeArgument, "Wrong XML version information. The XML must match production \"VersionNum ::= '1.' [0-9]+\".")
		}
		m.Grow(200)
		n := declarationNode(&xmltree.Declaration{Version: "1.0", Encoding: str(a[2]), Standalone: str(a[3])})
		n.Face = &domNode{n, documentNode(a)}
		return n.Face
	}),
	clr.Line("XmlNode ImportNode(XmlNode, bool)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[1], "node")
		if x, ok := a[1].(*domAttr); ok {
			return cloneDOM(m, nil, x.a, true, documentNode(a))
		}
		return cloneDOM(m, tree(a[1]), nil, a[2] == true, documentNode(a))
	}),
}

var domElementMembers = []clr.MemberSpec{
	domLine("XmlNodeList GetElementsByTagName(string)", byTag), domLine("XmlNodeList GetElementsByTagName(string, string)", bySpace),
	domLine("bool IsEmpty", func(_ *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		return len(n.Children) == 0 && !n.Open
	}),
	domLine("bool HasAttributes", func(_ *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, _ []clr.Value) clr.Value {
		return len(n.Attrs) > 0
	}),
	domLine("bool HasAttribute(string)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return domAttribute(m, n, str(a[1])) != nil
	}),
	domLine("string GetAttribute(string)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		if x := domAttribute(m, n, str(a[1])); x != nil {
			return x.Value
		}
		return ""
	}),
	domLine("string GetAttribute(string, string)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		m.Work(len(n.Attrs) / 16)
		if x := n.Attr(xmltree.Name{Space: str(a[2]), Local: str(a[1])}); x != nil {
			return x.Value
		}
		return ""
	}),
	domLine("XmlAttribute GetAttributeNode(string)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		return showDOMAttr(domAttribute(m, n, str(a[1])))
	}),
	domLine("void SetAttribute(string, string)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		x := domAttribute(m, n, str(a[1]))
		if x == nil {
			x = makeAttribute(m, nil, str(a[1]), "").(*domAttr).a
			n.AppendAttr(x)
		}
		x.Value = str(a[2])
		return nil
	}),
	domLine("void RemoveAttribute(string)", func(m *clr.Machine, n *xmltree.Node, _ *xmltree.Attr, a []clr.Value) clr.Value {
		if x := domAttribute(m, n, str(a[1])); x != nil {
			removeAttr(m, x)
		}
		return nil
	}),
}
