package openapi

import (
	"strings"

	"stile/internal/openapi/schema"
)

// Document is one API description.
type Document struct {
	// Version is what the document says: 2.0, 3.0.3, 3.1.0.
	Version string
	// Title, Description and APIVersion are its info.
	Title, Description, APIVersion string
	// ServiceURL is the first server whose scheme is https, without trailing slash;
	// empty where there is none.
	ServiceURL string
	Operations []*Operation
	text       string
	json       bool
}

// Text is the document as it was read, byte for byte.
func (d *Document) Text() string { return d.text }

// MediaType is the registered type of the document's text.
func (d *Document) MediaType() string {
	if d.json {
		return "application/vnd.oai.openapi+json"
	}
	return "application/vnd.oai.openapi"
}

// Operation is one operation of a description.
type Operation struct {
	// ID is normalised: lower case, - for what is neither letter nor digit.
	ID string
	// Given is operationId as the document writes it; may be empty.
	Given, Name, Description string
	// Method is in upper case. URLTemplate holds required query parameters too.
	Method, URLTemplate string
	Line, Column        int
	// Parameters are those in path, query and header.
	Parameters []*Parameter
	// Request is the request's body; nil where it has none.
	Request   *Body
	Responses []*Response
}

// OperationID makes an Operation a Contract of package exchange.
func (o *Operation) OperationID() string { return o.ID }

// Place says where a parameter stands.
type Place string

// The places of parameters.
const (
	InPath   Place = "path"
	InQuery  Place = "query"
	InHeader Place = "header"
)

// Parameter is a parameter of a request, or a header of a response.
type Parameter struct {
	Name, Description string
	In                Place
	Required          bool
	// Style is form, simple, label, matrix, spaceDelimited, pipeDelimited or
	// deepObject; Explode as in OpenAPI 3.
	Style   string
	Explode bool
	// Schema is nil where the document says nothing of the value.
	Schema *schema.Schema
	// JSON says that the value is JSON text (content instead of schema).
	JSON bool
	// Samples are values to show, best first, as compact JSON.
	Samples [][]byte
}

// Body is a request's body.
type Body struct {
	Required bool
	Media    []*Media
}

// Response is one response.
type Response struct {
	// Status is 200, 4XX or default.
	Status      string
	Description string
	Headers     []*Parameter
	Media       []*Media
}

// Media is a representation of a body.
type Media struct {
	// Type is a media type in lower case; it may be a range, as text/*.
	Type string
	// Schema is nil where any body will do.
	Schema *schema.Schema
	// Samples are examples, in the document's order.
	Samples []Sample
}

// Sample is one example: JSON, or text where the document holds a string for a type
// that is no JSON.
type Sample struct {
	Name string
	Body []byte
}

// Parameter finds a parameter by place and name, without regard to case; nil where
// there is none.
func (o *Operation) Parameter(in Place, name string) *Parameter {
	for _, p := range o.Parameters {
		if p.In == in && strings.EqualFold(p.Name, name) {
			return p
		}
	}
	return nil
}

// Response finds what the description says of a status: itself, its class, default;
// nil where nothing.
func (o *Operation) Response(status int) *Response {
	exact, class := digits(status), digits(status/100)+"XX"
	var ranged, other *Response
	for _, r := range o.Responses {
		switch {
		case r.Status == exact:
			return r
		case strings.EqualFold(r.Status, class):
			ranged = r
		case r.Status == "default":
			other = r
		}
	}
	if ranged != nil {
		return ranged
	}
	return other
}

func digits(n int) string {
	if n >= 10 {
		return digits(n/10) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}

// Header finds a header of a response; nil where there is none.
func (r *Response) Header(name string) *Parameter {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return h
		}
	}
	return nil
}

// MediaOf finds the representation of a media type: itself, then ranges; nil where
// there is none. Parameters of the type do not matter.
func MediaOf(list []*Media, mediaType string) *Media {
	want := BareType(mediaType)
	kind, _, _ := strings.Cut(want, "/")
	var found *Media
	rank := 0
	for _, m := range list {
		have, r := BareType(m.Type), 0
		switch {
		case have == want:
			return m
		case have == kind+"/*":
			r = 2
		case have == "*/*" || have == "*":
			r = 1
		}
		if r > rank {
			found, rank = m, r
		}
	}
	return found
}

// BareType is a media type in lower case without its parameters.
func BareType(t string) string {
	t, _, _ = strings.Cut(t, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// IsJSON reports whether bodies of a media type are JSON.
func IsJSON(mediaType string) bool {
	t := BareType(mediaType)
	return t == "application/json" || t == "text/json" || strings.HasSuffix(t, "+json")
}
