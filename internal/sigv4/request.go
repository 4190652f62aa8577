package sigv4

import (
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Request is what a signature covers of a request, as it was received.
type Request struct {
	Method string
	// RawPath and RawQuery are the two parts of the request target as they stood on
	// the wire, still escaped; RawQuery has no question mark.
	RawPath, RawQuery string
	// Host is the Host header, or :authority, with its port.
	Host string
	// Header holds every other header; fields of one name stand in their order.
	Header []Field
	// BodyHash is the SHA-256 of the body in lower-case hex. Only Verify reads it.
	BodyHash string
}

// Field is one header.
type Field struct{ Name, Value string }

// FromHTTP gives the signed parts of a server's request, without BodyHash.
func FromHTTP(r *http.Request) Request {
	out := Request{Method: r.Method, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.Host}
	if strings.HasPrefix(r.RequestURI, "/") {
		out.RawPath, _, _ = strings.Cut(r.RequestURI, "?")
	}
	out.Header = make([]Field, 0, len(r.Header)+1)
	for name, values := range r.Header {
		for _, v := range values {
			out.Header = append(out.Header, Field{name, v})
		}
	}
	slices.SortStableFunc(out.Header, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	// net/http may keep the length out of the headers, and clients sign it.
	if r.Header.Get("Content-Length") == "" && r.ContentLength >= 0 {
		out.Header = append(out.Header, Field{"Content-Length", strconv.FormatInt(r.ContentLength, 10)})
	}
	return out
}

// each goes through the values of a header in their order; name is in lower case.
func (r *Request) each(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if name == "host" {
			yield(r.Host)
			return
		}
		for i := range r.Header {
			if f := &r.Header[i]; strings.EqualFold(f.Name, name) && !yield(f.Value) {
				return
			}
		}
	}
}

// first gives a header's first value and how many it has.
func (r *Request) first(name string) (value string, n int) {
	for v := range r.each(name) {
		if n == 0 {
			value = v
		}
		n++
	}
	return value, n
}

// values gives the values of a header in their order.
func (r *Request) values(name string) []string { return slices.Collect(r.each(name)) }
