package sfnapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

func handler(f *fake) http.Handler {
	return New(Config{Host: f, Sync: f, Permissions: everybody{}, Activities: shelved(f), Account: "111111111111", Region: "us-east-1"})
}

func call(h http.Handler, action, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Amz-Target", targetPrefix+action)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestScripts runs testdata/*.txtar: files named for an action hold its body, the
// "answer STATUS" after each the JSON that must come back.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f := newFake()
			f.events = someHistory()
			h := handler(f)
			var w *httptest.ResponseRecorder
			for i, part := range a.Files {
				words := strings.Fields(part.Name)
				if words[0] != "answer" {
					w = call(h, words[0], strings.TrimSpace(string(part.Data)))
					continue
				}
				got, err := io.ReadAll(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				if code := strconv.Itoa(w.Code); code != words[1] {
					t.Errorf("part %d: status %s, want %s", i, code, words[1])
				}
				if d := cmp.Diff(decoded(t, part.Data), decoded(t, got)); d != "" {
					t.Errorf("after %s (part %d): answer (-want +got):\n%s", a.Files[i-1].Name, i, d)
				}
			}
		})
	}
}

func decoded(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

func payload(text string) *history.Payload { return &history.Payload{Value: jsonval.MustParse(text)} }

func ptr[T any](v T) *T { return &v }

// someHistory has one event of each shape that details take.
func someHistory() []history.Event {
	const ms = 1700000001001
	return []history.Event{
		{ID: 1, Time: ms, Type: "ExecutionStarted", Details: history.Details{Input: payload(`{"a": 1}`), RoleARN: "arn:aws:iam::111111111111:role/r"}},
		{ID: 2, Time: ms, Type: "TaskStateEntered", Details: history.Details{Name: "T", Input: payload(`{"a": 1}`)}},
		{ID: 3, Previous: 2, Time: ms + 1, Type: "TaskScheduled", Details: history.Details{ResourceType: "http", Resource: "invoke", Region: "us-east-1",
			Parameters: payload(`{"Method":"GET"}`), TimeoutSeconds: ptr(int64(9)), HeartbeatSeconds: ptr(int64(3)), RoleARN: "arn:aws:iam::111111111111:role/t"}},
		{ID: 4, Previous: 3, Time: ms + 1, Type: "TaskFailed", Details: history.Details{ResourceType: "http", Resource: "invoke", Error: ptr("E"), Cause: ptr("")}},
		{ID: 5, Previous: 4, Time: ms + 1, Type: "TaskStateExited", Details: history.Details{Name: "T", Output: payload(`[]`),
			AssignedVariables: []history.Variable{{Name: "v", Value: jsonval.MustParse(`"x"`)}}}},
		{ID: 6, Previous: 5, Time: ms + 1, Type: "MapStateStarted", Details: history.Details{Length: ptr(int64(0))}},
		{ID: 7, Previous: 6, Time: ms + 1, Type: "MapIterationStarted", Details: history.Details{Name: "M", Index: ptr(int64(0))}},
		{ID: 8, Previous: 7, Time: ms + 1, Type: "MapStateFailed"},
		{ID: 9, Previous: 8, Time: ms + 1, Type: "ExecutionFailed"},
	}
}

func TestStartReadsTraceHeaders(t *testing.T) {
	f := newFake()
	h := handler(f)
	call(h, "CreateStateMachine", `{"name":"m","definition":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}`)
	const arn = `{"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m"`
	call(h, "StartExecution", arn+`}`, "X-Amzn-Trace-Id", "Root=1-5-abc",
		"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	call(h, "StartExecution", arn+`,"traceHeader":"Root=mine"}`, "X-Amzn-Trace-Id", "Root=1-5-abc", "Traceparent", "nonsense")
	want := []sfn.Start{
		{TraceHeader: "Root=1-5-abc", TraceID: "0af7651916cd43dd8448eb211c80319c", ParentSpan: "b7ad6b7169203331"},
		{TraceHeader: "Root=mine"},
	}
	for i := range want {
		want[i].StateMachineARN = "arn:aws:states:us-east-1:111111111111:stateMachine:m"
	}
	opt := cmp.Comparer(func(a, b jsonval.Value) bool { return a.Text() == b.Text() })
	if d := cmp.Diff(want, f.started, opt); d != "" {
		t.Errorf("starts (-want +got):\n%s", d)
	}
}
