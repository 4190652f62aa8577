package session

import (
	"testing"
	"time"

	"stile/internal/identity"
)

// TestRequestsEndWithTheirSession: those under way, those that come late, and no
// other session's.
func TestRequestsEndWithTheirSession(t *testing.T) {
	s := New(&memory{m: map[string][]byte{}}, time.Now)
	id, _ := s.Start(identity.Caller{Kind: "user", ID: "ada"})
	other, _ := s.Start(identity.Caller{Kind: "user", ID: "bob"})
	one, stopOne := s.While(t.Context(), id)
	two, stopTwo := s.While(t.Context(), id)
	kept, stopKept := s.While(t.Context(), other)
	if stopTwo(); two.Err() == nil || one.Err() != nil {
		t.Fatal("a request that is over ends another")
	}
	if err := s.End(id); err != nil {
		t.Fatal(err)
	}
	<-one.Done()
	if late, stop := s.While(t.Context(), id); late.Err() == nil {
		t.Error("a request goes on after its session's end")
	} else {
		stop()
	}
	if kept.Err() != nil {
		t.Error("another session's request was ended")
	}
	stopOne()
	stopKept()
	if len(s.used) != 0 {
		t.Errorf("%d sessions are still in use", len(s.used))
	}
}
