package policy

import (
	"fmt"
	"slices"
	"strings"
)

var includeSchema = Schema{Attributes: []Attribute{{Name: "fragment-id", Required: true}}}

// include compiles the policies of a fragment in place of its include-fragment
// element: the section, scope and path are the includer's, file and line the
// fragment's own.
func (c *Compiler) include(e *Element) []step {
	c.check(e, &includeSchema, true)
	a := e.Attr("fragment-id")
	if a == nil || a.content.expr {
		return nil
	}
	id := a.Value
	if slices.Contains(c.stack, id) {
		c.Fault(a, CodeFragmentLoop, fmt.Sprintf("fragment %q includes itself: %s", id,
			strings.Join(append(slices.Clone(c.stack[slices.Index(c.stack, id):]), id), " → ")), "remove one of the inclusions")
		return nil
	}
	if len(c.stack) >= MaxFragmentDepth {
		c.Fault(a, CodeFragmentLoop, fmt.Sprintf("fragments include each other more than %d deep", MaxFragmentDepth), "flatten them")
		return nil
	}
	tree := c.fragment(a, id)
	if tree == nil {
		return nil
	}
	root := tree.Root()
	if root == nil || root.Name != "fragment" {
		c.Fault(a, CodeFragment, fmt.Sprintf("fragment %q has no <fragment> as its root", id), "put its policies into <fragment>…</fragment>")
		return nil
	}
	top, prefix := c.top, c.prefix
	if c.prefix = c.path(e.parent); c.prefix != "" && !strings.HasSuffix(c.prefix, "/") {
		c.prefix += "/"
	}
	c.top, c.stack = root, append(c.stack, id)
	steps := c.steps(root)
	c.top, c.prefix, c.stack = top, prefix, c.stack[:len(c.stack)-1]
	return steps
}

// fragment reads a fragment once per document; nil where there is none.
func (c *Compiler) fragment(a *Attr, id string) *Tree {
	if tree, ok := c.fragments[id]; ok {
		return tree
	}
	src, ok := c.values.Fragment(id)
	if !ok {
		hint := nearest(id, namesOf(c.values, FragmentNames), "the fragments are")
		c.Fault(a, CodeFragment, fmt.Sprintf("there is no fragment %q", c.Shown(a)), hint)
		return nil
	}
	addName(&c.doc.fragments, id)
	tree := c.read(src)
	if root := tree.Root(); root != nil {
		c.noAttributes(root)
	}
	c.fragments[id] = tree
	return tree
}
