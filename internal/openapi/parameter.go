package openapi

import (
	"strings"

	"stile/internal/config/doctree"
)

// parameterNodes follows the references of a list of parameters.
func (r *reader) parameterNodes(list *doctree.Node) (out []*doctree.Node) {
	if list == nil {
		return nil
	}
	if list.Kind != doctree.List {
		r.fault(list, "parameters is a list", "write - before each parameter")
		return nil
	}
	for _, item := range list.Items {
		if n := r.follow(item); n != nil {
			out = append(out, n)
		}
	}
	return out
}

// parameters reads those of path, query and header; of two with the same place and
// name the later one counts, which is the operation's own.
func (r *reader) parameters(o *Operation, list []*doctree.Node) {
	for _, n := range list {
		p := r.parameter(n)
		if p == nil {
			continue
		}
		replaced := false
		for i, old := range o.Parameters {
			if old.In == p.In && old.Name == p.Name {
				o.Parameters[i], replaced = p, true
			}
		}
		if !replaced {
			o.Parameters = append(o.Parameters, p)
		}
	}
}

// parameter reads one; nil for cookies, bodies and forms, which are none here.
func (r *reader) parameter(n *doctree.Node) *Parameter {
	p := &Parameter{Name: text(n, "name"), In: Place(text(n, "in")), Description: text(n, "description"), Required: isTrue(n, "required")}
	switch p.In {
	case InPath, InQuery, InHeader:
	case "cookie":
		return nil
	case "body", "formData":
		if r.v2 != nil {
			return nil
		}
		fallthrough
	default:
		r.fault(n, "a parameter's in cannot be "+string(p.In), "it is path, query, header or cookie")
		return nil
	}
	if p.Name == "" {
		r.fault(n, "a parameter has no name", "add name")
		return nil
	}
	if r.v2 != nil {
		r.v2.value(p, n)
	} else {
		r.value(p, n)
	}
	return p
}

// value reads how a parameter of OpenAPI 3 is written and what it may be.
func (r *reader) value(p *Parameter, n *doctree.Node) {
	p.Style = "simple"
	if p.In == InQuery {
		p.Style = "form"
	}
	if s := text(n, "style"); s != "" {
		p.Style = s
	}
	if !styles[p.In][p.Style] {
		r.fault(n.Get("style"), "the style "+p.Style+" is none of "+string(p.In)+" parameters", "")
	}
	p.Explode = p.Style == "form"
	if n.Get("explode") != nil {
		p.Explode = isTrue(n, "explode")
	}
	if s := n.Get("schema"); s != nil {
		p.Schema = r.schemas.Compile(s, "#")
	}
	if content := n.Get("content"); content != nil && len(content.Members) > 0 {
		m := r.media(content.Members[0])
		p.Schema, p.JSON = m.Schema, IsJSON(m.Type)
	}
	p.Samples = r.samples(n)
	if p.Schema != nil {
		p.Samples = append(p.Samples, p.Schema.Resolved().Samples...)
	}
}

// styles are those that each place has.
var styles = map[Place]map[string]bool{
	InPath:   {"simple": true, "label": true, "matrix": true},
	InQuery:  {"form": true, "spaceDelimited": true, "pipeDelimited": true, "deepObject": true},
	InHeader: {"simple": true},
}

// samples are the example and the examples of a node, as JSON.
func (r *reader) samples(n *doctree.Node) (out [][]byte) {
	if e := n.Get("example"); e != nil {
		out = append(out, e.JSON())
	}
	if list := n.Get("examples"); list != nil && list.Kind == doctree.Map {
		for _, m := range list.Members {
			if e := r.follow(m.Value); e != nil && e.Get("value") != nil {
				out = append(out, e.Get("value").JSON())
			}
		}
	}
	return out
}

// messages reads the body and the responses of an operation of OpenAPI 3.
func (r *reader) messages(o *Operation, n *doctree.Node) {
	if body := n.Get("requestBody"); body != nil {
		if body = r.follow(body); body != nil {
			o.Request = &Body{Required: isTrue(body, "required"), Media: r.content(body)}
		}
	}
	r.responses(o, n, func(res *Response, n *doctree.Node) {
		res.Media = r.content(n)
		if headers := n.Get("headers"); headers != nil {
			for _, m := range headers.Members {
				if h := r.follow(m.Value); h != nil {
					p := &Parameter{Name: m.Name, In: InHeader, Description: text(h, "description"), Required: isTrue(h, "required")}
					r.value(p, h)
					res.Headers = append(res.Headers, p)
				}
			}
		}
	})
}

// responses reads each response with the reader for its version.
func (r *reader) responses(o *Operation, n *doctree.Node, read func(*Response, *doctree.Node)) {
	list := n.Get("responses")
	if list == nil {
		return
	}
	if list.Kind != doctree.Map {
		r.fault(list, "responses is a map of status codes", "")
		return
	}
	for _, m := range list.Members {
		if strings.HasPrefix(m.Name, "x-") {
			continue
		}
		if !isStatus(m.Name) {
			r.FaultAt(m.Line, m.Column, Code, "the response "+m.Name+" is no status code", "write three digits, a class as 4XX, or default")
			continue
		}
		if body := r.follow(m.Value); body != nil {
			res := &Response{Status: m.Name, Description: text(body, "description")}
			read(res, body)
			o.Responses = append(o.Responses, res)
		}
	}
}

func isStatus(s string) bool {
	if s == "default" {
		return true
	}
	return len(s) == 3 && '1' <= s[0] && s[0] <= '5' &&
		(strings.EqualFold(s[1:], "XX") || strings.Trim(s[1:], "0123456789") == "")
}

// content reads the representations of a body of OpenAPI 3.
func (r *reader) content(n *doctree.Node) (out []*Media) {
	list := n.Get("content")
	if list == nil {
		return nil
	}
	if list.Kind != doctree.Map {
		r.fault(list, "content is a map of media types", "")
		return nil
	}
	for _, m := range list.Members {
		out = append(out, r.media(m))
	}
	return out
}

func (r *reader) media(m doctree.Member) *Media {
	out := &Media{Type: strings.ToLower(strings.TrimSpace(m.Name))}
	n := m.Value
	if s := n.Get("schema"); s != nil {
		out.Schema = r.schemas.Compile(s, "#")
	}
	if e := n.Get("example"); e != nil {
		out.Samples = append(out.Samples, Sample{Name: "default", Body: sampleBody(out.Type, e)})
	}
	if list := n.Get("examples"); list != nil && list.Kind == doctree.Map {
		for _, e := range list.Members {
			if v := r.follow(e.Value).Get("value"); v != nil {
				out.Samples = append(out.Samples, Sample{Name: e.Name, Body: sampleBody(out.Type, v)})
			}
		}
	}
	return out
}

// sampleBody is an example as a body: text as it is where the type is no JSON, else
// JSON in lines.
func sampleBody(mediaType string, n *doctree.Node) []byte {
	if n.Kind == doctree.String && !IsJSON(mediaType) {
		return []byte(n.Text)
	}
	return Indent(n.JSON())
}
