package audit

import (
	"encoding/binary"
	"errors"
	"time"
)

// startKey is the key of where the record begins, once its oldest entries were dropped.
// It stands before the keys of all records, which have eight bytes.
var startKey = []byte{0}

// errStart is a start that cannot be what Drop wrote.
var errStart = errors.New("where it begins is not readable")

// readStart reads where the record begins: the number of its first entry, and the hash
// of the one before, which is no more.
func (l *Log) readStart() (err error) {
	scanned := l.store.Scan(startKey, false, func(k, v []byte) bool {
		switch {
		case len(k) != len(startKey): // it was never cut
		case len(v) < 9 || v[0] != format:
			err = errStart
		default:
			l.first, l.before = binary.BigEndian.Uint64(v[1:]), string(v[9:])
		}
		return false
	})
	return errors.Join(scanned, err)
}

// First gives the number of the oldest entry that is kept, 1 where none was dropped.
func (l *Log) First() uint64 {
	l.cutting.Lock()
	defer l.cutting.Unlock()
	return l.first
}

// dropAtOnce bounds how many entries one write of Drop removes.
const dropAtOnce = 10_000

// Drop removes the entries that are older than the time, from the oldest on, and says
// how many. The chain holds from the first one that is kept: what its prev must be is
// remembered. The newest entry stays, whatever its age: the next one holds its hash.
func (l *Log) Drop(before time.Time) (dropped uint64, err error) {
	l.cutting.Lock()
	defer l.cutting.Unlock()
	for {
		first, prev, err := l.youngest(before)
		if err != nil || first == l.first {
			return dropped, err
		}
		mark := append(binary.BigEndian.AppendUint64([]byte{format}, first), prev...)
		if err := l.store.Cut(Pair{Key: startKey, Value: mark}, key(l.first), key(first)); err != nil {
			return dropped, err
		}
		dropped += first - l.first
		l.first, l.before = first, prev
	}
}

// youngest finds where the record is to begin: behind at most dropAtOnce entries that
// are older than the time.
func (l *Log) youngest(before time.Time) (first uint64, prev string, err error) {
	end, _ := l.Head()
	first, prev = l.first, l.before
	var fault error
	err = l.store.Scan(key(l.first), false, func(k, value []byte) bool {
		r, bad := decode(k, value)
		if fault = bad; bad != nil || r.Seq >= end || !r.Time.Before(before) || r.Seq-l.first >= dropAtOnce {
			return false
		}
		if r.Seq != first || r.Prev != prev { // a broken chain is left as it is, for Verify to tell
			fault = &BrokenError{Seq: first, Reason: "it is not dropped"}
			return false
		}
		first, prev = r.Seq+1, hash(value[1:])
		return true
	})
	return first, prev, errors.Join(err, fault)
}
