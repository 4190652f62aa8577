package verify

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"

	"stile/policy/exchange"
)

// counting counts what is read of a stream.
type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func (c *counting) Close() error { return nil }

func packed(t *testing.T, w func(io.Writer) io.WriteCloser, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := w(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBodiesAreReadWhenNeeded: one that says how long it is tells so unread.
func TestBodiesAreReadWhenNeeded(t *testing.T) {
	for _, tt := range []struct {
		length int64
		refuse bool
		size   int64
		read   bool
	}{{10, false, 10, false}, {10, true, 10, false}, {-1, true, 10, true}} {
		c := &counting{Reader: strings.NewReader("0123456789")}
		b := NewBody(exchange.Stream(c, tt.length), "")
		size, err := b.Size(10, tt.refuse)
		if err != nil || size != tt.size || (c.n > 0) != tt.read {
			t.Errorf("%+v: %d, %v, read %d", tt, size, err, c.n)
		}
		if text, reason, err := b.Text(); string(text) != "0123456789" || reason != "" || err != nil {
			t.Errorf("%+v: %q %q %v", tt, text, reason, err)
		}
	}
	if b := NewBody(nil, "gzip"); !b.Empty() {
		t.Error("no body is one")
	}
}

func TestBodiesAreUnpacked(t *testing.T) {
	zip := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	for encoding, data := range map[string][]byte{"gzip": packed(t, zip, "hello"), "Deflate": packed(t, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, "hello"), "identity": []byte("hello")} {
		body := exchange.Bytes(data)
		b := NewBody(body, encoding)
		if size, err := b.Size(3, true); size != 5 || err != nil {
			t.Errorf("%s: %d, %v", encoding, size, err)
		}
		if text, reason, err := b.Text(); string(text) != "hello" || reason != "" || err != nil {
			t.Errorf("%s: %q %q %v", encoding, text, reason, err)
		}
		if kept, _ := body.Bytes(); !bytes.Equal(kept, data) {
			t.Errorf("%s: the body itself was changed", encoding)
		}
	}
	for encoding, want := range map[string]string{"br": "The body cannot be unpacked: the content encoding is not known.", "gzip": "The body cannot be unpacked: gzip: invalid header."} {
		if text, reason, err := NewBody(exchange.Text("no such packing"), encoding).Text(); text != nil || reason != want || err != nil {
			t.Errorf("%s: %q %q %v", encoding, text, reason, err)
		}
	}
	bomb := NewBody(exchange.Bytes(packed(t, zip, strings.Repeat("a", 64<<20))), "gzip")
	if size, err := bomb.Size(100, true); err != nil || size < MaxBody || size > MaxBody+exchange.MaxBuffered+1 {
		t.Errorf("a bomb has %d bytes, %v", size, err)
	}
	if text, reason, _ := bomb.Text(); text != nil || reason == "" {
		t.Errorf("a bomb gave %d bytes, %q", len(text), reason)
	}
}
