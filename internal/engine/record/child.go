package record

import "stile/internal/engine/codec"

// Child is what a child execution knows of its Map Run.
type Child struct {
	Run     string // the Map Run's ARN
	State   string // the Map's name
	Parent  RunKey
	Index   int64
	Items   int64
	Express bool
}

// Text is the record as it stands in Fixed.Child.
func (c *Child) Text() string {
	e := codec.New(len(c.Run) + len(c.State) + 48)
	e.Str(c.Run)
	e.Str(c.State)
	e.Bytes(c.Parent.Parent[:])
	e.Uint(c.Parent.Command)
	e.Int(c.Index)
	e.Int(c.Items)
	e.Uint(map[bool]uint64{true: 1}[c.Express])
	return string(e.B)
}

// MapChild gives what makes the execution a child of a Map Run; nil for others.
func (r *Fixed) MapChild() *Child {
	if r.Child == "" {
		return nil
	}
	d := codec.Open([]byte(r.Child))
	c := &Child{Run: d.Str(), State: d.Str()}
	copy(c.Parent.Parent[:], d.Bytes())
	c.Parent.Command, c.Index, c.Items, c.Express = d.Uint(), d.Int(), d.Int(), d.Uint() == 1
	if d.Err != nil {
		return nil
	}
	return c
}

// ChildRow is a row of a Map Run's list of children: one of a listing, with the
// number of the child's items behind it.
type ChildRow struct {
	Index
	Items int64
	// Redrive counts the run's redrives when the child last ran.
	Redrive uint32
}

// Encode is the row's value.
func (r ChildRow) Encode() []byte {
	e := codec.New(20)
	e.Byte(byte(r.Status))
	e.Int(r.Stop)
	e.Int(r.Items)
	if r.Redrive > 0 {
		e.B[0] = childRedriveFormat
		e.Uint(uint64(r.Redrive))
	}
	return e.B
}

// DecodeChildRow reads a row's value.
func DecodeChildRow(b []byte) (r ChildRow, err error) {
	d, format := codec.OpenUpTo(b, childRedriveFormat)
	r.Status, r.Stop, r.Items = Status(d.Byte()), d.Int(), d.Int()
	if format == childRedriveFormat {
		r.Redrive = uint32(d.Uint())
	}
	return r, d.Err
}
