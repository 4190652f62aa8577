package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// controlAPI is a server whose execution e1 ends with the given status; its event
// stream breaks off once before the end.
func controlAPI(status string) http.Handler {
	streams := 0
	mux := http.NewServeMux()
	text := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) })
	}
	mux.HandleFunc("GET /-/v1/executions/e1/events", func(w http.ResponseWriter, _ *http.Request) {
		streams++
		fmt.Fprint(w, ": hello\n\nevent: state\ndata: {\"state\":\"Reserve\",\"class\":\"succeeded\"}\n\n"+
			"event: state\ndata: {\"state\":\"Ship\",\"class\":\"idle\"}\n\n")
		if streams > 1 {
			fmt.Fprintf(w, "event: history\ndata: {\"id\":9}\n\nevent: state\ndata: {\"state\":\"Ship\",\"class\":\"running\"}\n\n"+
				"event: status\ndata: {\"status\":%q,\"state\":\"\"}\n\n", status)
		}
	})
	mux.HandleFunc("GET /-/v1/executions/e1", func(w http.ResponseWriter, _ *http.Request) {
		now := "RUNNING"
		if streams != 1 {
			now = status
		}
		fmt.Fprintf(w, `{"id":"e1","arn":"arn:1","stateMachine":"order","status":%q,"state":"Ship","start":"x",
			"output":{"ok":true},"error":"E","cause":"C"}`, now)
	})
	text("GET /-/v1/executions", `{"executions":[{"id":"e1","stateMachine":"order","status":"RUNNING","state":"Approve","waiting":"token","start":"2024-05-01T14:00:00+02:00","health":{"status":"waiting"}}],"next":"n1"}`)
	text("GET /-/v1/executions/e1/history", `{"events":[{"id":1,"previousEventId":0,"timestamp":0,"type":"ExecutionStarted"},
		{"id":2,"previousEventId":1,"timestamp":1714564800.5,"type":"TaskStateEntered","stateEnteredEventDetails":{"name":"Reserve"}}]}`)
	text("GET /-/v1/executions/e1/calls", `{"calls":[{"state":"Reserve","send":1,"call":{"target":{"api":"inventory","operation":"reserve"},"status":200}},
		{"state":"Charge","send":2,"call":{"target":{"api":"payments","operation":"charge"},"status":429,
		"verdict":{"policy":"rate-limit","file":"apim/products/starter/policy.xml","line":5,"reason":"RateLimitExceeded"}}},
		{"state":"Ship","send":1,"call":{"target":{"api":"shipping","operation":"ship"},"status":500,"calls":[{"url":"http://b/","error":"refused"}]}},
		{"state":"Ship","send":1,"call":{"target":{"api":"shipping"},"url":"https://h/shi","status":404}}]}`)
	text("GET /-/v1/executions/e1/callbacks", `{"open":[{"id":"order:e1:3:1","state":"Approve","expires":"later"}],"notKept":2,"deliveries":[
		{"time":"t","state":"Approve","kind":"complete","answer":"refused","status":403,"via":"url","client":"192.0.2.7",
		"verdict":{"policy":"ip-filter","at":"apim/apis/callbacks/policy.xml:3","reason":"CallerIpNotAllowed"}},
		{"time":"t","state":"Approve","kind":"revoke","answer":"done","via":"api","subject":"user:u"}]}`)
	text("POST /-/v1/executions/e1/stop", `{}`)
	text("POST /-/v1/executions/e2/redrive", `{"redrive":"2026-03-04T12:00:00.000Z","redriveCount":2}`)
	mux.HandleFunc("POST /-/v1/executions/e2/stop", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		w.Write([]byte(`{"error":{"code":"ConflictException","message":"Execution e2 has already ended: SUCCEEDED"}}`))
	})
	text("POST /-/v1/tokens", `{"token":"a.b.c","expires":"x"}`)
	text("GET /-/v1/version", `{"version":"1","gateway":"http://127.0.0.1:7480"}`)
	text("GET /-/v1/state-machines", `{"stateMachines":[{"name":"order","arn":"arn:aws:states:eu-west-1:1:stateMachine:order"}]}`)
	text("GET /-/v1/callbacks", `{"callbacks":[{"url":"http://g/callbacks/T","execution":"e1","stateMachine":"order","state":"Approve","expires":"later"}]}`)
	return mux
}

