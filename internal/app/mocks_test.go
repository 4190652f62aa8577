package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/mock"
	"stile/internal/recorded"
)

const machinesARN = "arn:aws:states:us-east-1:111111111111:stateMachine:"

// retried is a definition whose Task nothing here integrates; a case makes it fail
// twice, with a second of back-off between.
const retried = `{"StartAt": "Send", "States": {"Send": {"Type": "Task", "End": true, "Resource": "arn:aws:states:::sqs:sendMessage",
  "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1}]}}}`

func mockFile(testCase, id string) string {
	return `{"StateMachines": {"send": {"TestCases": {"` + testCase + `": {"Send": "r"}}}},
		"MockedResponses": {"r": {"0-1": {"Throw": {"Error": "Busy"}}, "2": {"Return": {"MessageId": "` + id + `", "MD5OfMessageBody": "m"}}}}}`
}

func described(p *product, arn string) (out struct{ Status, Output, StateMachineArn, Error, Cause string }) {
	p.t.Helper()
	wire(p.t, p.Console, "DescribeExecution", map[string]string{"executionArn": arn}, &out)
	return out
}

// TestATestCaseAcrossARestart: an execution of a test case goes on after a restart
// with the answers that it began with, though the file says something else by then.
func TestATestCaseAcrossARestart(t *testing.T) {
	dir, data := folder(t, "http://127.0.0.1:9", invoke, "workflows/send.asl.json", retried, "tests/MockConfigFile.json", mockFile("Busy", "first")), t.TempDir()
	p := dev(t, dir, data)
	if p.Mocks != filepath.ToSlash(filepath.Join(dir, mock.DefaultPath)) || p.TestCases != 1 {
		t.Errorf("%q, %d test cases", p.Mocks, p.TestCases)
	}
	arn := p.start("send#Busy")
	p.until(arn, "a failed attempt", has("TaskFailed"))
	p.shut()
	write(t, dir, mock.DefaultPath, mockFile("Other", "second"))
	p = dev(t, dir, data)
	p.until(arn, "its end", ended)
	if x := described(p, arn); x.Status != "SUCCEEDED" || !strings.Contains(x.Output, `"first"`) || x.StateMachineArn != machinesARN+"send" {
		t.Errorf("%+v", x)
	}
	_, text := send(t, "GET", p.Console+"/-/v1/executions/"+arn, "")
	if !strings.Contains(text, `"testCase":"Busy"`) {
		t.Error(text)
	}
	// The file is read again with the project, and one with a fault is not taken.
	write(t, dir, mock.DefaultPath, mockFile("Third", "third"))
	p.tells("taken up again")
	arn = p.start("send#Third")
	p.until(arn, "its end", ended)
	write(t, dir, mock.DefaultPath, `{"MockedResponses": []}`)
	p.tells("not taken")
	p.until(p.start("send#Third"), "its end", ended)
}

// TestStartsWithoutATestCase: what is no test case is refused, and a Task without a
// mock or an integration fails with its resource's name.
func TestStartsWithoutATestCase(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "mocks.json")
	if err := os.WriteFile(elsewhere, []byte(mockFile("Busy", "id")), 0o644); err != nil {
		t.Fatal(err)
	}
	o := devOptions(folder(t, "http://127.0.0.1:9", invoke, "workflows/send.asl.json", retried), "")
	o.Mock, o.Ephemeral = elsewhere, true
	p := devAs(t, o)
	for machine, want := range map[string]string{
		"send#Nope": "Invalid Name: 'send#Nope': " + filepath.ToSlash(elsewhere) + " has no such test case of 'send'; it has 'Busy'",
		"one#Busy":  "has no test cases of the state machine 'one'",
		"gone#Busy": "State Machine Does Not Exist",
	} {
		status, text := send(t, "POST", p.Console+"/", `{"stateMachineArn":"`+machinesARN+machine+`"}`,
			"X-Amz-Target", "AWSStepFunctions.StartExecution", "Content-Type", "application/x-amz-json-1.0")
		if status != 400 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", machine, status, text)
		}
	}
	arn := p.start("send")
	p.until(arn, "its end", ended)
	if x := described(p, arn); x.Error != "States.Runtime" || !strings.Contains(x.Cause, "arn:aws:states:::sqs:sendMessage") {
		t.Errorf("%+v", x)
	}
	// A file outside the project is watched too.
	write(t, filepath.Dir(elsewhere), "mocks.json", mockFile("Later", "id"))
	p.tells("taken up again")
	p.until(p.start("send#Later"), "its end", ended)
	// The control API, and stile start with it, names cases as the wire does.
	status, text := send(t, "POST", p.Console+"/-/v1/executions", `{"stateMachine":"send#Later","name":"mine","input":{}}`, "Content-Type", "application/json")
	if status != 201 || !strings.Contains(text, `:execution:send:mine"`) {
		t.Errorf("%d %s", status, text)
	}
	if status, text = send(t, "POST", p.Console+"/-/v1/executions", `{"stateMachine":"send#Gone"}`, "Content-Type", "application/json"); status != 400 ||
		!strings.Contains(text, "it has 'Later'") {
		t.Errorf("%d %s", status, text)
	}
}

