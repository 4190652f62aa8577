package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"stile/diag"
)

// Parse reads a policy document, a fragment, or any piece of one, as it is
// written: named values stay {{name}}. The tree holds every byte also where the
// list has faults, so that tree.Text() equals src.Text always.
func Parse(src Source) (*Tree, diag.List) {
	t := &Tree{src: diag.NewSource(src.File, src.Text), text: src.Text}
	list := t.scan()
	return t, list.Sort()
}

// maxScanFaults ends the search for more faults in a text that is no policy document.
const maxScanFaults = 50

// scanner reads a tree's text once, left to right. Whatever is not markup is
// text; what is not well formed is reported and kept.
type scanner struct {
	tree *Tree
	s    string
	i    int
	open []*Element
	list diag.List
}

func (t *Tree) scan() diag.List {
	sc := &scanner{tree: t, s: t.text}
	for sc.i < len(sc.s) {
		sc.node()
	}
	for k := len(sc.open) - 1; k >= 0; k-- {
		e := sc.open[k]
		sc.unclosed(e)
		e.innerEnd = len(sc.s)
	}
	return sc.list
}

func (sc *scanner) fault(at, width int, code, message, hint string) {
	if len(sc.list) < maxScanFaults {
		sc.list = append(sc.list, sc.tree.place(at, width, diag.Diagnostic{
			Code: code, Severity: diag.Error, Message: message, Hint: hint}))
	}
}

func (sc *scanner) unclosed(e *Element) {
	sc.fault(e.at, len(e.Name)+1, CodeMarkup, fmt.Sprintf("element <%s> is not closed", e.Name),
		fmt.Sprintf("add </%s>, or end the tag with \"/>\"", e.Name))
}

func (sc *scanner) add(n Node) {
	if len(sc.open) == 0 {
		sc.tree.Nodes = append(sc.tree.Nodes, n)
		return
	}
	e := sc.open[len(sc.open)-1]
	e.Children = append(e.Children, n)
}

func (sc *scanner) node() {
	rest := sc.s[sc.i:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		sc.raw(CommentNode, 4, "-->", "comment")
	case strings.HasPrefix(rest, cdataStart):
		sc.raw(CDATANode, len(cdataStart), cdataEnd, "CDATA section")
	case strings.HasPrefix(rest, "<?"):
		sc.raw(InstructionNode, 2, "?>", "instruction")
	case strings.HasPrefix(rest, "<!"):
		sc.raw(InstructionNode, 2, ">", "declaration")
	case strings.HasPrefix(rest, "</"):
		sc.endTag()
	case markup(rest):
		sc.startTag()
	default:
		sc.textNode()
	}
}

// markup reports whether s begins a tag, comment or instruction.
func markup(s string) bool {
	return len(s) > 1 && s[0] == '<' && (nameStart(s[1]) || s[1] == '/' || s[1] == '!' || s[1] == '?')
}

// raw takes a node that ends with a fixed text; head is the length of its start.
func (sc *scanner) raw(kind NodeKind, head int, end, what string) {
	stop := len(sc.s)
	if n := strings.Index(sc.s[sc.i+head:], end); n >= 0 {
		stop = sc.i + head + n + len(end)
	} else {
		sc.fault(sc.i, head, CodeMarkup, what+" is not closed", "end it with "+end)
	}
	c := content{raw: sc.s[sc.i:stop], at: sc.i}
	if kind == CDATANode {
		sc.cdata(&c)
	}
	sc.add(Node{Kind: kind, content: c})
	sc.i = stop
}

func (sc *scanner) endTag() {
	start := sc.i
	stop := strings.IndexByte(sc.s[start:], '>')
	next := strings.IndexByte(sc.s[start+1:], '<')
	raw, name := sc.s[start:], ""
	if stop >= 0 && (next < 0 || stop < next+1) {
		raw = sc.s[start : start+stop+1]
		name = strings.TrimRight(raw[2:len(raw)-1], " \t\r\n")
	} else {
		if next >= 0 {
			raw = sc.s[start : start+1+next]
		}
		name = strings.TrimRight(raw[2:], " \t\r\n")
		sc.fault(start, 2, CodeMarkup, "end tag is not ended", "add '>'")
	}
	sc.i = start + len(raw)
	for k := len(sc.open) - 1; k >= 0; k-- {
		if sc.open[k].Name != name {
			continue
		}
		for j := len(sc.open) - 1; j > k; j-- {
			sc.unclosed(sc.open[j])
			sc.open[j].innerEnd = start
		}
		sc.open[k].innerEnd, sc.open[k].closer = start, raw
		sc.open = sc.open[:k]
		return
	}
	sc.fault(start, len(raw), CodeMarkup, fmt.Sprintf("end tag </%s> has no start tag", name),
		"remove it, or correct its name")
	sc.add(Node{Kind: StrayNode, content: content{raw: raw, at: start}})
}

