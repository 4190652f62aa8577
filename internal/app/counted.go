package app

import (
	"sync"
	"time"

	"stile/internal/observe"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// watches is a sink that takes visits of states as they are counted, too.
type watches interface {
	telemetry.Sink
	Visit(v *telemetry.Visit)
}

// watch adds a sink that only looks: it keeps nothing that it is given, and takes no
// events.
func (s *seeing) watch(w watches) {
	s.sinks = append(s.sinks, w)
	s.watching = append(s.watching, w)
}

// bare says that nobody wants more than what metrics are counted from.
func (s *seeing) bare() bool { return !s.traces && len(s.sinks) == 1+len(s.watching) }

// observe makes what the hosts tell of everything that became durable: an observer,
// which makes spans and tells the metrics of them, or without traces a tally alone.
func (s *server) observe() func(sfn.Notice) {
	s.ends = task.NewEnds()
	told := observe.NewTally(s.seeing).Notice
	if s.seeing.traces {
		s.observer = observe.New(s.seeing, s.log)
		told = s.observer.Notice
	}
	return func(n sfn.Notice) {
		told(n)
		s.ends.Notice(n)
	}
}

// beginObserving has the observer, where there is one, read what it is told.
func (s *server) beginObserving() {
	if s.observer != nil {
		s.observer.Begin(s.host)
	}
}

// Visit counts a visit of a state where no spans are made.
func (s *seeing) Visit(v *telemetry.Visit) {
	v.Machine, v.State = s.mask.MaskString(v.Machine), s.mask.MaskString(v.State)
	s.meters.Visit(v)
	for _, w := range s.watching {
		w.Visit(v)
	}
}

// Ended counts the end of an execution where no spans are made.
func (s *seeing) Ended(e *observe.Ended) {
	s.meters.Execution(s.mask.MaskString(e.Machine), e.Status, e.Took)
	if s.bare() {
		return
	}
	status := "error"
	if e.Status == sfn.Succeeded {
		status = "ok"
	}
	arn, _ := sfn.ParseARN(e.ARN)
	s.ended(e.At, e.TraceID, sfn.ExecutionSpan(e.ARN), status, observe.EndAttributes(e.ARN, observe.ExecutionName(arn), e.Machine, e.Status, e.Error))
}

// ended tells of an execution that ended.
func (s *seeing) ended(at time.Time, trace, span, status string, of telemetry.Attributes) {
	s.sinks.Event(telemetry.Event{Time: at, Name: "stile.execution.ended", TraceID: trace, SpanID: span,
		Attributes: append(telemetry.Attributes{{Name: "stile.status", Value: status}}, of...)})
}

// records are used again: who counts keeps nothing of them.
var records = sync.Pool{New: func() any { return &telemetry.Exchange{} }}

// count counts a finished exchange where nobody wants to know more of it.
func (s *seeing) count(ex *exchange.Exchange, end time.Time, denied *exchange.PermissionDenied) {
	x := records.Get().(*telemetry.Exchange)
	defer records.Put(x)
	observe.MeterRecord(x, ex, end, denied)
	x.API, x.Operation = s.mask.MaskString(x.API), s.mask.MaskString(x.Operation)
	for i := range x.Calls {
		x.Calls[i].Backend = s.mask.MaskString(x.Calls[i].Backend)
	}
	s.meters.Exchange(x)
	for _, w := range s.watching {
		w.Exchange(x)
	}
}
