package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// memory is a KV over a sorted slice.
type memory struct {
	mu    sync.Mutex
	pairs []Pair
}

func (m *memory) find(k []byte) (int, bool) {
	return slices.BinarySearchFunc(m.pairs, k, func(p Pair, k []byte) int { return bytes.Compare(p.Key, k) })
}

func (m *memory) Write(sets []Pair, deletes [][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range sets {
		if i, ok := m.find(p.Key); ok {
			m.pairs[i] = p
		} else {
			m.pairs = slices.Insert(m.pairs, i, p)
		}
	}
	for _, k := range deletes {
		if i, ok := m.find(k); ok {
			m.pairs = slices.Delete(m.pairs, i, i+1)
		}
	}
	return nil
}

func (m *memory) Scan(lower, upper []byte, reverse bool, f func(k, v []byte) bool) error {
	m.mu.Lock()
	lo, _ := m.find(lower)
	hi, _ := m.find(upper)
	part := slices.Clone(m.pairs[lo:hi])
	m.mu.Unlock()
	if reverse {
		slices.Reverse(part)
	}
	for _, p := range part {
		if !f(p.Key, p.Value) {
			return nil
		}
	}
	return nil
}

func trace(n int) string { return fmt.Sprintf("%032x", n+1) }

func TestHasFindsOneSpan(t *testing.T) {
	s, err := Open(&memory{}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sp := spanOf(1, 2)
	s.Record(sp)
	for _, c := range []struct {
		trace, span string
		want        bool
	}{{sp.TraceID, sp.SpanID, true}, {sp.TraceID, sp.SpanID[:15], false}, {sp.TraceID, "", false}, {trace(9), sp.SpanID, false}} {
		if got, err := s.Has(c.trace, c.span); got != c.want || err != nil {
			t.Errorf("Has(%q, %q) = %v, %v", c.trace, c.span, got, err)
		}
	}
}

func spanOf(tr, n int) Span {
	at := time.Unix(int64(1000+tr), int64(n)).UTC()
	return Span{TraceID: trace(tr), SpanID: fmt.Sprintf("%016x", n+1), Name: "s", Kind: KindState,
		Start: at, End: at.Add(time.Second), Status: "ok", Attributes: Attributes{{"a", "b"}}}
}

func open(t *testing.T, kv KV, l Limits) *Store {
	t.Helper()
	s, err := Open(kv, l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRecordTwiceKeepsOne(t *testing.T) {
	s := open(t, &memory{}, Limits{})
	defer s.Close()
	s.Record(spanOf(0, 0), spanOf(0, 1))
	s.Record(spanOf(0, 1))
	got, err := s.Trace(trace(0))
	if err != nil || len(got) != 2 {
		t.Fatalf("got %d spans, %v; want 2", len(got), err)
	}
	if got[0].Attributes[0] != (Attribute{"a", "b"}) {
		t.Errorf("attributes: %v", got[0].Attributes)
	}
}

func TestOldestTracesAreForgotten(t *testing.T) {
	kv := &memory{}
	s := open(t, kv, Limits{Traces: 20})
	for i := range 100 {
		s.Record(spanOf(i, 0), spanOf(i, 1))
		if _, err := s.Traces(1, nil); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.Traces(1000, nil)
	if err != nil || len(list) > 20 || len(list) < 10 {
		t.Fatalf("%d traces, %v; want 10 to 20", len(list), err)
	}
	if list[0].TraceID != trace(99) || list[0].Spans != 2 {
		t.Errorf("newest is %+v", list[0])
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, kv, Limits{Traces: 20})
	defer again.Close()
	if got := len(again.traces); got != len(list) {
		t.Errorf("reopened with %d traces, want %d", got, len(list))
	}
	if got, _ := again.Trace(trace(0)); len(got) != 0 {
		t.Errorf("forgotten trace has %d spans", len(got))
	}
}

func TestCloseWritesWhatIsQueued(t *testing.T) {
	kv := &memory{}
	s := open(t, kv, Limits{})
	for i := range 1000 {
		s.Record(spanOf(0, i))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Record(spanOf(0, 2000))
	if s.Dropped() != 1 {
		t.Errorf("dropped %d after Close, want 1", s.Dropped())
	}
	again := open(t, kv, Limits{})
	defer again.Close()
	if got, _ := again.Trace(trace(0)); len(got) != 1000 {
		t.Errorf("%d spans after reopening, want 1000", len(got))
	}
}

// TestATraceIsBounded: what goes over is counted, not kept, after the store was
// opened again too; other traces are taken.
func TestATraceIsBounded(t *testing.T) {
	m := &memory{}
	s, err := Open(m, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var all []Span
	for n := range maxSpans - 1 {
		all = append(all, spanOf(1, n))
	}
	s.Record(all...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(m, Limits{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := range 5 {
		s.Record(spanOf(1, maxSpans+n), spanOf(2, n))
	}
	for id, want := range map[string]int{trace(1): maxSpans, trace(2): 5} {
		if spans, err := s.Trace(id); err != nil || len(spans) != want {
			t.Errorf("%d spans, want %d, %v", len(spans), want, err)
		}
	}
	if n := s.Dropped(); n != 4 {
		t.Errorf("%d dropped", n)
	}
}

// TestTracesReadsOn past what is not to be seen, until the page is full.
func TestTracesReadsOn(t *testing.T) {
	s, err := Open(&memory{}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := range 30 {
		s.Record(spanOf(n, 0), spanOf(n, 1))
	}
	asked := 0
	odd := func(all []Span) ([]Span, error) {
		if asked++; all[0].Start.Unix()%3 != 0 {
			return nil, nil
		}
		return all[:1], nil
	}
	list, err := s.Traces(4, odd)
	if err != nil || len(list) != 4 || list[0].Spans != 1 || asked > 12 {
		t.Errorf("%d traces after %d: %+v, %v", len(list), asked, list, err)
	}
	if list, err := s.Traces(30, odd); err != nil || len(list) != 10 {
		t.Errorf("%d traces of all, %v", len(list), err)
	}
	stop := errors.New("gone")
	if _, err := s.Traces(4, func([]Span) ([]Span, error) { return nil, stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}
