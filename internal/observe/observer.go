package observe

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// Historian tells what observer missed: executions that began before it did.
type Historian interface {
	DescribeExecution(ctx context.Context, arn string) (sfn.Execution, error)
	GetExecutionHistory(ctx context.Context, p sfn.HistoryPage) ([]history.Event, string, error)
	ListExecutions(ctx context.Context, l sfn.ListExecutions) ([]sfn.Execution, string, error)
}

// Recorder keeps spans and says whether it has one.
type Recorder interface {
	Record(spans ...telemetry.Span)
	Has(traceID, spanID string) (bool, error)
}

const (
	// maxQueued bounds the events of queued notices. Past it only the names of their
	// executions are kept, whose histories are then read.
	maxQueued = 50_000
	// maxKnown and maxFollowed bound the executions that are followed at once, and
	// their events: an idle one is forgotten, and read again when it goes on.
	maxKnown    = 2048
	maxFollowed = 200_000
	// maxCaughtUp is how many of the newest executions a start looks at.
	maxCaughtUp = 1000
)

// Observer turns notices into spans. Notices are queued and read by one
// goroutine, since the engine must not wait for telemetry.
type Observer struct {
	spans Recorder
	host  Historian
	log   *slog.Logger

	mu     sync.Mutex
	wake   *sync.Cond
	queue  []sfn.Notice
	queued int             // events of queue
	missed map[string]bool // executions whose notices found the queue full
	begun  bool
	closed bool
	ended  chan struct{}

	// Of the goroutine alone.
	known    map[string]*visits
	followed int    // events of known
	turn     uint64 // counts notices, so that visits know when they were last told
}

// New makes an observer that queues notices until Begin.
func New(spans Recorder, log *slog.Logger) *Observer {
	o := &Observer{spans: spans, log: log, ended: make(chan struct{}), missed: map[string]bool{}, known: map[string]*visits{}}
	o.wake = sync.NewCond(&o.mu)
	return o
}

// Begin starts reading notices, once the host is open.
func (o *Observer) Begin(host Historian) {
	o.host, o.begun = host, true
	go o.read()
}

// Notice takes what the engine just made durable.
func (o *Observer) Notice(n sfn.Notice) {
	if len(n.Events) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return
	case o.queued+len(n.Events) > maxQueued || o.missed[n.ExecutionARN]:
		o.missed[n.ExecutionARN] = true
	default:
		o.queue = append(o.queue, n)
		o.queued += len(n.Events)
	}
	o.wake.Signal()
}

// Close ends reading after what is queued.
func (o *Observer) Close() {
	o.mu.Lock()
	o.closed = true
	o.wake.Signal()
	o.mu.Unlock()
	if o.begun {
		<-o.ended
	}
}

func (o *Observer) isClosed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}

func (o *Observer) read() {
	defer close(o.ended)
	o.catchUp()
	for {
		o.mu.Lock()
		for len(o.queue)+len(o.missed) == 0 && !o.closed {
			o.wake.Wait()
		}
		batch, missed := o.queue, o.missed
		o.queue, o.queued, o.missed = nil, 0, map[string]bool{}
		o.mu.Unlock()
		if len(batch)+len(missed) == 0 {
			return
		}
		for _, n := range batch {
			o.one(n)
		}
		for arn := range missed {
			o.readAgain(arn)
		}
	}
}

// one tells a notice. Where it does not follow what was told, the execution began
// before this process did, or was forgotten: its history is read from the start.
func (o *Observer) one(n sfn.Notice) {
	if len(n.Events) == 0 {
		return
	}
	v := o.known[n.ExecutionARN]
	if v == nil {
		v = newVisits(executionOf(n))
		o.follow(v)
	}
	o.turn++
	v.used = o.turn
	if n.Events[0].ID > v.next {
		o.retell(v)
	}
	o.tell(v, n.Events)
	if v.over {
		o.forget(v)
	}
	o.trim()
}

// executionOf is as much of an execution as its spans need.
func executionOf(n sfn.Notice) sfn.Execution {
	arn, _ := sfn.ParseARN(n.ExecutionARN)
	return sfn.Execution{ARN: n.ExecutionARN, Name: ExecutionName(arn), StateMachineARN: sfn.StateMachineARN(arn.Region, arn.Account, arn.Name),
		TraceID: n.TraceID, Span: sfn.ExecutionSpan(n.ExecutionARN), ParentSpan: n.ParentSpan}
}

// readAgain tells an execution whose notices were not kept.
func (o *Observer) readAgain(arn string) {
	v := o.known[arn]
	if v == nil {
		e, err := o.host.DescribeExecution(context.Background(), arn)
		if err != nil {
			o.log.Warn("spans of an execution are lost", "execution", arn, "error", err)
			return
		}
		v = newVisits(e)
		o.follow(v)
	}
	o.retell(v)
	if v.over {
		o.forget(v)
	}
	o.trim()
}

func (o *Observer) follow(v *visits) { o.known[v.exec.ARN] = v }

func (o *Observer) forget(v *visits) {
	if o.known[v.exec.ARN] == v {
		delete(o.known, v.exec.ARN)
		o.followed -= len(v.events)
	}
}

// trim forgets the half that was told longest ago, where more are followed than
// the bounds allow.
func (o *Observer) trim() {
	if len(o.known) <= maxKnown && o.followed <= maxFollowed {
		return
	}
	all := slices.SortedFunc(maps.Values(o.known), func(a, b *visits) int { return cmp.Compare(a.used, b.used) })
	for _, v := range all[:(len(all)+1)/2] {
		o.forget(v)
	}
}

func (o *Observer) tell(v *visits, events []history.Event) {
	before := len(v.events)
	spans := v.feed(events)
	if o.known[v.exec.ARN] == v {
		o.followed += len(v.events) - before
	}
	if len(spans) > 0 {
		o.spans.Record(spans...)
	}
}

// retell reads an execution's history from its first event.
func (o *Observer) retell(v *visits) {
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
// execution's last group and its spans. An execution's own span is recorded last,
// so where it is kept the others are.
func (o *Observer) catchUp() {
	list, _, err := o.host.ListExecutions(context.Background(), sfn.ListExecutions{Page: sfn.Page{Max: maxCaughtUp}})
	if err != nil {
		o.log.Warn("spans are not caught up", "error", err)
		return
	}
	for _, e := range list {
		if o.isClosed() {
			return // the next start goes on
		}
		if e.Status == sfn.Running {
			continue // its next notice tells all
		}
		has, err := o.spans.Has(e.TraceID, e.Span)
		if err != nil {
			o.log.Warn("spans are not caught up", "error", err)
			return
		}
		if !has {
			o.retell(newVisits(e))
		}
	}
}
