package openapi

import (
	"slices"
	"strconv"
	"strings"

	"stile/internal/config/doctree"
)

func (r *reader) paths(list *doctree.Node) {
	for _, p := range list.Members {
		switch {
		case strings.HasPrefix(p.Name, "x-"):
			continue
		case !strings.HasPrefix(p.Name, "/"):
			r.FaultAt(p.Line, p.Column, Code, "the path "+p.Name+" does not begin with /", "write /"+p.Name)
			continue
		case p.Value.Kind != doctree.Map:
			continue // nothing can be called there
		}
		item := r.follow(p.Value)
		if item == nil {
			continue
		}
		shared := r.parameterNodes(item.Get("parameters"))
		for _, m := range item.Members {
			if methods[m.Name] {
				r.operation(p.Name, shared, m)
			}
		}
	}
}

func (r *reader) operation(path string, shared []*doctree.Node, m doctree.Member) {
	n := m.Value
	if n.Kind != doctree.Map {
		r.fault(n, "an operation is a map", "write for example {operationId: list, responses: {}}")
		return
	}
	o := &Operation{Method: strings.ToUpper(m.Name), URLTemplate: path, Line: m.Line, Column: m.Column,
		Given: text(n, "operationId"), Description: text(n, "description")}
	if o.Given != "" {
		if r.raw[o.Given] {
			r.FaultAt(m.Line, m.Column, doctree.CodeDuplicate, "another operation has the id "+o.Given, "give each operation an operationId of its own")
			return
		}
		r.raw[o.Given] = true
	}
	o.Name = clip(text(n, "summary"), maxName)
	list := slices.Concat(shared, r.parameterNodes(n.Get("parameters")))
	r.parameters(o, list)
	r.template(o, n)
	o.ID = r.id(o)
	if o.Name == "" {
		if o.Name = o.Given; o.Name == "" {
			o.Name = o.ID
		}
	}
	if r.v2 != nil {
		r.v2.messages(o, n, list)
	} else {
		r.messages(o, n)
	}
	if bodiless[o.Method] {
		o.Request = nil
	}
	r.doc.Operations = append(r.doc.Operations, o)
}

// bodiless are the methods whose request bodies API Management drops.
var bodiless = map[string]bool{"GET": true, "HEAD": true, "OPTIONS": true}

// maxName is how long an operation's name may be.
const maxName = 300

func clip(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most])
	}
	return s
}

// template puts required query parameters into the URL template, and checks that
// every name stands there once.
func (r *reader) template(o *Operation, n *doctree.Node) {
	path, query, _ := strings.Cut(o.URLTemplate, "?")
	names := templateNames(path)
	var terms []string
	if query != "" {
		terms = strings.Split(query, "&")
	}
	for _, p := range o.Parameters {
		switch {
		case p.In == InPath && !slices.ContainsFunc(names, func(s string) bool { return strings.TrimPrefix(s, "*") == p.Name }):
			r.warn(n, "the path parameter "+p.Name+" is not in "+path, "write {"+p.Name+"} into the path, or remove the parameter")
		case p.In == InQuery && p.Required:
			if slices.Contains(names, p.Name) {
				r.fault(n, "the required query parameter "+p.Name+" has the name of a path parameter", "API Management needs names that differ within a URL template")
				continue
			}
			if !slices.ContainsFunc(terms, func(s string) bool { name, _, _ := strings.Cut(s, "="); return name == p.Name }) {
				terms = append(terms, p.Name+"={"+p.Name+"}")
			}
		}
	}
	o.URLTemplate = path
	if len(terms) > 0 {
		o.URLTemplate += "?" + strings.Join(terms, "&")
	}
}

// templateNames lists the names in braces.
func templateNames(path string) (names []string) {
	for {
		_, after, ok := strings.Cut(path, "{")
		if !ok {
			return names
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			return names
		}
		names, path = append(names, name), rest
	}
}

// maxID leaves room for a suffix within the 80 characters of a resource's name.
const maxID = 76

// NormalID is an operation's id as API Management makes it of an operationId: lower
// case, one - for each run of what is neither letter nor digit, none at the ends, at
// most 76 characters.
func NormalID(s string) string {
	id := make([]byte, 0, len(s))
	for _, c := range strings.ToLower(s) {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			id = append(id, byte(c))
		} else if len(id) > 0 && id[len(id)-1] != '-' {
			id = append(id, '-')
		}
	}
	if len(id) > maxID {
		id = id[:maxID]
	}
	return strings.Trim(string(id), "-")
}

// id gives an operation its id: of operationId, else of method and template; where
// another one has it, with the first number that is free.
func (r *reader) id(o *Operation) string {
	base := NormalID(o.Given)
	if base == "" {
		if base = NormalID(o.Method + "-" + o.URLTemplate); base == "" {
			base = strings.ToLower(o.Method)
		}
	}
	id := base
	for n := 1; r.ids[id]; n++ {
		id = base + "-" + strconv.Itoa(n)
	}
	r.ids[id] = true
	return id
}
