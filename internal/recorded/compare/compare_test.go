package compare

import (
	"encoding/json"
	"testing"
)

func TestDiffer(t *testing.T) {
	m := Masks{Substitutions: []Substitution{{`exec-[0-9]+`, "<exec>"}, {`Request ID: [a-z0-9]+`, "Request ID: <id>"}}, Wildcards: []string{"RequestId"}}
	for _, c := range []struct {
		want, got string
		same      bool
	}{
		{`{"a": 1, "b": [true, null, "x"]}`, `{"b": [true, null, "x"], "a": 1.0}`, true},
		{`{"a": 1}`, `{"a": 2}`, false},
		{`{"a": 1}`, `{"a": 1, "b": 2}`, false},
		{`{"a": 1, "b": 2}`, `{"a": 1}`, false},
		{`[1]`, `[1, 2]`, false},
		{`"date"`, `"Mon, 01 Jan 2024"`, true},
		{`{"id": "RequestId"}`, `{"id": {"any": "thing"}}`, true},
		{`{"<any>": 1}`, `{"x": 2, "y": 3}`, true},
		{`{"cause": {"e": "x"}}`, `{"cause": "{\"e\": \"x\"}"}`, true},
		{`{"cause": {"e": "x"}}`, `{"cause": "{\"e\": \"y\"}"}`, false},
		{`{"Trace-Id": "Trace-Id"}`, `{"Trace-Id": ["Root=1"]}`, true},
		{`{"Trace-Id": "Trace-Id"}`, `{}`, true},
		{`"[1, 2]"`, `"[1,2]"`, true},
		{`"name <exec> (Request ID: <id>)"`, `"name exec-7 (Request ID: 4f)"`, true},
		{`"name <exec>"`, `"nome exec-7"`, false},
		{`"arn:<partition>:x"`, `"arn:aws:x"`, true},
		{`true`, `"true"`, true},
		{`"a"`, `"b"`, false},
	} {
		var want, got any
		if json.Unmarshal([]byte(c.want), &want) != nil || json.Unmarshal([]byte(c.got), &got) != nil {
			t.Fatal(c)
		}
		if d := m.Differ(want, got, "v"); (len(d) == 0) != c.same {
			t.Errorf("%s and %s: %v", c.want, c.got, d)
		}
	}
}

func TestEvents(t *testing.T) {
	event := func(id float64, kind string) any {
		return map[string]any{"id": id, "type": kind, "timestamp": id * 10}
	}
	m := Masks{}
	want := []any{event(1, "ExecutionStarted"), event(2, "ParallelStateExited"), event(3, "TaskStarted")}
	for name, c := range map[string]struct {
		got    []any
		sorted bool
		same   bool
	}{
		"the same":                    {want, false, true},
		"another order":               {[]any{want[1], want[0], want[2]}, false, false},
		"another order, sorted":       {[]any{want[1], want[0], want[2]}, true, true},
		"with the lost event, sorted": {append([]any{event(4, "ParallelStateSucceeded")}, want...), true, true},
		"one less":                    {want[:2], true, false},
	} {
		if d := m.Events(want, c.got, c.sorted); (len(d) == 0) != c.same {
			t.Errorf("%s: %v", name, d)
		}
	}
}
