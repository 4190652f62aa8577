package policy

import (
	"strings"

	"stile/diag"
)

// Tree is a policy document as it was written: every element, attribute, text,
// comment and blank in order, with places. Text gives the same bytes back.
type Tree struct {
	// src is what the user wrote; text is src with named values put in, the text
	// that all offsets of nodes count in; spans maps between them.
	src   *diag.Source
	text  string
	spans []span
	// secrets are the texts of the secret named values in it.
	secrets []string
	// Nodes are the top-level nodes: the root element, and comments around it.
	Nodes []Node
}

// NodeKind says what a Node is.
type NodeKind uint8

// The kinds of nodes.
const (
	ElementNode     NodeKind = iota
	TextNode                 // characters, or one expression
	CommentNode              // <!-- … -->
	CDATANode                // <![CDATA[ … ]]>
	InstructionNode          // <? … ?> or <! … >
	StrayNode                // an end tag that ends nothing; a fault
)

// Node is one node of a Tree.
type Node struct {
	Kind NodeKind
	// Element is set for an ElementNode alone.
	Element *Element
	// content is the raw text of every other kind; for comments, CDATA and
	// instructions with their delimiters.
	content content
}

// Raw is the node's text as it is written; empty for an element.
func (n Node) Raw() string { return n.content.raw }

// Element is one element with its attributes and children, in order.
type Element struct {
	Name       string
	Attributes []*Attr
	Children   []Node

	tree   *Tree
	parent *Element
	schema *Schema // what check found it to be
	at     int     // offset of '<'
	tail   string  // what stands between the last attribute and the tag's end
	ender  string  // ">" or "/>"; empty where the tag is not ended
	// inner and innerEnd bound the content in the tree's text.
	inner, innerEnd int
	closer          string // the end tag as written, empty where there is none
}

// Attr is one attribute of an element.
type Attr struct {
	Name string
	// Value is the value with entity references decoded; for an expression the raw text.
	Value string

	tree        *Tree
	at          int    // offset of the name
	space       string // what stands before the name
	equals      string // "=" with the blanks around it
	open, close string // the quotes; empty where one is missing
	content     content
}

// content is raw text that is a literal or an expression.
type content struct {
	raw  string
	at   int // offset of raw in the tree's text
	expr bool
	// block says "@{", not "@(".
	block bool
	// from and to bound the expression between its brackets, inside raw.
	from, to int
	// xml says that entity references are decoded everywhere in the expression;
	// otherwise they are kept inside the expression's strings.
	xml     bool
	strings [][2]int // inside raw
	// plain says that nothing is decoded (CDATA).
	plain bool
}

// program gives the C# of an expression.
func (c content) program() decoded {
	raw := c.raw[c.from:c.to]
	if c.plain {
		return decoded{text: raw, base: c.at + c.from}
	}
	if c.xml {
		return decode(raw, c.at+c.from, nil)
	}
	keep := make([][2]int, 0, len(c.strings)+1)
	for _, s := range c.strings {
		keep = append(keep, [2]int{s[0] - c.from, s[1] - c.from})
	}
	return decode(raw, c.at+c.from, keep)
}

// literal gives the text of a literal.
func (c content) literal() string {
	if c.plain {
		return c.raw[len(cdataStart) : len(c.raw)-len(cdataEnd)]
	}
	return decode(c.raw, c.at, nil).text
}

const cdataStart, cdataEnd = "<![CDATA[", "]]>"

// Attr gives the attribute of that name, nil where there is none.
func (e *Element) Attr(name string) *Attr {
	for _, a := range e.Attributes {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Elements gives the child elements of that name, all of them for "".
func (e *Element) Elements(name string) []*Element {
	var out []*Element
	for _, n := range e.Children {
		if n.Kind == ElementNode && (name == "" || n.Element.Name == name) {
			out = append(out, n.Element)
		}
	}
	return out
}

// Child gives the first child element of that name, nil where there is none.
func (e *Element) Child(name string) *Element {
	for _, n := range e.Children {
		if n.Kind == ElementNode && n.Element.Name == name {
			return n.Element
		}
	}
	return nil
}

// Parent is the element around this one, nil for a root.
func (e *Element) Parent() *Element { return e.parent }

// Root is the first element of the document, nil where there is none.
func (t *Tree) Root() *Element {
	for _, n := range t.Nodes {
		if n.Kind == ElementNode {
			return n.Element
		}
	}
	return nil
}

// Text prints the tree: the bytes that it was read from.
func (t *Tree) Text() string {
	var b strings.Builder
	b.Grow(len(t.text))
	writeNodes(&b, t.Nodes)
	return b.String()
}

// Text prints the element.
func (e *Element) Text() string {
	var b strings.Builder
	e.write(&b)
	return b.String()
}

func writeNodes(b *strings.Builder, nodes []Node) {
	for _, n := range nodes {
		if n.Kind == ElementNode {
			n.Element.write(b)
			continue
		}
		b.WriteString(n.content.raw)
	}
}

func (e *Element) write(b *strings.Builder) {
	e.writeStart(b)
	writeNodes(b, e.Children)
	b.WriteString(e.closer)
}

// writeStart prints the start tag.
func (e *Element) writeStart(b *strings.Builder) {
	b.WriteByte('<')
	b.WriteString(e.Name)
	for _, a := range e.Attributes {
		b.WriteString(a.space)
		b.WriteString(a.Name)
		b.WriteString(a.equals)
		b.WriteString(a.open)
		b.WriteString(a.content.raw)
		b.WriteString(a.close)
	}
	b.WriteString(e.tail)
	b.WriteString(e.ender)
}
