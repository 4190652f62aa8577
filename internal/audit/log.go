package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Store is the space that a Log has for itself.
type Store interface {
	// Write sets the pairs, all or none, and returns when they are durable. An error
	// says that the store has stopped for good.
	Write(pairs []Pair) error
	// Cut sets the pair and removes all keys in [lower, upper), both or nothing, and
	// returns when that is durable.
	Cut(set Pair, lower, upper []byte) error
	// Scan calls f with each pair from lower on in key order, from the space's end
	// down to lower where reverse, until f returns false. Key and value are valid
	// during the call.
	Scan(lower []byte, reverse bool, f func(key, value []byte) bool) error
}

// Pair is a key with its value.
type Pair struct{ Key, Value []byte }

// maxGroup bounds how many records one write holds.
const maxGroup = 512

// recordSize is room for an ordinary record with its key; keySize is a key's size.
const (
	recordSize = 768
	keySize    = 8
)

// format is the byte that begins a stored record.
const format = 1

// Log is the record as a whole: entries are added at its end and never changed.
// All methods are safe for concurrent use.
//
// Entries that are appended at the same time share one write. Each caller puts its
// entry into waiting; the one that gets turn writes all that wait, its own among
// them or done already, while the next ones gather.
type Log struct {
	store Store
	now   func() time.Time
	turn  chan struct{}

	mu      sync.Mutex
	waiting []*pending
	last    uint64 // the newest durable record's number
	prev    string // its hash
	failed  error

	// cutting is held where records are dropped, or all are read.
	cutting sync.Mutex
	// first is the number of the oldest record that is kept, before what its prev is.
	first  uint64
	before string
}

// pending is an entry on its way.
type pending struct {
	entry Entry
	done  chan struct{}
	rec   Record
	err   error
}

// Open reads where the record in the store ends. It does not verify what lies
// before: Verify does.
func Open(store Store, now func() time.Time) (*Log, error) {
	l := &Log{store: store, now: now, turn: make(chan struct{}, 1), first: 1}
	var fault error
	err := store.Scan(key(1), true, func(key, value []byte) bool {
		var r Record
		if r, fault = decode(key, value); fault == nil {
			l.last, l.prev = r.Seq, hash(value[1:])
		}
		return false
	})
	if err = errors.Join(err, fault, l.readStart()); err != nil {
		return nil, fmt.Errorf("the audit record cannot be read: %w", err)
	}
	return l, nil
}

// Append adds an entry and returns when its record is durable, or cannot be: then
// whoever acted must not answer as if it were. What was done is recorded even
// where the caller has gone, so that the context's end is not waited on.
func (l *Log) Append(_ context.Context, e Entry) (Record, error) {
	p := &pending{entry: e.bounded(), done: make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, p)
	l.mu.Unlock()
	select {
	case <-p.done:
	case l.turn <- struct{}{}:
		for !p.finished() {
			l.write()
		}
		<-l.turn
	}
	return p.rec, p.err
}

func (p *pending) finished() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// write makes the oldest entries that wait durable; turn is held.
func (l *Log) write() {
	runtime.Gosched() // who is about to append comes first: on a busy machine writes are larger
	l.mu.Lock()
	n := min(len(l.waiting), maxGroup)
	group, last, prev, err := l.waiting[:n:n], l.last, l.prev, l.failed
	l.waiting = l.waiting[n:]
	l.mu.Unlock()
	if err == nil {
		pairs := make([]Pair, n)
		now := l.now().UTC().Truncate(time.Millisecond)
		text := make([]byte, 0, n*recordSize)
		for i, p := range group {
			last++
			p.rec = Record{Seq: last, Time: now, Entry: p.entry, Prev: prev}
			from := len(text)
			text = append(binary.BigEndian.AppendUint64(text, last), format)
			text = p.rec.append(text)
			end := len(text)
			// Where text has grown since, what was cut off it before stands as it did.
			pairs[i] = Pair{Key: text[from : from+keySize : from+keySize], Value: text[from+keySize : end : end]}
			prev = hash(text[from+keySize+1:])
		}
		err = l.store.Write(pairs)
	}
	l.mu.Lock()
	if err == nil {
		l.last, l.prev = last, prev
	} else {
		l.failed = err
	}
	l.mu.Unlock()
	for _, p := range group {
		if err != nil {
			p.rec, p.err = Record{}, fmt.Errorf("the audit record cannot be written: %w", err)
		}
		close(p.done)
	}
}

// Head gives the newest record's number and the hash that the next one will hold;
// 0 and "" where there is none. Who keeps the pair elsewhere can see later whether
// the end was cut off, which the chain alone does not show.
func (l *Log) Head() (seq uint64, hash string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, l.prev
}

// Read gives at most max records from number from on, oldest first; numbers begin
// at 1.
func (l *Log) Read(from uint64, max int) ([]Record, error) {
	end, _ := l.Head() // what is younger may not be durable yet
	if max <= 0 || from > end {
		return nil, nil
	}
	var out []Record
	var fault error
	err := l.store.Scan(key(from), false, func(key, value []byte) bool {
		var r Record
		if r, fault = decode(key, value); fault != nil || r.Seq > end {
			return false
		}
		out = append(out, r)
		return len(out) < max
	})
	return out, errors.Join(err, fault)
}

// BrokenError says where the chain does not hold.
type BrokenError struct {
	// Seq is the number at which it shows: a record that is missing, is not
	// readable, or does not hold the hash of the one before.
	Seq    uint64
	Reason string
}

// Error names the record and what is wrong with it.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("the audit record is broken at %d: %s", e.Seq, e.Reason)
}

// Verify reads all that is kept and gives how many entries hold, from First on. Its
// error is a *BrokenError where the chain does not hold, else the store's.
func (l *Log) Verify() (n uint64, err error) {
	l.cutting.Lock() // what is dropped meanwhile would look cut out
	defer l.cutting.Unlock()
	end, head := l.Head()
	at, prev := l.first-1, l.before // the number and the hash of the last one that holds
	var broken error
	fault := func(reason string) bool {
		broken = &BrokenError{Seq: at + 1, Reason: reason}
		return false
	}
	err = l.store.Scan(key(1), false, func(k, value []byte) bool {
		if at >= end {
			return false
		}
		r, err := decode(k, value)
		switch {
		case err != nil:
			return fault("it is not readable")
		case r.Seq != at+1:
			return fault(fmt.Sprintf("the next one there is is %d", r.Seq))
		case r.Prev != prev:
			return fault("it does not hold the hash of the record before it")
		}
		at, prev = at+1, hash(value[1:])
		return true
	})
	n = at + 1 - l.first
	switch {
	case broken != nil:
		return n, broken
	case err != nil:
		return n, err
	case at < end:
		return n, &BrokenError{Seq: at + 1, Reason: fmt.Sprintf("it is missing, and there were %d", end)}
	case prev != head:
		return n, &BrokenError{Seq: at, Reason: "it was changed since this process wrote or opened it"}
	}
	return n, nil
}

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }
