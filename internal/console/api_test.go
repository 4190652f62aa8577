package console

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

const orderDefinition = `{"StartAt":"Reserve","States":{"Reserve":{"Type":"Pass","Next":"Pause"},"Pause":{"Type":"Wait","Seconds":2,"End":true}}}`

// story has two state machines, three executions, and a call that was denied.
func story() (f *fake, running string) {
	f = newFake()
	f.addMachine("order", orderDefinition)
	f.addMachine("refund", orderDefinition)
	f.addExecution("refund", "one", sfn.Succeeded, 30)
	f.addExecution("order", "two", sfn.Failed, 20)
	running = f.addExecution("order", "one", sfn.Running, 10)
	f.calls[running] = []sfn.CallRecord{{State: "Reserve", Command: 1, Attempt: 2, Send: 3, Time: epoch, Call: jsonval.MustParse(
		`{"target":{"api":"payments","operation":"charge"},"method":"POST","url":"https://acme.azure-api.net/payments/charge","status":403,
		"decisions":[{"policy":"validate-jwt","scope":"api","section":"inbound","file":"apim/apis/payments/policy.xml","line":5,"outcome":"denied","status":403,"duration":1200000}],
		"verdict":{"policy":"validate-jwt","scope":"api","section":"inbound","file":"apim/apis/payments/policy.xml","line":5,"status":403,"reason":"RoleMissing","message":"no <role>"},
		"permission":null,"calls":[{"method":"POST","url":"http://127.0.0.1:9/","status":0,"error":"refused","duration":1000}],"duration":2500000}`)}}
	f.events[running] = []history.Event{
		{ID: 1, Time: epoch.UnixMilli(), Type: "ExecutionStarted"},
		{ID: 2, Time: epoch.UnixMilli(), Type: "PassStateEntered", Details: history.Details{Name: "Reserve", Input: &history.Payload{Value: jsonval.MustParse(`{"a":"<i>"}`)}}},
		{ID: 3, Previous: 2, Time: epoch.UnixMilli() + 5, Type: "PassStateExited", Details: history.Details{Name: "Reserve"}},
		{ID: 4, Previous: 3, Time: epoch.UnixMilli() + 5, Type: "WaitStateEntered", Details: history.Details{Name: "Pause"}},
	}
	return f, running
}

