package app

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stile/internal/audit"
	"stile/internal/engine"
	"stile/internal/identity"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// TestAnswersByAWSsActionsStandOnTheTimeline, the late one too.
func TestAnswersByAWSsActionsStandOnTheTimeline(t *testing.T) {
	backend, _ := answering(t)
	p := dev(t, folder(t, backend, await), t.TempDir())
	arn := p.start("one")
	p.until(arn, "it waits", has("TaskSubmitted"))
	at := p.callback()
	token := at[strings.LastIndexByte(at, '/')+1:]
	act := func(action, rest string) (status int) {
		status, _ = send(t, "POST", p.Console+"/", `{"taskToken":"`+token+`",`+rest+`}`,
			"X-Amz-Target", "AWSStepFunctions."+action, "Content-Type", "application/x-amz-json-1.0")
		return status
	}
	if status := act("SendTaskSuccess", `"output":"{}"`); status != 200 {
		t.Errorf("status %d", status)
	}
	p.until(arn, "end", ended)
	if status := act("SendTaskFailure", `"error":"E"`); status != 400 {
		t.Errorf("a late one: %d", status)
	}
	lines, _ := p.timeline(arn)
	if want := []string{"Reserve complete accepted 0 aws", "Reserve fail gone 0 aws"}; !slices.Equal(lines, want) {
		t.Errorf("timeline %q", lines)
	}
}

// hastyStore has the caller leave while what he asked for is on its way to the disk,
// and is slow enough for him to be gone before it is there.
type hastyStore struct {
	kv.Store
	caller atomic.Pointer[hasty]
}

type hasty struct {
	leave context.CancelFunc
	gone  chan struct{}
}

func (s *hastyStore) Commit(g kv.Group, done func(error)) {
	if c := s.caller.Load(); c != nil {
		c.leave()
		select {
		case <-c.gone: // without his answer
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.Store.Commit(g, done)
}

// TestWhoLeavesIsRecorded: what was done for a caller who did not wait for the answer is
// in the audit like all else.
func TestWhoLeavesIsRecorded(t *testing.T) {
	book, err := audit.Open(auditKV{memkv.New(nil)}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	store := &hastyStore{Store: memkv.New(nil)}
	host, err := engine.Open(engine.Config{Store: store, Account: "111111111111", Region: "us-east-1", Tasks: idle{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close(context.Background()) })
	a := &auditor{book: book, keys: host.TokenKeys}
	h := a.host(host, "aws")
	m, err := host.CreateStateMachine(t.Context(), sfn.NewStateMachine{Name: "m", RoleARN: "arn:aws:iam::111111111111:role/r",
		Definition: `{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":9999,"End":true}}}`})
	if err != nil {
		t.Fatal(err)
	}
	arn := sfn.ExecutionARN("us-east-1", "111111111111", "m", "x")
	is := func() string {
		x, err := host.DescribeExecution(t.Context(), arn)
		if err != nil {
			return "none"
		}
		return x.Status
	}
	for _, act := range []struct {
		action, leaves string
		do             func(ctx context.Context)
	}{
		{"states:StartExecution", sfn.Running, func(ctx context.Context) {
			_, _ = h.StartExecution(ctx, sfn.Start{StateMachineARN: m.ARN, Name: "x", Input: jsonval.EmptyObject})
		}},
		{"states:StopExecution", sfn.Aborted, func(ctx context.Context) { _, _ = h.StopExecution(ctx, arn, "", "") }},
		{"stile:DeleteExecution", "none", func(ctx context.Context) { _ = h.DeleteExecution(ctx, arn) }},
	} {
		for is() != act.leaves { // a write of the engine's own may send the caller away before he has asked
			ctx, leave := context.WithCancel(identity.WithCaller(t.Context(), identity.Caller{Kind: identity.KindUser, ID: "eve", Via: "api"}))
			c := &hasty{leave, make(chan struct{})}
			store.caller.Store(c)
			act.do(ctx)
			close(c.gone)
			if ctx.Err() == nil {
				t.Errorf("%s: nobody has left: nothing is proven", act.action)
			}
			leave()
		}
		store.caller.Store(nil)
		records, err := book.Read(1, 100)
		n := 0
		for _, r := range records {
			if r.Action == act.action && r.Resource == arn && r.Actor == "user:eve" {
				n++
			}
		}
		if err != nil || n != 1 {
			t.Errorf("%s is recorded %d times, %v: %+v", act.action, n, err, records)
		}
	}
}

// TestAStartThroughTheGatewayThatNobodyAwaits: an EXPRESS execution goes on without its
// caller, and is recorded; what leaves before a STANDARD one has begun starts nothing.
func TestAStartThroughTheGatewayThatNobodyAwaits(t *testing.T) {
	for _, quick := range []bool{true, false} {
		book, err := audit.Open(auditKV{memkv.New(nil)}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		a := &auditor{book: book, isExpress: func(arn string) bool { return quick && strings.HasSuffix(arn, ":stateMachine:m") }}
		ctx, leave := context.WithCancel(t.Context())
		leaves := exchange.CallerFunc(func(ctx context.Context, _ *exchange.Exchange) error { leave(); return ctx.Err() })
		err = a.workflows(leaves, "us-east-1", "111111111111").Do(ctx, &exchange.Exchange{Request: exchange.Request{Method: "POST"}, Backend: exchange.Backend{BaseURL: "stile://workflows/m"}})
		records, bad := book.Read(1, 10)
		if err == nil || bad != nil || (len(records) == 1 && records[0].Action == "states:StartSyncExecution") != quick || len(records) > 1 {
			t.Errorf("quick %v: %v, %v, %+v", quick, err, bad, records)
		}
	}
}
