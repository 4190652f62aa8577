package interp

import (
	"fmt"
	"strings"
	"testing"

	"stile/jsonval"
)

// manyVariables assigns 200 variables, in the root and again in each of two
// branches, then changes two of the first ones by a Task that comes again and again.
func manyVariables(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, `"v%d": %d,`, i, i)
	}
	assign := all.String()
	return fmt.Sprintf(`{"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {%s "w": 0}, "Next": "T"},
  "T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Assign": {"v3.$": "$", "v%d.$": "$"}, "ResultPath": "$.r", "Next": "C"},
  "C": {"Type": "Choice", "Choices": [{"Variable": "$.r", "NumericLessThan": 5, "Next": "T"}], "Default": "P"},
  "P": {"Type": "Parallel", "End": true, "Branches": [
    {"StartAt": "B0", "States": {"B0": {"Type": "Pass", "Assign": {%s "x": 1}, "Next": "B1"},
      "B1": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {"all.$": "States.Array($v1, $v70, $v%d)"}, "End": true}}},
    {"StartAt": "D0", "States": {"D0": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {"all.$": "States.Array($v3, $v%d)"}, "End": true}}}]}}}`,
		assign, n-1, strings.ReplaceAll(assign, `"v`, `"b`), n-2, n-1)
}

// TestVariablesInPages: variables beyond those of a frame's own record are the same
// in an execution that lives in memory and in one that is restored before each event,
// and nothing of them is left behind at its end.
func TestVariablesInPages(t *testing.T) {
	p := compile(t, manyVariables(200))
	rigs := []*rig{newRig(t, p, live).open(), newRig(t, p, restored).open()}
	for _, r := range rigs {
		r.begin(`{"r": 0}`)
		for i := range 6 {
			r.answer(r.tasks[0], Event{Kind: EventTaskSucceeded, Output: jsonval.OfInt(int64(i))})
		}
		if len(r.tasks) != 2 {
			t.Fatalf("%d tasks are out", len(r.tasks))
		}
		if got := r.tasks[0].Parameters.Value.Text() + r.tasks[1].Parameters.Value.Text(); !strings.Contains(got, `{"all":[1,70,198]}`) || !strings.Contains(got, `{"all":[5,5]}`) {
			t.Errorf("the branches read %s", got)
		}
		for len(r.tasks) > 0 {
			r.answer(r.tasks[0], Event{Kind: EventTaskSucceeded, Output: jsonval.EmptyObject})
		}
		if r.done == nil || r.done.Status != "SUCCEEDED" {
			t.Fatalf("%+v", r.done)
		}
	}
	for i := range rigs[0].trace {
		if rigs[0].trace[i] != rigs[1].trace[i] {
			t.Fatalf("Apply %d differs:\n%s\n%s", i, rigs[0].trace[i], rigs[1].trace[i])
		}
	}
}

// TestVariablesAreNotWrittenAgain: what an event writes does not grow with the
// variables that it leaves alone.
func TestVariablesAreNotWrittenAgain(t *testing.T) {
	written := func(n int) (bytes int) {
		r := newRig(t, compile(t, manyVariables(n)), live)
		x := New(r.p, r.env)
		x.Apply(startEvent(r, `{"r": 0}`))
		for _, f := range x.Apply(Event{Kind: EventTaskSucceeded, Time: r.now, Seed: 1, Command: 1, Attempt: 1, Output: jsonval.OfInt(1)}).Frames {
			bytes += len(f.Data)
		}
		return bytes
	}
	few, many := written(100), written(4000)
	if many > few+600 {
		t.Errorf("with 100 variables an event writes %d bytes, with 4,000 %d", few, many)
	}
}

// TestLimitsOfTheStart: an execution keeps the limits that it was started with, also
// where it is restored by a host that has others.
func TestLimitsOfTheStart(t *testing.T) {
	p := compile(t, `{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Next": "P"},
  "P": {"Type": "Pass", "End": true}}}`)
	for _, m := range []mode{live, restored} {
		for answer, want := range map[int]string{500: "SUCCEEDED", 700: "FAILED"} {
			r := newRig(t, p, m)
			r.start.MaxPayload, r.start.MaxHistory = 600, 9
			r.env.MaxPayload, r.env.MaxHistory = 100, 5
			r.open()
			r.begin(`{}`)
			r.answer(r.tasks[0], Event{Kind: EventTaskSucceeded, Output: jsonval.OfString(fill(answer))})
			if r.done == nil || r.done.Status != want {
				t.Errorf("an answer of %d bytes: %+v", answer, r.done)
			}
		}
	}
}
