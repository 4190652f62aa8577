package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"stile/asl/interp"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// historian tells what observer missed: executions that began before it did.
type historian interface {
	DescribeExecution(ctx context.Context, arn string) (sfn.Execution, error)
	GetExecutionHistory(ctx context.Context, p sfn.HistoryPage) ([]interp.HistoryEvent, string, error)
	ListExecutions(ctx context.Context, l sfn.ListExecutions) ([]sfn.Execution, string, error)
}

// recorder keeps spans.
type recorder interface{ Record(spans ...telemetry.Span) }

// observer turns exchanges and notices into spans. Notices are queued and read by
// one goroutine, since the engine must not wait for telemetry.
type observer struct {
	spans recorder
	host  historian
	log   *slog.Logger

	mu     sync.Mutex
	wake   *sync.Cond
	queue  []sfn.Notice
	closed bool
	ended  chan struct{}
	known  map[string]*visits // the goroutine's alone
}

func newObserver(spans recorder, log *slog.Logger) *observer {
	o := &observer{spans: spans, log: log, ended: make(chan struct{}), known: map[string]*visits{}}
	o.wake = sync.NewCond(&o.mu)
	return o
}

// begin starts reading notices, once the host is open.
func (o *observer) begin(host historian) {
	o.host = host
	go o.read()
}

// notice takes what the engine just made durable.
func (o *observer) notice(n sfn.Notice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.queue = append(o.queue, n)
		o.wake.Signal()
	}
}

// close ends reading after what is queued.
func (o *observer) close() {
	o.mu.Lock()
	o.closed = true
	o.wake.Signal()
	o.mu.Unlock()
	<-o.ended
}

func (o *observer) read() {
	defer close(o.ended)
	o.catchUp()
	for {
		o.mu.Lock()
		for len(o.queue) == 0 && !o.closed {
			o.wake.Wait()
		}
		batch := o.queue
		o.queue = nil
		done := o.closed && len(batch) == 0
		o.mu.Unlock()
		if done {
			return
		}
		for _, n := range batch {
			o.one(n)
		}
	}
}

func (o *observer) one(n sfn.Notice) {
	v := o.known[n.ExecutionARN]
	if v == nil {
		e, err := o.host.DescribeExecution(context.Background(), n.ExecutionARN)
		if err != nil {
			o.log.Warn("spans of an execution are lost", "execution", n.ExecutionARN, "error", err)
			return
		}
		v = newVisits(e)
		o.known[n.ExecutionARN] = v
	}
	if len(n.Events) > 0 && n.Events[0].ID > v.next {
		o.retell(v)
	}
	o.tell(v, n.Events)
}

func (o *observer) tell(v *visits, events []interp.HistoryEvent) {
	spans, ended := v.feed(events)
	if len(spans) > 0 {
		o.spans.Record(spans...)
	}
	if ended {
		delete(o.known, v.exec.ARN)
	}
}

// retell reads an execution's history from its first event: it began before this
// process did.
func (o *observer) retell(v *visits) {
	page := sfn.HistoryPage{ExecutionARN: v.exec.ARN, Page: sfn.Page{Max: 1000}}
	for {
		events, next, err := o.host.GetExecutionHistory(context.Background(), page)
		if err != nil {
			o.log.Warn("spans of an execution are lost", "execution", v.exec.ARN, "error", err)
			return
		}
		o.tell(v, events)
		if next == "" {
			return
		}
		page.Token = next
	}
}

// catchUp tells again what ended last: a crash may have come between an
// execution's last group and its spans.
func (o *observer) catchUp() {
	const last = 50
	list, _, err := o.host.ListExecutions(context.Background(), sfn.ListExecutions{Page: sfn.Page{Max: last}})
	if err != nil {
		o.log.Warn("spans are not caught up", "error", err)
		return
	}
	for _, e := range list {
		if e.Status != sfn.Running {
			o.retell(newVisits(e))
		}
	}
}

// exchangeSpans are the spans of one finished exchange: its own, one for each
// policy that ran, one for each backend call.
func exchangeSpans(ex *exchange.Exchange, end time.Time) []telemetry.Span {
	t := ex.Trace
	status := func(code int) string {
		if code >= 500 || code == 0 {
			return "error"
		}
		return "ok"
	}
	name, attrs := ex.Request.Method+" "+ex.Request.OriginalURL.Path, telemetry.Attributes{}
	if ex.API != nil && ex.Operation != nil {
		name = ex.Request.Method + " " + ex.API.ID + "/" + ex.Operation.ID
		attrs = append(attrs, telemetry.Attribute{Name: "stile.api", Value: ex.API.ID},
			telemetry.Attribute{Name: "stile.operation", Value: ex.Operation.ID})
	}
	attrs = append(attrs, telemetry.Attribute{Name: "http.request.method", Value: ex.Request.Method},
		telemetry.Attribute{Name: "url.path", Value: ex.Request.OriginalURL.Path},
		telemetry.Attribute{Name: "http.response.status_code", Value: strconv.Itoa(ex.Response.StatusCode)})
	if ex.Subscription != nil {
		attrs = append(attrs, telemetry.Attribute{Name: "stile.subscription", Value: ex.Subscription.ID})
	}
	spans := []telemetry.Span{{TraceID: t.TraceID, SpanID: t.SpanID, ParentID: t.ParentID, Name: name,
		Kind: telemetry.KindExchange, Start: ex.Started, End: end, Status: status(ex.Response.StatusCode), Attributes: attrs}}
	for i := range ex.Decisions {
		d := &ex.Decisions[i]
		if d.Span == "" {
			d.Span = newSpanID()
		}
		st := "ok"
		if d.Outcome == "failed" || d.Outcome == "denied" {
			st = "error"
		}
		spans = append(spans, telemetry.Span{TraceID: t.TraceID, SpanID: d.Span, ParentID: t.SpanID, Name: d.Policy,
			Kind: telemetry.KindPolicy, Start: d.Start, End: d.Start.Add(d.Duration), Status: st,
			Attributes: telemetry.Attributes{{Name: "stile.policy.scope", Value: d.Scope},
				{Name: "stile.policy.section", Value: d.Section},
				{Name: "code.filepath", Value: d.File}, {Name: "code.lineno", Value: strconv.Itoa(d.Line)},
				{Name: "stile.policy.outcome", Value: d.Outcome}}})
	}
	for _, c := range ex.Calls {
		spans = append(spans, telemetry.Span{TraceID: t.TraceID, SpanID: c.Span, ParentID: t.SpanID,
			Name: c.Method + " " + c.URL, Kind: telemetry.KindBackend, Start: c.Start, End: c.Start.Add(c.Duration),
			Status: status(c.Status), Attributes: telemetry.Attributes{{Name: "url.full", Value: c.URL},
				{Name: "http.response.status_code", Value: strconv.Itoa(c.Status)}, {Name: "error.type", Value: c.Error}}})
	}
	return spans
}

func newSpanID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return hex.EncodeToString(b[:])
}
