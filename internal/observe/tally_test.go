package observe

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// counts are a Counted that writes down what it is told.
type counts struct{ lines []string }

func (c *counts) Visit(v *telemetry.Visit) {
	c.lines = append(c.lines, fmt.Sprint(v.Machine, "/", v.State, " ", v.Type, " ", v.Outcome, " ", v.Took, " ", v.Handed, " ", v.End.UnixMilli()))
}

func (c *counts) Ended(e *Ended) {
	c.lines = append(c.lines, fmt.Sprint(e.Machine, " ", e.Status, " ", e.Error, " ", e.Took, " ", e.At.UnixMilli()))
}

// bySpans is what spans of the same history tell of the same things.
func bySpans(spans []telemetry.Span) (out []string) {
	for _, sp := range spans {
		get := sp.Attributes.Get
		if sp.Kind == telemetry.KindState {
			out = append(out, fmt.Sprint(get(telemetry.AttrStateMachine), "/", sp.Name, " ", get(telemetry.AttrStateType), " ", sp.Status, " ",
				sp.End.Sub(sp.Start), " ", get(telemetry.AttrStateWait) != "", " ", sp.End.UnixMilli()))
			continue
		}
		out = append(out, fmt.Sprint(sp.Name, " ", get(telemetry.AttrExecutionStatus), " ", get(telemetry.AttrErrorType), " ",
			sp.End.Sub(sp.Start), " ", sp.End.UnixMilli()))
	}
	return out
}

// loop is a history of n turns of two states, one after the other, a Task of which
// some fail and are caught, some wait for a token.
func loop(n int) []history.Event {
	events := told([4]any{1, 0, "ExecutionStarted", ""})
	add := func(prev int, kind, name string) {
		events = append(events, told([4]any{len(events) + 1, prev, kind, name})...)
	}
	for i := range n {
		from := len(events)
		if i == 0 {
			from = 0
		}
		add(from, "PassStateEntered", "Add")
		add(len(events), "PassStateExited", "Add")
		add(len(events), "TaskStateEntered", "Call")
		add(len(events), "TaskScheduled", "")
		switch i % 3 {
		case 1:
			add(len(events), "TaskFailed", "")
		case 2:
			add(len(events), "TaskSubmitted", "")
			add(len(events), "TaskSucceeded", "")
		}
		add(len(events), "TaskStateExited", "Call")
	}
	add(len(events), "ExecutionSucceeded", "")
	return events
}

// TestATallyCountsWhatSpansTell cuts histories into notices anywhere.
func TestATallyCountsWhatSpansTell(t *testing.T) {
	cutOff := told(
		[4]any{1, 0, "ExecutionStarted", ""}, [4]any{2, 0, "ParallelStateEntered", "Both"}, [4]any{3, 2, "ParallelStateStarted", ""},
		[4]any{4, 3, "WaitStateEntered", "Slow"}, [4]any{5, 3, "MapStateEntered", "Each"}, [4]any{6, 5, "MapStateStarted", ""},
		[4]any{7, 6, "MapIterationStarted", "Each"}, [4]any{8, 7, "WaitStateEntered", "Inner"},
		[4]any{9, 3, "FailStateEntered", "No"}, [4]any{10, 9, "ParallelStateFailed", ""}, [4]any{11, 10, "ParallelStateExited", "Both"},
		[4]any{12, 11, "TaskStateEntered", "Open"}, [4]any{13, 12, "ExecutionAborted", ""})
	all := [][]history.Event{nested, short, loop(1), loop(7), cutOff}
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SampledFrom(all).Draw(t, "history")
		want := bySpans(newVisits(execution()).feed(events))
		got := &counts{}
		tally := NewTally(got)
		for rest := events; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			tally.Notice(sfn.Notice{ExecutionARN: execution().ARN, Events: rest[:n]})
			rest = rest[n:]
		}
		if d := cmp.Diff(want, got.lines); d != "" {
			t.Fatal(d)
		}
	})
}

// TestATallyForgetsWhatIsBehind: a loop holds no more at its end than at its begin.
func TestATallyForgetsWhatIsBehind(t *testing.T) {
	tally := NewTally(&counts{})
	events := loop(500)
	tally.Notice(sfn.Notice{ExecutionARN: execution().ARN, Events: events[:len(events)-1]})
	for i := range tally.stripes {
		for _, v := range tally.stripes[i].young {
			if len(v.events) > 2 || len(v.open) != 0 {
				t.Errorf("%d events are held, and %d open visits", len(v.events), len(v.open))
			}
		}
	}
}

// TestATallyIsBounded opens more executions than it follows; those that it forgot
// count all the same, without the time that they took.
func TestATallyIsBounded(t *testing.T) {
	got := &counts{}
	tally := NewTally(got)
	const n = 3 * tallyStripes * maxTallied
	for i := range n {
		tally.Notice(noticeOf(i, short[:2]))
	}
	held := 0
	for i := range tally.stripes {
		held += len(tally.stripes[i].young) + len(tally.stripes[i].old)
	}
	if held > 2*tallyStripes*maxTallied || held < tallyStripes*maxTallied {
		t.Errorf("%d executions are followed", held)
	}
	tally.Notice(noticeOf(0, short[2:]))
	tally.Notice(noticeOf(n-1, short[2:]))
	want := []string{"order/Pause Wait ok -1ns false 3000", "order SUCCEEDED  -1ns 4000",
		"order/Pause Wait ok 1s false 3000", "order SUCCEEDED  3s 4000"}
	if d := cmp.Diff(want, got.lines); d != "" {
		t.Error(d)
	}
}

// onlyCount is a Counted that does nothing.
type onlyCount struct{ visits int }

func (c *onlyCount) Visit(*telemetry.Visit) { c.visits++ }
func (c *onlyCount) Ended(*Ended)           {}

// TestTallyAllocations: counting an execution of 20 states makes next to nothing.
func TestTallyAllocations(t *testing.T) {
	c := &onlyCount{}
	tally, n := NewTally(c), noticeOf(1, loop(10))
	if got := testing.AllocsPerRun(100, func() { tally.Notice(n) }); got > 2 {
		t.Errorf("%v allocations, want at most 2", got)
	}
	if c.visits < 20*100 {
		t.Errorf("%d visits were counted", c.visits)
	}
}

// BenchmarkUnitTally is what counting costs of an execution of ten states, without
// the metrics behind.
func BenchmarkUnitTally(b *testing.B) {
	tally, n := NewTally(&onlyCount{}), noticeOf(1, loop(5))
	b.ReportAllocs()
	for b.Loop() {
		tally.Notice(n)
	}
}

func TestMachineOf(t *testing.T) {
	for _, arn := range []string{arnOf(1), sfn.ExpressARN("r", "1", "order", "e", "id"), "", "arn:aws", strings.Repeat(":", 9)} {
		want, _ := sfn.ParseARN(arn)
		if got := machineOf(arn); got != want.Name {
			t.Errorf("%q: %q, want %q", arn, got, want.Name)
		}
	}
}
