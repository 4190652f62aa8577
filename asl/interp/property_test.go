package interp

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"stile/jsonval"
)

// tangled has everything that can wait, nested: an interleaving of its answers
// and timers reaches most of the code.
const tangled = `{"TimeoutSeconds": 500, "StartAt": "First", "States": {
  "First": {"Type": "Pass", "Assign": {"list.$": "$.list"}, "Next": "Both"},
  "Both": {"Type": "Parallel", "Retry": [{"ErrorEquals": ["Again"], "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Each"}], "ResultPath": "$.both", "Next": "Each",
    "Branches": [
      {"StartAt": "T1", "States": {"T1": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "TimeoutSeconds": 20,
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3, "JitterStrategy": "FULL"}, {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}],
        "Next": "W1"}, "W1": {"Type": "Wait", "Seconds": 7, "End": true}}},
      {"StartAt": "M1", "States": {"M1": {"Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 2, "End": true,
        "ItemProcessor": {"StartAt": "T2", "States": {"T2": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
          "HeartbeatSeconds": 30, "Parameters": {"t.$": "$$.Task.Token", "v.$": "$"}, "Catch": [{"ErrorEquals": ["Soft"], "Next": "P2"}], "Next": "P2"},
          "P2": {"Type": "Pass", "End": true}}}}}},
      {"StartAt": "D1", "States": {"D1": {"Type": "Map", "ItemsPath": "$.list", "Label": "D", "End": true,
        "ItemSelector": {"v.$": "$$.Map.Item.Value", "n.$": "$$.Execution.Name", "l.$": "$list"}, "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P4", "States": {"P4": {"Type": "Succeed"}}}}}}
    ]},
  "Each": {"Type": "Map", "ItemsPath": "$list", "End": true,
    "ItemProcessor": {"StartAt": "P3", "States": {"P3": {"Type": "Pass", "Next": "A3"},
      "A3": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:a", "TimeoutSeconds": 50, "End": true}}}}
}}`

// tangledQueries is the same in JSONata, with expressions that fail here and there.
const tangledQueries = `{"QueryLanguage": "JSONata", "TimeoutSeconds": 500, "StartAt": "First", "States": {
  "First": {"Type": "Pass", "Assign": {"list": "{% $states.input.list %}", "id": "{% $uuid() & $random() & $millis() %}"}, "Next": "Both"},
  "Both": {"Type": "Parallel", "Retry": [{"ErrorEquals": ["Again"], "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Output": {"error": "{% $states.errorOutput %}"}, "Assign": {"why": "{% $states.errorOutput.Error %}"}, "Next": "Each"}],
    "Arguments": {"list": "{% $list %}", "id": "{% $id %}"}, "Output": {"both": "{% $states.result %}"}, "Assign": {"why": "{% $string($states.result[0]) %}"}, "Next": "Each",
    "Branches": [
      {"StartAt": "T1", "States": {"T1": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "TimeoutSeconds": "{% 4 * 5 %}",
        "Arguments": {"n": "{% $states.context.State.RetryCount %}", "r": "{% $shuffle([1..3]) %}"}, "Output": "{% $states.result.ok ? $states.result : 1 + $states.result %}",
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3, "JitterStrategy": "FULL"}, {"ErrorEquals": ["States.Timeout", "States.QueryEvaluationError"], "MaxAttempts": 1}],
        "Next": "W1"}, "W1": {"Type": "Wait", "Seconds": "{% 3 + 4 %}", "Assign": {"waited": "{% $now() %}"}, "End": true}}},
      {"StartAt": "M1", "States": {"M1": {"Type": "Map", "Items": "{% $states.input.list %}", "MaxConcurrency": "{% 2 %}", "End": true,
        "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}", "u": "{% $uuid() %}"}, "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
        "ItemProcessor": {"StartAt": "T2", "States": {"T2": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
          "HeartbeatSeconds": "{% 30 %}", "Arguments": {"t": "{% $states.context.Task.Token %}", "v": "{% $states.input.v %}"},
          "Catch": [{"ErrorEquals": ["Soft"], "Next": "P2"}], "Next": "P2"},
          "P2": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.ok %}", "Output": "{% $states.input %}", "Next": "E2"}], "Default": "E2"}, "E2": {"Type": "Succeed"}}}}}}
    ]},
  "Each": {"Type": "Map", "Items": "{% $list %}", "End": true,
    "ItemProcessor": {"StartAt": "P3", "States": {"P3": {"Type": "Pass", "Next": "A3"},
      "A3": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:a", "TimeoutSeconds": 50, "End": true}}}}
}}`

