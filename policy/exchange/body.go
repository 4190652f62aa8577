package exchange

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// MaxBuffered bounds what Bytes takes into memory from a stream, in bytes.
const MaxBuffered = 16 << 20

// ErrBodyTooLarge is returned by Bytes where a stream is longer than MaxBuffered.
var ErrBodyTooLarge = errors.New("body is larger than the gateway buffers")

// ErrBodyConsumed is returned where a streamed body was read away before.
var ErrBodyConsumed = errors.New("body has been consumed")

// Body is a message body: bytes in memory, or a stream that is read once. A
// policy that looks at it calls Bytes, which buffers; a wire that only forwards
// calls Reader, which does not.
type Body struct {
	buf      []byte
	stream   io.ReadCloser
	length   int64 // -1 where unknown
	consumed bool
	print    *Print // where a recording keeps it
}

// Bytes makes a body of bytes in memory; the caller gives b away.
func Bytes(b []byte) *Body { return &Body{buf: b, length: int64(len(b))} }

// Text makes a body of a string.
func Text(s string) *Body { return Bytes([]byte(s)) }

// Stream makes a body that r delivers once; length is -1 where it is not known.
func Stream(r io.ReadCloser, length int64) *Body { return &Body{stream: r, length: length} }

// Length is the body's length in bytes, -1 where a stream did not say. A nil Body has 0.
func (b *Body) Length() int64 {
	if b == nil {
		return 0
	}
	return b.length
}

// Streaming reports whether the body is still an unread stream.
func (b *Body) Streaming() bool { return b != nil && b.stream != nil && !b.consumed }

// Bytes gives the whole body, reading a stream into memory first. The body can
// be read again afterwards. A nil Body gives nil. The caller must not change the
// bytes.
func (b *Body) Bytes() ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	if b.consumed {
		return nil, ErrBodyConsumed
	}
	if b.stream == nil {
		return b.buf, nil
	}
	data, err := readAll(b.stream, b.length)
	if cerr := b.stream.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		b.consumed = true
		return nil, err
	}
	b.buf, b.stream, b.length = data, nil, int64(len(data))
	return data, nil
}

// readAll reads to the end, in one piece of memory where the length is known; what a
// stream says of its length is no promise.
func readAll(r io.Reader, length int64) ([]byte, error) {
	if length < 0 || length > MaxBuffered {
		length = minRead
	}
	data := make([]byte, 0, length+1)
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case len(data) > MaxBuffered:
			return nil, ErrBodyTooLarge
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			data = slices.Grow(data, minRead)
		}
	}
}

// minRead is how many bytes more a stream of unknown length is read by, at least.
const minRead = 512

// memory is a body in memory as a reader.
type memory struct{ bytes.Reader }

// Close does nothing.
func (*memory) Close() error { return nil }

func inMemory(b []byte) io.ReadCloser {
	m := new(memory)
	m.Reset(b)
	return m
}

// Reader gives the body to read once: a fresh reader over bytes in memory, or
// the stream itself, which is consumed by this. The caller closes it.
func (b *Body) Reader() io.ReadCloser {
	if b == nil {
		return inMemory(nil)
	}
	if b.stream != nil && !b.consumed {
		b.consumed = true
		return b.stream
	}
	return inMemory(b.buf)
}

// Consume drops the body as context.Request.Body.As without preserveContent does.
func (b *Body) Consume() {
	if b != nil && !b.consumed {
		b.consumed = true
		b.Close()
	}
}

// Consumed reports whether the body was read away.
func (b *Body) Consumed() bool { return b != nil && b.consumed }

// Close ends an unread stream; it is safe on nil and more than once.
func (b *Body) Close() error {
	if b == nil || b.stream == nil {
		return nil
	}
	s := b.stream
	b.stream = nil
	return s.Close()
}
