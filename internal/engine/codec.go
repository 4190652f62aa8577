package engine

import (
	"encoding/binary"
	"errors"

	"stile/asl/interp"
	"stile/jsonval"
)

// recordFormat is the first byte of every record that this package writes.
const recordFormat = 1

var errRecord = errors.New("engine: damaged record")

// enc builds a record: varints, and texts with their length before them.
type enc struct{ b []byte }

func record(size int) *enc { return &enc{append(make([]byte, 0, size), recordFormat)} }

func (e *enc) byte(c byte)          { e.b = append(e.b, c) }
func (e *enc) uint(n uint64)        { e.b = binary.AppendUvarint(e.b, n) }
func (e *enc) int(n int64)          { e.b = binary.AppendVarint(e.b, n) }
func (e *enc) bytes(p []byte)       { e.uint(uint64(len(p))); e.b = append(e.b, p...) }
func (e *enc) str(s string)         { e.uint(uint64(len(s))); e.b = append(e.b, s...) }
func (e *enc) json(v jsonval.Value) { e.bytes(v.Raw()) }
func (e *enc) payload(p interp.Payload) {
	e.uint(p.Blob)
	if p.Blob == 0 {
		e.json(p.Value)
	}
}

func (e *enc) opt(s *string) {
	if s == nil {
		e.byte(0)
		return
	}
	e.byte(1)
	e.str(*s)
}

// dec reads a record; the first fault sticks and gives zero values from there on.
type dec struct {
	b   []byte
	err error
}

// open starts a record and checks its format byte.
func open(b []byte) *dec {
	d := &dec{b: b}
	if d.byte() != recordFormat {
		d.fail()
	}
	return d
}

// openUpTo starts a record of recordFormat or a later one up to newest.
func openUpTo(b []byte, newest byte) (d *dec, format byte) {
	d = &dec{b: b}
	if format = d.byte(); format < recordFormat || format > newest {
		d.fail()
	}
	return d, format
}

func (d *dec) fail() {
	d.err, d.b = errRecord, nil
}

func (d *dec) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *dec) uint() uint64 {
	n, k := binary.Uvarint(d.b)
	if k <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[k:]
	return n
}

func (d *dec) int() int64 {
	n, k := binary.Varint(d.b)
	if k <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[k:]
	return n
}

func (d *dec) bytes() []byte {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	p := d.b[:n:n]
	d.b = d.b[n:]
	return p
}

func (d *dec) str() string { return string(d.bytes()) }

func (d *dec) json() jsonval.Value {
	raw := d.bytes()
	if len(raw) == 0 {
		return jsonval.Value{}
	}
	v, err := jsonval.Parse(raw)
	if err != nil {
		d.fail()
	}
	return v
}

func (d *dec) payload() interp.Payload {
	if n := d.uint(); n != 0 {
		return interp.Payload{Blob: n}
	}
	return interp.Payload{Value: d.json()}
}

func (d *dec) opt() *string {
	if d.byte() == 0 {
		return nil
	}
	s := d.str()
	return &s
}
