package xlinq

import (
	"errors"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

// The types of System.Xml.Linq.
var (
	typeXName        = clr.Class("System.Xml.Linq.XName")
	typeXNamespace   = clr.Class("System.Xml.Linq.XNamespace")
	typeXObject      = clr.Class("System.Xml.Linq.XObject")
	TypeXNode        = clr.Class("System.Xml.Linq.XNode")
	typeXContainer   = clr.Class("System.Xml.Linq.XContainer")
	TypeXElement     = clr.Class("System.Xml.Linq.XElement")
	TypeXDocument    = clr.Class("System.Xml.Linq.XDocument")
	typeXAttribute   = clr.Class("System.Xml.Linq.XAttribute")
	typeXText        = clr.Class("System.Xml.Linq.XText")
	typeXCData       = clr.Class("System.Xml.Linq.XCData")
	typeXComment     = clr.Class("System.Xml.Linq.XComment")
	typeXInstruction = clr.Class("System.Xml.Linq.XProcessingInstruction")
	typeXDeclaration = clr.Class("System.Xml.Linq.XDeclaration")
	typeXExtensions  = clr.Statics("System.Xml.Linq.Extensions")
	typeSaveOptions  = clr.EnumType("System.Xml.Linq.SaveOptions")
	typeLoadOptions  = clr.EnumType("System.Xml.Linq.LoadOptions")
	typeNodeType     = clr.EnumType("System.Xml.XmlNodeType")
	typeXMLException = clr.Class("System.Xml.XmlException")
)

// Specs are the tables of this package.
func Specs() []clr.TypeSpec {
	out := []clr.TypeSpec{
		{Type: typeXName, Members: nameMembers}, {Type: typeXNamespace, Members: spaceMembers},
		{Type: typeXObject, Members: objectMembers}, {Type: TypeXNode, Bases: "XObject", Members: nodeMembers},
		{Type: typeXContainer, Bases: "XNode", Members: containerMembers},
		{Type: TypeXElement, Bases: "XContainer", Members: append(elementMembers(), casts("XElement", "element")...)},
		{Type: TypeXDocument, Bases: "XContainer", Members: documentMembers},
		{Type: typeXAttribute, Bases: "XObject", Members: append(attributeMembers(), casts("XAttribute", "attribute")...)},
		{Type: typeXText, Bases: "XNode", Members: textMembers}, {Type: typeXCData, Bases: "XText", Members: cdataMembers},
		{Type: typeXComment, Bases: "XNode", Members: commentMembers},
		{Type: typeXInstruction, Bases: "XNode", Members: instructionMembers},
		{Type: typeXDeclaration, Members: declarationMembers}, {Type: typeXExtensions, Members: extensionMembers},
		{Type: typeSaveOptions, Enum: "None=0 DisableFormatting=1 OmitDuplicateNamespaces=2"},
		{Type: typeLoadOptions, Enum: "None=0 PreserveWhitespace=1 SetBaseUri=2 SetLineInfo=4"},
		{Type: typeNodeType, Enum: "None Element Attribute Text CDATA EntityReference Entity ProcessingInstruction Comment Document " +
			"DocumentType DocumentFragment Notation Whitespace SignificantWhitespace EndElement EndEntity XmlDeclaration"},
		{Type: typeXMLException, Bases: "Exception", Members: exceptionMembers},
	}
	return append(out, domSpecs()...)
}

// The numbers of XmlNodeType that are used here.
const (
	nodeElement     = 1
	nodeAttribute   = 2
	nodeText        = 3
	nodeCDATA       = 4
	nodeInstruction = 7
	nodeComment     = 8
	nodeDocument    = 9
	nodeSpace       = 13
	nodeEndElement  = 15
	nodeDeclaration = 17
)

var kindNumbers = map[xmltree.Kind]int32{xmltree.Document: nodeDocument, xmltree.Element: nodeElement, xmltree.Text: nodeText,
	xmltree.CDATA: nodeCDATA, xmltree.Comment: nodeComment, xmltree.Instruction: nodeInstruction}

func nodeType(n int32) clr.Value { return clr.Enum{Type: typeNodeType, N: n} }

// Node is an XNode: it stays with its tree's node.
type Node struct{ n *xmltree.Node }

// Attribute is an XAttribute.
type Attribute struct{ a *xmltree.Attr }

// show gives the value of a node; null for nil.
func show(n *xmltree.Node) clr.Value {
	if n == nil {
		return nil
	}
	if n.Face == nil {
		n.Face = &Node{n}
	}
	return n.Face
}

// showAttr gives the value of an attribute; null for nil.
func showAttr(a *xmltree.Attr) clr.Value {
	if a == nil {
		return nil
	}
	if a.Face == nil {
		a.Face = &Attribute{a}
	}
	return a.Face
}

func treeOf(v clr.Value) *xmltree.Node { return v.(*Node).n }

func attrOf(v clr.Value) *xmltree.Attr { return v.(*Attribute).a }

// RuntimeType names the .NET type.
func (x *Node) RuntimeType() *clr.Type {
	switch x.n.Kind {
	case xmltree.Element:
		return TypeXElement
	case xmltree.Document:
		return TypeXDocument
	case xmltree.CDATA:
		return typeXCData
	case xmltree.Comment:
		return typeXComment
	case xmltree.Instruction:
		return typeXInstruction
	}
	return typeXText
}

// RuntimeType names the .NET type.
func (*Attribute) RuntimeType() *clr.Type { return typeXAttribute }

// String is ToString(): indented.
func (x *Node) String() string {
	s, _ := xmltree.Write(x.n, xmltree.Layout{Indent: true})
	return s
}

// String is ToString(): name="value".
func (x *Attribute) String() string { return xmltree.WriteAttr(x.a) }

// IsXML tells a value of this package that is XML of its own: set-body then
// suggests a content type.
func IsXML(v clr.Value) bool {
	switch v.(type) {
	case *Node, *domNode:
		return true
	}
	return false
}

// BodyText is what set-body sends of a value that IsXML tells: LINQ to XML's
// ToString(), or the markup of an XmlDocument or its nodes.
func BodyText(v clr.Value) string {
	if d, ok := v.(*domNode); ok {
		s, _ := xmltree.Write(d.n, xmltree.Layout{Prefixes: true})
		return s
	}
	return clr.Text(v)
}

// text writes a node; a character that XML cannot hold throws.
func text(m *clr.Machine, n *xmltree.Node, l xmltree.Layout) clr.Value {
	s, err := xmltree.Write(n, l)
	m.Grow(len(s))
	m.Work(len(s) / 16)
	if err != nil {
		m.Throw(clr.TypeArgument, err.Error()+".")
	}
	return s
}

// parse reads a document; a fault throws XmlException.
func parse(m *clr.Machine, s string, keepSpace bool) *xmltree.Node {
	m.Work(len(s) / 16)
	doc, err := xmltree.Parse(s, xmltree.Options{KeepSpace: keepSpace, Budget: m})
	if err != nil {
		var syntax *xmltree.SyntaxError
		if !errors.As(err, &syntax) {
			panic(clr.Exhausted(err.Error()))
		}
		m.Throw(typeXMLException, syntax.Error())
	}
	return doc
}

var exceptionMembers = []clr.MemberSpec{
	clr.Line("new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value {
		return &clr.Exception{Type: typeXMLException, Message: "An XML error has occurred."}
	}),
	clr.Line("new(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, _ := a[0].(string)
		return &clr.Exception{Type: typeXMLException, Message: s}
	}),
}

