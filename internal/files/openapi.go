package files

import (
	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/openapi"
	"stile/policy/exchange"
)

// CodeSpecification is the fault of an API's specification.
const CodeSpecification = openapi.Code

// specification reads the operations of an API from its description, keeps its text,
// and gives the file's name. The first https server is the API's backend where its
// information names none.
func (s *serviceLoader) specification(dir string, a *apim.API) string {
	for _, file := range []string{"specification.yaml", "specification.json", "specification.yml"} {
		read := kept(s.loader, s.at(dir, file), "", func() (d description) {
			if d.src, d.ok = s.read(dir, file); d.ok {
				var faults diag.List
				d.doc, faults = openapi.Read(d.src)
				s.faults = append(s.faults, faults...)
			}
			return d
		})
		src, doc := read.src, read.doc
		if !read.ok {
			continue
		}
		if doc == nil {
			return file
		}
		a.Description = &apim.Description{File: src.File(), Text: doc.Text(), Version: doc.Version, MediaType: doc.MediaType()}
		if a.ServiceURL == "" {
			a.ServiceURL = doc.ServiceURL
		}
		for _, o := range doc.Operations {
			a.Operations = append(a.Operations, &apim.Operation{Place: apim.Place{File: src.File(), Line: o.Line},
				Operation: exchange.Operation{ID: o.ID, Name: o.Name, Method: o.Method, URLTemplate: o.URLTemplate, Contract: o}})
		}
		return file
	}
	s.fault(s.name(dir), config.CodeUnreadable, "API "+a.ID+" has no specification.yaml or specification.json",
		"add an OpenAPI 3.0 document with its operations")
	return ""
}

// description is what an API's specification gave; doc is nil where it has faults.
type description struct {
	src *diag.Source
	doc *openapi.Document
	ok  bool
}

// described finds an operation by the name of its folder: its id, or what the
// description calls it, which is normalised to the id.
func described(a *apim.API, name string) *apim.Operation {
	if o := a.Operation(name); o != nil {
		return o
	}
	for _, o := range a.Operations {
		if c, ok := o.Contract.(*openapi.Operation); ok && c.Given == name {
			return o
		}
	}
	return a.Operation(openapi.NormalID(name))
}
