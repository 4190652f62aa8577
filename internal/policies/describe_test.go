package policies

import (
	"path"
	"strings"

	"stile/diag"
	"stile/internal/openapi"
	"stile/policy"
	"stile/policy/exchange"
)

// keepSchema takes schemas/ID.json and schemas/ID.xml of a script.
func (s *script) keepSchema(file, text string) {
	if dir, name := path.Split(file); dir == "schemas/" {
		if s.values.Schemed == nil {
			s.values.Schemed = map[string]policy.StoredSchema{}
		}
		id := strings.TrimSuffix(name, path.Ext(name))
		s.values.Schemed[id] = policy.StoredSchema{ID: id, File: file, Text: text, XML: path.Ext(name) == ".xml"}
	}
}

// describe gives an exchange an operation of the script's specification.yaml.
func (s *script) describe(ex *exchange.Exchange, id string) {
	doc, faults := openapi.Read(diag.NewSource("specification.yaml", s.files["specification.yaml"]))
	if faults.HasErrors() {
		s.t.Fatal(faults)
	}
	for _, o := range doc.Operations {
		if o.ID == id {
			ex.Operation = &exchange.Operation{ID: o.ID, Name: o.Name, Method: o.Method, URLTemplate: o.URLTemplate, Contract: o}
			return
		}
	}
	s.t.Fatalf("specification.yaml has no operation %s", id)
}
