package sfnapi

import (
	"bytes"
	"io"
	"net/http"
)

// Body is a request's body that was read as a whole, and can be read again.
type Body struct {
	bytes.Reader
	text []byte
}

// Text is the body, or the first MaxBody+1 bytes of a longer one. Nobody changes it.
func (b *Body) Text() []byte { return b.text }

// Close does nothing: what was read from is net/http's to close.
func (b *Body) Close() error { return nil }

// trusted is how much room a client's Content-Length makes at once.
const trusted = 64 << 10

// ReadBody reads a request's body, at most MaxBody+1 bytes of it. One that was read
// so before is given again.
func ReadBody(r *http.Request) (*Body, error) {
	if b, ok := r.Body.(*Body); ok {
		return b, nil
	}
	// One byte more, so that the end shows without growing.
	b := &Body{text: make([]byte, 0, min(max(r.ContentLength, 511), trusted)+1)}
	for len(b.text) <= MaxBody {
		if len(b.text) == cap(b.text) {
			b.text = append(b.text, 0)[:len(b.text)]
		}
		n, err := r.Body.Read(b.text[len(b.text):min(cap(b.text), MaxBody+1)])
		b.text = b.text[:len(b.text)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	b.Reader.Reset(b.text)
	return b, nil
}
