package observe

import (
	"testing"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// told is a history in short: id, previous, type, name.
func told(rows ...[4]any) []history.Event {
	var out []history.Event
	for _, r := range rows {
		id := int64(r[0].(int))
		out = append(out, history.Event{ID: id, Previous: int64(r[1].(int)), Type: r[2].(string), Time: id * 1000,
			Details: history.Details{Name: r[3].(string)}})
	}
	return out
}

func execution() sfn.Execution {
	const arn = "arn:aws:states:r:1:execution:order:e1"
	return sfn.Execution{ARN: arn, Name: "e1", StateMachineARN: "arn:aws:states:r:1:stateMachine:order",
		TraceID: "t", Span: sfn.ExecutionSpan(arn), ParentSpan: "parent"}
}

func byName(spans []telemetry.Span) map[string][]telemetry.Span {
	out := map[string][]telemetry.Span{}
	for _, s := range spans {
		out[s.Name] = append(out[s.Name], s)
	}
	return out
}

var nested = told(
	[4]any{1, 0, "ExecutionStarted", ""}, [4]any{2, 0, "MapStateEntered", "Each"}, [4]any{3, 2, "MapStateStarted", ""},
	[4]any{4, 3, "MapIterationStarted", "Each"}, [4]any{5, 4, "PassStateEntered", "One"}, [4]any{6, 5, "PassStateExited", "One"},
	[4]any{7, 6, "MapIterationSucceeded", "Each"}, [4]any{8, 6, "MapIterationStarted", "Each"},
	[4]any{9, 8, "PassStateEntered", "One"}, [4]any{10, 9, "PassStateExited", "One"}, [4]any{11, 10, "MapIterationSucceeded", "Each"},
	[4]any{12, 11, "MapStateSucceeded", ""}, [4]any{13, 11, "MapStateExited", "Each"},
	[4]any{14, 13, "FailStateEntered", "No"}, [4]any{15, 14, "ExecutionFailed", ""})

func TestEveryVisitHasOneSpanInItsContainer(t *testing.T) {
	v := newVisits(execution())
	spans := v.feed(nested)
	got := byName(spans)
	if !v.over || len(spans) != 5 || len(got["One"]) != 2 || len(got["Each"]) != 1 || len(got["No"]) != 1 || len(got["order"]) != 1 {
		t.Fatalf("ended %v, spans %+v", v.over, spans)
	}
	each, exec := got["Each"][0], got["order"][0]
	for _, one := range got["One"] {
		if one.ParentID != each.SpanID {
			t.Errorf("a state of an iteration stands in %s, want the Map's %s", one.ParentID, each.SpanID)
		}
	}
	if got["One"][0].SpanID == got["One"][1].SpanID {
		t.Error("two visits have one span")
	}
	if each.ParentID != exec.SpanID || exec.ParentID != "parent" || got["No"][0].ParentID != exec.SpanID {
		t.Errorf("parents: Each %s, execution %s, No %s", each.ParentID, exec.ParentID, got["No"][0].ParentID)
	}
	if each.Start != time.UnixMilli(2000).UTC() || each.End != time.UnixMilli(13000).UTC() {
		t.Errorf("Each from %v to %v", each.Start, each.End)
	}
	if got["No"][0].Status != "error" || exec.Status != "error" || each.Status != "ok" {
		t.Error("statuses are wrong")
	}
}

// TestVisitsEndWithWhatHoldsThem: a branch that a failure cut off ends when its
// Parallel is left, and a caught failure is one.
func TestVisitsEndWithWhatHoldsThem(t *testing.T) {
	got := byName(newVisits(execution()).feed(told(
		[4]any{1, 0, "ExecutionStarted", ""}, [4]any{2, 0, "ParallelStateEntered", "Both"}, [4]any{3, 2, "ParallelStateStarted", ""},
		[4]any{4, 3, "WaitStateEntered", "Slow"}, [4]any{5, 3, "MapStateEntered", "Each"}, [4]any{6, 5, "MapStateStarted", ""},
		[4]any{7, 6, "MapIterationStarted", "Each"}, [4]any{8, 7, "WaitStateEntered", "Inner"},
		[4]any{9, 3, "FailStateEntered", "No"}, [4]any{10, 9, "ParallelStateFailed", ""}, [4]any{11, 10, "ParallelStateExited", "Both"},
		[4]any{12, 11, "TaskStateEntered", "Work"}, [4]any{13, 12, "TaskScheduled", ""}, [4]any{14, 13, "TaskFailed", ""},
		[4]any{15, 14, "TaskStateExited", "Work"}, [4]any{16, 15, "SucceedStateEntered", "Done"}, [4]any{17, 16, "SucceedStateExited", "Done"},
		[4]any{18, 17, "ExecutionSucceeded", ""})))
	for name, status := range map[string]string{"Both": "error", "Slow": "error", "Each": "error", "Inner": "error", "No": "error",
		"Work": "error", "Done": "ok", "order": "ok"} {
		if len(got[name]) != 1 || got[name][0].Status != status {
			t.Errorf("%s: %+v, want one, %s", name, got[name], status)
		}
	}
	for _, name := range []string{"Slow", "Each", "Inner", "No"} {
		if end := got[name][0].End; end != time.UnixMilli(11000).UTC() {
			t.Errorf("%s ends at %v, its Parallel at 11 s", name, end)
		}
	}
}

// TestToldInPiecesOrAgain: pieces, and a second telling from the start, give the
// same spans as one telling.
func TestToldInPiecesOrAgain(t *testing.T) {
	whole := newVisits(execution()).feed(nested)
	for cut := range nested {
		v := newVisits(execution())
		a := v.feed(nested[:cut])
		b := v.feed(nested) // the first events again
		pieces := append(a, b...)
		if len(pieces) != len(whole) {
			t.Fatalf("cut at %d: %d spans, want %d", cut, len(pieces), len(whole))
		}
		for i := range whole {
			if pieces[i].SpanID != whole[i].SpanID || pieces[i].ParentID != whole[i].ParentID {
				t.Errorf("cut at %d: span %d differs", cut, i)
			}
		}
	}
}

func TestExchangeSpansAreOneTree(t *testing.T) {
	ex := &exchange.Exchange{Trace: exchange.Trace{TraceID: "t", SpanID: "s", ParentID: "p"},
		Decisions: []exchange.Decision{{Policy: "set-header", Outcome: "ok"}, {Policy: "rate-limit", Outcome: "denied", Span: "mine"}},
		Calls:     []exchange.Call{{Span: "c", Status: 503}}}
	ex.Response.StatusCode = 429
	spans := ExchangeSpans(ex, time.Unix(9, 0))
	if len(spans) != 4 || spans[0].ParentID != "p" || spans[0].SpanID != "s" {
		t.Fatalf("%+v", spans)
	}
	ids := map[string]bool{}
	for _, s := range spans[1:] {
		if s.ParentID != "s" || s.TraceID != "t" || s.SpanID == "" || ids[s.SpanID] {
			t.Errorf("%+v", s)
		}
		ids[s.SpanID] = true
	}
	if spans[2].SpanID != "mine" || spans[2].Status != "error" || spans[3].Status != "error" {
		t.Errorf("%+v", spans[2:])
	}
	if ex.Decisions[0].Span != spans[1].SpanID {
		t.Error("a decision does not carry its span's id")
	}
}
