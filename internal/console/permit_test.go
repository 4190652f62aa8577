package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"stile/internal/callback"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// allowing permits what it says, all where it is nil.
type allowing func(action string, resources []string) bool

func (a allowing) Permit(_ context.Context, action string, resources ...string) identity.Decision {
	return identity.Decision{Allowed: a == nil || a(action, resources)}
}
func (allowing) User(context.Context) string                                { return "user:ada" }
func (allowing) Subject(context.Context) string                             { return "user:ada" }
func (allowing) Refused(context.Context, string, string, identity.Decision) {}

// on permits actions on one state machine and all below it.
func on(machine string, actions ...string) allowing {
	return func(action string, resources []string) bool {
		return slices.Contains(actions, action) && slices.ContainsFunc(resources, func(r string) bool {
			return r == sfn.MachineResource(machine) || strings.HasPrefix(r, sfn.MachineResource(machine)+"/")
		})
	}
}

// permitted is a console with an order of mine and one of another state machine.
func permitted(t *testing.T, may allowing) (*fake, func(method, path, body string) *httptest.ResponseRecorder) {
	t.Helper()
	f := newFake()
	f.addMachine("order", orderDefinition)
	f.addMachine("payroll", orderDefinition)
	f.addExecution("order", "one", sfn.Running, 1)
	f.addExecution("payroll", "two", sfn.Running, 2)
	cfg := config(f)
	cfg.Permissions = may
	h := New(cfg)
	return f, func(method, path, body string) *httptest.ResponseRecorder { return do(h, method, path, body) }
}

var everyAction = []string{"states:DescribeExecution", "states:ListExecutions", "states:ListStateMachines", "states:GetExecutionHistory",
	"states:ReadPayload", "apim:Trace", "states:StopExecution", "states:StartExecution", "states:DescribeStateMachineForExecution",
	"states:SendTaskSuccess", "states:DescribeStateMachine"}

func TestForeignIsAsAbsent(t *testing.T) {
	_, ask := permitted(t, on("order", everyAction...))
	arn := "arn:aws:states:us-east-1:111111111111:execution:payroll:"
	for _, tt := range []struct{ method, prefix, foreign, absent, suffix, body string }{
		{"GET", "/executions/", "two", "no2", "", ""},
		{"GET", "/executions/", arn + "two", arn + "no2", "", ""},
		{"GET", "/-/v1/executions/", "two", "no2", "", ""},
		{"GET", "/-/v1/executions/", arn + "two", arn + "no2", "", ""},
		{"GET", "/-/v1/executions/", arn + "two", arn + "no2", "/history", ""},
		{"GET", "/-/v1/executions/", "two", "no2", "/calls", ""},
		{"GET", "/-/v1/executions/", "two", "no2", "/graph", ""},
		{"GET", "/-/v1/executions/", arn + "two", arn + "no2", "/events", ""},
		{"POST", "/-/v1/executions/", arn + "two", arn + "no2", "/stop", `{}`},
		{"POST", "/-/v1/executions/", arn + "two", arn + "no2", "/redrive", `{}`},
		{"POST", "/-/v1/executions", "payroll", "nobodys", "", `{"stateMachine":"NAME"}`},
		{"GET", "/-/v1/executions?stateMachine=", "payroll", "nobodys", "", ""},
		{"GET", "/?stateMachine=", "payroll", "nobodys", "", ""},
	} {
		answers := [2]string{}
		for i, name := range []string{tt.foreign, tt.absent} {
			path := tt.prefix + name + tt.suffix
			if strings.Contains(tt.body, "NAME") {
				path = tt.prefix
			}
			w := ask(tt.method, path, strings.ReplaceAll(tt.body, "NAME", name))
			if w.Code != 404 {
				t.Errorf("%s %s: %d", tt.method, path, w.Code)
			}
			answers[i] = strings.ReplaceAll(w.Body.String(), name, "NAME")
		}
		if answers[0] != answers[1] {
			t.Errorf("%s %s: a foreign one is told from an absent one:\n%s\n%s", tt.method, tt.prefix, answers[0], answers[1])
		}
	}
}

func TestSeenAndNotAllowedNamesThePermission(t *testing.T) {
	_, ask := permitted(t, on("order", "states:DescribeExecution", "states:ListStateMachines"))
	for _, tt := range []struct{ method, path, body, action string }{
		{"POST", "/-/v1/executions/one/stop", `{}`, "states:StopExecution"},
		{"POST", "/-/v1/executions/one/redrive", `{}`, "states:RedriveExecution"},
		{"GET", "/-/v1/executions/one/history", "", "states:GetExecutionHistory"},
		{"GET", "/-/v1/executions/one/calls", "", "apim:Trace"},
		{"GET", "/-/v1/executions/one/graph", "", "states:DescribeStateMachineForExecution"},
		{"POST", "/-/v1/executions", `{"stateMachine":"order"}`, "states:StartExecution"},
		{"POST", "/-/v1/tokens", `{"role":"order-role"}`, "stile:Configure"},
	} {
		w := ask(tt.method, tt.path, tt.body)
		if w.Code != 403 || !strings.Contains(w.Body.String(), "User: user:ada is not authorized to perform: "+tt.action+" on resource: ") {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, w.Code, w.Body)
		}
	}
	if w := ask("GET", "/executions/one", ""); w.Code != 200 || strings.Contains(w.Body.String(), "sku-1") || strings.Contains(w.Body.String(), "<svg") {
		t.Errorf("the page shows what may not be read: %d %s", w.Code, w.Body)
	}
}

