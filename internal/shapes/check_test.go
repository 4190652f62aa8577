package shapes

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/asl"
	"stile/diag"
	"stile/internal/recorded"
	"stile/jsonval"
)

func TestCheckResult(t *testing.T) {
	const (
		prefix = "Mock result schema validation error: "
		get    = "arn:aws:states:::aws-sdk:lambda:getFunction"
		put    = "arn:aws:states:::events:putEvents"
		start  = "arn:aws:states:::states:startExecution"
	)
	for _, c := range []struct {
		name, resource, result string
		mode                   Mode
		want                   string
		limited                bool
	}{
		{"what the model does not name", put, `{"other": 1}`, Strict, "", false},
		{"required", start, `{}`, Strict, prefix + "Required field 'ExecutionArn' is missing", false},
		{"required before type", start, `{"StartDate": 5}`, Strict, prefix + "Required field 'ExecutionArn' is missing", false},
		{"required inside an item", "arn:aws:states:::aws-sdk:sfn:listExecutions", `{"Executions": [{"Name": "x"}]}`, Strict,
			prefix + "Required field 'ExecutionArn' is missing", false},
		{"not required when present", start, `{}`, Present, "", false},
		{"nothing is checked", start, `{"StartDate": 5}`, None, "", false},
		{"least value", get, `{"Configuration": {"Timeout": 0}}`, Strict, prefix + "Field 'Timeout' is less than the minimum value", false},
		{"greatest value", get, `{"Configuration": {"MemorySize": 1e999}}`, Strict, prefix + "Field 'MemorySize' exceeds the maximum value", false},
		{"within", get, `{"Configuration": {"MemorySize": 128, "Timeout": 3}}`, Strict, "", false},
		{"object wanted", get, `{"Configuration": []}`, Strict, prefix + "Field 'Configuration' must be an object", false},
		{"map wanted", get, `{"Tags": "a"}`, Strict, prefix + "Field 'Tags' must be an object", false},
		{"value of a map", get, `{"Tags": {"a": 1}}`, Strict, prefix + "Field 'Tags' must be a string", false},
		{"boolean wanted", "arn:aws:states:::aws-sdk:s3:getObject", `{"DeleteMarker": "true"}`, Strict, prefix + "Field 'DeleteMarker' must be a boolean", false},
		{"null is no text", start, `{"ExecutionArn": null}`, Present, prefix + "Field 'ExecutionArn' must be a string", false},
		{"greatest length", "arn:aws:states:::aws-sdk:kms:encrypt", `{"KeyId": "` + strings.Repeat("k", 2049) + `"}`, Strict,
			prefix + "Field 'KeyId' exceeds the maximum length", false},
		{"the first in the text", put, `{"FailedEntryCount": "1", "Entries": 1}`, Strict, prefix + "Field 'FailedEntryCount' must be a number", false},
		{"capitals are one word", "arn:aws:states:::sqs:sendMessage", `{"Md5OfMessageBody": 1}`, Strict, prefix + "Field 'Md5OfMessageBody' must be a string", false},
		{"another spelling is another field", "arn:aws:states:::sqs:sendMessage", `{"MD5OfMessageBody": {}, "MessageId": "m"}`, Strict, "", false},
		{"a job gives what is polled", start + ".sync", `{"ExecutionArn": "a", "StartDate": "d"}`, Strict,
			prefix + "Required field 'StateMachineArn' is missing", false},
		{"output as text", start + ".sync", `{"Output": {}}`, Present, prefix + "Field 'Output' must be a string", false},
		{"output as document", start + ".sync:2", `{"Output": {}, "Status": "DONE"}`, Present, prefix + "Field 'Status' is not an expected value", false},
		{"what a token brings is free", start + ".waitForTaskToken", `7`, Strict, "", false},
		{"a function's own answer", "arn:aws:lambda:us-east-1:123456789012:function:f", `7`, Strict, "", false},
		{"an activity's answer", "arn:aws:states:us-east-1:123456789012:activity:a", `[]`, Strict, "", false},
		{"no object", put, `[]`, Strict, "Mocked result must be a JSON object.", false},
		{"nothing comes back", "arn:aws:states:::aws-sdk:s3:createMultipartUpload", `{}`, Strict, "", false},
		{"a service without a model", "arn:aws:states:::http:invoke", `{"StatusCode": "x"}`, Strict, "", true},
		{"a service younger than the models", "arn:aws:states:::aws-sdk:s3vectors:queryVectors", `{}`, Strict, "", true},
		{"an action that the model has not", "arn:aws:states:::aws-sdk:kms:sing", `{}`, Strict, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			problem, limited := CheckResult(c.resource, jsonval.MustParse(c.result), c.mode)
			if problem != c.want || limited != c.limited {
				t.Errorf("got %q, %v; want %q, %v", problem, limited, c.want, c.limited)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	for _, c := range []struct {
		service, action string
		known, inside   bool
	}{
		{"kms", "encrypt", true, true}, {"kms", "sing", true, false}, {"states", "startExecution", true, true},
		{"events", "putEvents", true, true}, {"elasticloadbalancingv2", "describeRules", true, true},
		{"bedrock", "invokeModel", true, true}, {"elasticmapreduce", "addStep", true, true}, {"lambda", "invoke", true, true},
		{"http", "invoke", false, false}, {"", "", false, false},
	} {
		if known, inside := Known(c.service, c.action); known != c.known || inside != c.inside {
			t.Errorf("%s:%s: %v, %v", c.service, c.action, known, inside)
		}
	}
}

// Every number in the extract names a shape, and what is polled is there.
func TestExtractIsWhole(t *testing.T) {
	count := 0
	for _, name := range services(t) {
		m := load(name)
		count++
		for op, n := range m.Operations {
			if n < -1 || n >= len(m.Shapes) {
				t.Errorf("%s:%s: shape %d of %d", name, op, n, len(m.Shapes))
			}
		}
		for i, s := range m.Shapes {
			refs := []int{s.Of}
			for _, n := range s.Members {
				refs = append(refs, n)
			}
			for _, n := range refs {
				if n < 0 || n >= len(m.Shapes) {
					t.Errorf("%s: shape %d names %d of %d", name, i, n, len(m.Shapes))
				}
			}
			for _, q := range s.Required {
				if _, ok := s.Members[q]; !ok {
					t.Errorf("%s: shape %d wants %s, which it has not", name, i, q)
				}
			}
		}
	}
	if count < 350 {
		t.Errorf("only %d services", count)
	}
	for name := range polled {
		if tg, _ := find("arn:aws:states:::" + name + ".sync"); !has(tg) {
			t.Errorf("%s.sync: %s has no %s", name, tg.service, tg.action)
		}
		_, faults := asl.Parse(diag.NewSource("", `{"StartAt":"A","States":{"A":{"Type":"Task","End":true,"Resource":"arn:aws:states:::`+name+`.sync"}}}`))
		for _, d := range faults {
			if strings.Contains(d.Message, "not recognized") {
				t.Errorf("asl: %s", d.Message)
			}
		}
	}
	for name := range called {
		if tg, _ := find("arn:aws:states:::" + name); !has(tg) {
			t.Errorf("%s: %s has no %s", name, tg.service, tg.action)
		}
	}
}

func services(t *testing.T) (names []string) {
	z, err := zip.NewReader(bytes.NewReader(models), int64(len(models)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	return names
}

func has(tg target) bool {
	_, ok := Known(tg.service, tg.action)
	return ok
}

// The faults that AWS was recorded to find in mocks, and the mocks that it took.
func TestRecordedMocks(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(recorded.Path(t, "conformance", "asl", "test-state"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Name    string
			Request struct {
				Definition string
				Mock       struct {
					Result              string
					FieldValidationMode Mode
				}
			}
			Expected struct {
				Error        string
				ErrorMessage string `json:"error_message"`
			}
		}
		if json.Unmarshal(raw, &c) != nil || c.Request.Mock.Result == "" {
			continue
		}
		var state struct{ Type, Resource string }
		result, err := jsonval.ParseString(c.Request.Mock.Result)
		if json.Unmarshal([]byte(c.Request.Definition), &state) != nil || state.Type != "Task" || err != nil {
			continue
		}
		if c.Expected.Error != "" && !strings.Contains(c.Expected.ErrorMessage, "schema validation") {
			continue
		}
		mode := c.Request.Mock.FieldValidationMode
		if mode == "" {
			mode = Strict
		}
		checked++
		if got, _ := CheckResult(state.Resource, result, mode); got != c.Expected.ErrorMessage {
			t.Errorf("%s\n got %q\nwant %q", c.Name, got, c.Expected.ErrorMessage)
		}
	}
	if checked < 20 {
		t.Errorf("only %d mocks were checked", checked)
	}
	t.Logf("%d mocks", checked)
}

func FuzzCheckResult(f *testing.F) {
	f.Add("arn:aws:states:::aws-sdk:lambda:getFunction", `{"Configuration": {"MemorySize": 127, "Layers": [{"Arn": 1}]}, "Tags": {"a": null}}`)
	f.Add("arn:aws:states:::states:startExecution.sync:2", `{"Output": [], "Status": "FAILED", "StartDate": "x"}`)
	f.Fuzz(func(t *testing.T, resource, text string) {
		v, err := jsonval.ParseString(text)
		if err != nil {
			return
		}
		strict, limited := CheckResult(resource, v, Strict)
		present, _ := CheckResult(resource, v, Present)
		if limited && strict != "" || strict == "" && present != "" {
			t.Errorf("%s of %s: STRICT %q, PRESENT %q, limited %v", text, resource, strict, present, limited)
		}
	})
}