// TestInterleavings drives an execution with events in any order — answers,
// timers, heartbeats, double, late and unknown ones — on two hosts at once, one
// that keeps it in memory and one that restores it before each event. The rig
// checks ids, order and records after each; at the end the journal must give it
// all again.
func TestInterleavings(t *testing.T) {
	t.Run("JSONPath", func(t *testing.T) { interleave(t, tangled) })
	t.Run("JSONata", func(t *testing.T) { interleave(t, tangledQueries) })
}

func interleave(t *testing.T, definition string) {
	p := compile(t, definition)
	rapid.Check(t, func(rt *rapid.T) {
		input := `{"list": [` + rapid.SampledFrom([]string{``, `1`, `1,2,3`, `{"big":"` + fill(300) + `"},2`}).Draw(rt, "list") + `]}`
		a, b := newRig(t, p, live), newRig(t, p, restored)
		history, payload := rapid.SampledFrom([]int{25000, 25000, 10, 25, 40, 80}).Draw(rt, "history"), rapid.SampledFrom([]int{0, 0, 410}).Draw(rt, "payload")
		for _, r := range []*rig{a, b} {
			r.env.SliceTransitions, r.env.MaxHistory, r.env.MaxPayload = 5, history, payload
			r.open()
			r.begin(input)
		}
		var past []Event
		for step := 0; step < 60 && a.done == nil; step++ {
			ev := drawEvent(rt, a, past)
			past = append(past, ev)
			for _, r := range []*rig{a, b} {
				r.forget(ev)
				r.now = ev.Time
				r.apply(ev)
			}
			same(rt, a, b)
		}
		for redrives := rapid.IntRange(0, 3).Draw(rt, "redrives"); ; redrives-- {
			finishBoth(rt, a, b)
			if redrives == 0 || !redriveBoth(rt, a, b) {
				break
			}
			for step := rapid.IntRange(0, 30).Draw(rt, "steps"); step > 0 && a.done == nil; step-- {
				ev := drawEvent(rt, a, past)
				past = append(past, ev)
				for _, r := range []*rig{a, b} {
					r.forget(ev)
					r.now = ev.Time
					r.apply(ev)
				}
				same(rt, a, b)
			}
		}
		terminals, redriven := 0, 0
		for _, h := range a.history {
			if terminal(h.Type) {
				terminals++
			}
			if h.Type == "ExecutionRedriven" {
				redriven++
			}
		}
		if terminals != redriven+1 || !terminal(a.history[len(a.history)-1].Type) {
			rt.Fatalf("%d terminal events, %d redrives", terminals, redriven)
		}
		a.replay()
	})
}

// finishBoth lets the execution end by itself, at the latest by its timeout.
func finishBoth(rt *rapid.T, a, b *rig) {
	for a.done == nil {
		for _, r := range []*rig{a, b} {
			if r.more {
				r.apply(Event{Kind: EventContinue, Seed: 1})
			} else if !r.tick() {
				rt.Fatal("nothing can end the execution")
			}
		}
		same(rt, a, b)
	}
}

// redriveBoth redrives it; what was done before stays done, so that nothing of what
// succeeded runs again. False where it cannot be.
func redriveBoth(rt *rapid.T, a, b *rig) bool {
	can := a.done.Status != "SUCCEEDED" && a.x.LastEvent()+1 < int64(a.env.MaxHistory)
	if a.x.Redrivable() != can {
		rt.Fatalf("%s after %d events: redrivable is %v", a.done.Status, a.x.LastEvent(), a.x.Redrivable())
	}
	if !can {
		return false
	}
	for _, r := range []*rig{a, b} {
		r.done = nil
		r.now += 1000
		if ch := r.apply(Event{Kind: EventRedriven, Seed: 5}); ch.Stray {
			rt.Fatal("a redrive is a stray")
		}
	}
	same(rt, a, b)
	return true
}

