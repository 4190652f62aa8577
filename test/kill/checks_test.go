package kill

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// events makes the history of an execution whose one activity task ended as told.
func events(worker string, ends ...string) (out []json.RawMessage) {
	add := func(previous int, typ, details string) {
		out = append(out, fmt.Appendf(nil, `{"id":%d,"previousEventId":%d,"timestamp":%d,"type":"%s"%s}`, len(out)+1, previous, len(out), typ, details))
	}
	add(0, "ExecutionStarted", "")
	add(0, "TaskStateEntered", `,"stateEnteredEventDetails":{"name":"Do"}`)
	add(2, "ActivityScheduled", "")
	add(3, "ActivityStarted", `,"activityStartedEventDetails":{"workerName":"`+worker+`"}`)
	for _, end := range ends {
		add(4, "ActivitySucceeded", `,"activitySucceededEventDetails":{"output":"\"`+end+`\""}`)
	}
	return out
}

// TestChecksFindEachBreak plants what TestKill must find.
func TestChecksFindEachBreak(t *testing.T) {
	fresh := func() *execution {
		return &execution{kind: kindActivity, name: "a", worker: "w", token: "t", sent: []string{"one", "two"}, output: "one", acks: 1}
	}
	good := events("w", "one")
	for name, tt := range map[string]struct {
		history []json.RawMessage
		change  func(*execution)
		want    []string
	}{
		"good":                     {good, nil, nil},
		"two completions":          {events("w", "one", "two"), nil, []string{foundTwice, foundOther}}, // a rule of histories, too
		"another completion":       {events("w", "two"), nil, []string{foundLost}},
		"no completion":            {events("w"), nil, []string{foundLost}},
		"one that nobody sent":     {events("w", "three"), func(e *execution) { e.output = "" }, []string{foundOther}},
		"handed to another worker": {events("v", "one"), nil, []string{foundLost}},
		"rewritten":                {good, func(e *execution) { e.seen, e.hash = 2, "another" }, []string{foundRewritten}},
		"shorter":                  {good, func(e *execution) { e.seen, e.hash = 9, "another" }, []string{foundRewritten}},
		"a gap":                    {slices.Delete(events("w", "one"), 1, 2), nil, []string{foundOther}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &driver{findings: map[string][]string{}, pools: map[string][]*execution{}}
			e := fresh()
			if tt.change != nil {
				tt.change(e)
			}
			(&client{d: d}).checkHistory(e, tt.history)
			for _, kind := range []string{foundLost, foundRewritten, foundTwice, foundOther} {
				if found, want := len(d.findings[kind]) > 0, slices.Contains(tt.want, kind); found != want {
					t.Errorf("%s: found %v, want %v: %v", kind, found, want, d.findings)
				}
			}
		})
	}
	// What was read before is held against a prefix of what is read now.
	d := &driver{findings: map[string][]string{}, pools: map[string][]*execution{}}
	e := fresh()
	e.output = ""
	c := &client{d: d}
	c.checkHistory(e, events("w"))
	e.sent = []string{"one"}
	c.checkHistory(e, good)
	if len(d.findings) > 0 {
		t.Errorf("a history that grew: %v", d.findings)
	}
}
