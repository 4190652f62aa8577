package sfnapi

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"stile/asl/history"
	"stile/internal/recorded"
	"stile/jsonval"
)

// model is the part of the service model that the checks below read.
type model struct {
	Operations map[string]struct {
		Input, Output struct{ Shape string }
	}
	Shapes map[string]shape
}

type shape struct {
	Type      string
	Required  []string
	Enum      []string
	Min, Max  *int
	Sensitive bool
	Members   map[string]struct{ Shape string }
}

func readModel(t *testing.T) model {
	b, err := os.ReadFile(recorded.Path(t, "conformance/models/stepfunctions-2016-11-23.service-2.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m model
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// valid is an input that breaks no constraint of the member's shape.
func valid(name string, s shape) any {
	switch {
	case strings.HasSuffix(name, "Arn"):
		kind := map[string]string{"executionArn": "execution:m:x", "stateMachineArn": "stateMachine:m", "mapRunArn": "mapRun:m/l:u",
			"stateMachineVersionArn": "stateMachine:m:1", "stateMachineAliasArn": "stateMachine:m:A", "resourceArn": "stateMachine:m", "activityArn": "activity:idle"}[name]
		if kind == "" {
			return "arn:aws:iam::111111111111:role/r"
		}
		return "arn:aws:states:us-east-1:111111111111:" + kind
	case name == "definition" || name == "output":
		return "{}"
	case name == "routingConfiguration":
		return []any{map[string]any{"stateMachineVersionArn": "arn:aws:states:us-east-1:111111111111:stateMachine:m:1", "weight": 100}}
	case s.Type == "list":
		return []any{}
	}
	return "x"
}

func constraints(t *testing.T, action string, input map[string]any) string {
	t.Helper()
	b, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	answer := jsonval.MustParse(call(handler(newFake()), action, string(b)).Body.String())
	if code, _ := answer.Get("__type").Str(); code != "ValidationException" {
		return ""
	}
	msg, _ := answer.Get("message").Str()
	return msg
}

// TestConstraintsOfTheModel breaks each constraint of each top-level member of
// each action, one at a time, and reads the refusal.
func TestConstraintsOfTheModel(t *testing.T) {
	m := readModel(t)
	for action := range actionTable() {
		in := m.Shapes[m.Operations[action].Input.Shape]
		base := map[string]any{}
		for _, name := range in.Required {
			base[name] = valid(name, m.Shapes[in.Members[name].Shape])
		}
		if msg := constraints(t, action, base); strings.Contains(msg, "validation error") {
			t.Errorf("%s refuses the least valid input: %s", action, msg)
		}
		for name, member := range in.Members {
			s := m.Shapes[member.Shape]
			for what, v := range broken(name, s, slices.Contains(in.Required, name)) {
				input := map[string]any{name: v}
				for k, b := range base {
					if k != name {
						input[k] = b
					}
				}
				want := "1 validation error detected: Value"
				msg := constraints(t, action, input)
				if !strings.HasPrefix(msg, want) || !strings.Contains(msg, " at '"+name+"' ") || !strings.HasSuffix(msg, what) {
					t.Errorf("%s, %s that breaks %q: %.300q", action, name, what, msg)
				}
			}
		}
	}
}

// broken gives values that break one constraint, by the end of the refusal's text.
func broken(name string, s shape, required bool) map[string]any {
	out := map[string]any{}
	if required {
		out["Member must not be null"] = nil
	}
	switch s.Type {
	case "string":
		if s.Max != nil {
			out[fmt.Sprintf("have length less than or equal to %d", *s.Max)] = strings.Repeat("a", *s.Max+1)
		}
		if s.Min != nil && *s.Min > 0 {
			out[fmt.Sprintf("have length greater than or equal to %d", *s.Min)] = ""
		}
		if s.Enum != nil {
			out["]"] = "no such value"
		}
	case "integer":
		if s.Max != nil {
			out[fmt.Sprintf("have value less than or equal to %d", *s.Max)] = *s.Max + 1
		}
		if s.Min != nil {
			out[fmt.Sprintf("have value greater than or equal to %d", *s.Min)] = *s.Min - 1
		}
	}
	return out
}

// TestAnswersFitTheModel checks that answers hold the model's members only, the
// required ones among them.
func TestAnswersFitTheModel(t *testing.T) {
	m := readModel(t)
	f := newFake()
	f.events = someHistory()
	h := handler(f)
	const machine = `"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m"`
	const execution = `"executionArn":"arn:aws:states:us-east-1:111111111111:execution:m:x"`
	for _, c := range [][2]string{
		{"CreateStateMachine", `{"name":"m","definition":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}`},
		{"UpdateStateMachine", `{` + machine + `,"definition":"{} "}`},
		{"PublishStateMachineVersion", `{` + machine + `}`},
		{"ListStateMachineVersions", `{` + machine + `}`},
		{"CreateStateMachineAlias", `{"name":"A","routingConfiguration":[{"stateMachineVersionArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m:1","weight":100}]}`},
		{"DescribeStateMachineAlias", `{"stateMachineAliasArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m:A"}`},
		{"UpdateStateMachineAlias", `{"stateMachineAliasArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m:A","description":"d"}`},
		{"ListStateMachineAliases", `{` + machine + `}`},
		{"DeleteStateMachineAlias", `{"stateMachineAliasArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m:A"}`},
		{"DeleteStateMachineVersion", `{"stateMachineVersionArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m:1"}`},
		{"TagResource", `{"resourceArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m","tags":[{"key":"a"}]}`},
		{"ListTagsForResource", `{"resourceArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m"}`},
		{"UntagResource", `{"resourceArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m","tagKeys":["a"]}`},
		{"DescribeStateMachine", `{` + machine + `}`},
		{"ListStateMachines", `{}`},
		{"StartExecution", `{` + machine + `,"name":"x"}`},
		{"DescribeExecution", `{` + execution + `}`},
		{"DescribeStateMachineForExecution", `{` + execution + `}`},
		{"ListExecutions", `{` + machine + `}`},
		{"GetExecutionHistory", `{` + execution + `}`},
		{"StopExecution", `{` + execution + `}`},
		{"RedriveExecution", `{` + execution + `,"clientToken":"t"}`},
		{"DescribeExecution", `{` + execution + `}`},
		{"SendTaskHeartbeat", `{"taskToken":"open"}`},
		{"SendTaskSuccess", `{"taskToken":"open","output":"1"}`},
		{"DeleteStateMachine", `{` + machine + `}`},
		{"CreateActivity", `{"name":"pack","tags":[{"key":"a"}]}`},
		{"DescribeActivity", `{"activityArn":"` + packARN + `"}`},
		{"ListActivities", `{}`},
		{"GetActivityTask", `{"activityArn":"` + packARN + `","workerName":"w"}`},
		{"TagResource", `{"resourceArn":"` + packARN + `","tags":[{"key":"b"}]}`},
		{"ListTagsForResource", `{"resourceArn":"` + packARN + `"}`},
		{"UntagResource", `{"resourceArn":"` + packARN + `","tagKeys":["a"]}`},
		{"DeleteActivity", `{"activityArn":"` + packARN + `"}`},
	} {
		w := call(h, c[0], c[1])
		if w.Code != 200 {
			t.Errorf("%s answered %d %s", c[0], w.Code, w.Body)
			continue
		}
		m.fits(t, c[0], m.Operations[c[0]].Output.Shape, jsonval.MustParse(w.Body.String()))
	}
}

func (m model) fits(t *testing.T, path, name string, v jsonval.Value) {
	t.Helper()
	s := m.Shapes[name]
	switch s.Type {
	case "structure":
		for _, r := range s.Required {
			if !v.Get(r).Exists() {
				t.Errorf("%s lacks %s", path, r)
			}
		}
		v.EachMember(func(k string, mv jsonval.Value) bool {
			member, ok := s.Members[k]
			if !ok {
				t.Errorf("%s has %s, which %s has not", path, k, name)
				return true
			}
			m.fits(t, path+"."+k, member.Shape, mv)
			return true
		})
	case "list":
		if v.Kind() != jsonval.ArrayKind {
			t.Errorf("%s is %v, want an array", path, v.Kind())
		}
		if name == "HistoryEventList" {
			v.EachItem(func(e jsonval.Value) bool { m.fits(t, path, "HistoryEvent", e); return true })
		}
	case "string":
		if v.Kind() != jsonval.String || s.Enum != nil && !enumHas(s.Enum, v) {
			t.Errorf("%s is %s, want a string of %v", path, v.Text(), s.Enum)
		}
	case "timestamp", "integer", "long":
		if v.Kind() != jsonval.Number {
			t.Errorf("%s is %v, want a number", path, v.Kind())
		}
	case "boolean":
		if !v.IsBool() {
			t.Errorf("%s is %v, want a boolean", path, v.Kind())
		}
	}
}

func enumHas(enum []string, v jsonval.Value) bool {
	s, _ := v.Str()
	return slices.Contains(enum, s)
}

// TestDetailsMembersAreTheModels checks interp's table against the model: every
// event type has the member that the model gives it, or none.
func TestDetailsMembersAreTheModels(t *testing.T) {
	m := readModel(t)
	members := m.Shapes["HistoryEvent"].Members
	for _, kind := range m.Shapes["HistoryEventType"].Enum {
		got := history.DetailsMember(kind)
		if got == "" {
			continue
		}
		if _, ok := members[got]; !ok {
			t.Errorf("%s: the model has no member %s", kind, got)
		}
	}
}
