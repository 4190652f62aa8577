package story

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

type span struct {
	TraceID, SpanID, ParentID, Name, Kind string
}

// spans reads a trace until its number of spans is the one that the test counted.
func (s *server) spans(traceID string, want int) (out []span) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, "the trace is whole", func() (bool, string) {
		var trace struct{ Spans []span }
		a := send(s.t, "GET", s.control+"/-/v1/traces/"+traceID, "")
		if a.status != 200 {
			return false, fmt.Sprint(a.status, a.body)
		}
		a.into(s.t, &trace)
		out = trace.Spans
		kinds := map[string]int{}
		for _, sp := range out {
			kinds[sp.Kind]++
		}
		return len(out) == want, fmt.Sprintf("%d spans, want %d: %v", len(out), want, kinds)
	})
	return out
}

// expected counts what the spans of an order's trace must be, from other sources:
// its history, its side journal, and the policies of POST /orders as the files
// have them.
func (s *server) expected(id string) map[string]int {
	s.t.Helper()
	e := s.execution(id)
	want := map[string]int{"execution": 1, "exchange": 1, "backend": 1, "policy": placePolicies}
	for _, ev := range s.history(e.ARN) {
		if strings.HasSuffix(ev.Type, "StateEntered") {
			want["state"]++
		}
	}
	for _, c := range s.calls(id) {
		want["exchange"]++
		want["policy"] += len(c.Call.Decisions)
		want["backend"] += len(c.Call.Calls)
	}
	return want
}

// placePolicies is how many policies run when an order is placed: inbound
// set-header (global), rate-limit (product), set-variable and three set-header of
// the fragment (API), set-variable, choose, set-body, set-backend-service
// (operation); backend forward-request; outbound set-header (global), choose with
// set-variable, set-status, set-header (operation).
const placePolicies = 10 + 1 + 5

func TestOneTraceJoinsEverything(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id := s.place(smallBody)
	s.endsAs(id, "SUCCEEDED")
	traceID := s.execution(id).Trace
	want := s.expected(id)
	total := 0
	for _, n := range want {
		total += n
	}
	spans := s.spans(traceID, total)

	got, ids, roots := map[string]int{}, map[string]bool{}, 0
	for _, sp := range spans {
		got[sp.Kind]++
		if ids[sp.SpanID] {
			t.Errorf("span %s (%s %s) is there twice", sp.SpanID, sp.Kind, sp.Name)
		}
		ids[sp.SpanID] = true
		if sp.TraceID != traceID {
			t.Errorf("span %s is of trace %s", sp.SpanID, sp.TraceID)
		}
	}
	for _, sp := range spans {
		if sp.ParentID == "" {
			roots++
			if sp.Kind != "exchange" {
				t.Errorf("the root is %s %s, want the exchange of POST /orders", sp.Kind, sp.Name)
			}
		} else if !ids[sp.ParentID] {
			t.Errorf("the parent of %s %s is not in the trace", sp.Kind, sp.Name)
		}
	}
	if roots != 1 {
		t.Errorf("%d roots, want one", roots)
	}
	for kind, n := range want {
		if got[kind] != n {
			t.Errorf("%d spans of kind %s, want %d", got[kind], kind, n)
		}
	}
	s.nested(spans)
}

// nested checks who is whose parent, by kind.
func (s *server) nested(spans []span) {
	s.t.Helper()
	kinds := map[string]string{}
	for _, sp := range spans {
		kinds[sp.SpanID] = sp.Kind
	}
	allowed := map[string][]string{
		"exchange":  {"", "state"},
		"execution": {"backend", "exchange"},
		"state":     {"execution", "state"},
		"policy":    {"exchange", "policy"},
		"backend":   {"exchange", "policy"},
	}
	for _, sp := range spans {
		ok := false
		for _, k := range allowed[sp.Kind] {
			ok = ok || kinds[sp.ParentID] == k
		}
		if !ok {
			s.t.Errorf("%s %s stands below %q, want one of %q", sp.Kind, sp.Name, kinds[sp.ParentID], allowed[sp.Kind])
		}
	}
}

func TestATraceGoesOnFromItsCaller(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	a := send(t, "POST", s.gateway+"/orders", smallBody, demoKey, "traceparent: 00-"+trace+"-"+parent+"-01")
	id := strings.TrimPrefix(a.header.Get("Location"), "/orders/")
	s.endsAs(id, "SUCCEEDED")
	if got := s.execution(id).Trace; got != trace {
		t.Errorf("the execution's trace is %q, want the caller's", got)
	}
	if got := s.last("shipping").Headers.Get("Traceparent"); !strings.HasPrefix(got, "00-"+trace+"-") || strings.Contains(got, parent) {
		t.Errorf("shipping got traceparent %q, want the caller's trace and a span of its own", got)
	}
}

func TestATraceIsWholeAfterAKill(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	s := p.start()
	id := s.place(smallBody)
	s.reaches(id, "Pause")
	s.kill()
	s = p.start()
	s.endsAs(id, "SUCCEEDED")
	want := s.expected(id)
	eventually(t, 20*time.Second, "state visits and execution are in the trace once", func() (bool, string) {
		var trace struct{ Spans []span }
		s.ask("/traces/"+s.execution(id).Trace, &trace)
		got := map[string]int{}
		for _, sp := range trace.Spans {
			got[sp.Kind]++
		}
		return got["state"] == want["state"] && got["execution"] == 1, fmt.Sprint(got, want)
	})
}
