package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stile/internal/recorded"
)

// quickFolder is folder with EXPRESS state machines: quick calls the shop, bad fails,
// and operations of API front start both; nested starts them from a state.
func quickFolder(t *testing.T, backend string) string {
	starts := func(machine, pattern string) string {
		return `{"Type":"Task","Resource":"arn:aws:states:::states:startExecution` + pattern + `","Parameters":{"StateMachineArn":` +
			`"arn:aws:states:us-east-1:111111111111:stateMachine:` + machine + `","Input":{"n":1}},"End":true}`
	}
	front := func(machine string) string {
		return `<policies><inbound><base /><set-backend-service base-url="stile://workflows/` + machine + `" /></inbound><backend><base /></backend>` +
			`<outbound><base /></outbound><on-error><base /></on-error></policies>`
	}
	return folder(t, backend, invoke,
		"workflows/quick.asl.json", oneTask(invoke), "workflows/quick.workflow.yaml", "role: one-role\ntype: EXPRESS\nlogging: {level: ALL, include-execution-data: true}\n",
		"workflows/bad.asl.json", `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Bad","Cause":"why"}}}`,
		"workflows/bad.workflow.yaml", "role: one-role\ntype: EXPRESS\nlogging: {level: FATAL, group: /shop/bad}\n",
		"workflows/nested.asl.json", `{"StartAt":"N","States":{"N":`+starts("quick", "")+`}}`,
		"workflows/nested.workflow.yaml", "role: starter\nlogging: {level: ERROR, group: /shop/nested}\n",
		"workflows/waits.asl.json", `{"StartAt":"N","States":{"N":`+starts("quick", ".sync:2")+`}}`,
		"workflows/waits.workflow.yaml", "role: starter\nlogging: {level: ERROR, group: /shop/nested}\n",
		"roles/starter.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["states:StartExecution"],"Resource":"stateMachine/quick"}]}`,
		"apim/apis/front/apiInformation.json", `{"properties":{"displayName":"front","path":"front","subscriptionRequired":false,"serviceUrl":"http://127.0.0.1:1"}}`,
		"apim/apis/front/specification.yaml", "openapi: 3.0.1\ninfo: {title: f, version: '1'}\npaths:\n  /quick:\n    post:\n      operationId: quick\n      responses: {'200': {description: ok}}\n"+
			"  /bad:\n    post:\n      operationId: bad\n      responses: {'200': {description: ok}}\n",
		"apim/apis/front/operations/quick/policy.xml", front("quick"), "apim/apis/front/operations/bad/policy.xml", front("bad"))
}

func logLines(t *testing.T, data, group string) (out []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "logs", filepath.FromSlash(group)+".jsonl"))
	if err != nil {
		t.Error(err)
		return nil
	}
	for line := range strings.Lines(string(text)) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Errorf("%v in %s", err, line)
		}
		out = append(out, v)
	}
	return out
}

// TestExpressOfAProject: the wire, the gateway and states start EXPRESS executions;
// their calls go through the gate; what happens is audited, and logged as configured.
func TestExpressOfAProject(t *testing.T) {
	backend, calls := answering(t)
	data := t.TempDir()
	dir := quickFolder(t, backend)
	p := dev(t, dir, data)
	machine := func(name string) string { return "arn:aws:states:us-east-1:111111111111:stateMachine:" + name }
	var x struct{ ExecutionArn, Status, Output, Error string }
	wire(t, p.Console, "StartSyncExecution", map[string]string{"stateMachineArn": machine("quick"), "name": "n"}, &x)
	if x.Status != "SUCCEEDED" || !strings.Contains(x.Output, "r-1") || !strings.Contains(x.ExecutionArn, ":express:quick:n:") {
		t.Errorf("%+v", x)
	}
	const trace = "0af7651916cd43dd8448eb211c80319c"
	if status, body := send(t, "POST", p.Gateway+"/front/quick", `{}`, "traceparent", "00-"+trace+"-b7ad6b7169203331-01"); status != 200 || !strings.Contains(body, "r-1") {
		t.Errorf("quick: %d %s", status, body)
	}
	if status, body := send(t, "POST", p.Gateway+"/front/bad", `{}`); status != 502 || body != `{"statusCode":502,"status":"FAILED","error":"Bad","cause":"why"}` {
		t.Errorf("bad: %d %s", status, body)
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("%d calls of the shop", n)
	}
	ended := p.until(p.start("nested"), "a started EXPRESS execution", has("ExecutionSucceeded"))
	if !strings.Contains(ended[len(ended)-1].TaskSucceededEventDetails.Output+ended[3].TaskSucceededEventDetails.Output+ended[4].TaskSucceededEventDetails.Output, ":express:quick:") {
		t.Errorf("nested: %+v", ended)
	}
	failed := p.until(p.start("waits"), "a refusal", has("ExecutionFailed"))
	if e := failed[len(failed)-1].ExecutionFailedEventDetails.Error; e != "StepFunctions.StateMachineTypeNotSupportedException" {
		t.Errorf(".sync: %s", e)
	}
	_, record := send(t, "GET", p.Console+"/-/v1/audit?action=states:StartSyncExecution", "")
	if strings.Count(record, `"action":"states:StartSyncExecution"`) != 3 || strings.Count(record, `"via":"gateway"`) != 2 || !strings.Contains(record, x.ExecutionArn) {
		t.Errorf("audit: %s", record)
	}
	p.shut()
	next := dev(t, dir, data) // spans are written at the stop
	_, spans := send(t, "GET", next.Console+"/-/v1/traces/"+trace, "")
	for kind, n := range map[string]int{"exchange": 2, "execution": 1, "state": 1} {
		if got := strings.Count(spans, `"kind":"`+kind+`"`); got != n {
			t.Errorf("%d spans of kind %s, want %d: %s", got, kind, n, spans)
		}
	}
	// A type is for life.
	write(t, dir, "workflows/quick.workflow.yaml", "role: one-role\n")
	next.tells("its type is EXPRESS and cannot become STANDARD")
	next.shut()
	byExecution := map[string][]string{}
	for _, line := range logLines(t, data, "/aws/vendedlogs/states/quick") {
		arn := line["execution_arn"].(string)
		byExecution[arn] = append(byExecution[arn], line["type"].(string))
	}
	want := "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded"
	if len(byExecution) != 3 || strings.Join(byExecution[x.ExecutionArn], " ") != want {
		t.Errorf("log of quick: %v", byExecution)
	}
	if got := logLines(t, data, "/shop/bad"); len(got) != 1 || got[0]["type"] != "ExecutionFailed" || got[0]["id"] != "3" {
		t.Errorf("log of bad: %v", got)
	}
	if got := logLines(t, data, "/shop/nested"); len(got) != 2 || got[0]["type"] != "TaskFailed" || got[1]["type"] != "ExecutionFailed" {
		t.Errorf("log of nested: %v", got)
	}
}

