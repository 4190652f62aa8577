package xmljson

import (
	"slices"
	"strings"
	"unicode/utf8"

	"stile/policy/expr/xmltree"
)

// SpaceJSON is the namespace of attributes that steer Newtonsoft's conversion.
const SpaceJSON = "http://james.newtonking.com/projects/json"

// Style says how a tree is written as JSON.
type Style struct {
	// Indent lays the JSON out over lines, two spaces a level.
	Indent bool
	// OmitRoot writes the root element's value alone.
	OmitRoot bool
	// Attribute stands before the names of attributes, Colon for the colon of names.
	Attribute, Colon string
	// Text is the name of text beside other content; Merge makes one text of all of
	// an element's, and drops comments and instructions.
	Text  string
	Merge bool
	// Arrays makes an array of every child element.
	Arrays bool
	// Version writes a declaration's parts as members of the document itself.
	Version bool
}

// Newtonsoft is the style of JsonConvert.SerializeXNode and SerializeXmlNode.
var Newtonsoft = Style{Attribute: "@", Colon: ":", Text: "#text"}

// Direct and Friendly are the styles of the policy xml-to-json.
var (
	Direct   = Style{Attribute: "@", Colon: "$", Text: "#text", Merge: true, Version: true}
	Friendly = Style{Attribute: "", Colon: "$", Text: "$t", Merge: true, Version: true}
)

// Write gives the JSON of a document or of one node.
func Write(n *xmltree.Node, s Style, b xmltree.Budget) string {
	w := &writer{style: s, budget: b}
	switch {
	case n.Kind == xmltree.Document && s.OmitRoot && n.Root() != nil:
		w.value(n.Root())
	case n.Kind == xmltree.Document:
		w.document(n)
	case n.Kind == xmltree.Element && s.OmitRoot:
		w.value(n)
	default:
		w.open('{')
		w.group([]*xmltree.Node{n}, false)
		w.close('}')
	}
	b.Grow(len(w.b))
	return string(w.b)
}

type writer struct {
	b      []byte
	style  Style
	budget xmltree.Budget
	depth  int
	some   bool // an item stands before in the object or array that is open
}

func (w *writer) open(c byte) {
	w.b = append(w.b, c)
	w.depth++
	w.some = false
}

func (w *writer) close(c byte) {
	w.depth--
	if w.some {
		w.line()
	}
	w.b = append(w.b, c)
	w.some = true
}

func (w *writer) line() {
	if w.style.Indent {
		w.b = append(w.b, '\n')
		for i := 0; i < w.depth; i++ {
			w.b = append(w.b, ' ', ' ')
		}
	}
}

// item begins a member or an array's item.
func (w *writer) item() {
	if w.some {
		w.b = append(w.b, ',')
	}
	w.line()
	w.some = true
}

func (w *writer) name(s string) {
	w.item()
	w.b = appendString(w.b, s)
	w.b = append(w.b, ':')
	if w.style.Indent {
		w.b = append(w.b, ' ')
	}
}

// text writes a string, charged as it grows.
func (w *writer) text(s string) {
	w.budget.Work(1 + len(s)/64)
	w.b = appendString(w.b, s)
}

func (w *writer) document(n *xmltree.Node) {
	w.open('{')
	if d := n.Declared; d != nil {
		w.declaration(d)
	}
	w.children(n)
	w.close('}')
}

func (w *writer) declaration(d *xmltree.Declaration) {
	parts := [][2]string{{"version", d.Version}, {"encoding", d.Encoding}, {"standalone", d.Standalone}}
	prefix := ""
	if !w.style.Version {
		w.name("?xml")
		w.open('{')
		prefix = "@"
	}
	for _, p := range parts {
		if p[1] != "" {
			w.name(prefix + p[0])
			w.text(p[1])
		}
	}
	if !w.style.Version {
		w.close('}')
	}
}

// property is the member's name that a node goes under; nodes of one name make an array.
func (w *writer) property(n *xmltree.Node) string {
	switch n.Kind {
	case xmltree.Element:
		return w.qualified(n, n.Prefix, n.Name)
	case xmltree.CDATA:
		if !w.style.Merge {
			return "#cdata-section"
		}
		return w.style.Text
	case xmltree.Comment:
		return "#comment"
	case xmltree.Instruction:
		return "?" + n.Name.Local
	}
	return w.style.Text
}

// qualified spells a name with the prefix that counts where it stands.
func (w *writer) qualified(at *xmltree.Node, prefix string, name xmltree.Name) string {
	if prefix == "" && name.Space != "" {
		for p := at; p != nil; p = p.Parent {
			w.budget.Work(1 + len(p.Attrs))
		}
		prefix, _ = at.PrefixOf(name.Space, true)
	}
	if prefix == "" {
		return name.Local
	}
	return prefix + w.style.Colon + name.Local
}

