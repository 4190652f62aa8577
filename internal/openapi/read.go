package openapi

import (
	"path"
	"strconv"
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
	"stile/internal/openapi/schema"
)

// Code is the fault of a description.
const Code = "STL-C014"

// MaxBytes is the longest description (API Management's limit for documents that are
// given inline).
const MaxBytes = 4 << 20

// methods are those that OpenAPI has operations of.
var methods = map[string]bool{"get": true, "put": true, "post": true, "delete": true, "options": true, "head": true, "patch": true, "trace": true}

// Read reads a description: JSON where the file's name ends in .json, else YAML. The
// Document is nil where the text has no shape at all; faults are sorted.
func Read(src *diag.Source) (*Document, diag.List) {
	r := &reader{Reader: doctree.NewReader(src), doc: &Document{text: src.Text()}, ids: map[string]bool{}}
	if len(src.Text()) > MaxBytes {
		r.Fault(nil, Code, "the description has "+strconv.Itoa(len(src.Text()))+" bytes, more than "+strconv.Itoa(MaxBytes), "split the API")
		return nil, r.Faults()
	}
	r.doc.json = path.Ext(src.File()) == ".json" || strings.HasPrefix(strings.TrimLeft(src.Text(), " \t\r\n\ufeff"), "{")
	parse := doctree.ParseYAML
	if r.doc.json {
		parse = doctree.ParseJSON
	}
	root, faults := parse(src)
	if root == nil || faults.HasErrors() {
		if root == nil && len(faults) == 0 {
			r.Fault(nil, Code, "the file is empty", "write the API's operations as OpenAPI 3.0")
			faults = r.Faults()
		}
		return nil, faults
	}
	r.root = root
	r.read()
	return r.doc, append(faults, r.Faults()...).Sort()
}

// reader makes a Document of a tree.
type reader struct {
	*doctree.Reader
	doc     *Document
	root    *doctree.Node
	schemas *schema.Compiler
	// ids are those given out; raw those that the document writes.
	ids map[string]bool
	raw map[string]bool
	v2  *swagger // nil for OpenAPI 3
}

func (r *reader) fault(n *doctree.Node, message, hint string) { r.Fault(n, Code, message, hint) }

func (r *reader) warn(n *doctree.Node, message, hint string) {
	r.Warn(n.Line, n.Column, Code, message, hint)
}

func (r *reader) read() {
	dialect, ok := r.version()
	if !ok {
		return
	}
	r.schemas = &schema.Compiler{Root: r.root, Dialect: dialect, Report: r.fault}
	r.info()
	r.definitions()
	paths := r.root.Get("paths")
	if paths == nil || paths.Kind != doctree.Map {
		r.fault(r.root, "the document has no paths", "add paths")
		return
	}
	r.raw = map[string]bool{}
	r.paths(paths)
	if more := r.root.Get("x-ms-paths"); more != nil && more.Kind == doctree.Map {
		r.paths(more)
	}
}

// version says which language the document is in.
func (r *reader) version() (schema.Dialect, bool) {
	old, version := r.root.Get("swagger"), r.root.Get("openapi")
	switch {
	case version == nil && old == nil:
		r.fault(r.root, "this is no API description: it has neither the key openapi nor swagger", "write openapi: 3.0.3")
	case version == nil && strings.HasPrefix(old.Text, "2."):
		r.doc.Version, r.v2 = old.Text, r.swagger()
		return schema.OpenAPI2, true
	case version == nil:
		r.fault(old, "Swagger "+old.Text+" is not in this version", "write the document as OpenAPI 3.0")
	case strings.HasPrefix(version.Text, "3.0"):
		r.doc.Version = version.Text
		return schema.OpenAPI30, true
	case strings.HasPrefix(version.Text, "3.1"):
		r.doc.Version = version.Text
		return schema.Draft2020, true
	default:
		r.fault(version, "OpenAPI "+version.Text+" is not in this version", "write the document as OpenAPI 3.0 or 3.1")
	}
	return 0, false
}

func (r *reader) info() {
	if info := r.root.Get("info"); info != nil {
		r.doc.Title, r.doc.Description, r.doc.APIVersion = text(info, "title"), text(info, "description"), text(info, "version")
	}
	if r.v2 != nil {
		r.doc.ServiceURL = r.v2.server(r.root)
		return
	}
	r.doc.ServiceURL = r.server()
}

// definitions compiles the named schemas, so that a fault is told where it stands
// and not where the schema is used.
func (r *reader) definitions() {
	list, pointer := r.root.Get("components").Get("schemas"), "#/components/schemas/"
	if r.v2 != nil {
		list, pointer = r.root.Get("definitions"), "#/definitions/"
	}
	if list == nil {
		return
	}
	for _, m := range list.Members {
		r.schemas.Compile(m.Value, pointer+strings.ReplaceAll(strings.ReplaceAll(m.Name, "~", "~0"), "/", "~1"))
	}
}

// text gives a scalar member as text, empty where there is none.
func text(n *doctree.Node, name string) string {
	if v := n.Get(name); v != nil && v.Kind != doctree.Map && v.Kind != doctree.List && v.Kind != doctree.Null {
		return v.Text
	}
	return ""
}

func isTrue(n *doctree.Node, name string) bool { return text(n, name) == "true" }

// follow gives what a node stands for: itself, or what its $ref leads to. The
// result is nil where that is nothing, which was reported.
func (r *reader) follow(n *doctree.Node) *doctree.Node {
	for range 32 {
		ref := n.Get("$ref")
		if ref == nil {
			return n
		}
		target := r.schemas.Resolve(ref.Text)
		switch {
		case target == nil && !strings.HasPrefix(ref.Text, "#"):
			r.fault(ref, "the reference "+ref.Text+" leads out of the document", "copy what it means into the document")
			return nil
		case target == nil:
			r.fault(ref, "the reference "+ref.Text+" leads to nothing", "define it there")
			return nil
		}
		n = target
	}
	r.fault(n, "references lead to each other without end", "remove one of them")
	return nil
}

// server is the first https server.
func (r *reader) server() string {
	for _, name := range []string{"servers", "x-servers"} {
		list := r.root.Get(name)
		if list == nil {
			continue
		}
		for _, s := range list.Items {
			url := text(s, "url")
			if vars := s.Get("variables"); vars != nil {
				for _, v := range vars.Members {
					url = strings.ReplaceAll(url, "{"+v.Name+"}", text(v.Value, "default"))
				}
			}
			if len(url) > 8 && strings.EqualFold(url[:8], "https://") && !strings.ContainsAny(url, "{}?# \t") {
				return "https://" + strings.TrimRight(url[8:], "/")
			}
		}
	}
	return ""
}