func (sc *scanner) startTag() {
	e := &Element{tree: sc.tree, at: sc.i}
	if len(sc.open) > 0 {
		e.parent = sc.open[len(sc.open)-1]
	}
	sc.i++
	e.Name = sc.name()
	for {
		space := sc.skip()
		rest := sc.s[sc.i:]
		switch {
		case rest == "" || markup(rest):
			sc.fault(e.at, len(e.Name)+1, CodeMarkup, fmt.Sprintf("tag <%s is not ended", e.Name), "add '>' or \"/>\"")
			e.tail = space
		case rest[0] == '>':
			e.tail, e.ender = space, ">"
		case strings.HasPrefix(rest, "/>"):
			e.tail, e.ender = space, "/>"
		default:
			sc.attribute(e, space)
			continue
		}
		break
	}
	sc.i += len(e.ender)
	e.inner, e.innerEnd = sc.i, sc.i
	sc.add(Node{Kind: ElementNode, Element: e})
	if e.ender != "/>" {
		sc.open = append(sc.open, e)
	}
}

// skip steps over blanks and over bytes that no tag may hold; those are reported.
func (sc *scanner) skip() string {
	start, faulty := sc.i, false
	for ; sc.i < len(sc.s); sc.i++ {
		c := sc.s[sc.i]
		if c == '>' || c == '<' || nameStart(c) || strings.HasPrefix(sc.s[sc.i:], "/>") {
			break
		}
		if !blank(c) && !faulty {
			faulty = true
			r, _ := utf8.DecodeRuneInString(sc.s[sc.i:])
			sc.fault(sc.i, 1, CodeMarkup, fmt.Sprintf("%q cannot stand in a tag", r), "write attributes as name=\"value\"")
		}
	}
	if sc.i < len(sc.s) && sc.s[sc.i] == '<' && !markup(sc.s[sc.i:]) {
		sc.fault(sc.i, 1, CodeMarkup, "'<' cannot stand in a tag", "end the tag before it")
		sc.i++
		return sc.s[start:sc.i] + sc.skip()
	}
	return sc.s[start:sc.i]
}

func (sc *scanner) attribute(e *Element, space string) {
	a := &Attr{tree: sc.tree, space: space, at: sc.i}
	a.Name = sc.name()
	if e.Attr(a.Name) != nil {
		sc.fault(a.at, len(a.Name), CodeMarkup, fmt.Sprintf("attribute %s stands twice on <%s>", a.Name, e.Name), "keep one of them")
	}
	e.Attributes = append(e.Attributes, a)
	from := sc.i
	for sc.i < len(sc.s) && blank(sc.s[sc.i]) {
		sc.i++
	}
	if sc.i >= len(sc.s) || sc.s[sc.i] != '=' {
		sc.i = from
		sc.fault(a.at, len(a.Name), CodeMarkup, fmt.Sprintf("attribute %s has no value", a.Name), "write "+a.Name+"=\"…\"")
		return
	}
	for sc.i++; sc.i < len(sc.s) && blank(sc.s[sc.i]); sc.i++ {
	}
	a.equals = sc.s[from:sc.i]
	if sc.i < len(sc.s) && (sc.s[sc.i] == '"' || sc.s[sc.i] == '\'') {
		sc.quoted(a)
	} else {
		sc.bare(a)
	}
	a.Value = a.content.raw
	if !a.content.expr {
		a.Value = a.content.literal()
	}
}

// bare takes a value without quotes, a fault.
func (sc *scanner) bare(a *Attr) {
	start := sc.i
	for sc.i < len(sc.s) && !blank(sc.s[sc.i]) && sc.s[sc.i] != '>' && sc.s[sc.i] != '<' && !strings.HasPrefix(sc.s[sc.i:], "/>") {
		sc.i++
	}
	sc.fault(start, 1, CodeMarkup, fmt.Sprintf("the value of attribute %s stands without quotes", a.Name), "put it in double quotes")
	a.content = content{raw: sc.s[start:sc.i], at: start}
}

func (sc *scanner) name() string {
	start := sc.i
	for sc.i < len(sc.s) && (nameStart(sc.s[sc.i]) || sc.s[sc.i] == '-' || sc.s[sc.i] == '.' || sc.s[sc.i] >= '0' && sc.s[sc.i] <= '9') {
		sc.i++
	}
	return sc.s[start:sc.i]
}

func nameStart(c byte) bool {
	return c == '_' || c == ':' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
