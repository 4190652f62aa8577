package telemetry

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
)

// KV is the storage that Store needs: one region of ordered bytes. Writes of one
// Write call are atomic; they need not be synced when it returns.
type KV interface {
	Write(sets []Pair, deletes [][]byte) error
	// Scan calls f with each pair of [lower, upper) in key order, or from the end
	// where reverse, until f returns false. Key and value are valid during the call.
	Scan(lower, upper []byte, reverse bool, f func(key, value []byte) bool) error
}

// Pair is a key with its value.
type Pair struct{ Key, Value []byte }

// Limits bound what a Store keeps. Zero values mean 10,000 traces and 256 MiB.
type Limits struct {
	Traces int
	Bytes  int64
}

// maxQueue bounds the spans that wait for the writer; past it new ones are
// dropped and counted, since telemetry must never hold up the work it tells of.
const maxQueue = 200_000

// maxSpans bounds the spans of one trace, which is read whole: a client may choose
// its id, and send one for ever. Further spans are dropped and counted.
const maxSpans = 20_000

// Store keeps spans by trace.
//
// Task: take spans from many goroutines without making them wait, keep them by
// trace, forget the oldest traces. Invariants: one writer goroutine owns the KV's
// writes; a query sees every span recorded before it. The obvious way, a write per
// span, lost: a request has a dozen spans, and each would be a batch of its own.
// So Record queues, the writer takes all that is queued as one batch, and a query
// first waits until the queue it found is written.
type Store struct {
	kv     KV
	limits Limits

	mu      sync.Mutex
	wake    *sync.Cond // queue grew, or closing
	written *sync.Cond // sequence advanced
	queue   []Span
	taken   uint64 // spans ever queued
	done    uint64 // spans ever written
	dropped uint64
	expired int64 // what began before is to be forgotten, Unix µs; the last that was asked for
	closing bool
	err     error

	traces map[string]kept // by trace id; the writer's alone after Open
	bytes  int64
	ended  chan struct{}
}

// kept is what the index has of one trace.
type kept struct {
	first int64 // start of its first span, Unix µs
	spans int   // written; one that replaced itself may count twice
}

// Keys: 's' trace span → span JSON; 't' start(8, big endian µs) trace → nothing.
const (
	spanPrefix  = 's'
	tracePrefix = 't'
	spanIDSize  = 16 // hex digits
)

// spanRoom is room for the JSON of an ordinary span.
const spanRoom = 512