// TestExpressStartsOverAfterARestart: a state's call that never came back is made
// again, with the same key, and then no more.
func TestExpressStartsOverAfterARestart(t *testing.T) {
	keys := make(chan string, 8)
	hold := make(chan struct{})
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys <- r.Header.Get("Idempotency-Key")
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"r-1"}`))
	}))
	t.Cleanup(backend.Close)
	came := func() string {
		select {
		case key := <-keys:
			return key
		case <-time.After(patience):
			t.Fatal("the shop is not called")
			return ""
		}
	}
	dir, data := quickFolder(t, backend.URL), t.TempDir()
	p := dev(t, dir, data)
	arn := p.start("quick")
	first := came()
	p.shut()
	p = dev(t, dir, data)
	if second := came(); second != first || first == "" {
		t.Errorf("keys %q and %q", first, second)
	}
	close(hold)
	p.shut()
	ends := 0
	for _, line := range logLines(t, data, "/aws/vendedlogs/states/quick") {
		if line["execution_arn"] != arn {
			t.Errorf("another execution: %v", line)
		}
		if line["type"] == "ExecutionSucceeded" {
			ends++
		}
	}
	dev(t, dir, data).shut()
	if ends != 1 || len(keys) != 0 {
		t.Errorf("%d ends, %d calls more", ends, len(keys))
	}
}

// TestRecordedExpressEnds: the last record of the log is that of AWS.
func TestRecordedExpressEnds(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(recorded.Path(t, "conformance", "asl", "express"), "*async*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	data := t.TempDir()
	p := dev(t, t.TempDir(), data)
	type recordedCase struct {
		Needs         []string
		Machine       string `json:"state_machine_name"`
		Definition    json.RawMessage
		Input         json.RawMessage
		Configuration json.RawMessage `json:"logging_configuration"`
		Expected      struct {
			End struct {
				ID, Type string
				Previous string `json:"previous_event_id"`
				Redrives string `json:"redrive_count"`
				Details  map[string]any
			} `json:"end_event"`
		}
	}
	cases := map[string]recordedCase{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c recordedCase
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Needs) > 0 {
			continue
		}
		var made struct{ StateMachineArn, ExecutionArn string }
		wire(t, p.Console, "CreateStateMachine", map[string]any{"name": c.Machine, "type": "EXPRESS", "definition": string(c.Definition),
			"roleArn": "arn:aws:iam::111111111111:role/r", "loggingConfiguration": c.Configuration}, &made)
		wire(t, p.Console, "StartExecution", map[string]any{"stateMachineArn": made.StateMachineArn, "input": string(c.Input)}, &made)
		cases[made.ExecutionArn] = c
	}
	p.shut()
	last := map[string]map[string]any{}
	logs, _ := filepath.Glob(filepath.Join(data, "logs", "aws", "vendedlogs", "states", "*.jsonl"))
	for _, file := range logs {
		rel, _ := filepath.Rel(filepath.Join(data, "logs"), strings.TrimSuffix(file, ".jsonl"))
		for _, line := range logLines(t, data, filepath.ToSlash(rel)) {
			last[line["execution_arn"].(string)] = line
		}
	}
	if len(cases) != 3 {
		t.Errorf("%d cases", len(cases))
	}
	for arn, c := range cases {
		end, got := c.Expected.End, last[arn]
		if got == nil || got["id"] != end.ID || got["type"] != end.Type || got["previous_event_id"] != end.Previous || got["redrive_count"] != end.Redrives {
			t.Errorf("%s: %v", c.Machine, got)
			continue
		}
		details := got["details"].(map[string]any)
		for name, want := range end.Details {
			if name == "output" && end.ID != "4" {
				continue // holds names of the recorder
			}
			if text, ok := details[name].(string); ok && name == "output" {
				var v any
				if err := json.Unmarshal([]byte(text), &v); err != nil {
					t.Errorf("%s: output is not JSON text: %s", c.Machine, text)
				}
				details[name] = v
			}
			gotText, _ := json.Marshal(details[name])
			wantText, _ := json.Marshal(want)
			if string(gotText) != string(wantText) {
				t.Errorf("%s: %s is %s, want %s", c.Machine, name, gotText, wantText)
			}
		}
		if len(details) != len(end.Details) {
			t.Errorf("%s: details %v", c.Machine, details)
		}
	}
}