func TestClientCommands(t *testing.T) {
	for _, test := range []struct {
		args []string
		want result
	}{
		{[]string{"exec", "list"}, result{0,
			"ID  STATE MACHINE  STATUS   HEALTH   STATE    WAITING  START\ne1  order          RUNNING  waiting  Approve  token    2024-05-01 12:00:00.000Z\n", "more: --token n1\n"}},
		{[]string{"exec", "stop", "e1"}, result{0, "e1 ABORTED\n", ""}},
		{[]string{"exec", "redrive", "e2"}, result{0, "e2 redriven, time 2\n", ""}},
		{[]string{"exec", "redrive", "e2", "-o", "json"}, result{0, "{\n  \"redrive\": \"2026-03-04T12:00:00.000Z\",\n  \"redriveCount\": 2\n}\n", ""}},
		{[]string{"exec", "stop", "e2"}, result{6, "", "stile: Execution e2 has already ended: SUCCEEDED [ConflictException]\n"}},
		{[]string{"token", "--role", "order-role"}, result{0, "a.b.c\n", ""}},
		{[]string{"callback", "list"}, result{0, "order  e1  Approve  until later\n  http://g/callbacks/T\n", ""}},
	} {
		got := run(t, App{}, controlAPI("SUCCEEDED"), "", test.args...)
		if d := cmp.Diff(test.want, got, cmp.AllowUnexported(result{})); d != "" {
			t.Errorf("%q:\n%s", test.args, d)
		}
	}
}

func TestShowSaysWhoDeniedWhat(t *testing.T) {
	got := run(t, App{}, controlAPI("FAILED"), "", "exec", "show", "e1")
	for _, want := range []string{"FAILED", "inventory/reserve  200",
		"payments/charge  (send 2)  429  denied by rate-limit (apim/products/starter/policy.xml:5): RateLimitExceeded",
		"shipping/ship  500  no answer: refused\n", "Ship  https://h/shi  404\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
}

func TestHistoryIsATable(t *testing.T) {
	got := run(t, App{}, controlAPI("SUCCEEDED"), "", "exec", "history", "e1")
	if !strings.Contains(got.out, "2024-05-01 12:00:00.500Z  TaskStateEntered  Reserve") || strings.Count(got.out, "\n") != 3 {
		t.Errorf("%+v", got)
	}
}

func TestJSONIsTheServersAnswer(t *testing.T) {
	for _, args := range [][]string{{"exec", "list"}, {"exec", "history", "e1"}, {"callback", "list"}, {"exec", "show", "e1"}} {
		got := run(t, App{}, controlAPI("SUCCEEDED"), "", append(args, "-o", "json")...)
		if got.code != 0 || !strings.HasPrefix(got.out, "{\n  \"") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

func TestWatchGoesOnAfterABreak(t *testing.T) {
	got := run(t, App{}, controlAPI("SUCCEEDED"), "", "exec", "watch", "e1")
	want := "Reserve              succeeded\nShip                 running\nSUCCEEDED {\"ok\":true}\n"
	if got.code != 0 || got.out != want {
		t.Errorf("%+v, want %q", got, want)
	}
	got = run(t, App{}, controlAPI("FAILED"), "", "exec", "watch", "e1")
	if got.code != 1 || got.err != "stile: e1 FAILED: E: C\n" {
		t.Errorf("a failed execution: %+v", got)
	}
}

func TestShowJSONHasTheCalls(t *testing.T) {
	got := run(t, App{}, controlAPI("FAILED"), "", "exec", "show", "e1", "-o", "json")
	var e struct {
		Status string
		Calls  []struct{ State string }
	}
	if err := json.Unmarshal([]byte(got.out), &e); err != nil || e.Status != "FAILED" || len(e.Calls) != 4 {
		t.Errorf("%v %+v in\n%s", err, e, got.out)
	}
}

func TestStartWaitTellsThatTheExecutionGoesOn(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /-/v1/executions", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"id":"e1"}`)) })
	mux.HandleFunc("GET /-/v1/executions/e1/events", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	got := run(t, App{}, mux, "", "start", "order", "--wait", "--timeout", "50ms")
	if got.code != 124 || !strings.Contains(got.err, "stile: e1 did not end within --timeout and goes on") {
		t.Errorf("%+v", got)
	}
}

func TestAnotherServerIsNamed(t *testing.T) {
	got := run(t, App{}, http.NotFoundHandler(), "", "exec", "list")
	if got.code != 3 || !strings.Contains(got.err, "answered 404 Not Found, not as a server of Stile does") {
		t.Errorf("%+v", got)
	}
}

func TestShellenvQuotes(t *testing.T) {
	got := run(t, App{}, controlAPI("SUCCEEDED"), "", "shellenv")
	for _, want := range []string{"export AWS_REGION='eu-west-1'\n", "export STILE_GATEWAY='http://127.0.0.1:7480'\n", "export AWS_ENDPOINT_URL_SFN='http://"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
}