func need(m *clr.Machine, v clr.Value, name string) {
	if v == nil {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: "+name)
	}
}

func str(v clr.Value) string {
	s, _ := v.(string)
	return s
}

// ReadBody reads the text of a message body as one of XElement, XDocument, XNode
// and XmlDocument; ok is false where to is none of them.
func ReadBody(m *clr.Machine, body string, to *clr.Type) (v clr.Value, ok bool) {
	switch {
	case clr.Same(to, TypeXDocument):
		return show(parse(m, body, false)), true
	case clr.Same(to, TypeXElement), clr.Same(to, TypeXNode):
		return show(rootOf(parse(m, body, false))), true
	case clr.Same(to, typeXMLDocument):
		return showDOM(parse(m, body, false)), true
	}
	return nil, false
}

// BodyTypes are the types that ReadBody knows.
func BodyTypes() []*clr.Type {
	return []*clr.Type{TypeXElement, TypeXDocument, TypeXNode, typeXMLDocument}
}

// rootOf takes the root element out of its document.
func rootOf(doc *xmltree.Node) *xmltree.Node {
	root := doc.Root()
	root.Parent = nil
	return root
}

// blankOnly tells content that a document may hold.
func blankOnly(s string) bool { return strings.Trim(s, " \t\r\n") == "" }
