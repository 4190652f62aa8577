package openapi

import (
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
	"stile/internal/openapi/schema"
)

// ReadSchema reads JSON text that is a schema, or that holds it where ref leads to
// (#/definitions/address; empty for the whole). A document that says it is OpenAPI
// 2.0 or 3.0 is read as that. The Schema is nil where there is a fault.
func ReadSchema(src *diag.Source, ref string) (*schema.Schema, diag.List) {
	root, faults := doctree.ParseJSON(src)
	if root == nil || faults.HasErrors() {
		return nil, faults
	}
	r := doctree.NewReader(src)
	c := &schema.Compiler{Root: root, Dialect: schema.Draft2020, Report: func(n *doctree.Node, message, hint string) { r.Fault(n, Code, message, hint) }}
	switch {
	case root.Get("swagger") != nil:
		c.Dialect = schema.OpenAPI2
	case strings.HasPrefix(text(root, "openapi"), "3.0"):
		c.Dialect = schema.OpenAPI30
	}
	if ref == "" || ref == "#" {
		s := c.Compile(root, "#")
		return checked(s, r)
	}
	n := c.Resolve(ref)
	if n == nil {
		r.Fault(root, Code, "the reference "+ref+" leads to nothing", "define it there")
		return nil, r.Faults()
	}
	return checked(c.Compile(n, ref), r)
}

func checked(s *schema.Schema, r *doctree.Reader) (*schema.Schema, diag.List) {
	if faults := r.Faults(); faults.HasErrors() {
		return nil, faults
	}
	return s, r.Faults()
}