func TestAnswers(t *testing.T) {
	const trace = "abababababababababababababababab"
	const one = `"id":"one","arn":"arn:aws:states:us-east-1:111111111111:execution:order:one","stateMachine":"order","status":"RUNNING","state":"Reserve","waiting":null,"start":"2023-11-14T22:03:20.123Z","stop":null,"trace":"` + trace + `",
		"health":{"status":"stuck","state":"Reserve","reason":"incomplete","since":"2023-11-14T22:08:20.123Z","until":null}`
	const two = `"id":"two","arn":"arn:aws:states:us-east-1:111111111111:execution:order:two","stateMachine":"order","status":"FAILED","state":null,"waiting":null,"start":"2023-11-14T21:53:20.123Z","stop":"2023-11-14T21:53:21.623Z","trace":"` + trace + `","health":null`
	f, _ := story()
	h := New(config(f))
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"version", "GET", "/-/v1/version", "", 200, `{"version":"0.1.0","commit":"","project":"orders","data":"","gateway":"","control":"127.0.0.1:7400"}`},
		{"list by machine", "GET", "/-/v1/executions?stateMachine=order&max=1", "", 200, `{"executions":[{` + one + `}],"next":"1"}`},
		{"next page", "GET", "/-/v1/executions?stateMachine=order&max=1&token=1", "", 200, `{"executions":[{` + two + `}],"next":""}`},
		{"list by status", "GET", "/-/v1/executions?status=FAILED", "", 200, `{"executions":[{` + two + `}],"next":""}`},
		{"bad status", "GET", "/-/v1/executions?status=failed", "", 400, `{"error":{"code":"BadQuery","message":"status must be RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED"}}`},
		{"list by health", "GET", "/-/v1/executions?health=stuck", "", 200, `{"executions":[{` + one + `}],"next":""}`},
		{"bad health", "GET", "/-/v1/executions?health=ill", "", 400, `{"error":{"code":"BadQuery","message":"health must be healthy, waiting, retrying, throttled, stuck or needs-action"}}`},
		{"slow", "GET", "/-/v1/slow", "", 200, `{"slow":[{"kind":"operation","name":"payments/charge","since":"2023-11-14T22:13:20.123Z","p95Millis":2000,"usualMillis":200,"floorMillis":1000}]}`},
		{"bad max", "GET", "/-/v1/executions?max=0", "", 400, `{"error":{"code":"BadQuery","message":"max must be a number from 1 to 1000"}}`},
		{"by name, the newest", "GET", "/-/v1/executions/one", "", 200, `{` + one + `,"input":{"sku":"sku-1"}}`},
		{"by ARN", "GET", "/-/v1/executions/arn%3Aaws%3Astates%3Aus-east-1%3A111111111111%3Aexecution%3Aorder%3Atwo", "", 200, `{` + two + `,"input":{"sku":"sku-1"}}`},
		{"nobody", "GET", "/-/v1/executions/none", "", 404, `{"error":{"code":"ExecutionDoesNotExist","message":"Execution Does Not Exist: 'none'"}}`},
		{"start", "POST", "/-/v1/executions", `{"stateMachine":"order","name":"n","input":[1]}`, 201, `{"id":"n","arn":"arn:aws:states:us-east-1:111111111111:execution:order:n","start":"2023-11-14T22:13:20.123Z"}`},
		{"start what", "POST", "/-/v1/executions", `{}`, 400, `{"error":{"code":"MissingStateMachine","message":"name the state machine in stateMachine"}}`},
		{"start nobody", "POST", "/-/v1/executions", `{"stateMachine":"x"}`, 404, `{"error":{"code":"StateMachineDoesNotExist","message":"State Machine Does Not Exist: 'arn:aws:states:us-east-1:111111111111:stateMachine:x'"}}`},
		{"start a number", "POST", "/-/v1/executions", `{"stateMachine":1}`, 400, `{"error":{"code":"NotAString","message":"stateMachine must be a string"}}`},
		{"not an object", "POST", "/-/v1/executions", `[]`, 400, `{"error":{"code":"NotJSON","message":"the body must be a JSON object"}}`},
		{"calls", "GET", "/-/v1/executions/two/calls", "", 200, `{"calls":[]}`},
		{"history", "GET", "/-/v1/executions/one/history", "", 200, `{"events":[{"id":1,"type":"ExecutionStarted","executionStartedEventDetails":{"name":""}},
			{"id":2,"type":"PassStateEntered","stateEnteredEventDetails":{"input":"{\"a\":\"<i>\"}","name":"Reserve"}},
			{"id":3,"type":"PassStateExited","stateExitedEventDetails":{"name":"Reserve"}},{"id":4,"type":"WaitStateEntered","stateEnteredEventDetails":{"name":"Pause"}}]}`},
		{"callbacks", "GET", "/-/v1/callbacks", "", 200, `{"callbacks":[{"url":"http://127.0.0.1:7480/callbacks/SECRET-TOKEN","id":"order:one:1:1","execution":"one","stateMachine":"order","state":"Approve","attempt":1,"revoked":false,"since":"2023-11-14T22:13:20.123Z","expires":"2023-11-14T23:13:20.123Z"}]}`},
		{"token", "POST", "/-/v1/tokens", `{"role":"order-role"}`, 200, `{"token":"a.b.c","expires":"2023-11-14T22:13:20.123Z"}`},
		{"token of nobody", "POST", "/-/v1/tokens", `{"role":"x"}`, 404, `{"error":{"code":"NotFound","message":"no role x"}}`},
		{"trace", "GET", "/-/v1/traces/" + trace, "", 200, `{"spans":[{"traceId":"` + trace + `","spanId":"0123456789abcdef","name":"order","kind":"execution","start":"2023-11-14T22:13:20.123Z","end":"2023-11-14T22:13:20.123Z","status":"ok"}]}`},
		{"trace unknown", "GET", "/-/v1/traces/00", "", 404, `{"error":{"code":"NotFound","message":"no such trace; old ones are forgotten"}}`},
		{"traces", "GET", "/-/v1/traces?max=1", "", 200, `{"traces":[{"traceId":"` + trace + `","root":"POST /orders","start":"2023-11-14T22:13:20.123Z","end":"2023-11-14T22:13:20.123Z","spans":3}]}`},
		{"no such path", "GET", "/-/v1/nonsense", "", 404, `{"error":{"code":"NotFound","message":"the control API has no GET /-/v1/nonsense"}}`},
		{"stop", "POST", "/-/v1/executions/one/stop", `{"error":"E"}`, 200, `{"stop":"2023-11-14T23:13:20.123Z"}`},
		{"stop what has ended", "POST", "/-/v1/executions/one/stop", `{}`, 409, `{"error":{"code":"ConflictException","message":"Execution one has already ended: ABORTED"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := do(h, c.method, c.path, c.body)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			if d := cmp.Diff(decoded(t, c.want), decoded(t, w.Body.String())); d != "" {
				t.Errorf("answer (-want +got):\n%s", d)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
	if got := f.started[0].Input.Text(); got != "[1]" {
		t.Errorf("started with %s", got)
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestCallRecordIsPassedOn(t *testing.T) {
	f, arn := story()
	v := jsonval.MustParse(get(t, New(config(f)), "/-/v1/executions/one/calls").Body.String()).Get("calls").Index(0)
	if n, _ := v.Get("send").Int(); n != 3 {
		t.Errorf("send is %s", v.Get("send").Text())
	}
	if !jsonval.Equal(v.Get("call"), f.calls[arn][0].Call) {
		t.Errorf("call is %s", v.Get("call").Text())
	}
}

func TestGraphIsAPicture(t *testing.T) {
	f, _ := story()
	w := get(t, New(config(f)), "/-/v1/executions/one/graph")
	if ct := w.Header().Get("Content-Type"); ct != "image/svg+xml; charset=utf-8" {
		t.Errorf("Content-Type %q", ct)
	}
	for _, want := range []string{`<svg xmlns`, `class="node succeeded" id="s-0" data-state="Reserve"`, `class="node waiting" id="s-1" data-state="Pause"`, "<style>"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the picture lacks %s", want)
		}
	}
}

func TestGuard(t *testing.T) {
	f, _ := story()
	cfg := config(f)
	cfg.Names = []string{"stile.test"}
	h := New(cfg)
	for _, c := range []struct {
		name   string
		method string
		header []string
		want   int
	}{
		{"plain", "GET", nil, 200},
		{"localhost", "GET", []string{"Host", "localhost:7400"}, 200},
		{"any port, as through a tunnel", "GET", []string{"Host", "127.0.0.1:9000"}, 200},
		{"IPv6", "GET", []string{"Host", "[::1]:7400"}, 200},
		{"the prefix of AWS clients", "GET", []string{"Host", "sync-localhost:7400"}, 200},
		{"a name that was given", "GET", []string{"Host", "stile.test"}, 200},
		{"a name bent to this machine", "GET", []string{"Host", "attacker.example:7400"}, 403},
		{"a name that only begins right", "GET", []string{"Host", "127.0.0.1.attacker.example"}, 403},
		{"an outer address", "GET", []string{"Host", "192.168.0.7:7400"}, 403},
		{"no name", "GET", []string{"Host", ""}, 403},
		{"own page", "GET", []string{"Origin", "http://127.0.0.1:7400"}, 200},
		{"another local server's page", "GET", []string{"Origin", "http://127.0.0.1:3000"}, 403},
		{"another site", "GET", []string{"Origin", "https://attacker.example"}, 403},
		{"a sandboxed page", "GET", []string{"Origin", "null"}, 403},
		{"a link elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200},
		{"an image elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"a form elsewhere", "POST", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 403},
		{"a form of no known origin", "POST", []string{"Content-Type", "text/plain"}, 415},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, body := "/-/v1/version", ""
			if c.method == "POST" {
				path, body = "/-/v1/executions", `{"stateMachine":"order"}`
			}
			if w := do(h, c.method, path, body, c.header...); w.Code != c.want {
				t.Errorf("answered %d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
	if len(f.started) != 0 {
		t.Error("a refused request started an execution")
	}
}
