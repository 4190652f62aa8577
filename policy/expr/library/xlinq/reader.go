package xlinq

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

var typeXMLReader = clr.Class("System.Xml.XmlReader")

// event is one node that an XmlReader stands on.
type event struct {
	kind  int32
	node  *xmltree.Node // of an element, its end, and of leaves
	depth int
	decl  *xmltree.Declaration
}

// reader is an XmlReader over a text that was read whole.
type reader struct {
	events []event
	at     int // -1 before the first Read
	attr   int // the attribute that MoveToAttribute stands on, -1 for none
	closed bool
}

// RuntimeType names the .NET type.
func (*reader) RuntimeType() *clr.Type { return typeXMLReader }

// rest is met by the library's text readers.
type rest interface {
	ReadToEnd(m *clr.Machine) string
}

func newReader(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	need(m, a[0], "input")
	r, ok := a[0].(rest)
	if !ok {
		m.Throw(clr.TypeNotSupported, "Specified method is not supported.")
	}
	doc := parse(m, r.ReadToEnd(m), true)
	x := &reader{at: -1, attr: -1}
	if doc.Declared != nil {
		x.events = append(x.events, event{kind: nodeDeclaration, decl: doc.Declared})
	}
	x.list(m, doc, 0)
	return x
}

func (x *reader) list(m *clr.Machine, n *xmltree.Node, depth int) {
	for _, c := range n.Children {
		m.Step()
		m.Grow(48)
		kind := kindNumbers[c.Kind]
		if c.Kind == xmltree.Text && xmltree.Blank(c.Value) {
			kind = nodeSpace
		}
		x.events = append(x.events, event{kind: kind, node: c, depth: depth})
		if c.Kind == xmltree.Element && (len(c.Children) > 0 || c.Open) {
			x.list(m, c, depth+1)
			x.events = append(x.events, event{kind: nodeEndElement, node: c, depth: depth})
		}
	}
}

// on gives the event under the reader; a zero one before and behind all.
func (x *reader) on() event {
	if x.closed || x.at < 0 || x.at >= len(x.events) {
		return event{}
	}
	return x.events[x.at]
}

func (x *reader) read(m *clr.Machine) bool {
	m.Step()
	x.attr = -1
	if x.at < len(x.events) {
		x.at++
	}
	return !x.closed && x.at < len(x.events)
}

func (x *reader) eof() bool { return x.at >= len(x.events) }

// moveToContent passes over comments, instructions and white space.
func (x *reader) moveToContent(m *clr.Machine) int32 {
	x.attr = -1
	if x.at < 0 {
		x.read(m)
	}
	for !x.eof() {
		switch k := x.on().kind; k {
		case nodeElement, nodeText, nodeCDATA, nodeEndElement:
			return k
		}
		x.read(m)
	}
	return 0
}

// skip goes past the element under the reader with all in it.
func (x *reader) skip(m *clr.Machine) {
	e := x.on()
	if e.kind == nodeElement && (len(e.node.Children) > 0 || e.node.Open) {
		for x.read(m) {
			if x.on().kind == nodeEndElement && x.on().node == e.node {
				break
			}
		}
	}
	x.read(m)
}

func (x *reader) attribute() *xmltree.Attr {
	if e := x.on(); x.attr >= 0 && e.node != nil && x.attr < len(e.node.Attrs) {
		return e.node.Attrs[x.attr]
	}
	return nil
}

func qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

// name gives a part of the name under the reader.
func (x *reader) name(part string) string {
	prefix, name := "", xmltree.Name{}
	e := x.on()
	switch a := x.attribute(); {
	case a != nil:
		prefix, name = a.Prefix, a.Name
	case e.kind == nodeDeclaration:
		name.Local = "xml"
	case e.node != nil:
		prefix, name = e.node.Prefix, e.node.Name
	}
	switch part {
	case "prefix":
		return prefix
	case "local":
		return name.Local
	case "space":
		return name.Space
	}
	return qualified(prefix, name.Local)
}

func (x *reader) value() string {
	if a := x.attribute(); a != nil {
		return a.Value
	}
	switch e := x.on(); e.kind {
	case nodeText, nodeCDATA, nodeComment, nodeInstruction, nodeSpace:
		return e.node.Value
	case nodeDeclaration:
		s := e.decl.String()
		return s[len("<?xml ") : len(s)-len("?>")]
	}
	return ""
}

// readFrom is XNode.ReadFrom: the node under the reader, which goes past it.
func readFrom(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	need(m, a[0], "reader")
	x := a[0].(*reader)
	e := x.on()
	if e.node == nil || e.kind == nodeEndElement {
		m.Throw(clr.TypeInvalidOperation, "The XmlReader state should be Interactive.")
	}
	n := e.node.Clone(m)
	x.skip(m)
	return show(n)
}

// elementText reads the text of the element under the reader and goes past it.
func (x *reader) elementText(m *clr.Machine) string {
	e := x.on()
	if e.kind != nodeElement {
		m.Throw(clr.TypeInvalidOperation, "The ReadElementContentAsString method is not supported on node type "+nodeType(e.kind).(clr.Enum).String()+".")
	}
	s := valueOf(m, e.node).(string)
	x.skip(m)
	return s
}

// to goes forward to an element of a name.
func (x *reader) to(m *clr.Machine, name string, until func() bool) bool {
	for x.read(m) {
		if until() {
			return false
		}
		if x.on().kind == nodeElement && x.name("") == name {
			return true
		}
	}
	return false
}
