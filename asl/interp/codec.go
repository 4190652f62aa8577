package interp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"stile/jsonval"
)

// errRecord is what every fault of a stored record matches with errors.Is.
var errRecord = errors.New("damaged record")

// writer appends the parts of a record to b. Numbers are varints; texts and
// payloads are length-prefixed.
type writer struct{ b []byte }

func (w *writer) byte(c byte)   { w.b = append(w.b, c) }
func (w *writer) uint(n uint64) { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) int(n int64)   { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) str(s string)  { w.uint(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) raw(p []byte)  { w.uint(uint64(len(p))); w.b = append(w.b, p...) }
func (w *writer) opt(s *string) { w.flag(s != nil); w.optText(s) }
func (w *writer) optText(s *string) {
	if s != nil {
		w.str(*s)
	}
}

func (w *writer) flag(on bool) {
	if on {
		w.byte(1)
	} else {
		w.byte(0)
	}
}

// payload writes 0 for an absent payload, 1 and the text for an inline one, 2
// and the number for a blob.
func (w *writer) payload(p Payload) {
	switch {
	case p.Blob != 0:
		w.byte(2)
		w.uint(p.Blob)
	case p.Value.Exists():
		w.byte(1)
		w.raw(p.Value.Raw())
	default:
		w.byte(0)
	}
}

// reader takes a record apart. The first fault sticks in err; every later read
// gives zero values, so callers check err once at the end.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", errRecord, what)
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail("ends early")
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail("bad number")
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) uint32() uint32 {
	n := r.uint()
	if n > math.MaxUint32 {
		r.fail("number out of range")
		return 0
	}
	return uint32(n)
}

func (r *reader) int() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.fail("bad number")
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) raw() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail("text longer than the record")
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) str() string { return string(r.raw()) }

func (r *reader) flag() bool {
	c := r.byte()
	if c > 1 {
		r.fail("bad flag")
	}
	return c == 1
}

func (r *reader) opt() *string {
	if !r.flag() {
		return nil
	}
	s := r.str()
	return &s
}

// json reads a length-prefixed JSON text; the record's bytes are not kept.
func (r *reader) json() jsonval.Value {
	v, err := jsonval.Parse(r.raw())
	if err != nil {
		r.fail("bad JSON: " + err.Error())
		return jsonval.Value{}
	}
	return v.Clone()
}

// optJSON reads a JSON text or, where it is empty, nothing.
func (r *reader) optJSON() jsonval.Value {
	if len(r.b) > 0 && r.b[0] == 0 {
		r.byte()
		return jsonval.Value{}
	}
	return r.json()
}

func (r *reader) payload() Payload {
	switch r.byte() {
	case 0:
		return Payload{}
	case 1:
		return Payload{Value: r.json()}
	case 2:
		n := r.uint()
		if n == 0 {
			r.fail("blob 0")
		}
		return Payload{Blob: n}
	}
	r.fail("bad payload")
	return Payload{}
}

// end checks that nothing is left over and gives the first fault.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail("text after its end")
	}
	return r.err
}