// children writes an element's content, nodes of one name together.
func (w *writer) children(n *xmltree.Node) {
	groups := make(map[string][]*xmltree.Node, len(n.Children))
	var order []string
	for _, c := range n.Children {
		w.budget.Work(1)
		if w.style.Merge && (c.Kind == xmltree.Comment || c.Kind == xmltree.Instruction) {
			continue
		}
		p := w.property(c)
		if groups[p] == nil {
			order = append(order, p)
		}
		w.budget.Grow(32)
		groups[p] = append(groups[p], c)
	}
	for _, p := range order {
		w.group(groups[p], n.Kind == xmltree.Element)
	}
}

// group writes the nodes of one name; inside says that they are an element's.
func (w *writer) group(list []*xmltree.Node, inside bool) {
	first := list[0]
	if w.style.Merge && (first.Kind == xmltree.Text || first.Kind == xmltree.CDATA) {
		var all strings.Builder
		for _, n := range list {
			all.WriteString(n.Value)
		}
		w.name(w.style.Text)
		w.text(all.String())
		return
	}
	if len(list) == 1 && first.Kind == xmltree.Comment {
		w.comment(first)
		return
	}
	w.name(w.property(first))
	if len(list) == 1 && !array(first) && !(inside && w.style.Arrays && first.Kind == xmltree.Element) {
		w.value(first)
		return
	}
	w.open('[')
	for _, n := range list {
		if n.Kind == xmltree.Comment {
			continue
		}
		w.item()
		w.value(n)
	}
	w.close(']')
}

// comment writes a comment as Newtonsoft does: no member, and no comma.
func (w *writer) comment(n *xmltree.Node) {
	w.b = append(append(append(w.b, "/*"...), strings.ReplaceAll(n.Value, "*/", "* /")...), "*/"...)
}

// array tells an element that asks for an array with json:Array.
func array(n *xmltree.Node) bool {
	a := n.Attr(xmltree.Name{Space: SpaceJSON, Local: "Array"})
	return a != nil && (strings.EqualFold(a.Value, "true") || a.Value == "1")
}

// steers tells the attributes that are no data.
func steers(a *xmltree.Attr) bool {
	_, ns := a.Declares()
	return a.Name.Space == SpaceJSON || ns && a.Value == SpaceJSON
}

func (w *writer) value(n *xmltree.Node) {
	w.budget.Work(1)
	if n.Kind != xmltree.Element {
		w.text(n.Value)
		return
	}
	data := slices.ContainsFunc(n.Attrs, func(a *xmltree.Attr) bool { return !steers(a) })
	switch {
	case !data && len(n.Children) == 1 && n.Children[0].Kind == xmltree.Text,
		!data && w.style.Merge && len(n.Children) > 0 && !slices.ContainsFunc(n.Children, func(c *xmltree.Node) bool {
			return c.Kind != xmltree.Text && c.Kind != xmltree.CDATA
		}):
		w.text(n.Text())
	case len(n.Attrs) == 0 && len(n.Children) == 0 && n.Open:
		w.text("")
	case len(n.Attrs) == 0 && len(n.Children) == 0:
		w.b = append(w.b, "null"...)
	default:
		w.open('{')
		for _, a := range n.Attrs {
			if !steers(a) {
				w.name(w.style.Attribute + w.attribute(n, a))
				w.text(a.Value)
			}
		}
		w.children(n)
		w.close('}')
	}
}

func (w *writer) attribute(n *xmltree.Node, a *xmltree.Attr) string {
	if p, ok := a.Declares(); ok {
		if p == "" {
			return "xmlns"
		}
		return "xmlns" + w.style.Colon + p
	}
	if a.Name.Space == "" {
		return a.Name.Local
	}
	prefix := a.Prefix
	if prefix == "" {
		w.budget.Work(len(n.Attrs))
		prefix, _ = n.PrefixOf(a.Name.Space, false)
	}
	return w.qualified(n, prefix, a.Name)
}

func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x80 {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch r {
			case 0x85, 0x2028, 0x2029:
				b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
			default:
				b = utf8.AppendRune(b, r)
			}
			i += n
			continue
		}
		i++
		if k := strings.IndexByte("\"\\\n\r\t\b\f", c); k >= 0 {
			b = append(b, '\\', "\"\\nrtbf"[k])
		} else if c < 0x20 {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return append(b, '"')
}
