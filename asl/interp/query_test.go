package interp

import (
	"fmt"
	"strings"
	"testing"

	"stile/asl"
	"stile/jsonval"
)

// TestQueryWorkEndsASlice: expressions that take long share the host with others,
// and the cut comes at the same place each time.
func TestQueryWorkEndsASlice(t *testing.T) {
	var states []string
	for i := range 12 {
		next := fmt.Sprintf(`"Next": "S%d"`, i+1)
		if i == 11 {
			next = `"End": true`
		}
		states = append(states, fmt.Sprintf(`"S%d": {"Type": "Pass", "Output": "{%% $count($map([1..60000], function($x){$x + 1})) %%}", %s}`, i, next))
	}
	p := compile(t, `{"QueryLanguage": "JSONata", "StartAt": "S0", "States": {`+strings.Join(states, ",")+`}}`)
	var traces []string
	for _, m := range []mode{live, restored} {
		r := newRig(t, p, m).open()
		r.begin(`{}`)
		slices := 1
		for ; r.more; slices++ {
			r.apply(Event{Kind: EventContinue})
		}
		if slices < 2 || slices > 12 || r.done == nil || r.done.Output.Value.Text() != "60000" {
			t.Errorf("%d slices, done %v", slices, r.done)
		}
		traces = append(traces, strings.Join(r.trace, ""))
	}
	if traces[0] != traces[1] {
		t.Error("an execution that is restored before each event cuts otherwise")
	}
}

// TestLocationIsShort: an event tells 256 bytes of a field's place, its cause all.
func TestLocationIsShort(t *testing.T) {
	output := `"{% $states.input.no %}"`
	for range 40 {
		output = `{"member": ` + output + `}`
	}
	r := newRig(t, compile(t, `{"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": {"Type": "Pass", "Output": `+output+`, "End": true}}}`), live).open()
	r.begin(`{}`)
	whole := "Output" + strings.Repeat("/member", 40)
	d := r.history[2].Details
	if d.Location != whole[:256] || d.Cause == nil || !strings.Contains(*d.Cause, "'"+whole+"'") {
		t.Errorf("%+v", d)
	}
}

// TestVariablesOfAnExecution: 10 MiB in all scopes together, and what a scope had is
// free when it ends.
func TestVariablesOfAnExecution(t *testing.T) {
	const size = 200 << 10
	chain := func(prefix string, n int) string {
		var states []string
		for i := range n {
			next := fmt.Sprintf(`"Next": "%s%d"`, prefix, i+1)
			if i == n-1 {
				next = `"End": true`
			}
			states = append(states, fmt.Sprintf(`"%s%d": {"Type": "Wait", "Seconds": 1, "QueryLanguage": "JSONata", "Assign": {"%s%d": "{%% $states.input %%}"}, %s}`,
				prefix, i, prefix, i, next))
		}
		return fmt.Sprintf(`"StartAt": "%s0", "States": {%s}`, prefix, strings.Join(states, ","))
	}
	each := `{"StartAt": "M", "States": {"M": {"Type": "Map", "QueryLanguage": "JSONata", "Items": [1, 2, 3], "ItemSelector": "{% $states.input %}", "Output": 1,
		"MaxConcurrency": 1, "End": true, "ItemProcessor": {` + strings.ReplaceAll(chain("v", 30), `"End": true`, `"Output": 1, "End": true`) + `}}}}`
	for _, c := range []struct {
		definition string
		status     string
	}{
		{"{" + chain("v", 51) + "}", "SUCCEEDED"},
		{"{" + chain("v", 53) + "}", "FAILED"},
		{each, "SUCCEEDED"},
	} {
		for _, m := range []mode{live, restored} {
			r := newRig(t, compile(t, c.definition), m).open()
			r.begin(`"` + strings.Repeat("x", size) + `"`)
			r.finish(func(Command) (Event, bool) { return Event{}, false })
			if r.done.Status != c.status {
				t.Fatalf("%s, want %s: %s", r.done.Status, c.status, text(r.done.Cause))
			}
			if c.status == "FAILED" && text(r.done.Error) != asl.ErrDataLimitExceeded {
				t.Errorf("error %s", text(r.done.Error))
			}
		}
	}
}

// TestInspectOfQueries: the stages that TestState shows of JSONata are its arguments
// and the result.
func TestInspectOfQueries(t *testing.T) {
	run := func(definition string) string {
		r := newRig(t, compile(t, definition), live)
		var stages []string
		r.env.Inspect = func(stage string, _ jsonval.Value) { stages = append(stages, stage) }
		r.open()
		r.begin(`{"a": [1]}`)
		r.finish(func(Command) (Event, bool) { return Event{Kind: EventTaskSucceeded, Output: jsonval.TrueValue}, true })
		return strings.Join(stages, " ")
	}
	for _, c := range []struct{ state, want string }{
		{`"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": 1, "Output": 2`, "afterArguments result"},
		{`"Type": "Pass", "QueryLanguage": "JSONata", "Output": 2`, ""},
		{`"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"`, "afterInputPath afterParameters result afterResultSelector afterResultPath"},
		{`"Type": "Pass", "Result": 1`, "result afterResultSelector afterResultPath"},
		{`"Type": "Pass"`, "afterInputPath afterParameters afterResultSelector afterResultPath"},
		{`"Type": "Map", "ItemsPath": "$.a", "MaxConcurrency": 3, "ItemSelector": {"b": 1}, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed", "QueryLanguage": "JSONata"}}}`,
			"afterInputPath afterItemsPath maxConcurrency afterItemSelector afterResultSelector afterResultPath"},
		{`"Type": "Map", "QueryLanguage": "JSONata", "Items": [1], "ItemSelector": {"b": 1}, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed", "QueryLanguage": "JSONata"}}}`,
			"maxConcurrency"},
	} {
		if got := run(`{"StartAt": "S", "States": {"S": {` + c.state + `, "End": true}}}`); got != c.want {
			t.Errorf("%s shows %q, want %q", c.state, got, c.want)
		}
	}
}