// Open reads the index of traces and starts the writer.
func Open(kv KV, limits Limits) (*Store, error) {
	if limits.Traces == 0 {
		limits.Traces = 10_000
	}
	if limits.Bytes == 0 {
		limits.Bytes = 256 << 20
	}
	s := &Store{kv: kv, limits: limits, traces: map[string]kept{}, ended: make(chan struct{})}
	s.wake, s.written = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	err := kv.Scan([]byte{tracePrefix}, []byte{tracePrefix + 1}, false, func(k, _ []byte) bool {
		if len(k) > 9 {
			s.traces[string(k[9:])] = kept{first: int64(binary.BigEndian.Uint64(k[1:]))}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if err := kv.Scan([]byte{spanPrefix}, []byte{spanPrefix + 1}, false, func(k, v []byte) bool {
		s.bytes += int64(len(k) + len(v))
		if len(k) > 1+spanIDSize {
			id := string(k[1 : len(k)-spanIDSize])
			if t, ok := s.traces[id]; ok {
				t.spans++
				s.traces[id] = t
			}
		}
		return true
	}); err != nil {
		return nil, err
	}
	go s.write()
	return s, nil
}

// Record takes finished spans. It never blocks on storage.
func (s *Store) Record(spans ...Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || len(s.queue)+len(spans) > maxQueue {
		s.dropped += uint64(len(spans))
		return
	}
	s.queue = append(s.queue, spans...)
	s.taken += uint64(len(spans))
	s.wake.Signal()
}

// Dropped counts spans that found the queue full, their trace full, or the store
// closed.
func (s *Store) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// Close writes what is queued and stops the writer; it gives the writer's first error.
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
		for len(s.queue) == 0 && !s.closing && s.expired == 0 {
			s.wake.Wait()
		}
		batch, expired := s.queue, s.expired
		s.queue, s.expired = nil, 0
		closing := s.closing
		s.mu.Unlock()
		if expired != 0 {
			s.expire(expired)
		}
		if len(batch) > 0 {
			err := s.flush(batch)
			s.mu.Lock()
			s.done += uint64(len(batch))
			if err != nil && s.err == nil {
				s.err = err
			}
			s.written.Broadcast()
			s.mu.Unlock()
		} else if closing {
			return
		}
	}
}

func (s *Store) flush(batch []Span) error {
	var sets []Pair
	over := uint64(0)
	for i := range batch {
		sp := &batch[i]
		t, known := s.traces[sp.TraceID]
		if t.spans == maxSpans {
			over++
			continue
		}
		text := sp.append(make([]byte, 0, spanRoom))
		if !known {
			t.first = sp.Start.UnixMicro()
			sets = append(sets, Pair{Key: traceKey(t.first, sp.TraceID)})
		}
		t.spans++
		s.traces[sp.TraceID] = t
		key := spanKey(sp.TraceID, sp.SpanID)
		s.bytes += int64(len(key) + len(text))
		sets = append(sets, Pair{key, text})
	}
	if over > 0 {
		s.mu.Lock()
		s.dropped += over
		s.mu.Unlock()
	}
	if err := s.kv.Write(sets, nil); err != nil {
		return err
	}
	return s.forget()
}

// forget drops the oldest traces past the limits, a tenth at a time, so that a
// full store does not pay for it with every batch.
func (s *Store) forget() error {
	if len(s.traces) <= s.limits.Traces && s.bytes <= s.limits.Bytes {
		return nil
	}
	ids := slices.SortedFunc(maps.Keys(s.traces), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.traces[a].first, s.traces[b].first), cmp.Compare(a, b))
	})
	var deletes [][]byte
	for i, id := range ids {
		if i >= max(1, len(ids)/10) && len(s.traces) <= s.limits.Traces && s.bytes <= s.limits.Bytes {
			break
		}
		var err error
		if deletes, err = s.drop(deletes, id); err != nil {
			return err
		}
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

// Trace gives the spans of a trace, by start time; empty where it is unknown.
func (s *Store) Trace(id string) ([]Span, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	var out []Span
	var bad error
	err := s.kv.Scan(spanKey(id, ""), append(spanKey(id, ""), 0xff), false, func(_, v []byte) bool {
		var sp Span
		if bad = json.Unmarshal(v, &sp); bad != nil {
			return false
		}
		out = append(out, sp)
		return true
	})
	slices.SortStableFunc(out, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return out, cmp.Or(err, bad)
}

// Has reports whether a span is kept.
func (s *Store) Has(traceID, spanID string) (found bool, err error) {
	if err := s.settle(); err != nil {
		return false, err
	}
	key := spanKey(traceID, spanID)
	err = s.kv.Scan(key, append(slices.Clone(key), 0), false, func(_, _ []byte) bool {
		found = true
		return false
	})
	return found, err
}

// Summary is one trace in a listing.
type Summary struct {
	TraceID    string
	Root       string // the root span's name; empty while it has not ended
	Start, End time.Time
	Spans      int
}

// Traces gives the newest traces, at most n, by the spans that see leaves of each; a
// trace of which it leaves none does not count. A nil see leaves all. It reads on
// until there are n, or see is done with an error.
func (s *Store) Traces(n int, see func([]Span) ([]Span, error)) ([]Summary, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	var ids []string
	err := s.kv.Scan([]byte{tracePrefix}, []byte{tracePrefix + 1}, true, func(k, _ []byte) bool {
		if len(k) > 9 {
			ids = append(ids, string(k[9:]))
		}
		return see != nil || len(ids) < n
	})
	if err != nil {
		return nil, err
	}
	var out []Summary
	for _, id := range ids {
		spans, err := s.Trace(id)
		if err == nil && see != nil {
			spans, err = see(spans)
		}
		if err != nil {
			return nil, err
		}
		if len(spans) == 0 && see != nil {
			continue
		}
		if out = append(out, summarize(id, spans)); len(out) == n {
			break
		}
	}
	return out, nil
}

// summarize makes a trace's line of spans, by start time. The root is the one without
// a parent; where that is not among them, or has not ended, the name is empty.
func summarize(id string, spans []Span) Summary {
	sum := Summary{TraceID: id, Spans: len(spans)}
	for _, sp := range spans {
		if sp.ParentID == "" {
			sum.Root = sp.Name
		}
		if sum.Start.IsZero() || sp.Start.Before(sum.Start) {
			sum.Start = sp.Start
		}
		if sp.End.After(sum.End) {
			sum.End = sp.End
		}
	}
	return sum
}

func spanKey(trace, span string) []byte {
	return append(append([]byte{spanPrefix}, trace...), span...)
}

func traceKey(at int64, trace string) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{tracePrefix}, uint64(at)), trace...)
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
