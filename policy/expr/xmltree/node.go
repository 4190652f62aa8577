package xmltree

import "strings"

// Kind is the kind of a node.
type Kind uint8

// The kinds of nodes.
const (
	Document Kind = iota + 1
	Element
	Text
	CDATA
	Comment
	Instruction
)

// The namespaces that XML itself reserves.
const (
	SpaceXML   = "http://www.w3.org/XML/1998/namespace"
	SpaceXMLNS = "http://www.w3.org/2000/xmlns/"
)

// Name is an expanded name: a namespace, which may be empty, and a local name.
type Name struct{ Space, Local string }

// String spells the name as XName does: {space}local.
func (n Name) String() string {
	if n.Space == "" {
		return n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// Attr is an attribute. A declaration of a namespace is one in SpaceXMLNS with the
// prefix as local name, or, for the default namespace, one named xmlns without a
// namespace. Face belongs to whoever shows the attribute; this package leaves it.
type Attr struct {
	Name   Name
	Prefix string
	Value  string
	Parent *Node
	Face   any
}

// Declares gives the prefix that a declaration of a namespace declares.
func (a *Attr) Declares() (prefix string, ok bool) {
	switch {
	case a.Name.Space == SpaceXMLNS && a.Name.Local != "xmlns":
		return a.Name.Local, true
	case a.Name.Local == "xmlns" && (a.Name.Space == "" || a.Name.Space == SpaceXMLNS):
		return "", true
	}
	return "", false
}

// Declaration is the <?xml …?> of a document; absent parts are empty.
type Declaration struct{ Version, Encoding, Standalone string }

// Node is a node of a tree. Local is a processing instruction's target; Value is
// the text of all kinds but Document and Element.
type Node struct {
	Kind     Kind
	Name     Name
	Prefix   string
	Value    string
	Attrs    []*Attr
	Children []*Node
	Parent   *Node
	// Open keeps the end tag of an element that holds nothing: <a></a>.
	Open bool
	// Declared is a document's declaration, nil where it has none.
	Declared *Declaration
	// Face belongs to whoever shows the node; this package leaves it.
	Face any
}

// NewElement makes an element.
func NewElement(name Name) *Node { return &Node{Kind: Element, Name: name} }

// Index gives a node's place among its parent's children, -1 without a parent.
func (n *Node) Index() int {
	if n.Parent == nil {
		return -1
	}
	for i, c := range n.Parent.Children {
		if c == n {
			return i
		}
	}
	return -1
}

// Insert puts a node without a parent among the children.
func (n *Node) Insert(at int, c *Node) {
	n.Children = append(n.Children, nil)
	copy(n.Children[at+1:], n.Children[at:])
	n.Children[at] = c
	c.Parent = n
	n.Open = false
}

// Append puts a node without a parent behind the children.
func (n *Node) Append(c *Node) {
	n.Children = append(n.Children, c)
	c.Parent = n
	n.Open = false
}

// Remove takes the node out of its parent.
func (n *Node) Remove() {
	i := n.Index()
	if i < 0 {
		return
	}
	p := n.Parent
	// A fresh slice: whoever walks the old one is not disturbed.
	p.Children = append(p.Children[:i:i], p.Children[i+1:]...)
	n.Parent = nil
}

// Clear takes all children out.
func (n *Node) Clear() {
	for _, c := range n.Children {
		c.Parent = nil
	}
	n.Children, n.Open = nil, false
}

// Attr finds an attribute by its expanded name.
func (n *Node) Attr(name Name) *Attr {
	for _, a := range n.Attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// AppendAttr puts an attribute without a parent behind the others.
func (n *Node) AppendAttr(a *Attr) {
	n.Attrs = append(n.Attrs, a)
	a.Parent = n
}

// Remove takes the attribute out of its element.
func (a *Attr) Remove() {
	p := a.Parent
	if p == nil {
		return
	}
	for i, b := range p.Attrs {
		if a == b {
			p.Attrs = append(p.Attrs[:i:i], p.Attrs[i+1:]...)
			break
		}
	}
	a.Parent = nil
}

// Root gives the element of a document, nil where it has none.
func (n *Node) Root() *Node {
	for _, c := range n.Children {
		if c.Kind == Element {
			return c
		}
	}
	return nil
}

// Text gives the text of all descendants in order: an element's value.
func (n *Node) Text() string {
	if n.Kind != Element && n.Kind != Document {
		return n.Value
	}
	if len(n.Children) == 1 && n.Children[0].Kind == Text {
		return n.Children[0].Value
	}
	var b strings.Builder
	n.text(&b)
	return b.String()
}

func (n *Node) text(b *strings.Builder) {
	for _, c := range n.Children {
		switch c.Kind {
		case Text, CDATA:
			b.WriteString(c.Value)
		case Element:
			c.text(b)
		}
	}
}

// nodeBytes is what a node or attribute costs beside its text.
const nodeBytes = 160

// Clone copies a node with all below it, without its parent, and charges b.
func (n *Node) Clone(b Budget) *Node {
	b.Grow(nodeBytes + len(n.Value))
	c := &Node{Kind: n.Kind, Name: n.Name, Prefix: n.Prefix, Value: n.Value, Open: n.Open}
	if n.Declared != nil {
		d := *n.Declared
		c.Declared = &d
	}
	for _, a := range n.Attrs {
		b.Grow(nodeBytes)
		c.AppendAttr(&Attr{Name: a.Name, Prefix: a.Prefix, Value: a.Value})
	}
	open := c.Open
	for _, k := range n.Children {
		c.Append(k.Clone(b))
	}
	c.Open = open
	return c
}

// Budget is charged for work, in steps, and for memory, in bytes. It ends what
// costs too much with a panic of its own.
type Budget interface {
	Work(steps int)
	Grow(bytes int)
}

// Free is a Budget without an end, for trees whose size is bounded already.
type Free struct{}

// Work charges nothing.
func (Free) Work(int) {}

// Grow charges nothing.
func (Free) Grow(int) {}

// SpaceOf finds the namespace that a prefix stands for at the node.
func (n *Node) SpaceOf(prefix string) (space string, ok bool) {
	switch prefix {
	case "xml":
		return SpaceXML, true
	case "xmlns":
		return SpaceXMLNS, true
	}
	for e := n; e != nil; e = e.Parent {
		for _, a := range e.Attrs {
			if p, is := a.Declares(); is && p == prefix {
				return a.Value, true
			}
		}
	}
	return "", prefix == ""
}

// PrefixOf finds a prefix for a namespace at the node; the empty one, of the
// default namespace, only where byDefault is set.
func (n *Node) PrefixOf(space string, byDefault bool) (prefix string, ok bool) {
	switch space {
	case SpaceXML:
		return "xml", true
	case SpaceXMLNS:
		return "xmlns", true
	}
	var hidden []string
	for e := n; e != nil; e = e.Parent {
		for i := len(e.Attrs) - 1; i >= 0; i-- {
			p, is := e.Attrs[i].Declares()
			if !is || within(hidden, p) {
				continue
			}
			if e.Attrs[i].Value == space && (byDefault || p != "") {
				return p, true
			}
			hidden = append(hidden, p)
		}
	}
	return "", space == "" && byDefault && !within(hidden, "")
}

func within(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
