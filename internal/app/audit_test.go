package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/audit"
	"stile/internal/engine"
	"stile/internal/identity"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// records reads the audit over the control API, each in one line.
func (p *product) records(query string) (lines []string, raw []json.RawMessage) {
	p.t.Helper()
	var page struct{ Records []json.RawMessage }
	status, text := send(p.t, "GET", p.Console+"/-/v1/audit?max=1000&"+query, "")
	if err := json.Unmarshal([]byte(text), &page); err != nil || status != 200 {
		p.t.Fatal(status, text, err)
	}
	for _, r := range page.Records {
		var x struct{ Actor, Via, Action, Resource, Decision string }
		if err := json.Unmarshal(r, &x); err != nil {
			p.t.Fatal(err)
		}
		at := strings.LastIndex(x.Resource, ":") + 1
		if strings.HasPrefix(x.Resource, "arn:") && strings.Count(x.Resource, ":") == 7 {
			x.Resource = "execution"
		} else {
			x.Resource = x.Resource[at:]
		}
		lines = append(lines, strings.Join([]string{x.Actor, x.Via, x.Action, x.Resource, x.Decision}, " "))
	}
	return lines, page.Records
}

// TestTheAuditOfAStory: what was done by each way is recorded once, in order, in a
// chain that goes on over a restart.
func TestTheAuditOfAStory(t *testing.T) {
	backend, _ := answering(t)
	dir, data := folder(t, backend, await,
		"apim/apis/starts/apiInformation.json", `{"properties":{"displayName":"starts","path":"starts","subscriptionRequired":false}}`,
		"apim/apis/starts/specification.yaml",
		"openapi: 3.0.1\ninfo: {title: starts, version: '1'}\npaths:\n  /:\n    post:\n      operationId: begin\n      responses: {'202': {description: ok}}\n",
		"apim/apis/starts/policy.xml", `<policies><inbound><set-backend-service base-url="stile://workflows/one" /></inbound><backend><base /></backend><outbound /></policies>`,
	), t.TempDir()
	p := dev(t, dir, data)
	arn := p.start("one")
	p.until(arn, "it waits", has("TaskSubmitted"))
	url := p.callback()
	for _, to := range []string{strings.Replace(url, "/callbacks/A", "/callbacks/B", 1), url} {
		send(t, "POST", to, `{"approved":true}`, "Content-Type", "application/json")
	}
	p.until(arn, "end", ended)
	if status, text := send(t, "POST", p.Gateway+"/starts/", `{"n":1}`); status != 202 {
		t.Fatal(status, text)
	}
	second := p.start("one")
	if status, text := send(t, "POST", p.Console+"/-/v1/executions/"+second+"/stop", `{"cause":"enough"}`, "Content-Type", "application/json"); status != 200 {
		t.Fatal(status, text)
	}
	if status, text := send(t, "POST", p.Console+"/-/v1/tokens", `{"role":"one-role"}`, "Content-Type", "application/json"); status != 200 {
		t.Fatal(status, text)
	}
	var ignored json.RawMessage
	machine := map[string]string{"name": "two", "definition": oneTask(invoke), "roleArn": "arn:aws:iam::111111111111:role/one-role"}
	wire(t, p.Console, "CreateStateMachine", machine, &ignored)
	two := "arn:aws:states:us-east-1:111111111111:stateMachine:two"
	wire(t, p.Console, "UpdateStateMachine", map[string]string{"stateMachineArn": two, "definition": oneTask(await)}, &ignored)
	wire(t, p.Console, "DeleteStateMachine", map[string]string{"stateMachineArn": two}, &ignored)
	want := []string{
		"files files stile:Configure project/shop allowed",
		"anonymous aws states:StartExecution execution allowed",
		"anonymous gateway states:SendTaskSuccess api/callbacks/operation/complete denied",
		"anonymous gateway states:SendTaskSuccess execution allowed",
		"anonymous gateway states:StartExecution execution allowed",
		"anonymous aws states:StartExecution execution allowed",
		"anonymous api states:StopExecution execution allowed",
		"anonymous api stile:Configure role/one-role allowed",
		"anonymous aws states:CreateStateMachine two allowed",
		"anonymous aws states:UpdateStateMachine two allowed",
		"anonymous aws states:DeleteStateMachine two allowed",
	}
	got, raw := p.records("from=1")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	p.chained(raw)
	sum := func(text string) string { b := sha256.Sum256([]byte(text)); return hex.EncodeToString(b[:]) }
	var update struct{ Before, After string }
	if err := json.Unmarshal(raw[9], &update); err != nil || update.Before != sum(oneTask(invoke)) || update.After != sum(oneTask(await)) {
		t.Errorf("the update's digests are %+v, %v", update, err)
	}
	ofOne, _ := p.records("execution=" + arn)
	if d := cmp.Diff([]string{want[1], "state:" + arn[strings.LastIndex(arn, ":")+1:] + "/Reserve engine apim:Invoke api/shop/operation/reserve allowed", want[3]}, ofOne); d != "" {
		t.Error(d)
	}
	if filtered, _ := p.records("action=states:St*&actor=anonymous"); len(filtered) != 4 {
		t.Errorf("by action and actor: %q", filtered)
	}
	if status, page := send(t, "GET", p.Console+"/audit?action=stile:Configure&actor=anonymous", ""); status != 200 || strings.Count(page, "role/one-role") != 1 || strings.Contains(page, "StopExecution") {
		t.Errorf("the page: %d %s", status, page)
	}
	p.shut()

	p = dev(t, dir, data)
	got, raw = p.records("from=1")
	if len(got) != len(want)+1 || got[len(want)] != want[0] {
		t.Errorf("after a restart: %q", got)
	}
	p.chained(raw)
	if status, text := send(t, "GET", p.Console+"/-/v1/audit/verify", ""); status != 200 || !strings.Contains(text, `"records":12,"first":1,"holds":true`) {
		t.Errorf("verify: %d %s", status, text)
	}
	write(t, dir, "apim/apis/shop/policy.xml", "<policies><inbound><nonsense /></inbound></policies>")
	p.tells("not taken")
	if got, _ := p.records("from=13"); len(got) == 0 || got[0] != "files files stile:Configure project/shop denied" {
		t.Errorf("a faulty project: %q", got)
	}
}

