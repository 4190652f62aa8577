package mock

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/asl"
	"stile/asl/interp"
	"stile/diag"
	"stile/internal/recorded"
	"stile/internal/sfn"
	"stile/jsonval"
)

// guide is the example of the Step Functions Developer Guide, shortened, with what
// files in the wild add.
const guide = `{
  "$comment": "of a test",
  "StateMachines": {
    "LambdaSQS": {
      "TestCases": {
        "HappyPath": {"LambdaState": "Success", "SQSState": "Sent"},
        "RetryPath": {"LambdaState": "Retry", "SQSState": "Sent"},
        "Hybrid": {"LambdaState": "Success"},
        "Nothing": {}
      }
    }
  },
  "MockedResponses": {
    "Success": {"0": {"Return": {"StatusCode": 200, "Payload": {"n": 1.50}}}},
    "Sent": {"0": {"Return": "any JSON"}},
    "Retry": {
      "0": {"Throw": {"Error": "Lambda.ResourceNotReadyException", "Cause": "not ready"}},
      "1-2": {"Throw": {"Error": "Lambda.TimeoutException"}},
      "3": {"Return": null}
    },
    "Unused": {}
  }
}`

func parse(t testing.TB, text string) *File {
	t.Helper()
	f, faults := Parse(diag.NewSource("m.json", text))
	if f == nil {
		t.Fatal(faults)
	}
	return f
}

func TestCases(t *testing.T) {
	f := parse(t, guide)
	if machines, cases := f.Counts(); machines != 1 || cases != 4 || f.Name() != "m.json" {
		t.Error(machines, cases, f.Name())
	}
	for name, want := range map[string]string{
		"HappyPath": `{"LambdaState":{"0":{"Return":{"StatusCode":200,"Payload":{"n":1.50}}}},"SQSState":{"0":{"Return":"any JSON"}}}`,
		"RetryPath": `{"LambdaState":{"0":{"Throw":{"Error":"Lambda.ResourceNotReadyException","Cause":"not ready"}},` +
			`"1-2":{"Throw":{"Error":"Lambda.TimeoutException"}},"3":{"Return":null}},"SQSState":{"0":{"Return":"any JSON"}}}`,
		"Nothing": `{}`,
	} {
		got, err := f.Case("LambdaSQS", name)
		if err != nil || got.Text() != want {
			t.Errorf("%s: %v, %v; want %s", name, got.Text(), err, want)
		}
	}
	for _, c := range []struct {
		file                *File
		machine, name, want string
	}{
		{f, "LambdaSQS", "happyPath", "m.json has no such test case of 'LambdaSQS'; it has 'HappyPath', 'RetryPath', 'Hybrid', 'Nothing'"},
		{f, "Other", "X", "m.json has no test cases of the state machine 'Other'"},
		{nil, "Other", "X", "no mock file is loaded; name one with --mock, or put it at tests/MockConfigFile.json"},
	} {
		_, err := c.file.Case(c.machine, c.name)
		var refused *sfn.Error
		if !errors.As(err, &refused) || refused.Code != "InvalidName" || refused.Message != "Invalid Name: '"+c.machine+"#"+c.name+"': "+c.want {
			t.Errorf("%s#%s: %v", c.machine, c.name, err)
		}
	}
}

