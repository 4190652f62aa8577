package files

import (
	"path/filepath"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/internal/openapi"
)

const schemaInformation = "schemaInformation.json"

// schema reads schemas/NAME: schemaInformation.json with API Management's properties,
// whose document or value may stand in a file of its own, schema.json or schema.xml.
func (s *serviceLoader) schema(folder, name string) (*apim.Schema, bool) {
	dir := filepath.Join(folder, name)
	x := &apim.Schema{ID: name, Workspace: s.workspace}
	kind, text, at := "json", "", 0
	place, ok := s.information("schema "+name, func(r *doctree.Reader) []doctree.Field {
		var ignored string
		return []doctree.Field{
			{Name: "schemaType", Required: true, Read: r.OneOf(&kind, "json", "xml")},
			{Name: "description", Read: nullable(r.Text(&ignored))},
			{Name: "value", Read: nullable(func(n *doctree.Node) { text, at = valueText(n), n.Line })},
			{Name: "document", Read: nullable(func(n *doctree.Node) {
				if inner := n.Get("value"); inner != nil && len(n.Members) == 1 {
					n = inner
				}
				text, at = valueText(n), n.Line
			})},
			{Name: "provisioningState", Read: r.Text(&ignored)},
		}
	}, dir, schemaInformation)
	x.XML, x.File, x.Place = kind == "xml", place.File, place
	file := "schema." + kind
	s.rest(dir, schemaInformation, file)
	if src, found := s.read(dir, file); found {
		x.Text, x.File = src.Text(), src.File()
	} else if x.Text = text; text == "" && ok {
		s.fault(place.File, config.CodeUnreadable, "schema "+name+" has no text", "write it as "+file+" beside the information")
		ok = false
	}
	if !ok {
		return nil, false
	}
	if !x.XML {
		s.checkSchema(x, at)
	}
	return x, true
}

// valueText is a document as text: a string holds one.
func valueText(n *doctree.Node) string {
	if n.Kind == doctree.String {
		return n.Text
	}
	return string(n.JSON())
}

// checkSchema tells of the faults of a JSON schema. Those of a schema inside of its
// information are told at its line there.
func (s *serviceLoader) checkSchema(x *apim.Schema, line int) {
	_, faults := openapi.ReadSchema(diag.NewSource(x.File, x.Text), "")
	for _, d := range faults {
		if strings.HasSuffix(x.File, schemaInformation) {
			d.Line, d.Column, d.Excerpt = line, 1, ""
		}
		s.faults = append(s.faults, d)
	}
}