func TestListsShowWhatMayBeSeen(t *testing.T) {
	_, ask := permitted(t, on("order", everyAction...))
	for _, path := range []string{"/-/v1/state-machines", "/-/v1/executions", "/-/v1/executions?max=1", "/", "/-/v1/callbacks"} {
		w := ask("GET", path, "")
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, "order") || strings.Contains(body, "payroll") || strings.Contains(body, `"two"`) {
			t.Errorf("%s: %d %s", path, w.Code, body)
		}
	}
	_, ask = permitted(t, on("nothing"))
	for _, path := range []string{"/-/v1/state-machines", "/-/v1/executions", "/-/v1/callbacks", "/-/v1/traces"} {
		if w := ask("GET", path, ""); w.Code != 200 || !strings.Contains(w.Body.String(), "[]") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestTracesFillTheirPage: how many lines there are does not tell of what the caller
// may not see, and a line has only what they may.
func TestTracesFillTheirPage(t *testing.T) {
	cfg := config(newFake())
	store := spans{}
	for i := range 20 {
		machine, id := []string{"payroll", "order"}[i%2], fmt.Sprintf("%02d", i)
		store[id] = []telemetry.Span{{TraceID: id, SpanID: "a", Name: "loose"}, {TraceID: id, SpanID: "b", Name: machine + "-visit",
			Attributes: telemetry.Attributes{{Name: telemetry.AttrStateMachine, Value: machine}}}}
	}
	cfg.Traces, cfg.Permissions = store, on("order", readTrace)
	var page struct {
		Traces []struct {
			Root  string
			Spans int
		}
	}
	w := get(t, New(cfg), "/-/v1/traces?max=8")
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Traces) != 8 {
		t.Fatalf("%d lines, %v: %s", len(page.Traces), err, w.Body)
	}
	for _, line := range page.Traces {
		if line.Root != "order-visit" || line.Spans != 1 {
			t.Errorf("%+v", line)
		}
	}
}

