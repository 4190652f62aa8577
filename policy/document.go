package policy

import (
	"fmt"
	"slices"
	"strings"

	"stile/diag"
)

// Document is a compiled policy document or fragment. It never changes.
type Document struct {
	source   Source
	sections [len(sections)][]step
	// names it depends on, sorted
	fragments, namedValues, backends []string
	sites                            []Site // of all its policies, nested ones too
}

// step is one compiled policy in its place, or <base/>.
type step struct {
	base         bool
	preflight    bool // Descriptor.Preflight
	run          Run
	name, id     string
	path         string // LastError.Path
	element      string // Site.Element
	file         string
	line, column int
	section      Section
	scope        Scope
	revision     string
	// text is the element as written, secrets hidden.
	text    string
	secrets []string
}

// Compile reads, checks and compiles a policy document against a table. All
// faults are in the list, sorted; the Document is nil where one is an error. A
// text whose root is a fragment is checked as one; its Document has no sections.
// The document keeps v for backends that expressions name.
func Compile(src Source, t *Table, v Values) (*Document, diag.List) {
	c := &Compiler{table: t, values: v, source: src, fragments: map[string]*Tree{}, labels: map[*Element]string{},
		doc: &Document{source: src}}
	tree := c.read(src)
	if len(src.Text) > MaxDocument {
		c.fault(tree, 0, 1, diag.Error, CodeTooLarge, fmt.Sprintf("the document has %d bytes", len(src.Text)),
			fmt.Sprintf("a policy document may have %d; move parts into fragments", MaxDocument))
	}
	c.root(tree)
	list := slices.Compact(c.list.Sort())
	if list.HasErrors() {
		return nil, list
	}
	for _, names := range []*[]string{&c.doc.fragments, &c.doc.namedValues, &c.doc.backends} {
		slices.Sort(*names)
	}
	return c.doc, list
}

// read puts named values in and parses.
func (c *Compiler) read(src Source) *Tree {
	tree, used, unknown := expand(src, c.values)
	for _, name := range used {
		addName(&c.doc.namedValues, name)
	}
	c.list = append(c.list, tree.scan()...)
	c.list = append(c.list, tree.unknownFaults(unknown, c.values)...)
	return tree
}

func addName(names *[]string, name string) {
	if !slices.Contains(*names, name) {
		*names = append(*names, name)
	}
}

func (c *Compiler) root(tree *Tree) {
	root := tree.Root()
	if root == nil {
		c.fault(tree, 0, 1, diag.Error, CodeRoot, "the document has no root element", "write <policies>…</policies>")
		return
	}
	for _, n := range tree.Nodes {
		switch {
		case n.Kind == ElementNode && n.Element != root:
			c.Fault(n.Element, CodeRoot, "a second root element", "a document has one root, <policies>")
		case n.Kind == TextNode && strings.Trim(n.content.raw, " \t\r\n\ufeff") != "", n.Kind == CDATANode:
			c.fault(tree, n.content.at, 1, diag.Error, CodeText, "text outside the root element", "remove it, or make it a comment")
		}
	}
	switch root.Name {
	case "policies":
		c.policies(root)
	case "fragment":
		c.section, c.top, c.stack = AnySection, root, []string{""}
		c.once = map[string]bool{}
		c.noAttributes(root)
		c.steps(root)
	default:
		c.Fault(root, CodeRoot, fmt.Sprintf("the root element is <%s>", root.Name),
			"a policy document is <policies> with sections; a fragment is <fragment>")
	}
}

func (c *Compiler) noAttributes(e *Element) {
	for _, a := range e.Attributes {
		c.Fault(a, CodeAttribute, fmt.Sprintf("<%s> has no attribute %s", e.Name, a.Name), "remove it")
	}
}

// policies compiles the sections. A section that is not there inherits nothing,
// as one without <base/>.
func (c *Compiler) policies(root *Element) {
	c.noAttributes(root)
	c.checkNoText(root)
	names := make([]string, len(sections))
	for i, s := range sections {
		names[i] = s.String()
	}
	seen := make(map[string]bool, len(sections))
	for _, e := range root.Elements("") {
		i := slices.Index(names, e.Name)
		switch {
		case i < 0:
			hint := nearest(e.Name, names, "the sections are")
			if c.table.byName[e.Name] != nil || e.Name == baseName || e.Name == includeName {
				hint = "put it into a section: inbound, backend, outbound or on-error"
			}
			c.Fault(e, CodeSection, fmt.Sprintf("<%s> is no section", e.Name), hint)
			continue
		case seen[e.Name]:
			c.Fault(e, CodeSection, fmt.Sprintf("section <%s> stands twice", e.Name), "join the two")
		}
		seen[e.Name] = true
		c.noAttributes(e)
		c.section, c.top, c.once = sections[i], e, map[string]bool{}
		c.doc.sections[i] = append(c.doc.sections[i], c.steps(e)...)
	}
	if !seen[BackendSection.String()] && c.source.Scope&Global == 0 {
		c.Warn(root, CodeNoBackend, "there is no <backend> section, so nothing is inherited and the backend is not called",
			"add <backend><base /></backend>")
	}
}

