package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stile/diag"
)

// check compares an element with its schema and reports whatever does not fit.
// policy says that the element is a policy, which may always have an id.
func (c *Compiler) check(e *Element, s *Schema, policy bool) {
	e.schema = s
	for _, a := range e.Attributes {
		if policy && a.Name == "id" && s.attribute("id") == nil {
			if a.content.expr {
				c.Fault(a, CodeNoExpression, "an id cannot be an expression", "write the id itself")
			}
			continue
		}
		c.checkAttribute(e, a, s)
	}
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Required && e.Attr(a.Name) == nil {
			c.Fault(e, CodeNoAttribute, fmt.Sprintf("<%s> needs attribute %s", e.Name, a.Name), "add "+a.Name+"=\"…\"")
		}
	}
	if s.AnyChildren || s.Policies {
		return
	}
	if !s.Text {
		c.checkNoText(e)
	}
	c.checkChildren(e, s)
}

func (s *Schema) attribute(name string) *Attribute {
	for i := range s.Attributes {
		if s.Attributes[i].Name == name {
			return &s.Attributes[i]
		}
	}
	return nil
}

func (c *Compiler) checkAttribute(e *Element, a *Attr, s *Schema) {
	spec := s.attribute(a.Name)
	switch {
	case spec == nil:
		names := make([]string, len(s.Attributes))
		for i := range s.Attributes {
			names[i] = s.Attributes[i].Name
		}
		c.Fault(a, CodeAttribute, fmt.Sprintf("<%s> has no attribute %s", e.Name, a.Name), nearest(a.Name, names, "it may have"))
	case spec.Lacking != "":
		c.Fault(a, CodeLacking, fmt.Sprintf("attribute %s of <%s> is not supported by this version", a.Name, e.Name), spec.Lacking)
	case a.content.expr && !spec.Expression:
		c.Fault(a, CodeNoExpression, fmt.Sprintf("attribute %s cannot be an expression", a.Name), "write the value itself")
	case !a.content.expr:
		c.checkLiteral(a, spec)
	}
}

func (c *Compiler) checkLiteral(a *Attr, spec *Attribute) {
	wrong := func(hint string) {
		c.Fault(a, CodeValue, fmt.Sprintf("attribute %s cannot be %q", a.Name, c.Shown(a)), hint)
	}
	switch {
	case len(spec.Values) > 0 && !slices.Contains(spec.Values, a.Value):
		wrong(nearest(a.Value, spec.Values, "it is"))
	case spec.Kind == BoolKind && !strings.EqualFold(a.Value, "true") && !strings.EqualFold(a.Value, "false"):
		wrong("write true or false")
	case spec.Kind == IntKind:
		if n, err := strconv.ParseInt(strings.TrimSpace(a.Value), 10, 64); err != nil || n < 0 {
			wrong("write a whole number")
		}
	case mixed(a.Value):
		c.mixed(a)
	}
}

// mixed reports whether literal text looks as if it held an expression.
func mixed(text string) bool { return strings.Contains(text, "@(") || strings.Contains(text, "@{") }

func (c *Compiler) mixed(at Placed) {
	c.Warn(at, CodeMixed, "the expression inside this text is taken as text",
		"an expression must be the whole value: write @(\"…\" + …)")
}

func (c *Compiler) checkNoText(e *Element) {
	for _, n := range e.Children {
		if (n.Kind == TextNode || n.Kind == CDATANode) && strings.TrimSpace(n.content.raw) != "" {
			at, raw := n.content.at, n.content.raw
			at += len(raw) - len(strings.TrimLeft(raw, " \t\r\n"))
			severity := diag.Error
			if c.lenient() && placeholder(raw) {
				severity = diag.Warning
			}
			c.fault(e.tree, at, 1, severity, CodeText, fmt.Sprintf("text cannot stand in <%s>", e.Name),
				"remove it, or make it a comment")
			return
		}
	}
}

func (c *Compiler) checkChildren(e *Element, s *Schema) {
	count := make(map[string]int, len(s.Children))
	last := 0
	for _, child := range e.Elements("") {
		spec := s.child(child.Name)
		if spec == nil {
			names := make([]string, len(s.Children))
			for i := range s.Children {
				names[i] = s.Children[i].Name
			}
			c.Fault(child, CodeChild, fmt.Sprintf("<%s> cannot stand in <%s>", child.Name, e.Name), nearest(child.Name, names, "it may hold"))
			continue
		}
		count[child.Name]++
		if at := slices.IndexFunc(s.Children, func(x Child) bool { return x.Name == child.Name }); s.Ordered && at < last {
			c.Fault(child, CodeChild, fmt.Sprintf("<%s> stands too late in <%s>", child.Name, e.Name),
				"put it before <"+s.Children[last].Name+">")
		} else {
			last = at
		}
		switch {
		case spec.Lacking != "":
			c.Fault(child, CodeLacking, fmt.Sprintf("<%s> in <%s> is not supported by this version", child.Name, e.Name), spec.Lacking)
			continue
		case count[child.Name] == 2 && !spec.Many:
			c.Fault(child, CodeChild, fmt.Sprintf("<%s> may stand once in <%s>", child.Name, e.Name), "keep one of them")
		}
		c.check(child, &spec.Schema, false)
	}
	for i := range s.Children {
		if spec := &s.Children[i]; spec.Required && count[spec.Name] == 0 {
			c.Fault(e, CodeNoChild, fmt.Sprintf("<%s> needs a child <%s>", e.Name, spec.Name), "add <"+spec.Name+">")
		}
	}
}

func (s *Schema) child(name string) *Child {
	for i := range s.Children {
		if s.Children[i].Name == name {
			return &s.Children[i]
		}
	}
	return nil
}

// nearest makes a hint: the candidate that is meant, or all of them.
func nearest(name string, candidates []string, say string) string {
	if near, ok := diag.Nearest(name, candidates); ok {
		return "did you mean " + near + "?"
	}
	if len(candidates) == 0 {
		return "remove it"
	}
	return say + " " + strings.Join(candidates, ", ")
}
