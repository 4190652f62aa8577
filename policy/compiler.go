package policy

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"stile/diag"
	"stile/policy/exchange"
	"stile/policy/expr"
)

// Compiler is what a Descriptor's Compile works with: it makes values of
// attributes and texts, compiles nested policies, and takes faults. It belongs to
// one call of the function Compile and must not be kept.
type Compiler struct {
	table     *Table
	values    Values
	source    Source
	section   Section
	top       *Element // the element whose children the steps of section are
	prefix    string   // path of the element that included the current fragment
	doc       *Document
	stack     []string // ids of the fragments being compiled, outermost first
	fragments map[string]*Tree
	once      map[string]bool
	labels    map[*Element]string // see path
	list      diag.List
	passed    int // faults that a loose check does not take for errors
}

// Placed is a place in a document: an *Element or an *Attr.
type Placed interface {
	position() (t *Tree, at, width int)
}

func (e *Element) position() (*Tree, int, int) { return e.tree, e.at, len(e.Name) + 1 }

func (a *Attr) position() (*Tree, int, int) { return a.tree, a.at, len(a.Name) }

// Fault reports an error at a place; a document with one is not taken.
func (c *Compiler) Fault(at Placed, code, message, hint string) {
	t, offset, width := at.position()
	severity := diag.Error
	if code == CodeValue || code == CodeNoChild {
		switch c.unjudged(at) {
		case "named value":
			c.passed++
			return
		case "placeholder":
			c.passed++
			severity, hint = diag.Warning, placeholderHint
		}
	}
	c.fault(t, offset, width, severity, code, message, hint)
}

// Warn reports a warning at a place.
func (c *Compiler) Warn(at Placed, code, message, hint string) {
	t, offset, width := at.position()
	c.fault(t, offset, width, diag.Warning, code, message, hint)
}

func (c *Compiler) fault(t *Tree, at, width int, severity diag.Severity, code, message, hint string) {
	c.list = append(c.list, t.place(at, width, diag.Diagnostic{Code: code, Severity: severity, Message: message, Hint: hint}))
}

// Scope is the scope of the document.
func (c *Compiler) Scope() Scope { return c.source.Scope }

// Responding reports whether policies of the current section work on the response.
func (c *Compiler) Responding() bool { return c.section == Outbound || c.section == OnError }

// Backend resolves a backend entity while the document compiles, and later, for
// ids that an expression gives.
func (c *Compiler) Backend(id string) (exchange.Backend, bool) { return c.values.Backend(id) }

// Backends gives the function that resolves backend entities when a request runs.
func (c *Compiler) Backends() func(id string) (exchange.Backend, bool) { return c.values.Backend }

// BackendHint names the nearest backend.
func (c *Compiler) BackendHint(id string) string {
	return nearest(id, namesOf(c.values, BackendNames), "the backends are")
}

// UsesBackend notes that the document depends on a backend entity.
func (c *Compiler) UsesBackend(id string) { addName(&c.doc.backends, id) }

// Shown gives an attribute's value as written, with secrets hidden, for messages.
func (c *Compiler) Shown(a *Attr) string {
	return a.tree.shown(a.content.at, a.content.at+len(a.content.raw))
}

// Value compiles an attribute. Where it is absent, the schema's default stands in;
// without a default the Value is not Set.
func (c *Compiler) Value(e *Element, attr string) Value {
	a := e.Attr(attr)
	if a == nil {
		if e.schema != nil {
			if spec := e.schema.attribute(attr); spec != nil && spec.Default != "" {
				return Literal(spec.Default)
			}
		}
		return Value{}
	}
	if a.content.expr {
		return c.program(a.tree, a.content)
	}
	return Literal(a.Value)
}

// Text compiles an element's text; blanks around a literal are dropped. Without
// text the Value is not Set.
func (c *Compiler) Text(e *Element) Value {
	v := c.content(e)
	if !v.dynamic {
		v.literal = strings.TrimSpace(v.literal)
		v.set = v.literal != ""
	}
	return v
}

