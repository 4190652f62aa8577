package openapi

import (
	"strings"

	"stile/internal/config/doctree"
	"stile/jsonval"
)

// Indent gives JSON text in lines, as examples are kept.
func Indent(text []byte) []byte {
	v, err := jsonval.Parse(text)
	if err != nil {
		return text
	}
	return v.Indent()
}

// swagger reads what OpenAPI 2.0 has another shape for.
type swagger struct {
	*reader
	consumes, produces []string
}

func (r *reader) swagger() *swagger {
	return &swagger{reader: r, consumes: texts(r.root.Get("consumes")), produces: texts(r.root.Get("produces"))}
}

func texts(n *doctree.Node) (out []string) {
	if n == nil {
		return nil
	}
	for _, item := range n.Items {
		out = append(out, item.Text)
	}
	return out
}

// server is host and basePath where https is among the schemes.
func (s *swagger) server(root *doctree.Node) string {
	host := text(root, "host")
	for _, scheme := range texts(root.Get("schemes")) {
		if strings.EqualFold(scheme, "https") && host != "" && !strings.ContainsAny(host, "/{}?# \t") {
			return strings.TrimRight("https://"+host+text(root, "basePath"), "/")
		}
	}
	return s.reader.server()
}

// collections are the styles that collectionFormat means.
var collections = map[string]string{"ssv": "spaceDelimited", "pipes": "pipeDelimited", "tsv": "tabDelimited"}

// value reads a parameter, whose own keywords are those of a schema.
func (s *swagger) value(p *Parameter, n *doctree.Node) {
	p.Style = "simple"
	if p.In == InQuery {
		p.Style = "form"
	}
	format := text(n, "collectionFormat")
	if style := collections[format]; style != "" {
		p.Style = style
	}
	p.Explode = format == "multi" && p.In == InQuery
	p.Schema = s.schemas.Compile(withoutOwn(n), "#")
	p.Samples = append(s.samples(n), p.Schema.Samples...)
}

// withoutOwn gives a parameter's keywords without those that mean another thing in
// a schema.
func withoutOwn(n *doctree.Node) *doctree.Node {
	out := *n
	out.Members = nil
	for _, m := range n.Members {
		if m.Name != "required" {
			out.Members = append(out.Members, m)
		}
	}
	return &out
}

// messages reads the body, which is a parameter, and the responses.
func (s *swagger) messages(o *Operation, n *doctree.Node, list []*doctree.Node) {
	consumes, produces := s.consumes, s.produces
	if own := n.Get("consumes"); own != nil {
		consumes = texts(own)
	}
	if own := n.Get("produces"); own != nil {
		produces = texts(own)
	}
	if len(consumes) == 0 {
		consumes = []string{"application/json"}
	}
	for _, p := range list {
		if text(p, "in") != "body" {
			continue
		}
		o.Request = &Body{Required: isTrue(p, "required")}
		for _, t := range consumes {
			m := &Media{Type: strings.ToLower(t)}
			if x := p.Get("schema"); x != nil {
				m.Schema = s.schemas.Compile(x, "#")
			}
			if e := p.Get("x-example"); e != nil {
				m.Samples = append(m.Samples, Sample{Name: "default", Body: sampleBody(t, e)})
			}
			o.Request.Media = append(o.Request.Media, m)
		}
	}
	s.responses(o, n, func(res *Response, n *doctree.Node) { s.response(res, n, produces) })
}

func (s *swagger) response(res *Response, n *doctree.Node, produces []string) {
	body, examples := n.Get("schema"), n.Get("examples")
	if len(produces) == 0 {
		produces = []string{"application/json"}
	}
	types := produces
	if body == nil {
		types = nil
	}
	if examples != nil {
		for _, m := range examples.Members {
			known := false
			for _, t := range types {
				known = known || strings.EqualFold(t, m.Name)
			}
			if !known {
				types = append(types[:len(types):len(types)], m.Name)
			}
		}
	}
	for _, t := range types {
		m := &Media{Type: strings.ToLower(t)}
		if body != nil {
			m.Schema = s.schemas.Compile(body, "#")
		}
		if e := examples.Get(t); e != nil {
			m.Samples = append(m.Samples, Sample{Name: "default", Body: sampleBody(t, e)})
		}
		res.Media = append(res.Media, m)
	}
	if headers := n.Get("headers"); headers != nil {
		for _, m := range headers.Members {
			p := &Parameter{Name: m.Name, In: InHeader, Description: text(m.Value, "description")}
			s.value(p, m.Value)
			res.Headers = append(res.Headers, p)
		}
	}
}
