package sigv4

import (
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
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range r.Header[name] {
			out.Header = append(out.Header, Field{name, v})
		}
	}
	// net/http may keep the length out of the headers, and clients sign it.
	if r.Header.Get("Content-Length") == "" && r.ContentLength >= 0 {
		out.Header = append(out.Header, Field{"Content-Length", strconv.FormatInt(r.ContentLength, 10)})
	}
	return out
}

// values gives the values of a header in their order; name is in lower case.
func (r *Request) values(name string) (out []string) {
	if name == "host" {
		return []string{r.Host}
	}
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, name) {
			out = append(out, f.Value)
		}
	}
	return out
}
