package schema

import (
	"slices"
	"strconv"
	"strings"

	"stile/internal/config/doctree"
)

// Compiler makes Schemas of the nodes of one document.
type Compiler struct {
	// Root is the document, in which references are looked for.
	Root    *doctree.Node
	Dialect Dialect
	// Report is told each fault with its node.
	Report func(n *doctree.Node, message, hint string)

	made     map[*doctree.Node]*Schema
	resolved map[string]*doctree.Node
	anchors  map[string]*doctree.Node
}

// Compile makes the Schema of a node; nodes that are met again give the same one.
// It is never nil: what cannot be read takes any value, and was reported.
func (c *Compiler) Compile(n *doctree.Node, pointer string) *Schema {
	if c.made == nil {
		c.made = map[*doctree.Node]*Schema{}
	}
	if s := c.made[n]; s != nil {
		return s
	}
	s := &Schema{Pointer: pointer, Name: nameOf(pointer)}
	c.made[n] = s
	switch {
	case n.Kind == doctree.Bool:
		s.never = n.Text == "false"
	case n.Kind == doctree.Map:
		k := &keywords{c, s, n, pointer}
		k.read()
	default:
		c.Report(n, "a schema is a map of keywords, not "+n.Kind.String(), "")
	}
	return s
}

// nameOf gives the name of a definition by its place.
func nameOf(pointer string) string {
	for _, prefix := range []string{"#/components/schemas/", "#/definitions/", "#/$defs/"} {
		if name, ok := strings.CutPrefix(pointer, prefix); ok && !strings.Contains(name, "/") {
			return unescapePointer(name)
		}
	}
	return ""
}

func unescapePointer(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
}

func escapePointer(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

// Resolve finds what a local reference leads to, nil where nothing. A fragment's
// percent escapes are decoded.
func (c *Compiler) Resolve(ref string) *doctree.Node {
	if n, ok := c.resolved[ref]; ok {
		return n
	}
	if c.resolved == nil {
		c.resolved = map[string]*doctree.Node{}
	}
	n := Find(c.Root, ref)
	if n == nil && len(ref) > 1 && ref[0] == '#' && ref[1] != '/' {
		if c.anchors == nil {
			c.anchors = map[string]*doctree.Node{}
			c.anchored(c.Root)
		}
		n = c.anchors[ref[1:]]
	}
	c.resolved[ref] = n
	return n
}

func (c *Compiler) anchored(n *doctree.Node) {
	if a := n.Get("$anchor"); a != nil && a.Kind == doctree.String && c.anchors[a.Text] == nil {
		c.anchors[a.Text] = n
	}
	for _, m := range n.Members {
		c.anchored(m.Value)
	}
	for _, item := range n.Items {
		c.anchored(item)
	}
}

// Find follows a JSON pointer in a URI fragment (#/a/b) from root, nil where it
// leads nowhere.
func Find(root *doctree.Node, ref string) *doctree.Node {
	if ref == "#" {
		return root
	}
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	n := root
	for token := range strings.SplitSeq(path, "/") {
		token = unescapePointer(percentDecoded(token))
		if n.Kind == doctree.List {
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(n.Items) {
				return nil
			}
			n = n.Items[i]
			continue
		}
		if n = n.Get(token); n == nil {
			return nil
		}
	}
	return n
}

func percentDecoded(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// reference makes the Schema that $ref of a schema leads to; nil where it leads
// nowhere, or back.
func (c *Compiler) reference(n *doctree.Node, from *Schema) *Schema {
	target := c.Resolve(n.Text)
	switch {
	case n.Kind != doctree.String:
		c.Report(n, "$ref must be text", "")
		return nil
	case target == nil && !strings.HasPrefix(n.Text, "#"):
		c.Report(n, "the reference "+n.Text+" leads out of the document", "copy what it means into the document")
		return nil
	case target == nil:
		c.Report(n, "the reference "+n.Text+" leads to nothing", c.near(n.Text))
		return nil
	}
	s := c.Compile(target, n.Text)
	for at := s; at != nil; at = at.ref {
		if at == from {
			c.Report(n, "the reference "+n.Text+" leads back to itself", "write out what it means")
			return nil
		}
	}
	return s
}

// near names the definition that was probably meant.
func (c *Compiler) near(ref string) string {
	i := strings.LastIndexByte(ref, '/')
	if i < 0 {
		return ""
	}
	var names []string
	if parent := Find(c.Root, ref[:i]); parent != nil {
		for _, m := range parent.Members {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 || len(names) > 2_000 {
		return "define it there"
	}
	if name, ok := nearest(ref[i+1:], names); ok {
		return "did you mean " + ref[:i+1] + name + "?"
	}
	return "define it there"
}