// steps compiles the policies inside an element.
func (c *Compiler) steps(parent *Element) []step {
	c.checkNoText(parent)
	var out []step
	for _, e := range parent.Elements("") {
		switch e.Name {
		case baseName:
			if c.base(e) {
				out = append(out, step{base: true})
			}
		case includeName:
			out = append(out, c.include(e)...)
		default:
			if s, ok := c.policy(e); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

func (c *Compiler) base(e *Element) bool {
	c.noAttributes(e)
	c.checkNoText(e)
	c.checkChildren(e, &Schema{})
	if len(c.stack) > 0 {
		c.Fault(e, CodeWrongSection, "<base> cannot stand in a fragment", "put it into the document that includes the fragment")
		return false
	}
	return true
}

// policy checks and compiles one policy element.
func (c *Compiler) policy(e *Element) (step, bool) {
	d := c.table.byName[e.Name]
	switch {
	case d == nil:
		c.Fault(e, CodePolicy, fmt.Sprintf("unknown policy <%s>", e.Name), nearestPolicy(e.Name, c.table.names()))
		return step{}, false
	case d.Lacking != "":
		c.Fault(e, CodeLacking, fmt.Sprintf("policy <%s> is not supported by this version", e.Name), d.Lacking)
		return step{}, false
	}
	c.standing(e, d)
	before := c.list.Errors() + c.passed
	c.check(e, &d.Schema, true)
	site := c.site(e)
	run := d.Compile(c, e)
	if run == nil && c.list.Errors()+c.passed == before {
		panic("policy " + d.Name + " compiled to nothing and reported nothing")
	}
	s := step{run: run, preflight: d.Preflight, name: e.Name, path: c.path(e), file: e.tree.src.File(), section: c.section, scope: c.source.Scope,
		revision: c.source.Revision, text: e.tree.shown(e.at, e.end()), secrets: e.tree.secrets}
	s.line, s.column, s.id, s.element = site.Line, site.Column, site.ID, site.Element
	return s, run != nil
}

func nearestPolicy(name string, names []string) string {
	if near, ok := diag.Nearest(name, names); ok {
		return "did you mean " + near + "?"
	}
	return "see the list of policies in the documentation"
}

// end is the offset behind the element.
func (e *Element) end() int { return e.innerEnd + len(e.closer) }

// standing checks section, scope, and how often the policy stands.
func (c *Compiler) standing(e *Element, d *Descriptor) {
	if d.Sections&c.section == 0 {
		c.Fault(e, CodeWrongSection, fmt.Sprintf("policy <%s> cannot stand in %s", e.Name, c.section),
			"it may stand in "+d.Sections.String())
	}
	if c.source.Scope != 0 && d.Scopes&c.source.Scope == 0 {
		c.Fault(e, CodeWrongScope, fmt.Sprintf("policy <%s> cannot stand at %s scope", e.Name, c.source.Scope),
			"it may stand at "+d.Scopes.String())
	}
	if d.NotInFragment && len(c.stack) > 0 {
		c.Fault(e, CodeWrongSection, fmt.Sprintf("policy <%s> cannot stand in a fragment", e.Name), "put it into the document itself")
	}
	if d.Once && c.once[e.Name] {
		c.Fault(e, CodeTwice, fmt.Sprintf("policy <%s> may stand once in a section", e.Name), "keep one of them")
	}
	c.once[e.Name] = true
}

// Source is what the document was compiled from.
func (d *Document) Source() Source { return d.source }

// Fragments lists the ids of the fragments it includes, directly or not, sorted.
func (d *Document) Fragments() []string { return slices.Clone(d.fragments) }

// NamedValues lists the named values in its text and its fragments' text, sorted.
func (d *Document) NamedValues() []string { return slices.Clone(d.namedValues) }

// Backends lists the backend entities that it names literally, sorted.
func (d *Document) Backends() []string { return slices.Clone(d.backends) }
