package xmltree

import (
	"strconv"
	"strings"
)

// Layout says how a tree is written.
type Layout struct {
	// Indent puts elements on lines of their own, two spaces a level, where their
	// parent holds no text.
	Indent bool
	// Prefixes writes the prefixes that the nodes carry, as XmlDocument does. Else
	// they are found by namespace from the declarations around, as XElement does.
	Prefixes bool
	// Declaration writes a document's declaration.
	Declaration bool
}

// Write gives the text of a node; err tells of a character that XML cannot hold.
func Write(n *Node, l Layout) (text string, err error) {
	w := &writer{layout: l}
	w.scopes = append(w.scopes, declared{}, declared{"xmlns", SpaceXMLNS, written}, declared{"xml", SpaceXML, written})
	if l.Declaration && n.Declared != nil {
		w.b = append(w.b, n.Declared.String()...)
		w.line()
	}
	var above []*Node
	for p := n.Parent; p != nil; p = p.Parent {
		above = append(above, p)
	}
	for i := len(above) - 1; i >= 0; i-- {
		w.declares(above[i])
	}
	w.node(n)
	return string(w.b), w.err
}

// WriteAttr gives name="value" as XAttribute.ToString does.
func WriteAttr(a *Attr) string {
	prefix := ""
	if a.Name.Space != "" {
		if a.Parent != nil {
			prefix, _ = a.Parent.PrefixOf(a.Name.Space, false)
		} else if a.Name.Space == SpaceXML || a.Name.Space == SpaceXMLNS {
			prefix, _ = (&Node{}).PrefixOf(a.Name.Space, false)
		} else {
			prefix = "p1"
		}
	}
	w := &writer{}
	if prefix != "" {
		w.b = append(append(w.b, prefix...), ':')
	}
	w.b = append(append(w.b, a.Name.Local...), '=', '"')
	w.value(a.Value)
	w.b = append(w.b, '"')
	if prefix == "p1" && a.Parent == nil {
		w.b = append(append(append(w.b, ` xmlns:p1="`...), a.Name.Space...), '"')
	}
	return string(w.b)
}

// String spells the declaration as it stands in a document.
func (d *Declaration) String() string {
	s := `<?xml version="` + orElse(d.Version, "1.0") + `"`
	if d.Encoding != "" {
		s += ` encoding="` + d.Encoding + `"`
	}
	if d.Standalone != "" {
		s += ` standalone="` + d.Standalone + `"`
	}
	return s + "?>"
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// state tells whether a namespace is declared by what was written.
type state uint8

const (
	implied state = iota
	written
	owed
)

type declared struct {
	prefix, space string
	state         state
}

type writer struct {
	b      []byte
	layout Layout
	// scopes are the prefixes of the tags that were written and are not ended.
	scopes []declared
	// decls are the declarations of the tree around, the nearest last.
	decls []declared
	depth int
	mixed bool
	err   error
}

func (w *writer) line() {
	if w.layout.Indent && !w.mixed && len(w.b) > 0 {
		w.b = append(w.b, '\n')
		for i := 0; i < w.depth; i++ {
			w.b = append(w.b, ' ', ' ')
		}
	}
}

func (w *writer) node(n *Node) {
	switch n.Kind {
	case Document:
		for _, c := range n.Children {
			w.node(c)
		}
	case Element:
		w.element(n)
	case Text:
		w.mixed = true
		w.text(n.Value)
	case CDATA:
		w.mixed = true
		// A ]]> inside ends one section and begins another.
		w.b = append(append(append(w.b, "<![CDATA["...), strings.ReplaceAll(n.Value, "]]>", "]]]]><![CDATA[>")...), "]]>"...)
	case Comment:
		w.line()
		w.b = append(append(append(w.b, "<!--"...), n.Value...), "-->"...)
	case Instruction:
		w.line()
		w.b = append(append(w.b, "<?"...), n.Name.Local...)
		if n.Value != "" {
			w.b = append(append(w.b, ' '), n.Value...)
		}
		w.b = append(w.b, "?>"...)
	}
}

func (w *writer) element(n *Node) {
	w.line()
	mixed, scopes, decls := w.mixed, len(w.scopes), len(w.decls)
	w.declares(n)
	prefix := w.prefix(n)
	w.b = append(w.b, '<')
	w.tag(prefix, n.Name.Local)
	w.push(prefix, n.Name.Space, scopes)
	for _, a := range n.Attrs {
		w.attribute(a, scopes)
	}
	w.settle(scopes)
	if len(n.Children) == 0 && !n.Open {
		w.b = append(w.b, " />"...)
	} else {
		w.b = append(w.b, '>')
		w.depth++
		before := len(w.b)
		for _, c := range n.Children {
			w.node(c)
		}
		w.depth--
		if len(w.b) > before {
			w.line()
		}
		w.b = append(w.b, '<', '/')
		w.tag(prefix, n.Name.Local)
		w.b = append(w.b, '>')
	}
	w.mixed, w.scopes, w.decls = mixed, w.scopes[:scopes], w.decls[:decls]
}

func (w *writer) tag(prefix, local string) {
	if prefix != "" {
		w.b = append(append(w.b, prefix...), ':')
	}
	w.b = append(w.b, local...)
}

// prefix chooses an element's prefix.
func (w *writer) prefix(n *Node) string {
	if w.layout.Prefixes {
		return n.Prefix
	}
	if p, ok := w.inTree(n.Name.Space, true); ok || n.Name.Space == "" {
		return p
	}
	p, _ := w.inTags(n.Name.Space, true)
	return p
}

// maxLook bounds how many declarations a name looks through; what lies further
// out is declared again.
const maxLook = 1024

// declares notes what a node declares.
func (w *writer) declares(n *Node) {
	for _, a := range n.Attrs {
		if p, ok := a.Declares(); ok {
			w.decls = append(w.decls, declared{prefix: p, space: a.Value})
		}
	}
}

// inTree finds a prefix among the declarations around.
func (w *writer) inTree(space string, byDefault bool) (string, bool) {
	return nearest(w.decls, space, byDefault)
}

// inTags finds a prefix among those that were written.
func (w *writer) inTags(space string, byDefault bool) (string, bool) {
	return nearest(w.scopes, space, byDefault)
}

func nearest(list []declared, space string, byDefault bool) (string, bool) {
	switch space {
	case SpaceXML:
		return "xml", true
	case SpaceXMLNS:
		return "xmlns", true
	}
	list = list[max(0, len(list)-maxLook):]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].space == space && (byDefault || list[i].prefix != "") && lastOf(list, list[i].prefix) == i {
			return list[i].prefix, true
		}
	}
	return "", false
}

