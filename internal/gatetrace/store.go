package gatetrace

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"stile/internal/secret"
	"stile/internal/telemetry"
)

// Limits bound what a Store keeps. Zero values mean 10,000 traces and 256 MiB.
type Limits struct {
	Traces int
	Bytes  int64
}

// maxWaiting bounds the recordings that wait for the writer, in bytes; past it new
// ones are dropped and counted.
const maxWaiting = 64 << 20

// Keys: 'm' start(8, big endian µs) id → Summary; 'd' id → Trace. Values begin with
// the format.
const (
	summaryPrefix = 'm'
	tracePrefix   = 'd'
	storedFormat  = 1
)

// Store keeps traces.
//
// Task: take recordings from many goroutines without making them wait, hide what is
// secret in them, keep them by id, forget the oldest. Invariants: one writer goroutine
// hides, encodes and writes; a query sees every trace recorded before it; what waits
// is bounded in bytes. The obvious way, hiding and writing where the exchange ends,
// lost: both take longer than most exchanges.
type Store struct {
	kv     telemetry.KV
	limits Limits
	mask   *secret.Masker

	mu      sync.Mutex
	wake    *sync.Cond // queue grew, or closing
	written *sync.Cond // done advanced
	queue   []Raw
	waiting int64
	taken   uint64
	done    uint64
	dropped uint64
	closing bool
	err     error
	index   map[string]entry
	bytes   int64
	ended   chan struct{}
}

// entry is what the index has of one trace.
type entry struct{ start, size int64 }

// ErrNotFound says that there is no such trace, or none any more.
var ErrNotFound = errors.New("no such trace; old ones are forgotten")

// Open reads the index and starts the writer. mask knows the project's secrets.
func Open(kv telemetry.KV, limits Limits, mask *secret.Masker) (*Store, error) {
	limits.Traces, limits.Bytes = cmp.Or(limits.Traces, 10_000), cmp.Or(limits.Bytes, 256<<20)
	s := &Store{kv: kv, limits: limits, mask: mask, index: map[string]entry{}, ended: make(chan struct{})}
	s.wake, s.written = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	var bad error
	err := kv.Scan([]byte{summaryPrefix}, []byte{summaryPrefix + 1}, false, func(k, v []byte) bool {
		var sum Summary
		if bad = decode(v, &sum); bad == nil && len(k) > 9 {
			s.index[sum.ID] = entry{int64(binary.BigEndian.Uint64(k[1:])), sum.Size}
			s.bytes += sum.Size
		}
		return bad == nil
	})
	if err := cmp.Or(err, bad); err != nil {
		return nil, err
	}
	go s.write()
	return s, nil
}

func decode(b []byte, out any) error {
	if len(b) == 0 || b[0] != storedFormat {
		return errors.New("a trace has a format that this version does not read")
	}
	return json.Unmarshal(b[1:], out)
}

// Record takes a recorded exchange. It never blocks on storage.
func (s *Store) Record(r Raw) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.waiting+r.size() > maxWaiting {
		s.dropped++
		return
	}
	s.queue, s.waiting = append(s.queue, r), s.waiting+r.size()
	s.taken++
	s.wake.Signal()
}

// Dropped counts the recordings that found no room, or the store closed.
func (s *Store) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// Close writes what waits and stops the writer; it gives the writer's first error.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closing = true
	s.wake.Signal()
	s.mu.Unlock()
	<-s.ended
	return s.err
}

func (s *Store) write() {
	defer close(s.ended)
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.closing {
			s.wake.Wait()
		}
		batch := s.queue
		s.queue, s.waiting = nil, 0
		s.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		err := s.flush(batch)
		s.mu.Lock()
		s.done += uint64(len(batch))
		s.err = cmp.Or(s.err, err)
		s.written.Broadcast()
		s.mu.Unlock()
	}
}