func TestServeHasNoTestCases(t *testing.T) {
	s := &server{mode: modeServe}
	if s.testCases() != nil {
		t.Error("serve resolves test cases")
	}
}

func TestANamedMockFileMustBeThere(t *testing.T) {
	_, faults := readMocks(".", "nowhere.json", nil, nil)
	if len(faults) != 1 || faults[0].Code != "STL-C007" || faults[0].File != "nowhere.json" {
		t.Error(faults)
	}
	if f, faults := readMocks(t.TempDir(), "", nil, nil); f != nil || faults != nil {
		t.Error(f, faults)
	}
}

// recordedCase is what this test reads of a recorded case.
type recordedCase struct {
	Name             string
	Definition       json.RawMessage
	StateMachineName string `json:"state_machine_name"`
	Input            json.RawMessage
	Mocks            struct {
		File     json.RawMessage `json:"sfn_local_mock_config"`
		TestCase string          `json:"test_case"`
	}
	Normalisers []string
	Expected    struct {
		Status string
		Output any
		Events []struct {
			ID       any
			Previous int64 `json:"previousEventId"`
			Type     string
		}
	}
}

// notAnswered are members of AWS's answers that no mock of these cases has.
var notAnswered = []string{"SdkHttpMetadata", "SdkResponseMetadata", "ExecutedVersion", "RedriveCount", "RedriveStatus", "RedriveStatusReason"}

// TestRecordedMocks plays the recorded cases that have a mock file: the histories
// that AWS wrote of the real calls, type by type, and outputs of the same form.
func TestRecordedMocks(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(recorded.Path(t, "conformance", "asl", "local-mocking"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	files := t.TempDir()
	var cases []recordedCase
	all := map[string]map[string]json.RawMessage{"StateMachines": {}, "MockedResponses": {}}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var c recordedCase
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		if c.Mocks.File == nil {
			continue
		}
		cases = append(cases, c)
		// One file for all: responses get names of their own case.
		var one map[string]map[string]json.RawMessage
		if err := json.Unmarshal(c.Mocks.File, &one); err != nil {
			t.Fatal(err)
		}
		for name, r := range one["MockedResponses"] {
			all["MockedResponses"][c.StateMachineName+" "+name] = r
			for machine, m := range one["StateMachines"] {
				one["StateMachines"][machine] = json.RawMessage(strings.ReplaceAll(string(m), `"`+name+`"`, `"`+c.StateMachineName+" "+name+`"`))
			}
		}
		for machine, m := range one["StateMachines"] {
			all["StateMachines"][machine] = m
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	write(t, files, "mocks.json", string(text))
	o := devOptions(folder(t, "http://127.0.0.1:9", invoke), "")
	o.Mock, o.Ephemeral = filepath.Join(files, "mocks.json"), true
	p := devAs(t, o)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { p.plays(t, c) })
	}
}

func (p *product) plays(t *testing.T, c recordedCase) {
	wire(t, p.Console, "CreateStateMachine", map[string]string{"name": c.StateMachineName, "definition": string(c.Definition),
		"roleArn": "arn:aws:iam::111111111111:role/one-role"}, &struct{}{})
	var started struct{ ExecutionArn string }
	wire(t, p.Console, "StartExecution", map[string]string{"input": string(c.Input),
		"stateMachineArn": machinesARN + c.StateMachineName + "#" + c.Mocks.TestCase}, &started)
	var got, want []string
	for _, e := range p.until(started.ExecutionArn, "its end", ended) {
		got = append(got, e.Type)
	}
	sorted := false
	for _, e := range c.Expected.Events {
		_, id := e.ID.(float64)
		sorted = sorted || !id
		want = append(want, e.Type)
	}
	if sorted { // the record lost the event before ParallelStateExited
		got = slices.DeleteFunc(got, func(s string) bool { return s == "ParallelStateSucceeded" })
		slices.Sort(got)
		slices.Sort(want)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	x := described(p, started.ExecutionArn)
	if x.Status != c.Expected.Status {
		t.Errorf("%+v", x)
	}
	if sorted { // its output was hidden
		return
	}
	var output any
	if err := json.Unmarshal([]byte(x.Output), &output); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(form(c.Expected.Output), form(output)); d != "" {
		t.Errorf("output: %s", d)
	}
}

// form is a value without its texts and numbers.
func form(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, m := range v {
			if !slices.Contains(notAnswered, name) {
				out[name] = form(m)
			}
		}
		return out
	case []any:
		var out []any
		for _, m := range v {
			out = append(out, form(m))
		}
		return out
	case string:
		return "text"
	case float64:
		return 0
	}
	return v
}
