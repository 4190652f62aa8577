package policy

import (
	"fmt"
	"slices"
	"strings"

	"stile/diag"
)

// Layout is the documents of an operation's scopes as one document, as they are
// written: each <base/> and each <include-fragment> is what it stands for, and named
// values stay {{name}}, so that a layout holds no secret. It tells where each element
// comes from.
type Layout struct {
	Sections []LaidSection `json:"sections"`
}

// LaidSection is one section of a Layout: its elements in order.
type LaidSection struct {
	Section  string  `json:"section"`
	Elements []*Laid `json:"elements"`
}

// Laid is one element and its origin.
type Laid struct {
	Name string `json:"name"`
	// Scope is the scope of the document, Fragment the fragment that the element stands
	// in, empty for none; File is where it is written. The built-in global document has
	// no file.
	Scope    string `json:"scope"`
	Fragment string `json:"fragment,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	// Attributes are as written, references to entities included.
	Attributes []LaidAttribute `json:"attributes,omitempty"`
	// Text is the text between the tags as written, blanks around it dropped; of an
	// element that holds elements it is empty.
	Text     string  `json:"text,omitempty"`
	Elements []*Laid `json:"elements,omitempty"`

	element *Element // nil in the built-in global document
	raw     bool     // nothing was put in: the element is written as it is
}

// LaidAttribute is an attribute as written.
type LaidAttribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// LayOut lays the documents of a chain of scopes out, outermost first; a nil global
// document, the first, is the built-in one, any other nil one is left out. The table
// tells which elements hold policies; fragment gives a fragment by its id. The list
// has the faults of markup, fragments that are not there, and those that include
// themselves.
func LayOut(t *Table, chain []*Source, fragment func(id string) (Source, bool)) (*Layout, diag.List) {
	l := &layer{table: t, fragment: fragment, trees: map[string]*Tree{}}
	for i, src := range chain {
		switch {
		case src != nil:
			l.chain = append(l.chain, scoped{l.read(*src), src.Scope.String()})
		case i == 0:
			l.chain = append(l.chain, scoped{nil, Global.String()})
		}
	}
	out := &Layout{}
	for _, s := range sections {
		l.section = s
		out.Sections = append(out.Sections, LaidSection{s.String(), l.inherited(len(l.chain) - 1)})
	}
	return out, slices.Compact(l.list.Sort())
}

// layer lays one chain out.
type layer struct {
	table    *Table
	chain    []scoped
	section  Section
	fragment func(id string) (Source, bool)
	trees    map[string]*Tree // of fragments
	stack    []string         // ids of the fragments around the current element
	list     diag.List
}

type scoped struct {
	tree  *Tree
	scope string
}

func (l *layer) read(src Source) *Tree {
	tree, list := Parse(src)
	l.list = append(l.list, list...)
	return tree
}

// inherited gives the current section of a level, and in it that of those above.
func (l *layer) inherited(level int) []*Laid {
	if level < 0 {
		return []*Laid{}
	}
	c := l.chain[level]
	if c.tree == nil {
		if l.section == BackendSection {
			return []*Laid{{Name: "forward-request", Scope: c.scope, raw: true}}
		}
		return []*Laid{}
	}
	out := []*Laid{}
	if root := c.tree.Root(); root != nil {
		for _, e := range root.Elements(l.section.String()) {
			out = append(out, l.policies(e, level)...)
		}
	}
	return out
}

// policies lays the policies out that an element holds.
func (l *layer) policies(parent *Element, level int) []*Laid {
	out := []*Laid{}
	for _, e := range parent.Elements("") {
		switch e.Name {
		case baseName:
			out = append(out, l.above(level)...)
		case includeName:
			out = append(out, l.include(e, level)...)
		default:
			var schema *Schema
			if d := l.table.byName[e.Name]; d != nil {
				schema = &d.Schema
			}
			out = append(out, l.laid(e, level, schema))
		}
	}
	return out
}

// inner lays the elements out that an element holds by its schema, nil for one that
// is not known.
func (l *layer) inner(e *Element, level int, schema *Schema) (out []*Laid) {
	switch {
	case schema != nil && schema.Policies:
		return l.policies(e, level)
	case schema != nil && schema.AnyChildren:
		return nil
	}
	for _, child := range e.Elements("") {
		var known *Schema
		if schema != nil {
			if spec := schema.child(child.Name); spec != nil {
				known = &spec.Schema
			}
		}
		out = append(out, l.laid(child, level, known))
	}
	return out
}

// above gives what a <base/> stands for; nothing in a fragment.
func (l *layer) above(level int) []*Laid {
	if len(l.stack) > 0 {
		return nil
	}
	return l.inherited(level - 1)
}

func (l *layer) laid(e *Element, level int, schema *Schema) *Laid {
	out := &Laid{Name: e.Name, Scope: l.chain[level].scope, File: e.tree.src.File(), element: e, raw: true}
	if n := len(l.stack); n > 0 {
		out.Fragment = l.stack[n-1]
	}
	out.Line, out.Column = e.tree.line(e.at)
	for _, a := range e.Attributes {
		out.Attributes = append(out.Attributes, LaidAttribute{a.Name, a.content.raw})
	}
	if schema != nil && schema.Policies {
		out.raw = e.Child(baseName) == nil && e.Child(includeName) == nil
	}
	if out.Elements = l.inner(e, level, schema); len(out.Elements) == 0 && out.raw {
		out.Elements, out.Text = nil, strings.TrimSpace(e.tree.text[e.inner:e.innerEnd])
	}
	for _, c := range out.Elements {
		out.raw = out.raw && c.raw
	}
	return out
}

func (l *layer) include(e *Element, level int) []*Laid {
	fault := func(code, message, hint string) []*Laid {
		l.list = append(l.list, e.tree.place(e.at, len(e.Name)+1, diag.Diagnostic{Code: code, Severity: diag.Error, Message: message, Hint: hint}))
		return nil
	}
	a := e.Attr("fragment-id")
	if a == nil {
		return fault(CodeNoAttribute, "<include-fragment> needs attribute fragment-id", `add fragment-id="…"`)
	}
	id := a.Value
	if slices.Contains(l.stack, id) || len(l.stack) >= MaxFragmentDepth {
		return fault(CodeFragmentLoop, fmt.Sprintf("fragment %q includes itself, or fragments lie more than %d deep", id, MaxFragmentDepth), "remove one of the inclusions")
	}
	tree, ok := l.trees[id]
	if !ok {
		src, found := l.fragment(id)
		if !found {
			return fault(CodeFragment, fmt.Sprintf("there is no fragment %q", id), "define it, or correct its name")
		}
		tree = l.read(src)
		l.trees[id] = tree
	}
	root := tree.Root()
	if root == nil {
		return nil
	}
	l.stack = append(l.stack, id)
	defer func() { l.stack = l.stack[:len(l.stack)-1] }()
	return l.policies(root, level)
}

// XML writes the layout as a policy document. A comment before each policy, and
// before each element from another document than the one around it, says where it
// comes from. Read again it is a document without <base/> that means the same.
func (l *Layout) XML() string {
	var b strings.Builder
	b.WriteString("<policies>\n")
	for _, s := range l.Sections {
		b.WriteString("  <" + s.Section + ">\n")
		for _, e := range s.Elements {
			e.write(&b, "    ", nil)
		}
		b.WriteString("  </" + s.Section + ">\n")
	}
	b.WriteString("</policies>\n")
	return b.String()
}

// Origin says where an element comes from, as a comment of XML says it.
func (e *Laid) Origin() string {
	from := e.Scope
	if e.Fragment != "" {
		from += ", fragment " + e.Fragment
	}
	if e.File == "" {
		return from + ", built in"
	}
	return fmt.Sprintf("%s %s:%d", from, e.File, e.Line)
}

// Tag is the element's start tag on one line, as written.
func (e *Laid) Tag() string {
	var b strings.Builder
	b.WriteString("<" + e.Name)
	if e.element != nil {
		for _, a := range e.element.Attributes {
			b.WriteString(" " + a.Name + "=" + a.open + strings.Join(strings.Fields(a.content.raw), " ") + a.close)
		}
	}
	if e.Text == "" && len(e.Elements) == 0 {
		b.WriteString(" /")
	}
	return b.String() + ">"
}

func (e *Laid) write(b *strings.Builder, indent string, around *Laid) {
	if around == nil || around.File != e.File || around.Fragment != e.Fragment {
		b.WriteString(indent + "<!-- " + strings.ReplaceAll(e.Origin(), "--", "- -") + " -->\n")
	}
	b.WriteString(indent)
	switch {
	case e.element == nil:
		b.WriteString("<" + e.Name + " />")
	case e.raw:
		e.element.write(b)
	default:
		e.element.writeStart(b)
		if e.element.ender == ">" {
			b.WriteByte('\n')
			for _, inner := range e.Elements {
				inner.write(b, indent+"  ", e)
			}
			b.WriteString(indent + "</" + e.Name + ">")
		}
	}
	b.WriteByte('\n')
}
