package verify

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"stile/policy/exchange"
)

// MaxBody is the longest body that is validated, in bytes, unpacked.
const MaxBody = 4 << 20

// NewBody takes a body, which may be nil, and its Content-Encoding.
func NewBody(body *exchange.Body, encoding string) *Body {
	return &Body{body: body, encoding: encoding}
}

// Body is a message's body that is read once it is needed, and unpacked.
type Body struct {
	body     *exchange.Body
	encoding string
	done     bool
	data     []byte
	reason   string // why data cannot be validated
	unpacked int64
}

func (b *Body) plain() bool {
	return b.encoding == "" || strings.EqualFold(b.encoding, "identity")
}

// Empty: there is no body, as far as can be told without reading.
func (b *Body) Empty() bool { return b.body == nil || b.body.Length() == 0 }

// Size gives the body's length, unpacked. A body that says how long it is and is
// refused for that is not read.
func (b *Body) Size(most int64, refuse bool) (int64, error) {
	if n := b.body.Length(); b.plain() && n >= 0 && (n <= most || refuse || n > exchange.MaxBuffered) {
		return n, nil
	}
	if b.Empty() {
		return 0, nil
	}
	if err := b.read(); err != nil {
		return 0, err
	}
	return b.unpacked, nil
}

// Text gives the body, or the reason why it cannot be validated.
func (b *Body) Text() (data []byte, reason string, err error) {
	if n := b.body.Length(); !b.done && n > exchange.MaxBuffered {
		return nil, "The body is longer than the gateway reads.", nil
	}
	if err := b.read(); err != nil {
		return nil, "", err
	}
	if b.reason == "" && b.unpacked > MaxBody {
		return nil, "The body is longer than 4194304 bytes.", nil
	}
	return b.data, b.reason, nil
}

func (b *Body) read() error {
	if b.done {
		return nil
	}
	data, err := b.body.Bytes()
	if err != nil {
		return err
	}
	b.done, b.data, b.unpacked = true, data, int64(len(data))
	if !b.plain() {
		b.unpack(data)
	}
	return nil
}

var errEncoding = errors.New("the content encoding is not known")

// unpack reads at most what the gateway buffers of a compressed body.
func (b *Body) unpack(data []byte) {
	from, err := decompressor(b.encoding, data)
	if err == nil {
		b.data, err = io.ReadAll(io.LimitReader(from, MaxBody+1))
		b.unpacked = int64(len(b.data))
		if err == nil && b.unpacked > MaxBody {
			var more int64
			more, err = io.Copy(io.Discard, io.LimitReader(from, exchange.MaxBuffered))
			b.unpacked += more
		}
	}
	if err != nil {
		b.data, b.reason = nil, "The body cannot be unpacked: "+err.Error()+"."
	}
}

func decompressor(encoding string, data []byte) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "gzip", "x-gzip":
		return gzip.NewReader(bytes.NewReader(data))
	case "deflate":
		if r, err := zlib.NewReader(bytes.NewReader(data)); err == nil {
			return r, nil
		}
		return flate.NewReader(bytes.NewReader(data)), nil
	}
	return nil, errEncoding
}
