package xlinq

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

func attrLine(sig string, f func(m *clr.Machine, x *xmltree.Attr, a []clr.Value) clr.Value) clr.MemberSpec {
	return clr.Line(sig, func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(m, attrOf(a[0]), a) })
}

func attributeMembers() []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("new(XName, object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			name := nameArg(m, a[0])
			need(m, a[1], "value")
			s := valueText(m, a[1])
			m.Grow(160 + len(s))
			return showAttr(&xmltree.Attr{Name: name, Value: s})
		}),
		clr.Line("new(XAttribute)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			need(m, a[0], "other")
			x := attrOf(a[0])
			m.Grow(160)
			return showAttr(&xmltree.Attr{Name: x.Name, Value: x.Value})
		}),
		attrLine("XName Name", func(_ *clr.Machine, x *xmltree.Attr, _ []clr.Value) clr.Value { return xname(x.Name) }),
		attrLine("string Value", func(_ *clr.Machine, x *xmltree.Attr, _ []clr.Value) clr.Value { return x.Value }),
		attrLine("set string Value", func(m *clr.Machine, x *xmltree.Attr, a []clr.Value) clr.Value {
			need(m, a[1], "value")
			x.Value = a[1].(string)
			return nil
		}),
		attrLine("void SetValue(object)", func(m *clr.Machine, x *xmltree.Attr, a []clr.Value) clr.Value {
			need(m, a[1], "value")
			x.Value = valueText(m, a[1])
			m.Grow(len(x.Value))
			return nil
		}),
		attrLine("bool IsNamespaceDeclaration", func(_ *clr.Machine, x *xmltree.Attr, _ []clr.Value) clr.Value {
			_, ok := x.Declares()
			return ok
		}),
		attrLine("XAttribute NextAttribute", func(m *clr.Machine, x *xmltree.Attr, _ []clr.Value) clr.Value { return besideAttr(m, x, 1) }),
		attrLine("XAttribute PreviousAttribute", func(m *clr.Machine, x *xmltree.Attr, _ []clr.Value) clr.Value { return besideAttr(m, x, -1) }),
		attrLine("void Remove()", func(m *clr.Machine, x *xmltree.Attr, _ []clr.Value) clr.Value { removeAttr(m, x); return nil }),
		attrLine("string ToString()", func(m *clr.Machine, x *xmltree.Attr, _ []clr.Value) clr.Value { return m.Text(xmltree.WriteAttr(x)) }),
	}
}

func besideAttr(m *clr.Machine, x *xmltree.Attr, by int) clr.Value {
	if x.Parent == nil {
		return nil
	}
	list := x.Parent.Attrs
	m.Work(len(list) / 16)
	for i, a := range list {
		if k := i + by; a == x && k >= 0 && k < len(list) {
			return showAttr(list[k])
		}
	}
	return nil
}

// leaf makes the constructors and the text property of a kind of node.
func leaf(kind xmltree.Kind, owner, property string) []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("new(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			need(m, a[0], "value")
			m.Grow(160)
			return show(&xmltree.Node{Kind: kind, Value: a[0].(string)})
		}),
		clr.Line("new("+owner+")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			need(m, a[0], "other")
			return show(treeOf(a[0]).Clone(m))
		}),
		line("string "+property, func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return n.Value }),
		line("set string "+property, func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
			need(m, a[1], "value")
			n.Value = a[1].(string)
			return nil
		}),
	}
}

var (
	textMembers        = leaf(xmltree.Text, "XText", "Value")
	cdataMembers       = leaf(xmltree.CDATA, "XCData", "Value")
	commentMembers     = leaf(xmltree.Comment, "XComment", "Value")
	instructionMembers = []clr.MemberSpec{
		clr.Line("new(string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			need(m, a[0], "target")
			need(m, a[1], "data")
			verify(m, a[0].(string))
			m.Grow(160)
			return show(&xmltree.Node{Kind: xmltree.Instruction, Name: xmltree.Name{Local: a[0].(string)}, Value: a[1].(string)})
		}),
		line("string Target", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return n.Name.Local }),
		line("string Data", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return n.Value }),
		line("set string Data", func(m *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
			need(m, a[1], "value")
			n.Value = a[1].(string)
			return nil
		}),
	}
)

// declaration is an XDeclaration: a reference, as in .NET.
type declaration struct{ d *xmltree.Declaration }

func (*declaration) RuntimeType() *clr.Type { return typeXDeclaration }

func (d *declaration) String() string { return d.d.String() }

func orNull(s string) clr.Value {
	if s == "" {
		return nil
	}
	return s
}

func declarationLine(name string, part func(d *xmltree.Declaration) *string) []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("string "+name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return orNull(*part(a[0].(*declaration).d))
		}),
		clr.Line("set string "+name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			*part(a[0].(*declaration).d) = str(a[1])
			return nil
		}),
	}
}

var declarationMembers = concat([]clr.MemberSpec{
	clr.Line("new(string, string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		m.Grow(64)
		return &declaration{&xmltree.Declaration{Version: str(a[0]), Encoding: str(a[1]), Standalone: str(a[2])}}
	}),
	clr.Line("new(XDeclaration)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "other")
		m.Grow(64)
		d := *a[0].(*declaration).d
		return &declaration{&d}
	}),
},
	declarationLine("Version", func(d *xmltree.Declaration) *string { return &d.Version }),
	declarationLine("Encoding", func(d *xmltree.Declaration) *string { return &d.Encoding }),
	declarationLine("Standalone", func(d *xmltree.Declaration) *string { return &d.Standalone }))

func newDocument(m *clr.Machine, declared clr.Value, values []clr.Value) clr.Value {
	n := &xmltree.Node{Kind: xmltree.Document}
	if d, ok := declared.(*declaration); ok {
		n.Declared = d.d
	}
	m.Grow(160)
	addTo(m, n, values...)
	return show(n)
}

var documentMembers = []clr.MemberSpec{
	clr.Line("new()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value { return newDocument(m, nil, nil) }),
	clr.Line("new(params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return newDocument(m, nil, items(a[0])) }),
	clr.Line("new(XDeclaration, params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return newDocument(m, a[0], items(a[1]))
	}),
	clr.Line("new(XDocument)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "other")
		return show(treeOf(a[0]).Clone(m))
	}),
	clr.Line("static XDocument Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "s")
		return show(parse(m, a[0].(string), false))
	}),
	clr.Line("static XDocument Parse(string, LoadOptions)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "text")
		return show(parse(m, a[0].(string), a[1].(clr.Enum).N&1 != 0))
	}),
	line("XElement Root", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value { return show(n.Root()) }),
	line("XDeclaration Declaration", func(_ *clr.Machine, n *xmltree.Node, _ []clr.Value) clr.Value {
		if n.Declared == nil {
			return nil
		}
		return &declaration{n.Declared}
	}),
	line("set XDeclaration Declaration", func(_ *clr.Machine, n *xmltree.Node, a []clr.Value) clr.Value {
		n.Declared = nil
		if d, ok := a[1].(*declaration); ok {
			n.Declared = d.d
		}
		return nil
	}),
}
