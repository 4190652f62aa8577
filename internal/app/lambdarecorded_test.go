package app

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"stile/internal/recorded"
	"stile/internal/recorded/compare"
	"stile/internal/sfn"
)

// behaviour is what a recorded case says of one function.
type behaviour struct {
	Behaviour    string
	Returns      any
	ErrorType    string
	ErrorMessage string
	StackTrace   []string
	Char         string
	Count        int
	Template     string
}

// functionCase is a recorded case that calls functions.
type functionCase struct {
	Name, Kind, Area, Type string
	Needs                  []string
	Definition             json.RawMessage
	DefinitionText         string `json:"definition_text"`
	StateMachineName       string `json:"state_machine_name"`
	Input                  json.RawMessage
	Request                map[string]any
	Mocks                  struct {
		Lambda map[string]behaviour
		File   json.RawMessage `json:"sfn_local_mock_config"`
	}
	compare.Masks
	Sorted     bool `json:"parallel_events_sorted"`
	Unreliable bool `json:"history_unreliable"`
	Masked     bool `json:"output_masked"`
	Expected   struct {
		Status        string
		Output        any
		Error, Cause  any
		Events        []any
		Response      map[string]any
		ErrorResponse any `json:"error_message"`
	}
}

// functionCases are those that need Lambda and no mock file.
func functionCases(t *testing.T) (out []functionCase) {
	err := filepath.WalkDir(recorded.Path(t, "conformance", "asl"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var c functionCase
		if json.Unmarshal(raw, &c) != nil || !slices.Contains(c.Needs, "lambda") || c.Mocks.File != nil {
			return nil // other kinds have other members
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// functions is a Lambda endpoint whose functions behave as recorded cases say.
type functions struct {
	behave map[string]behaviour
	mu     sync.Mutex
	count  int
}

func (f *functions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/2015-03-31/functions/"), "/invocations")
	event, err := io.ReadAll(r.Body)
	f.mu.Lock()
	f.count++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", f.count)
	f.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h["x-amzn-RequestId"] = []string{id}
	b, known := f.behave[name]
	if !known || err != nil {
		h["x-amzn-ErrorType"] = []string{"ResourceNotFoundException"}
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(map[string]string{"Type": "User", "Message": "Function not found: arn:aws:lambda:us-east-1:111111111111:function:" + name + ":$LATEST"})
		return
	}
	h.Set("X-Amz-Executed-Version", "$LATEST")
	h["x-amzn-Remapped-Content-Length"] = []string{"0"}
	h.Set("X-Amzn-Trace-Id", "Root=1-"+id)
	var answer string
	switch b.Behaviour {
	case "echo":
		answer = inPython(event, true)
	case "constant":
		if text, ok := b.Returns.(string); ok {
			answer = text
			break
		}
		raw, _ := json.Marshal(b.Returns)
		answer = inPython(raw, true)
	case "constant_repeat":
		answer = `"` + strings.Repeat(b.Char, b.Count) + `"`
	case "error":
		h.Set("X-Amz-Function-Error", "Unhandled")
		raw, _ := json.Marshal(map[string]any{"errorMessage": b.ErrorMessage, "errorType": b.ErrorType, "requestId": id, "stackTrace": b.StackTrace})
		answer = inPython(raw, true)
	case "python_fstring":
		raw, _ := json.Marshal(strings.ReplaceAll(b.Template, "{event}", inPython(event, false)))
		answer = string(raw)
	case "sleep_then_echo":
		<-r.Context().Done() // longer than any state waits
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = io.WriteString(w, answer)
}

// inPython writes JSON as Python's json.dumps does, or str.
func inPython(text []byte, dumps bool) string {
	var b strings.Builder
	inText, escaped := false, false
	for _, c := range string(text) {
		switch {
		case inText:
			inText = c != '"' || escaped
			escaped = c == '\\' && !escaped
		case c == '"':
			inText = true
		case c == ' ' || c == '\n':
			continue
		}
		if c == '"' && !dumps {
			c = '\''
		}
		b.WriteRune(c)
		if !inText && (c == ',' || c == ':') {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// notPlayed are cases that this server does not play, with why.
func (c *functionCase) notPlayed() string {
	switch {
	case c.olderMap():
		return "MapStateExited of a distributed Map that is not the first state follows MapRunSucceeded here, MapRunStarted in later recordings"
	case c.Kind != "execution" && c.Kind != "test_state":
		return c.Kind
	case c.Kind == "test_state" && c.Request["roleArn"] == nil:
		return "TestState without a role"
	}
	return ""
}

// olderMap reports whether a distributed Map that is not the first state was recorded
// before AWS changed its history (docs/conformance.md, "Where recordings differ among
// themselves").
func (c *functionCase) olderMap() bool {
	typ, later := map[float64]string{}, false
	for _, one := range c.Expected.Events {
		e, _ := one.(map[string]any)
		id, _ := e["id"].(float64)
		prev, _ := e["previousEventId"].(float64)
		typ[id], _ = e["type"].(string)
		switch typ[id] {
		case "MapStateEntered":
			later = prev != 0
		case "MapStateExited":
			if later && typ[prev] == "MapRunSucceeded" {
				return true
			}
		}
	}
	return false
}

// recordedFunctions is how many cases are played and pass.
const recordedFunctions = 81

// TestRecordedFunctions plays every recorded case that calls a Lambda function
// through the product: the AWS API in front, an endpoint behind.
func TestRecordedFunctions(t *testing.T) {
	cases := functionCases(t)
	back := &functions{behave: map[string]behaviour{}}
	for _, c := range cases {
		for name, b := range c.Mocks.Lambda {
			back.behave[name] = b
		}
	}
	endpoint := httptest.NewServer(back)
	defer endpoint.Close()
	dir := folder(t, "http://127.0.0.1:9", invoke, "stile.yaml", "name: shop\nlambda: {endpoint: '"+endpoint.URL+"'}\nmap: {shop.example: {gateway: self}}\n")
	p := dev(t, dir, t.TempDir())
	started := make([]string, len(cases))
	for i := range cases { // all at once: some wait
		if c := &cases[i]; c.notPlayed() == "" && c.Kind == "execution" {
			started[i] = p.begins(t, c)
		}
	}
	passed := 0
	for i := range cases {
		c := &cases[i]
		if why := c.notPlayed(); why != "" {
			t.Logf("not played, %s: %s", why, c.Name)
			continue
		}
		if t.Run(c.Name, func(t *testing.T) {
			for _, d := range p.differences(t, c, started[i]) {
				t.Error(d)
			}
		}) {
			passed++
		}
	}
	t.Logf("%d pass, %d functions were called", passed, back.count)
	if passed < recordedFunctions {
		t.Errorf("%d cases pass, %d did before", passed, recordedFunctions)
	}
}

// begins starts a case.
func (p *product) begins(t *testing.T, c *functionCase) string {
	definition := string(c.Definition)
	if c.DefinitionText != "" {
		definition = c.DefinitionText
	}
	role := "arn:aws:iam::111111111111:role/any"
	for _, s := range c.Substitutions {
		if s.Replacement == "snf_role_arn" {
			role = s.Regex
		}
	}
	machine := map[string]string{"name": c.StateMachineName, "definition": definition, "roleArn": role}
	if c.Type != "" {
		machine["type"] = c.Type
	}
	wire(t, p.Console, "CreateStateMachine", machine, &struct{}{})
	var started struct{ ExecutionArn string }
	in := map[string]string{"stateMachineArn": machinesARN + c.StateMachineName}
	if c.Input != nil {
		in["input"] = string(c.Input)
	}
	if c.Type == sfn.Express { // its end is in the answer alone
		return ""
	}
	wire(t, p.Console, "StartExecution", in, &started)
	return started.ExecutionArn
}

// differences waits for a case's end and compares.
func (p *product) differences(t *testing.T, c *functionCase, arn string) (out []string) {
	if c.Kind == "test_state" {
		var got map[string]any
		wire(t, p.Console, "TestState", c.Request, &got)
		want := c.Expected.Response
		delete(want, "ResponseMetadata")
		return c.Differ(want, got, "")
	}
	var got map[string]any
	if c.Type == sfn.Express {
		wire(t, p.Console, "StartSyncExecution", map[string]string{"stateMachineArn": machinesARN + c.StateMachineName, "input": string(c.Input)}, &got)
	} else {
		p.until(arn, "its end", ended)
		wire(t, p.Console, "DescribeExecution", map[string]string{"executionArn": arn}, &got)
	}
	out = c.Differ(c.Expected.Status, got["status"], "status")
	if c.Expected.Output != nil && !c.Masked {
		out = append(out, c.Differ(c.Expected.Output, got["output"], "output")...)
	}
	if c.Expected.Error != nil {
		out = append(out, c.Differ(c.Expected.Error, got["error"], "error")...)
	}
	if c.Expected.Cause != nil {
		out = append(out, c.Differ(c.Expected.Cause, got["cause"], "cause")...)
	}
	if c.Expected.Events != nil && !c.Unreliable {
		var page struct{ Events []any }
		wire(t, p.Console, "GetExecutionHistory", map[string]any{"executionArn": arn, "maxResults": 1000}, &page)
		out = append(out, c.Events(c.Expected.Events, page.Events, c.Sorted)...)
	}
	return out
}
