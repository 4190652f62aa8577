package notify

import (
	"encoding/binary"
	"slices"
)

// Mark is how far a target is: all records up to Done are delivered or dropped,
// but for those set aside.
type Mark struct {
	Done  uint64
	Aside []uint64 // ascending, none above Done
}

// Encode is the mark's record.
func (m Mark) Encode() []byte {
	b := binary.AppendUvarint([]byte{recordFormat}, m.Done)
	b = binary.AppendUvarint(b, uint64(len(m.Aside)))
	last := uint64(0)
	for _, seq := range m.Aside {
		b = binary.AppendUvarint(b, seq-last)
		last = seq
	}
	return b
}

// DecodeMark reads a mark's record.
func DecodeMark(b []byte) (m Mark, err error) {
	if len(b) == 0 || b[0] != recordFormat {
		return m, errRecord
	}
	b = b[1:]
	next := func() (v uint64) {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			err = errRecord
			return 0
		}
		b = b[n:]
		return v
	}
	m.Done = next()
	count, last := next(), uint64(0)
	for i := uint64(0); i < count && err == nil; i++ {
		last += next()
		m.Aside = append(m.Aside, last)
	}
	if err != nil || len(b) > 0 || !slices.IsSorted(m.Aside) {
		return Mark{}, errRecord
	}
	return m, nil
}
