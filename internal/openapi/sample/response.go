package sample

import (
	"stile/internal/openapi"
	"stile/jsonval"
)

// Mock is a response that an operation might give.
type Mock struct {
	ContentType string
	// Headers are names with values.
	Headers [][2]string
	Body    []byte // nil: none
}

// Response makes the answer of an operation for a status and a content type; an empty
// one is the first that there is something to show of. It prefers the example at
// index, from 0, to a sample of the schema. o may be nil.
func Response(o *openapi.Operation, code int, contentType string, index int) Mock {
	m := Mock{ContentType: contentType}
	if o == nil {
		return m
	}
	r := o.Response(code)
	if r == nil {
		return m
	}
	m.Headers = headers(r)
	media := mediaOf(r.Media, contentType)
	if media == nil {
		return m
	}
	if contentType == "" {
		m.ContentType = media.Type
	}
	switch {
	case len(media.Samples) > 0:
		if index < 0 || index >= len(media.Samples) {
			index = 0
		}
		m.Body = media.Samples[index].Body
	case media.Schema != nil && openapi.IsJSON(media.Type):
		m.Body = openapi.Indent(JSON(media.Schema))
	}
	return m
}

// mediaOf chooses the representation.
func mediaOf(list []*openapi.Media, contentType string) *openapi.Media {
	if contentType != "" {
		return openapi.MediaOf(list, contentType)
	}
	for _, m := range list {
		if len(m.Samples) > 0 || m.Schema != nil && openapi.IsJSON(m.Type) {
			return m
		}
	}
	return nil
}

// headers are those that the description shows a value of.
func headers(r *openapi.Response) (out [][2]string) {
	for _, h := range r.Headers {
		if len(h.Samples) == 0 {
			continue
		}
		text := string(h.Samples[0])
		if v, err := jsonval.ParseString(text); err == nil {
			if s, ok := v.Str(); ok {
				text = s
			}
		}
		if valid(text) {
			out = append(out, [2]string{h.Name, text})
		}
	}
	return out
}

// valid refuses what no field may hold.
func valid(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
