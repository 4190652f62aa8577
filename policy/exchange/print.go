package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync"
)

// Print is what a recording keeps of a body: its first bytes, its length and its
// digest. That of a stream grows as the stream is read, perhaps on another
// goroutine; Read gives what has passed so far.
type Print struct {
	mu    sync.Mutex
	head  []byte
	seen  int64
	sum   hash.Hash
	whole bool
	want  int64 // the length that a stream said, -1 where it did not
}

// omitted is the print of bodies that found no room.
var omitted = &Print{sum: sha256.New()}

// Passed is what has passed of a body.
type Passed struct {
	// Head has at most BodyShown+TextMargin bytes.
	Head []byte
	// Length counts the bytes that passed; Whole says that this was all.
	Length int64
	Whole  bool
	// Digest is the SHA-256 in hex; empty where the body did not pass whole.
	Digest string
}

// Read gives what has passed; a nil Print has nothing, whole.
func (p *Print) Read() Passed {
	if p == nil {
		return Passed{Whole: true}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := Passed{Head: append([]byte(nil), p.head...), Length: p.seen, Whole: p.whole}
	if p.whole {
		out.Digest = hex.EncodeToString(p.sum.Sum(nil))
	}
	return out
}

func (p *Print) add(b []byte) {
	p.head = append(p.head, b[:min(len(b), BodyShown+TextMargin-len(p.head))]...)
	p.seen += int64(len(b))
	p.sum.Write(b)
}

// same reports whether both are of the same bytes, as far as is known now.
func (p *Print) same(o *Print) bool {
	if p == o {
		return true
	}
	a, b := p.Read(), o.Read()
	return a.Whole && b.Whole && a.Length == b.Length && a.Digest == b.Digest
}

// Same reports whether two prints are of one body, or of bodies that are the same.
func Same(a, b *Print) bool { return a.same(b) }

// printOf prints a body: bytes at once, a stream as it is read.
func printOf(b *Body) *Print {
	p := &Print{sum: sha256.New(), want: b.length}
	if b.stream != nil && !b.consumed {
		b.stream = &printed{b.stream, p}
		return p
	}
	p.add(b.buf)
	p.whole = true
	return p
}

// printed is a stream whose bytes are printed as they pass.
type printed struct {
	io.ReadCloser
	print *Print
}

func (r *printed) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	r.print.mu.Lock()
	defer r.print.mu.Unlock()
	r.print.add(b[:max(n, 0)])
	r.print.whole = r.print.whole || err == io.EOF || r.print.seen == r.print.want
	return n, err
}