// chained checks that each record holds the hash of the one before, as it is printed.
func (p *product) chained(raw []json.RawMessage) {
	p.t.Helper()
	prev := ""
	for i, r := range raw {
		var x struct{ Prev string }
		if err := json.Unmarshal(r, &x); err != nil || x.Prev != prev {
			p.t.Errorf("record %d holds %q, want %q (%v)", i+1, x.Prev, prev, err)
		}
		sum := sha256.Sum256(r)
		prev = hex.EncodeToString(sum[:])
	}
}

// TestEveryMethodOfTheHostIsJudged: a method of the engine that changes something is
// recorded by auditedHost, or by who stands before it.
func TestEveryMethodOfTheHostIsJudged(t *testing.T) {
	recorded := []string{"CreateStateMachine", "UpdateStateMachine", "DeleteStateMachine", "StartExecution", "StopExecution", "SendTaskSuccess", "SendTaskFailure", "AnswerToken",
		"PublishStateMachineVersion", "DeleteStateMachineVersion", "CreateStateMachineAlias", "UpdateStateMachineAlias", "DeleteStateMachineAlias",
		"TagResource", "UntagResource", "UpdateMapRun", "RedriveExecution", "ForkExecution", "DeleteExecution"}
	before := []string{"Deliver", "RecordDelivery", "CompleteCallback", "RevokeCallback", "ResendCallback"} // deliveries, auditedCallbacks
	// That a worker took a task stands in the execution's history.
	harmless := []string{"SendTaskHeartbeat", "TakeTask", "SetTasks", "Close", "Failed", "Watch", "Calls", "Deliveries", "OpenTokens", "OpenTokensOf", "TaskInputs",
		"TokenKeys", "TokenOf", "DescribeExecution", "DescribeStateMachine", "DescribeStateMachineForExecution", "GetExecutionHistory",
		"ListExecutions", "ListStateMachines", "ListStateMachineVersions", "DescribeStateMachineAlias", "ListStateMachineAliases",
		"ListTagsForResource", "DescribeMapRun", "ListMapRuns", "Tell", "OutboxRecords", "OutboxMarks", "SaveOutbox", "OutboxHead",
		"Type", "Starting", "Revision", "Logging", "Stalled"}
	host := reflect.TypeFor[*engine.Host]()
	for i := range host.NumMethod() {
		name := host.Method(i).Name
		known := slices.Contains(before, name) || slices.Contains(harmless, name)
		if slices.Contains(recorded, name) == known {
			t.Errorf("engine.Host has %s: record it in auditedHost, or say here why it needs no record", name)
		}
	}
	text := sourceOf(t, "audithost.go") + sourceOf(t, "auditversions.go") + sourceOf(t, "auditmapruns.go")
	for _, name := range recorded {
		if !strings.Contains(text, "func (h auditedHost) "+name+"(") {
			t.Errorf("auditedHost does not record %s", name)
		}
	}
}