func same(rt *rapid.T, a, b *rig) {
	if len(a.trace) != len(b.trace) || a.strays != b.strays {
		rt.Fatalf("%d events and %d strays, restored %d and %d", len(a.trace), a.strays, len(b.trace), b.strays)
	}
	if n := len(a.trace) - 1; a.trace[n] != b.trace[n] {
		rt.Fatalf("event %d gives\n%s\nrestored\n%s", n, a.trace[n], b.trace[n])
	}
}

// forget takes a timer or answered task off the rig's list: the event delivers it.
func (r *rig) forget(ev Event) {
	for i, c := range r.timers {
		if ev.Kind == EventTimer && c.Timer == ev.Timer {
			r.timers = append(r.timers[:i:i], r.timers[i+1:]...)
			break
		}
	}
	for i, c := range r.runs {
		if ev.Kind == EventMapRunEnded && c.ID == ev.Command {
			r.runs = append(r.runs[:i:i], r.runs[i+1:]...)
			break
		}
	}
	for i, c := range r.tasks {
		if (ev.Kind == EventTaskSucceeded || ev.Kind == EventTaskFailed) && c.ID == ev.Command && c.Attempt == ev.Attempt {
			r.tasks = append(r.tasks[:i:i], r.tasks[i+1:]...)
			break
		}
	}
}

func drawEvent(rt *rapid.T, r *rig, past []Event) Event {
	ev := Event{Time: r.now + rapid.Int64Range(0, 2000).Draw(rt, "later"), Seed: rapid.Uint64Min(1).Draw(rt, "seed")}
	kind := rapid.IntRange(0, 19).Draw(rt, "kind")
	switch {
	case kind < 3 && len(past) > 0: // once more
		old := rapid.SampledFrom(past).Draw(rt, "old")
		old.Time = ev.Time
		return old
	case kind < 5: // out of nowhere
		ev.Kind = rapid.SampledFrom([]EventKind{EventContinue, EventTimer, EventTaskSucceeded, EventTaskFailed, EventTaskSubmitted, EventHeartbeat, EventTaskStarted, EventMapRunEnded}).Draw(rt, "unknown")
		ev.Command, ev.Attempt, ev.Timer = rapid.Uint64Range(0, 30).Draw(rt, "command"), rapid.Uint32Range(0, 3).Draw(rt, "attempt"), rapid.Uint64Range(0, 60).Draw(rt, "timer")
		return ev
	case kind == 5 && rapid.IntRange(0, 9).Draw(rt, "really") == 0:
		ev.Kind, ev.Error = EventStop, "Stopped"
		return ev
	case r.more && kind < 10:
		ev.Kind = EventContinue
		return ev
	case kind < 7 && len(r.timers) > 1:
		c := rapid.SampledFrom(r.timers[1:]).Draw(rt, "due") // the first is the state machine's own
		ev.Kind, ev.Timer, ev.Time = EventTimer, c.Timer, max(ev.Time, c.At)
		return ev
	case len(r.runs) > 0 && kind < 11:
		ev.Kind, ev.Command = EventMapRunEnded, r.runs[0].ID
		if ev.Error = rapid.SampledFrom([]string{"", "Busy", "Again", "Other"}).Draw(rt, "end"); ev.Error == "" {
			ev.Output = jsonval.MustParse(rapid.SampledFrom([]string{`[]`, `["` + fill(400) + `"]`}).Draw(rt, "results"))
		}
		return ev
	case len(r.tasks) > 0:
		c := rapid.SampledFrom(r.tasks).Draw(rt, "task")
		ev.Command, ev.Attempt = c.ID, c.Attempt
		ev.Kind = rapid.SampledFrom([]EventKind{EventTaskSucceeded, EventTaskSucceeded, EventTaskFailed, EventTaskSubmitted, EventHeartbeat, EventTaskStarted}).Draw(rt, "answer")
		ev.Output = jsonval.MustParse(rapid.SampledFrom([]string{`1`, `{"ok":true}`, `"` + fill(400) + `"`}).Draw(rt, "output"))
		ev.Definite = rapid.Bool().Draw(rt, "definite")
		if ev.Kind == EventTaskFailed {
			ev.Error = rapid.SampledFrom([]string{"Busy", "Again", "Soft", "Other", ""}).Draw(rt, "error")
		}
		return ev
	}
	ev.Kind = EventContinue
	return ev
}

func fill(n int) string { return fmt.Sprintf("%0*d", n, 7) }
