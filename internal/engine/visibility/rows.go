package visibility

import (
	"encoding/binary"
	"slices"

	"stile/internal/kv"
	"stile/internal/sfn"
)

// ID is how the engine names an execution in keys.
type ID = [16]byte

// Newest is the key of a row below prefix: later starts (Unix ms) have smaller keys.
func Newest(prefix []byte, start int64, id ID) []byte {
	b := append(make([]byte, 0, len(prefix)+24), prefix...)
	b = binary.BigEndian.AppendUint64(b, ^uint64(start))
	return append(b, id[:]...)
}

// Between is the range of the rows below prefix whose start lies in [from, to), in
// Unix ms; 0 is no bound. empty says that there can be none.
func Between(prefix []byte, from, to int64) (r kv.Range, empty bool) {
	if to < 0 || from > 0 && to > 0 && from >= to {
		return kv.Range{}, true
	}
	at := func(start int64) []byte {
		return binary.BigEndian.AppendUint64(slices.Clone(prefix), ^uint64(start))
	}
	r = kv.Range{Lower: slices.Clone(prefix), Upper: After(prefix)}
	if to > 0 {
		r.Lower = at(to - 1)
	}
	if from > 0 {
		r.Upper = at(from - 1)
	}
	return r, false
}

// After is the smallest key behind all keys that start with prefix; nil for none.
func After(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// Trouble is the code that begins the rows of open executions of a health; 0 of one
// that has no index: a healthy or waiting execution is the rule.
func Trouble(s sfn.HealthStatus) byte {
	switch s {
	case sfn.Retrying:
		return 1
	case sfn.Throttled:
		return 2
	case sfn.Stuck:
		return 3
	case sfn.NeedsAction:
		return 4
	}
	return 0
}

// End is a row of the index by end.
type End struct {
	Stop int64 // Unix ms
	ID   ID
	// Trimmed says that its history is gone.
	Trimmed bool
}

// Key is the row's key.
func (e End) Key() []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 24), uint64(e.Stop)), e.ID[:]...)
}

// endFormat is the format byte of the row's value.
const endFormat = 1

// Value is the row's value.
func (e End) Value() []byte {
	if e.Trimmed {
		return []byte{endFormat, 1}
	}
	return []byte{endFormat, 0}
}

// OpenEnd reads a row; false for one that is damaged.
func OpenEnd(key, value []byte) (e End, ok bool) {
	if len(key) != 24 || len(value) != 2 || value[0] != endFormat {
		return e, false
	}
	return End{int64(binary.BigEndian.Uint64(key)), ID(key[8:]), value[1] == 1}, true
}
