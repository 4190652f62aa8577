package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/asl/history"
	"stile/internal/apim"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// past is a Historian over histories in memory; it counts what it is asked for.
type past struct {
	mu        sync.Mutex
	events    map[string][]history.Event
	described int
	read      int
}

func (p *past) DescribeExecution(_ context.Context, arn string) (sfn.Execution, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.described++
	if p.events[arn] == nil {
		return sfn.Execution{}, errors.New("no such execution")
	}
	return pastOf(arn), nil
}

func (p *past) GetExecutionHistory(_ context.Context, in sfn.HistoryPage) ([]history.Event, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read++
	return p.events[in.ExecutionARN], "", nil
}

func (p *past) ListExecutions(context.Context, sfn.ListExecutions) (out []sfn.Execution, next string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for arn, events := range p.events {
		e := pastOf(arn)
		if isExecutionEnd(events[len(events)-1].Type) {
			e.Status = sfn.Succeeded
		}
		out = append(out, e)
	}
	return out, "", nil
}

func pastOf(arn string) sfn.Execution {
	return sfn.Execution{ARN: arn, Name: arn[strings.LastIndexByte(arn, ':')+1:], StateMachineARN: "arn:aws:states:r:1:stateMachine:order",
		TraceID: "t-" + arn, Span: sfn.ExecutionSpan(arn), ParentSpan: "parent", Status: sfn.Running}
}

// kept is a Recorder that keeps spans by their key, as the store does.
type kept struct {
	mu    sync.Mutex
	spans map[string]telemetry.Span
}

func (k *kept) Record(spans ...telemetry.Span) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range spans {
		k.spans[s.TraceID+s.SpanID] = s
	}
}

func (k *kept) Has(trace, span string) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.spans[trace+span]
	return ok, nil
}

func arnOf(n int) string { return fmt.Sprintf("arn:aws:states:r:1:execution:order:e%d", n) }

var short = told([4]any{1, 0, "ExecutionStarted", ""}, [4]any{2, 0, "WaitStateEntered", "Pause"},
	[4]any{3, 2, "WaitStateExited", "Pause"}, [4]any{4, 3, "ExecutionSucceeded", ""})

func noticeOf(n int, events []history.Event) sfn.Notice {
	e := pastOf(arnOf(n))
	return sfn.Notice{ExecutionARN: e.ARN, Status: sfn.Running, Events: events, TraceID: e.TraceID, ParentSpan: e.ParentSpan}
}

func rig() (*past, *kept, *Observer) {
	p, k := &past{events: map[string][]history.Event{}}, &kept{spans: map[string]telemetry.Span{}}
	return p, k, New(k, slog.New(slog.DiscardHandler))
}

// TestIdleExecutionsAreForgotten starts more executions than the observer holds
// and lets the first one end: its story is read again, and told whole.
func TestIdleExecutionsAreForgotten(t *testing.T) {
	p, k, o := rig()
	const n = 3 * maxKnown
	for i := range n {
		o.one(noticeOf(i, short[:2]))
	}
	if len(o.known) > maxKnown {
		t.Errorf("%d executions are held, the bound is %d", len(o.known), maxKnown)
	}
	o.host = p
	p.events[arnOf(0)] = short
	o.one(noticeOf(0, short[2:]))
	if len(k.spans) != 2 {
		t.Errorf("%d spans, want the execution's and its state's", len(k.spans))
	}
	if e := k.spans[pastOf(arnOf(0)).TraceID+sfn.ExecutionSpan(arnOf(0))]; e.Name != "order" || e.ParentID != "parent" {
		t.Errorf("%+v", e)
	}
	if p.described != 0 {
		t.Errorf("%d executions were read for what their notices tell", p.described)
	}
}

// TestNoticesThatFindTheQueueFullAreReadLater fills the queue before anything is
// read from it.
func TestNoticesThatFindTheQueueFullAreReadLater(t *testing.T) {
	p, k, o := rig()
	const n = maxQueued/2 + 100 // of two events each
	for i := range n {
		p.events[arnOf(i)] = short
		o.Notice(noticeOf(i, short[:2]))
		o.Notice(noticeOf(i, short[2:]))
	}
	if o.queued > maxQueued {
		t.Errorf("%d events wait, the bound is %d", o.queued, maxQueued)
	}
	o.Begin(p)
	o.Close()
	if len(k.spans) != 2*n {
		t.Errorf("%d spans, want %d", len(k.spans), 2*n)
	}
}

// TestCatchUpReadsWhatIsNotKept: a restart reads only histories whose spans a
// crash may have cut off.
func TestCatchUpReadsWhatIsNotKept(t *testing.T) {
	p, k, o := rig()
	for i := range 20 {
		p.events[arnOf(i)] = short
	}
	p.events[arnOf(20)] = short[:2] // goes on
	for i := range 19 {
		k.Record(telemetry.Span{TraceID: pastOf(arnOf(i)).TraceID, SpanID: sfn.ExecutionSpan(arnOf(i))})
	}
	o.host = p
	o.catchUp()
	if p.read != 1 || len(k.spans) != 19+2 {
		t.Errorf("%d histories were read, %d spans; want 1 and %d", p.read, len(k.spans), 19+2)
	}
}

func TestAnObserverThatNeverBeganCloses(t *testing.T) {
	_, _, o := rig()
	o.Close()
}

// TestNoSpanHoldsACallbackURL: whoever reads traces must not be able to answer a
// waiting Task.
func TestNoSpanHoldsACallbackURL(t *testing.T) {
	const token = "AQJrMQEBgICA"
	api := &exchange.API{ID: apim.CallbacksID, Path: apim.CallbacksID}
	for _, c := range []struct {
		api       *exchange.API
		operation *exchange.Operation
		path      string
	}{
		{api, &exchange.Operation{ID: "complete", URLTemplate: "/{token}"}, "/callbacks/" + token},
		{api, &exchange.Operation{ID: "fail", URLTemplate: "/{token}/fail"}, "/callbacks/" + token + "/fail"},
		{api, nil, "/callbacks/" + token},
		{nil, nil, "/Callbacks/" + token + "/%zz"},
		{nil, nil, "//callbacks/" + token},
	} {
		ex := &exchange.Exchange{API: c.api, Operation: c.operation, Trace: exchange.Trace{TraceID: "t", SpanID: "s"}}
		ex.Request.Method, ex.Request.OriginalURL.Path = "POST", c.path
		for _, s := range ExchangeSpans(ex, time.Unix(1, 0)) {
			if text := fmt.Sprint(s); strings.Contains(text, token) {
				t.Errorf("%s stands in a span: %s", token, text)
			}
		}
	}
}
