package telemetry

import (
	"testing"
	"time"
)

// TestForget drops what began before, and nothing else; the next opening agrees.
func TestForget(t *testing.T) {
	kv := &memory{}
	s, err := Open(kv, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.UnixMilli(1_700_000_000_000)
	for i := range 300 {
		id := string(rune('a'+i%26)) + time.Duration(i).String()
		s.Record(Span{TraceID: id, SpanID: "0123456789abcdef", Name: "one", Start: begin.Add(time.Duration(i) * time.Minute), End: begin},
			Span{TraceID: id, SpanID: "0123456789abcde0", Name: "two", Start: begin.Add(time.Duration(i) * time.Minute), End: begin})
	}
	count := func() int {
		all, err := s.Traces(1000, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, sum := range all {
			if sum.Spans != 2 {
				t.Errorf("%+v", sum)
			}
		}
		return len(all)
	}
	if n := count(); n != 300 {
		t.Fatalf("%d traces", n)
	}
	s.Forget(begin.Add(200 * time.Minute))
	if err := s.Close(); err != nil { // which waits for it
		t.Fatal(err)
	}
	if s, err = Open(kv, Limits{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := count(); n != 100 {
		t.Errorf("%d traces are left, want 100", n)
	}
	if len(kv.pairs) != 300 {
		t.Errorf("%d pairs are left", len(kv.pairs))
	}
}