func TestFaults(t *testing.T) {
	responses := func(text string) string { return "{\"MockedResponses\":\n" + text + "}" }
	for _, c := range []struct{ name, text, want string }{
		{"no object", `[]`, `m.json:1:1: the mock file must be a map of keys, not a list [STL-C003]`},
		{"broken", `{"StateMachines": {`, `m.json:1:20: not readable JSON: the text ends too early [STL-C001]`},
		{"twice", `{"MockedResponses": {"a": {}, "a": {}}}`, `m.json:1:31: the member "a" stands twice [STL-C005]`},
		{"lists", "{\"MockedResponses\": [],\n\"StateMachines\": []}",
			"m.json:1:21: this is a list, not an object [STL-C003]\nm.json:2:18: this is a list, not an object [STL-C003]"},
		{"no invocation", responses(`{"a": {"x": {"Return": 1}, "-1": {"Return": 1}, "2-1": {"Return": 1}, "1-": {"Return": 1}, "0": {"Return": 1}}}`),
			"m.json:2:8: \"x\" is no number of an invocation [STL-M001]\nm.json:2:28: \"-1\" is no number of an invocation [STL-M001]\n" +
				"m.json:2:49: \"2-1\" is no number of an invocation [STL-M001]\nm.json:2:71: \"1-\" is no number of an invocation [STL-M001]"},
		{"overlap", responses(`{"a": {"0-2": {"Return": 1}, "2-4": {"Return": 1}, "5": {"Return": 1}}}`),
			"m.json:2:30: the invocation 2 of the response a has two answers [STL-M001]\nm.json:2:52: the response a has no answer for the invocation 3 [STL-M002]"},
		{"spelt twice", responses(`{"a": {"0": {"Return": 1}, "00": {"Return": 1}}}`), "m.json:2:28: the invocation 0 of the response a has two answers [STL-M001]"},
		{"both and neither", responses(`{"a": {"0": {"Return": 1, "Throw": {"Error": "E"}}, "1": {}}}`),
			"m.json:2:8: the answer \"0\" has both Return and Throw [STL-M003]\nm.json:2:53: the answer \"1\" has neither Return nor Throw [STL-M003]"},
		{"throws", responses(`{"a": {"0": {"Throw": "E"}, "1": {"Throw": {"Cause": "c"}}, "2": {"Throw": {"Error": 1, "Cause": 2}}, "3": {"Throw": {"Error": ""}}}}`),
			"m.json:2:23: a Throw must be an object with Error and Cause [STL-M003]\nm.json:2:44: the Throw has no Error [STL-M003]\n" +
				"m.json:2:86: Error of a Throw must be text [STL-M003]\nm.json:2:98: Cause of a Throw must be text [STL-M003]\n" +
				"m.json:2:128: the Error of a Throw is empty [STL-M003]"},
		{"no response", "{\"StateMachines\": {\"m\": {\"TestCases\": {\"c\":\n{\"S\": \"sucess\", \"T\": 1}}}},\n\"MockedResponses\": {\"success\": {\"0\": {\"Return\": 1}}}}",
			"m.json:2:7: there is no response sucess in MockedResponses [STL-M004]\nm.json:2:22: this is a number, not the name of a response [STL-C003]"},
		{"no test cases", `{"StateMachines": {"m": {"Tests": {}}}}`,
			"m.json:1:25: the state machine m has no \"TestCases\" [STL-C004]\nm.json:1:26: the property \"Tests\" of the state machine m is not used [STL-C006]"},
	} {
		f, faults := Parse(diag.NewSource("m.json", c.text))
		if f != nil || !faults.HasErrors() {
			t.Errorf("%s: it was taken", c.name)
		}
		if d := cmp.Diff(c.want, faults.Error()); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// TestWarnings: what Step Functions Local takes is taken, and told.
func TestWarnings(t *testing.T) {
	f, faults := Parse(diag.NewSource("m.json", guide))
	want := "m.json:2:3: the property \"$comment\" of the mock file is not used [STL-C006]\nm.json:21:5: the response Unused answers no invocation [STL-M002]"
	if d := cmp.Diff(want, faults.Error()); d != "" || f == nil {
		t.Error(d)
	}
	if _, faults := Parse(diag.NewSource("m.json", `{"MockedResponses": {"a": {"1": {"Return": 1, "Note": 2}, "4-5": {"Return": 1}}}}`)); faults.HasErrors() || len(faults) != 3 {
		t.Error(faults)
	}
}

func TestCheck(t *testing.T) {
	p, faults := asl.Parse(diag.NewSource("d.json", `{"StartAt": "Send", "States": {
	  "Send": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "Await"},
	  "Await": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Next": "All"},
	  "All": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Inner", "States": {
	    "Inner": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true}}}}}}`))
	if p == nil {
		t.Fatal(faults)
	}
	f := parse(t, `{"StateMachines": {"m": {"TestCases": {"c": {
	  "Send": "r", "Await": "r",
	  "Inner": "r", "All": "r",
	  "Sned": "r"}}},
	  "othr": {"TestCases": {"c": {"Send": "r"}}}},
	 "MockedResponses": {"r": {
	  "0": {"Return": {"MessageId": 1}}, "1": {"Throw": {"Error": "E"}}}}}`)
	var got []string
	for _, d := range f.Check([]Machine{{"m", p}, {"other", p}}) {
		got = append(got, string(d.Severity)+" "+d.String()+" ("+d.Hint+")")
	}
	want := []string{
		"warning m.json:3:18: the state All of m is a Map: only a Task can be mocked [STL-M005] (its Tasks are Send, Await, Inner)",
		"warning m.json:4:4: the state machine m has no state Sned [STL-M005] (did you mean Send?)",
		"warning m.json:5:4: the project has no state machine othr [STL-M005] (did you mean other?)",
		"warning m.json:7:20: the response r is not what sqs:sendMessage answers to the state Send: Field 'MessageId' must be a string [STL-M006] (the mock is used as it stands)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{guide: true, "\ufeff" + guide: true, `{"StartAt": "A", "States": {}}`: false, `{`: false, `[]`: false,
		`{"MockedResponses": 1}`: true} {
		if Is(text) != want {
			t.Errorf("%.30q", text)
		}
	}
}

// FuzzParse: any text gives faults or a file, each of whose cases has answers whose
// keys are read as they were checked.
func FuzzParse(f *testing.F) {
	f.Add(guide)
	f.Add(`{"StateMachines": {"m": {"TestCases": {"c": {"S": "r"}}}}, "MockedResponses": {"r": {"0-4294967295": {"Return": 1}}}}`)
	f.Add(`{"MockedResponses": {"r": {"0": {"Throw": {"Error": "é\u0000"}}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, faults := Parse(diag.NewSource("m.json", text))
		if (file == nil) != faults.HasErrors() {
			t.Fatalf("a file %v with faults %v", file != nil, faults)
		}
		if file == nil {
			return
		}
		for _, m := range file.machines {
			for _, c := range m.cases {
				v, err := file.Case(m.name, c.name)
				if err != nil || v.Kind() != jsonval.ObjectKind {
					t.Fatalf("%s#%s: %v", m.name, c.name, err)
				}
				v.EachMember(func(_ string, r jsonval.Value) bool {
					r.EachMember(func(key string, a jsonval.Value) bool {
						if _, _, ok := interp.MockRange(key); !ok || a.Get("Return").Exists() == a.Get("Throw").Exists() {
							t.Fatalf("answer %s: %s", key, a.Text())
						}
						return true
					})
					return true
				})
			}
		}
	})
}

// TestRecordedFiles: the files of recorded cases have no fault, and the case that
// each starts.
func TestRecordedFiles(t *testing.T) {
	dir := recorded.Path(t, "conformance", "asl", "local-mocking")
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := jsonval.MustParse(string(text))
		config := c.Get("mocks").Get("sfn_local_mock_config")
		if !config.Exists() {
			continue
		}
		seen++
		f, faults := Parse(diag.NewSource("m.json", config.Text()))
		if len(faults) > 0 {
			t.Errorf("%s: %v", filepath.Base(path), faults)
			continue
		}
		machine, testCase := text1(c, "state_machine_name"), text1(c.Get("mocks"), "test_case")
		if _, err := f.Case(machine, testCase); err != nil || strings.TrimSpace(testCase) == "" {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	if seen == 0 {
		t.Error("no recorded case has a mock file")
	}
}

func text1(v jsonval.Value, name string) string {
	s, _ := v.Get(name).Str()
	return s
}

// TestUncheckedResults: a service without a model is told of, once a response, and an
// HTTP Task's answer is nobody's to judge.
func TestUncheckedResults(t *testing.T) {
	p, faults := asl.Parse(diag.NewSource("d.json", `{"StartAt": "Call", "States": {
	  "Call": {"Type": "Task", "Resource": "arn:aws:states:::eks:call", "Next": "Get"},
	  "Get": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true}}}`))
	if p == nil {
		t.Fatal(faults)
	}
	f := parse(t, `{"StateMachines": {"m": {"TestCases": {"c": {"Call": "r", "Get": "r"}}}},
	 "MockedResponses": {"r": {"0": {"Return": {"a": 1}}, "1": {"Return": {"b": 2}}}}}`)
	var got []string
	for _, d := range f.Check([]Machine{{"m", p}}) {
		got = append(got, d.String())
	}
	want := []string{"m.json:2:45: the response r is not checked: Stile has no model of eks:call [STL-M006]"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