func TestPayloadsAreForWhoMayReadThem(t *testing.T) {
	rest := slices.DeleteFunc(slices.Clone(everyAction), func(a string) bool { return a == "states:ReadPayload" })
	f, ask := permitted(t, on("order", rest...))
	f.mu.Lock()
	f.execs[0].Error, f.execs[0].Cause = new(string), new(string)
	*f.execs[0].Error, *f.execs[0].Cause = "Broken", "sku-1 is broken"
	f.mu.Unlock()
	for _, path := range []string{"/-/v1/executions/one", "/executions/one", "/-/v1/executions/one/history"} {
		if w := ask("GET", path, ""); w.Code != 200 || strings.Contains(w.Body.String(), "sku-1") || strings.Contains(w.Body.String(), "Broken") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	_, ask = permitted(t, nil)
	if w := ask("GET", "/-/v1/executions/one", ""); !strings.Contains(w.Body.String(), "sku-1") {
		t.Errorf("who may read it gets none: %s", w.Body)
	}
}

func TestStreamsShowWhatMayBeSeen(t *testing.T) {
	f, _ := permitted(t, nil)
	cfg := config(f)
	cfg.Permissions = on("order", "states:ListExecutions", "states:DescribeExecution")
	server := httptest.NewServer(New(cfg))
	t.Cleanup(server.Close)
	all := follow(t, server, "/-/v1/events")
	<-f.watching
	f.put("arn:aws:states:us-east-1:111111111111:execution:payroll:two", sfn.Running, "Pay")
	arn := "arn:aws:states:us-east-1:111111111111:execution:order:one"
	f.put(arn, sfn.Running, "Pause", event(1, "PassStateEntered", "Reserve"))
	all.want(`execution {"id":"one","stateMachine":"order","status":"RUNNING","state":"Pause"}`)
	one := follow(t, server, "/-/v1/executions/one/events")
	<-f.watching
	f.put(arn, sfn.Succeeded, "", event(2, "PassStateExited", "Reserve"))
	one.want(`status {"status":"RUNNING","state":"Pause"}`, `status {"status":"SUCCEEDED","state":null}`)
}

func TestAStreamEndsWithItsPermission(t *testing.T) {
	f, _ := permitted(t, nil)
	var taken atomic.Bool
	cfg := config(f)
	cfg.Permissions = allowing(func(string, []string) bool { return !taken.Load() })
	server := httptest.NewServer(New(cfg))
	t.Cleanup(server.Close)
	arn := "arn:aws:states:us-east-1:111111111111:execution:order:one"
	one := follow(t, server, "/-/v1/executions/one/events")
	<-f.watching
	one.want(`status {"status":"RUNNING","state":"Reserve"}`, `state {"state":"Reserve","class":"idle"}`, `state {"state":"Pause","class":"idle"}`)
	taken.Store(true)
	f.put(arn, sfn.Running, "Pause", event(1, "PassStateEntered", "Reserve"))
	for one.lines.Scan() {
		if one.lines.Text() != "" {
			t.Errorf("told after the permission was taken: %s", one.lines.Text())
		}
	}
}

func TestTraceShowsTheSpansOfWhatMayBeTraced(t *testing.T) {
	attr := func(pairs ...string) (a telemetry.Attributes) {
		for i := 0; i < len(pairs); i += 2 {
			a = append(a, telemetry.Attribute{Name: pairs[i], Value: pairs[i+1]})
		}
		return a
	}
	spans := []telemetry.Span{
		{SpanID: "edge", Attributes: attr("stile.api", "shop", "stile.operation", "buy")},
		{SpanID: "policy", ParentID: "edge"},
		{SpanID: "visit", ParentID: "policy", Attributes: attr(telemetry.AttrStateMachine, "order")},
		{SpanID: "inside", ParentID: "visit", Attributes: attr("stile.policy.scope", "api")},
		{SpanID: "loose", ParentID: "gone"},
		{SpanID: "ring", ParentID: "ring"},
	}
	for _, tt := range []struct {
		may  allowing
		want []string
	}{
		{nil, []string{"edge", "policy", "visit", "inside", "loose", "ring"}},
		{on("order", readTrace), []string{"visit", "inside"}},
		{func(_ string, r []string) bool { return slices.Contains(r, "api/shop/operation/buy") }, []string{"edge", "policy"}},
		{on("order"), nil},
	} {
		c := &console{Config: Config{Permissions: tt.may}}
		var got []string
		for _, s := range c.visibleSpans(t.Context(), spans) {
			got = append(got, s.SpanID)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("got %v, want %v", got, tt.want)
		}
	}
}

// TestEveryRouteAsks finds the console's routes in its source, and asks each as
// somebody who may do nothing: what is there is not told, by any of them.
func TestEveryRouteAsks(t *testing.T) {
	f := newFake()
	f.addMachine("hush", orderDefinition)
	arn := f.addExecution("hush", "hush-one", sfn.Running, 1)
	f.events[arn] = append(f.events[arn], event(1, "PassStateEntered", "hush-state"))
	cfg := config(f)
	cfg.Permissions = allowing(func(string, []string) bool { return false })
	cfg.Callbacks = waits(callback.Open{URL: "http://127.0.0.1:7480/callbacks/hush", Execution: "hush-one", StateMachine: "hush", State: "hush-state"})
	cfg.Traces = spans{"hush-trace": {{TraceID: "hush-trace", SpanID: "0123456789abcdef", Name: "hush"}}}
	cfg.Slow = func() []telemetry.SlowCondition {
		return []telemetry.SlowCondition{{SlowKey: telemetry.SlowKey{Kind: telemetry.SlowOperation, Name: "hush/hush"}}}
	}
	hush := newShop()
	hush.svc.APIs[0].ID, hush.svc.APIs[0].Name = "hush-one", "hush"
	cfg.APIs, cfg.GateTraces, cfg.Gate = hush, hush, hush
	h := New(cfg)
	route := regexp.MustCompile(`HandleFunc\("(?:(GET|POST) )?(/[^"]*)"`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range route.FindAllStringSubmatch(string(text), -1) {
			if strings.HasSuffix(file, "_test.go") || m[2] == "/-/v1/events" { // which does not end; TestStreamsShowWhatMayBeSeen asks it
				continue
			}
			method, body := cmp.Or(m[1], "GET"), ""
			if method == "POST" {
				body = `{"stateMachine":"hush","role":"order-role","callback":"hush-one/hush-state"}`
			}
			for _, id := range []string{"hush-one", arn, "hush-trace"} {
				path := strings.NewReplacer("{id}", id, "{$}", "").Replace(m[2])
				w := do(h, method, path, body)
				answer := strings.NewReplacer(id, "ID", "Machine Does Not Exist: 'arn:aws:states:us-east-1:111111111111:stateMachine:hush'", "").Replace(w.Body.String())
				if asked++; w.Code < 300 && method == "POST" || strings.Contains(answer, "hush") {
					t.Errorf("%s %s: %d %s", method, path, w.Code, answer)
				}
			}
		}
	}
	if asked < 60 {
		t.Errorf("%d requests: the routes are not found any more", asked)
	}
}