// Content compiles an element's content as it stands: an expression, or a literal
// with its blanks; where it holds elements, their markup is part of the text.
func (c *Compiler) Content(e *Element) Value {
	if len(e.Elements("")) > 0 {
		return Value{set: true, literal: e.tree.text[e.inner:e.innerEnd]}
	}
	return c.content(e)
}

func (c *Compiler) content(e *Element) Value {
	var text strings.Builder
	var program *content
	for i := range e.Children {
		n := &e.Children[i]
		if n.Kind != TextNode && n.Kind != CDATANode {
			continue
		}
		if n.content.expr && program == nil {
			program = &n.content
			continue
		}
		text.WriteString(n.content.literal())
	}
	if program == nil {
		if mixed(text.String()) {
			c.mixed(e)
		}
		return Value{set: text.Len() > 0, literal: text.String()}
	}
	if strings.TrimSpace(text.String()) != "" {
		c.Fault(e, CodeExpressionEnd, fmt.Sprintf("<%s> holds an expression and other text", e.Name),
			"an expression must be the whole value: put the text into it, as @(\"…\" + …)")
	}
	return c.program(e.tree, *program)
}

// program compiles an expression; its faults go back to their places in the file.
func (c *Compiler) program(t *Tree, ct content) Value {
	d := ct.program()
	from := len(c.list)
	p, list := expr.Compile(diag.NewSource(t.src.File(), d.text), 0, d.text, ct.block)
	for _, f := range list {
		at := offset(d.text, f.Line, f.Column)
		c.list = append(c.list, t.place(d.source(at), max(f.Width, 1), f))
	}
	if c.lenient() {
		c.templates(from, d.text)
	}
	if p == nil && !list.HasErrors() {
		panic("expr.Compile gave neither a program nor a fault")
	}
	return Value{set: true, dynamic: true, program: p, source: d.text, secrets: t.secrets}
}

// offset gives the byte offset of a line and column of text.
func offset(text string, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return len(text)
		}
		at += n + 1
	}
	for i := range text[at:] {
		if column--; column < 1 {
			return at + i
		}
	}
	return len(text)
}

// Policies compiles the policies inside an element. They run in order, each with
// its own decision; the first error ends them.
func (c *Compiler) Policies(e *Element) Run {
	steps := c.steps(e)
	return func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
		return env.run.nested(ctx, steps)
	}
}

// Policy compiles one policy inside an element, which Policies is not called for.
func (c *Compiler) Policy(e *Element) Run {
	s, ok := c.policy(e)
	if !ok {
		return nil
	}
	steps := []step{s}
	return func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
		return env.run.nested(ctx, steps)
	}
}

// NoText reports text where policies alone may stand.
func (c *Compiler) NoText(e *Element) { c.checkNoText(e) }

// path gives LastError.Path of an element: its ancestors inside the section and
// itself, joined by '/'; elements with namesakes beside them are counted from 1.
func (c *Compiler) path(e *Element) string {
	path := ""
	for ; e != nil && e != c.top; e = e.parent {
		label := c.label(e)
		if path != "" {
			label += "/"
		}
		path = label + path
	}
	return c.prefix + path
}

// label gives an element's part of the path; those of its siblings are made with it.
func (c *Compiler) label(e *Element) string {
	if e.parent == nil {
		return e.Name
	}
	if label, ok := c.labels[e]; ok {
		return label
	}
	total, seen := map[string]int{}, map[string]int{}
	siblings := e.parent.Elements("")
	for _, s := range siblings {
		total[s.Name]++
	}
	for _, s := range siblings {
		seen[s.Name]++
		c.labels[s] = s.Name
		if total[s.Name] > 1 {
			c.labels[s] += "[" + strconv.Itoa(seen[s.Name]) + "]"
		}
	}
	return c.labels[e]
}