// lastOf gives the place of the declaration of a prefix that counts.
func lastOf(list []declared, prefix string) int {
	for i := len(list) - 1; i >= max(0, len(list)-maxLook); i-- {
		if list[i].prefix == prefix {
			return i
		}
	}
	return -1
}

// find gives the written declaration of a prefix that counts, -1 where there is none.
func (w *writer) find(prefix string) int {
	if prefix == "" && len(w.scopes) > maxLook {
		return max(0, lastOf(w.scopes, prefix))
	}
	return lastOf(w.scopes, prefix)
}

// push notes that a prefix is used for a namespace in the element whose own
// declarations begin at from.
func (w *writer) push(prefix, space string, from int) {
	i := w.find(prefix)
	switch {
	case i >= from && i >= 0:
		return
	case i >= 0 && w.scopes[i].space == space:
		w.scopes = append(w.scopes, declared{prefix, space, implied})
	default:
		w.scopes = append(w.scopes, declared{prefix, space, owed})
	}
}

func (w *writer) attribute(a *Attr, from int) {
	if p, ok := a.Declares(); ok {
		w.b = append(w.b, " xmlns"...)
		if p != "" {
			w.b = append(append(w.b, ':'), p...)
		}
		if i := w.find(p); i >= from {
			w.scopes[i].state = written
		} else {
			w.scopes = append(w.scopes, declared{p, a.Value, written})
		}
	} else {
		prefix := a.Prefix
		if !w.layout.Prefixes {
			prefix = w.attrPrefix(a)
		}
		w.b = append(w.b, ' ')
		w.tag(prefix, a.Name.Local)
		if prefix != "" {
			w.push(prefix, a.Name.Space, from)
		}
	}
	w.b = append(w.b, '=', '"')
	w.value(a.Value)
	w.b = append(w.b, '"')
}

// attrPrefix finds a prefix for an attribute, or makes one up.
func (w *writer) attrPrefix(a *Attr) string {
	if a.Name.Space == "" {
		return ""
	}
	if p, ok := w.inTree(a.Name.Space, false); ok {
		return p
	}
	if p, ok := w.inTags(a.Name.Space, false); ok {
		return p
	}
	p := "p" + strconv.Itoa(len(w.scopes)-3)
	for k := 1; w.find(p) >= 0; k++ {
		p = "p" + strconv.Itoa(len(w.scopes)-3) + strconv.Itoa(k)
	}
	return p
}

// settle writes the declarations that the tag owes, the last one first.
func (w *writer) settle(from int) {
	for i := len(w.scopes) - 1; i >= from; i-- {
		s := &w.scopes[i]
		if s.state != owed {
			continue
		}
		w.b = append(w.b, " xmlns"...)
		if s.prefix != "" {
			w.b = append(append(w.b, ':'), s.prefix...)
		}
		w.b = append(w.b, '=', '"')
		w.value(s.space)
		w.b = append(w.b, '"')
		s.state = written
	}
}