func (s *Store) flush(batch []Raw) error {
	var sets []telemetry.Pair
	fresh := map[string]entry{}
	for i := range batch {
		t := s.shape(&batch[i])
		if t == nil {
			continue
		}
		text := encode(t)
		t.Size = int64(len(text))
		at := t.Start.UnixMicro()
		sets = append(sets, telemetry.Pair{Key: summaryKey(at, t.ID), Value: encode(t.Summary)}, telemetry.Pair{Key: traceKey(t.ID), Value: text})
		fresh[t.ID] = entry{at, t.Size}
	}
	if err := s.kv.Write(sets, nil); err != nil {
		return err
	}
	s.mu.Lock()
	var deletes [][]byte
	for id, e := range fresh {
		if old, known := s.index[id]; known && old.start != e.start {
			deletes = append(deletes, summaryKey(old.start, id))
		}
		s.bytes += e.size - s.index[id].size
		s.index[id] = e
	}
	deletes = append(deletes, s.excess()...)
	s.mu.Unlock()
	if len(deletes) == 0 {
		return nil
	}
	return s.kv.Write(nil, deletes)
}

// shape makes the trace of a recording. One that breaks it is dropped: what is told of
// requests must not end what answers them.
func (s *Store) shape(r *Raw) (t *Trace) {
	defer func() {
		if recover() != nil {
			s.mu.Lock()
			s.dropped++
			s.mu.Unlock()
			t = nil
		}
	}()
	return r.trace(s.mask)
}

// excess takes the oldest traces past the limits out of the index, a tenth at a time,
// so that a full store does not pay for it with every batch. The lock is held.
func (s *Store) excess() (deletes [][]byte) {
	if len(s.index) <= s.limits.Traces && s.bytes <= s.limits.Bytes {
		return nil
	}
	ids := slices.SortedFunc(maps.Keys(s.index), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.index[a].start, s.index[b].start), cmp.Compare(a, b))
	})
	for i, id := range ids {
		if i >= max(1, len(ids)/10) && len(s.index) <= s.limits.Traces && s.bytes <= s.limits.Bytes {
			break
		}
		e := s.index[id]
		deletes = append(deletes, summaryKey(e.start, id), traceKey(id))
		s.bytes -= e.size
		delete(s.index, id)
	}
	return deletes
}

// Expire forgets the traces of requests that began before a time.
func (s *Store) Expire(before time.Time) error {
	if err := s.settle(); err != nil {
		return err
	}
	var deletes [][]byte
	s.mu.Lock()
	for id, e := range s.index {
		if e.start < before.UnixMicro() {
			deletes = append(deletes, summaryKey(e.start, id), traceKey(id))
			s.bytes -= e.size
			delete(s.index, id)
		}
	}
	s.mu.Unlock()
	if len(deletes) == 0 {
		return nil
	}
	return s.kv.Write(nil, deletes)
}

// settle waits until everything recorded so far is written.
func (s *Store) settle() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for want := s.taken; s.done < want && s.err == nil; {
		s.written.Wait()
	}
	return s.err
}

// Get gives a trace; the error is ErrNotFound where there is none.
func (s *Store) Get(id string) (*Trace, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	var t *Trace
	var bad error
	key := traceKey(id)
	err := s.kv.Scan(key, append(slices.Clone(key), 0), false, func(_, v []byte) bool {
		t = &Trace{}
		bad = decode(v, t)
		return false
	})
	if err := cmp.Or(err, bad); err != nil {
		return nil, err
	}
	if t == nil {
		return nil, ErrNotFound
	}
	return t, nil
}

// List gives the newest traces of which see says true, at most n.
func (s *Store) List(n int, see func(*Summary) bool) ([]Summary, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	var out []Summary
	var bad error
	err := s.kv.Scan([]byte{summaryPrefix}, []byte{summaryPrefix + 1}, true, func(_, v []byte) bool {
		var sum Summary
		if bad = decode(v, &sum); bad != nil {
			return false
		}
		if see(&sum) {
			out = append(out, sum)
		}
		return len(out) < n
	})
	return out, cmp.Or(err, bad)
}

func summaryKey(at int64, id string) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{summaryPrefix}, uint64(at)), id...)
}

func traceKey(id string) []byte { return append([]byte{tracePrefix}, id...) }
