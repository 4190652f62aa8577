// Package codec writes and reads the engine's records: a format byte, then varints
// and texts with their length before them.
//
// It knows no record: what stands in which order is said where the record is. It is
// pure, and the engine and its folders alone use it. A record that is cut short or
// altered gives ErrRecord or other values, never a panic.
package codec

import (
	"encoding/binary"
	"errors"

	"stile/asl/history"
	"stile/jsonval"
)

// Format is the first byte of a record, where no later format is named.
const Format = 1

// ErrRecord is what a record that cannot be read gives.
var ErrRecord = errors.New("engine: damaged record")

// Enc builds a record: varints, and texts with their length before them.
type Enc struct{ B []byte }

// New begins a record of Format; size is how much it will take, about.
func New(size int) *Enc { return &Enc{append(make([]byte, 0, size), Format)} }

// Byte appends one byte.
func (e *Enc) Byte(c byte) { e.B = append(e.B, c) }

// Uint appends a varint.
func (e *Enc) Uint(n uint64) { e.B = binary.AppendUvarint(e.B, n) }

// Int appends a signed varint.
func (e *Enc) Int(n int64) { e.B = binary.AppendVarint(e.B, n) }

// Bytes appends bytes with their length before them.
func (e *Enc) Bytes(p []byte) { e.Uint(uint64(len(p))); e.B = append(e.B, p...) }

// Str appends a text like Bytes.
func (e *Enc) Str(s string) { e.Uint(uint64(len(s))); e.B = append(e.B, s...) }

// JSON appends a value's text; an absent one has none.
func (e *Enc) JSON(v jsonval.Value) { e.Bytes(v.Raw()) }

// Payload appends a payload: its blob's number, or 0 and its text.
func (e *Enc) Payload(p history.Payload) {
	e.Uint(p.Blob)
	if p.Blob == 0 {
		e.JSON(p.Value)
	}
}

// Opt appends a text that may be absent.
func (e *Enc) Opt(s *string) {
	if s == nil {
		e.Byte(0)
		return
	}
	e.Byte(1)
	e.Str(*s)
}

// Dec reads a record; the first fault sticks and gives zero values from there on.
type Dec struct {
	B   []byte
	Err error
}

// Open starts a record and checks its format byte.
func Open(b []byte) *Dec {
	d := &Dec{B: b}
	if d.Byte() != Format {
		d.Fail()
	}
	return d
}

// OpenUpTo starts a record of Format or a later one up to newest.
func OpenUpTo(b []byte, newest byte) (d *Dec, format byte) {
	d = &Dec{B: b}
	if format = d.Byte(); format < Format || format > newest {
		d.Fail()
	}
	return d, format
}

// Fail makes the record a damaged one.
func (d *Dec) Fail() {
	d.Err, d.B = ErrRecord, nil
}

// Byte reads one byte.
func (d *Dec) Byte() byte {
	if len(d.B) == 0 {
		d.Fail()
		return 0
	}
	c := d.B[0]
	d.B = d.B[1:]
	return c
}

// Uint reads a varint.
func (d *Dec) Uint() uint64 {
	n, k := binary.Uvarint(d.B)
	if k <= 0 {
		d.Fail()
		return 0
	}
	d.B = d.B[k:]
	return n
}

// Int reads a signed varint.
func (d *Dec) Int() int64 {
	n, k := binary.Varint(d.B)
	if k <= 0 {
		d.Fail()
		return 0
	}
	d.B = d.B[k:]
	return n
}

// Bytes reads what Enc.Bytes wrote; it shares the record's memory.
func (d *Dec) Bytes() []byte {
	n := d.Uint()
	if n > uint64(len(d.B)) {
		d.Fail()
		return nil
	}
	p := d.B[:n:n]
	d.B = d.B[n:]
	return p
}

// Str reads a text.
func (d *Dec) Str() string { return string(d.Bytes()) }

// JSON reads a value; absent where there is none.
func (d *Dec) JSON() jsonval.Value {
	raw := d.Bytes()
	if len(raw) == 0 {
		return jsonval.Value{}
	}
	v, err := jsonval.Parse(raw)
	if err != nil {
		d.Fail()
	}
	return v
}

// Payload reads a payload; the text of a blob is absent.
func (d *Dec) Payload() history.Payload {
	if n := d.Uint(); n != 0 {
		return history.Payload{Blob: n}
	}
	return history.Payload{Value: d.JSON()}
}

// Opt reads a text that may be absent.
func (d *Dec) Opt() *string {
	if d.Byte() == 0 {
		return nil
	}
	s := d.Str()
	return &s
}
