package xlinq

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

func readerLine(sig string, f func(m *clr.Machine, x *reader, a []clr.Value) clr.Value) clr.MemberSpec {
	return clr.Line(sig, func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(m, a[0].(*reader), a) })
}

var readerMembers = []clr.MemberSpec{
	clr.Line("static XmlReader Create(TextReader)", newReader),
	readerLine("bool Read()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.read(m) }),
	readerLine("bool EOF", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.eof() }),
	readerLine("string Name", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.name("") }),
	readerLine("string LocalName", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.name("local") }),
	readerLine("string Prefix", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.name("prefix") }),
	readerLine("string NamespaceURI", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.name("space") }),
	readerLine("string Value", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.value() }),
	readerLine("bool HasValue", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		switch x.on().kind {
		case nodeElement, nodeEndElement, 0:
			return x.attribute() != nil
		}
		return true
	}),
	readerLine("int Depth", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		return int32(x.on().depth + clr.Bit(x.attribute() != nil))
	}),
	readerLine("XmlNodeType NodeType", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		if x.attribute() != nil {
			return nodeType(nodeAttribute)
		}
		return nodeType(x.on().kind)
	}),
	readerLine("bool IsEmptyElement", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		e := x.on()
		return e.kind == nodeElement && len(e.node.Children) == 0 && !e.node.Open
	}),
	readerLine("XmlNodeType MoveToContent()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value { return nodeType(x.moveToContent(m)) }),
	readerLine("void Skip()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value { x.skip(m); return nil }),
	readerLine("bool IsStartElement()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.moveToContent(m) == nodeElement }),
	readerLine("bool IsStartElement(string)", func(m *clr.Machine, x *reader, a []clr.Value) clr.Value {
		return x.moveToContent(m) == nodeElement && x.name("") == str(a[1])
	}),
	readerLine("bool ReadToFollowing(string)", func(m *clr.Machine, x *reader, a []clr.Value) clr.Value {
		return x.to(m, str(a[1]), func() bool { return false })
	}),
	readerLine("bool ReadToDescendant(string)", func(m *clr.Machine, x *reader, a []clr.Value) clr.Value {
		e := x.on()
		if x.at >= 0 && (e.kind != nodeElement || len(e.node.Children) == 0) {
			return false
		}
		return x.to(m, str(a[1]), func() bool { return x.on().kind == nodeEndElement && x.on().node == e.node })
	}),
	readerLine("bool ReadToNextSibling(string)", func(m *clr.Machine, x *reader, a []clr.Value) clr.Value {
		depth := x.on().depth
		for x.skip(m); !x.eof() && x.on().depth == depth && x.on().kind != nodeEndElement; x.skip(m) {
			if x.on().kind == nodeElement && x.name("") == str(a[1]) {
				return true
			}
		}
		return false
	}),
	readerLine("string ReadElementContentAsString()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.elementText(m) }),
	readerLine("string ReadElementString()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		x.moveToContent(m)
		return x.elementText(m)
	}),
	readerLine("int ReadElementContentAsInt()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		return number(clr.TypeInt)(m, x.elementText(m))
	}),
	readerLine("string ReadInnerXml()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.markup(m, true) }),
	readerLine("string ReadOuterXml()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.markup(m, false) }),
	readerLine("void ReadStartElement()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		if x.moveToContent(m) != nodeElement {
			m.Throw(typeXMLException, "'"+nodeType(x.on().kind).(clr.Enum).String()+"' is an invalid XmlNodeType.")
		}
		x.read(m)
		return nil
	}),
	readerLine("void ReadEndElement()", func(m *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		if x.moveToContent(m) != nodeEndElement {
			m.Throw(typeXMLException, "'"+nodeType(x.on().kind).(clr.Enum).String()+"' is an invalid XmlNodeType.")
		}
		x.read(m)
		return nil
	}),
	readerLine("int AttributeCount", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		if e := x.on(); e.kind == nodeElement {
			return int32(len(e.node.Attrs))
		}
		return int32(0)
	}),
	readerLine("bool HasAttributes", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		e := x.on()
		return e.kind == nodeElement && len(e.node.Attrs) > 0
	}),
	readerLine("string GetAttribute(string)", func(m *clr.Machine, x *reader, a []clr.Value) clr.Value {
		if e := x.on(); e.kind == nodeElement {
			m.Work(len(e.node.Attrs) / 16)
			for _, b := range e.node.Attrs {
				if qualified(b.Prefix, b.Name.Local) == str(a[1]) {
					return b.Value
				}
			}
		}
		return nil
	}),
	readerLine("bool MoveToFirstAttribute()", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.toAttribute(0) }),
	readerLine("bool MoveToNextAttribute()", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value { return x.toAttribute(x.attr + 1) }),
	readerLine("bool MoveToElement()", func(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value {
		was := x.attr >= 0
		x.attr = -1
		return was
	}),
	readerLine("void Close()", closeReader), readerLine("void Dispose()", closeReader),
}

func closeReader(_ *clr.Machine, x *reader, _ []clr.Value) clr.Value {
	x.closed = true
	return nil
}

func (x *reader) toAttribute(i int) clr.Value {
	e := x.on()
	if e.kind != nodeElement || i >= len(e.node.Attrs) {
		return false
	}
	x.attr = i
	return true
}

// markup gives the text of the node under the reader and goes past it.
func (x *reader) markup(m *clr.Machine, inner bool) clr.Value {
	e := x.on()
	if e.node == nil || e.kind == nodeEndElement {
		x.read(m)
		return ""
	}
	nodes := []*xmltree.Node{e.node}
	if inner {
		if e.kind != nodeElement {
			x.read(m)
			return ""
		}
		nodes = e.node.Children
	}
	s := joined(m, nodes)
	x.skip(m)
	return s
}

// joined writes nodes one after the other, with the prefixes that they carry.
func joined(m *clr.Machine, nodes []*xmltree.Node) string {
	var out string
	if len(nodes) == 1 {
		return text(m, nodes[0], xmltree.Layout{Prefixes: true}).(string)
	}
	parts := make([]byte, 0, 64)
	for _, n := range nodes {
		parts = append(parts, text(m, n, xmltree.Layout{Prefixes: true}).(string)...)
	}
	out = string(parts)
	m.Grow(len(out))
	return out
}