// brokenStore is an audit store whose disk is full.
type brokenStore struct{ auditKV }

var errFull = errors.New("disk full")

func (brokenStore) Write([]audit.Pair) error { return errFull }

// TestWhatCannotBeRecordedIsNotAnswered: a mutation whose record cannot be written
// answers an error by every way.
func TestWhatCannotBeRecordedIsNotAnswered(t *testing.T) {
	book, err := audit.Open(brokenStore{auditKV{memkv.New(nil)}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	host, err := engine.Open(engine.Config{Store: memkv.New(nil), Account: "111111111111", Region: "us-east-1", Tasks: idle{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close(context.Background()) })
	var log bytes.Buffer
	a := &auditor{book: book, log: slog.New(slog.NewTextHandler(&log, nil)), keys: host.TokenKeys}
	h, ctx := a.host(host, "aws"), identity.WithCaller(t.Context(), identity.Caller{Kind: identity.KindUser, ID: "ada", Via: "api"})
	definition := `{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":9999,"End":true}}}`
	made, err := h.CreateStateMachine(ctx, sfn.NewStateMachine{Name: "m", Type: sfn.Standard, Definition: definition, RoleARN: "arn:aws:iam::111111111111:role/r"})
	if !errors.Is(err, errFull) {
		t.Errorf("CreateStateMachine: %v", err)
	}
	if _, err = h.UpdateStateMachine(ctx, made.ARN, sfn.StateMachineUpdate{Definition: &definition}); !errors.Is(err, errFull) {
		t.Errorf("UpdateStateMachine: %v", err)
	}
	started, err := h.StartExecution(ctx, sfn.Start{StateMachineARN: made.ARN, Input: jsonval.EmptyObject})
	if !errors.Is(err, errFull) {
		t.Errorf("StartExecution: %v", err)
	}
	if _, err = h.StopExecution(ctx, started.ExecutionARN, "", ""); !errors.Is(err, errFull) {
		t.Errorf("StopExecution: %v", err)
	}
	if err = h.DeleteExecution(ctx, started.ExecutionARN); !errors.Is(err, errFull) {
		t.Errorf("DeleteExecution: %v", err)
	}
	if err = h.DeleteStateMachine(ctx, made.ARN); !errors.Is(err, errFull) {
		t.Errorf("DeleteStateMachine: %v", err)
	}
	mint := a.token(func(string) (string, time.Time, error) { return "secret", time.Now(), nil })
	if token, _, err := mint(ctx, "r"); token != "" || !errors.Is(err, errFull) {
		t.Errorf("a token was given: %q, %v", token, err)
	}
	accept := exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		ex.Response = exchange.Response{StatusCode: map[bool]int{true: 202, false: 200}[ex.Backend.BaseURL != ""], Body: exchange.Text(`{"id":"x"}`)}
		return nil
	})
	start := &exchange.Exchange{Request: exchange.Request{Method: "POST"}, Backend: exchange.Backend{BaseURL: "stile://workflows/m"}}
	if err := a.workflows(accept, "us-east-1", "111111111111").Do(ctx, start); !errors.Is(err, errFull) {
		t.Errorf("a start through the gateway: %v", err)
	}
	if err := a.deliveries(accept).Do(ctx, &exchange.Exchange{Request: exchange.Request{Method: "POST"}}); !errors.Is(err, errFull) {
		t.Errorf("a delivery: %v", err)
	}
	if err := a.taken("p", "", "x", "r"); !errors.Is(err, errFull) {
		t.Errorf("a project: %v", err)
	}
	a.denied(ctx, "states:StopExecution", "arn", identity.Decision{})
	if !strings.Contains(log.String(), "not recorded") {
		t.Error("a refusal that is not recorded is not told")
	}
}

// TestRefusalsAreBounded: who is not proven cannot fill the store, and what is
// left out is counted.
func TestRefusalsAreBounded(t *testing.T) {
	var f refusals
	start, written, counted := time.Unix(1000, 0), 0, 0
	within := func(from, to time.Duration) (n int) { // a hundred refusals a second
		for d := from; d < to; d += 10 * time.Millisecond {
			if left, ok := f.admit(start.Add(d)); ok {
				n++
				counted += left
			}
		}
		written += n
		return n
	}
	if n := within(0, time.Second); n != maxRefusals {
		t.Errorf("%d in the first second", n)
	}
	for minute := range time.Duration(60) {
		if n := within(max(minute*time.Minute, time.Second), (minute+1)*time.Minute); n > 6 {
			t.Errorf("%d in minute %d", n, minute)
		}
	}
	if counted += f.left; written+counted != 360_000 || written < 6*55 {
		t.Errorf("%d written, %d counted", written, counted)
	}
	later := start.Add(2 * time.Hour) // a burst is there again after a quiet time
	for range maxRefusals {
		if _, ok := f.admit(later); !ok {
			t.Error("no burst after a quiet hour")
		}
	}
}

func sourceOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// idle are tasks that nobody starts.
type idle struct{}

func (idle) Start(context.Context, sfn.TaskCall, func(sfn.TaskResult)) {}
func (idle) Cancel(string, uint64)                                     {}

// TestARefusedDeliveryIsRecorded: what a policy of the callbacks API refused never
// came to its backend, and is recorded all the same, without what was sent.
func TestARefusedDeliveryIsRecorded(t *testing.T) {
	book, err := audit.Open(auditKV{memkv.New(nil)}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	key := []byte(strings.Repeat("k", 32))
	a := &auditor{book: book, log: slog.New(slog.DiscardHandler), keys: func() func(string) []byte {
		return func(string) []byte { return key }
	}}
	arn := sfn.ExecutionARN("us-east-1", "111111111111", "one", "x")
	ex := &exchange.Exchange{API: &exchange.API{ID: "callbacks"}, Operation: &exchange.Operation{ID: "fail"}, Subject: "ada",
		Verdict: &exchange.Verdict{Policy: "ip-filter", Reason: "CallerIpNotAllowed", Message: "quotes 192.0.2.9", Status: 403, File: "p.xml", Line: 3}}
	ex.Request.Matched = []exchange.Param{{Name: "token", Value: sfn.Token{Key: "k1", ExecutionARN: arn, Expires: time.Now()}.Seal(key)}}
	a.refusedDelivery(ex)
	a.refusedDelivery(&exchange.Exchange{API: &exchange.API{ID: "shop"}, Verdict: ex.Verdict}) // not a callback
	a.refusedDelivery(&exchange.Exchange{API: ex.API})                                         // not refused
	got, err := book.Read(1, 10)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	r := got[0]
	if r.Resource != arn || r.Action != "states:SendTaskFailure" || r.Decision != audit.Denied || r.Role != "p.xml:3" ||
		r.Verdict.Text() != `{"policy":"ip-filter","reason":"CallerIpNotAllowed","status":403}` {
		t.Errorf("recorded %s", r.JSON().Raw())
	}
	ex.Request.Matched = nil // an altered URL, again and again
	for range 5 * maxRefusals {
		a.refusedDelivery(ex)
	}
	if got, err = book.Read(1, 100); err != nil || len(got) > maxRefusals+1 || got[len(got)-1].Resource != "api/callbacks/operation/fail" {
		t.Errorf("%d records, %v", len(got), err)
	}
}
