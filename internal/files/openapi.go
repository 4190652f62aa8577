package files

import (
	"slices"
	"strings"

	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/policy/exchange"
)

// CodeSpecification is the fault of an API's specification.
const CodeSpecification = "STL-C014"

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// specification reads the operations of an API from its OpenAPI document and
// gives the file's name. Only paths, methods, operationId and summary are read;
// servers are not: the backend is the API's serviceUrl.
func (s *serviceLoader) specification(dir string, a *apim.API) string {
	for _, file := range []string{"specification.yaml", "specification.json", "specification.yml"} {
		src, ok := s.read(dir, file)
		if !ok {
			continue
		}
		root := s.parse(src)
		if root == nil {
			return file
		}
		r := doctree.NewReader(src)
		o := &openapi{r, a}
		o.root(root)
		s.faults = append(s.faults, r.Faults()...)
		return file
	}
	s.fault(s.name(dir), config.CodeUnreadable, "API "+a.ID+" has no specification.yaml or specification.json",
		"add an OpenAPI 3.0 document with its operations")
	return ""
}

type openapi struct {
	*doctree.Reader
	api *apim.API
}

func (o *openapi) root(n *doctree.Node) {
	version := n.Get("openapi")
	switch {
	case version == nil:
		o.Fault(n, CodeSpecification, "this is no OpenAPI 3 document: it has no key openapi", "write openapi: 3.0.3")
		return
	case !strings.HasPrefix(version.Text, "3."):
		o.Fault(version, CodeSpecification, "OpenAPI "+version.Text+" is not in this version", "write the document as OpenAPI 3.0")
		return
	}
	paths := n.Get("paths")
	if paths == nil || paths.Kind != doctree.Map {
		o.Fault(n, CodeSpecification, "the document has no paths", "add paths")
		return
	}
	for _, p := range paths.Members {
		o.path(p)
	}
}

func (o *openapi) path(p doctree.Member) {
	switch {
	case strings.HasPrefix(p.Name, "x-"):
		return
	case !strings.HasPrefix(p.Name, "/"):
		o.FaultAt(p.Line, p.Column, CodeSpecification, "the path "+p.Name+" does not begin with /", "write /"+p.Name)
		return
	case p.Value.Get("$ref") != nil:
		o.FaultAt(p.Line, p.Column, CodeSpecification, "a path that is a reference is not in this version", "write its operations here")
	}
	for _, m := range p.Value.Members {
		if slices.Contains(methods, m.Name) {
			o.operation(p.Name, m)
		}
	}
}

func (o *openapi) operation(path string, m doctree.Member) {
	op := &apim.Operation{Place: apim.Place{File: o.Source().File(), Line: m.Line},
		Operation: exchange.Operation{Method: strings.ToUpper(m.Name), URLTemplate: path}}
	if n := m.Value.Get("operationId"); n != nil {
		o.Text(&op.ID)(n)
	}
	if n := m.Value.Get("summary"); n != nil {
		o.Text(&op.Name)(n)
	}
	if op.ID == "" {
		op.ID = operationID(m.Name, path)
	}
	if op.Name == "" {
		op.Name = op.ID
	}
	if o.api.Operation(op.ID) != nil {
		o.FaultAt(m.Line, m.Column, doctree.CodeDuplicate, "another operation has the id "+op.ID, "give each operation an operationId of its own")
		return
	}
	o.api.Operations = append(o.api.Operations, op)
}

// operationID is the id of an operation that has none: its method and path in
// lower case, with - for all that is no letter or digit.
func operationID(method, path string) string {
	id := []byte(method)
	for _, c := range []byte(strings.ToLower(path)) {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			id = append(id, c)
		} else if id[len(id)-1] != '-' {
			id = append(id, '-')
		}
	}
	return strings.TrimRight(string(id), "-")
}
