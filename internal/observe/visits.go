package observe

import (
	"slices"
	"strings"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// visits follows the history of one execution and gives a span for each state
// visit that ends, and at the end one for the execution.
//
// Invariants: fed all events of an execution in order, once or again from the
// first, it gives each visit's span with the same id, so that telling twice
// changes nothing. A visit that its execution's end cuts off ends with it.
type visits struct {
	exec   sfn.Execution
	next   int64                 // the history id that it waits for
	events map[int64]historyLink // by id; dropped with the execution
	open   []*visit              // in order of entry
	start  time.Time
	over   bool   // the execution's end was fed
	used   uint64 // when it was last told; the observer's
}

type historyLink struct {
	prev  int64
	kind  string
	visit *visit // Entered and Exited events
}

type visit struct {
	entered   int64
	name      string
	kind      string // Task, Pass …
	start     time.Time
	container string // span id of what it stands in
	wait      string // what it waits for that is not its own to end
}

func newVisits(e sfn.Execution) *visits {
	return &visits{exec: e, next: 1, events: map[int64]historyLink{}}
}

// feed takes events that follow those before, and passes over others.
func (v *visits) feed(events []history.Event) (spans []telemetry.Span) {
	for _, e := range events {
		if e.ID != v.next {
			continue // told before
		}
		v.next++
		spans = append(spans, v.one(e)...)
		if isExecutionEnd(e.Type) {
			v.over = true
		}
	}
	return spans
}

func (v *visits) one(e history.Event) []telemetry.Span {
	at := time.UnixMilli(e.Time).UTC()
	link := historyLink{prev: e.Previous, kind: e.Type}
	defer func() { v.events[e.ID] = link }()
	switch {
	case e.Type == "ExecutionStarted":
		v.start = at
	case strings.HasSuffix(e.Type, "StateEntered"):
		link.visit = &visit{entered: e.ID, name: e.Details.Name, kind: strings.TrimSuffix(e.Type, "StateEntered"),
			start: at, container: v.container(e.Previous)}
		v.open = append(v.open, link.visit)
	case strings.HasSuffix(e.Type, "StateExited"):
		if link.visit = v.leave(e); link.visit != nil {
			return append(v.cutOff(link.visit, at), v.span(link.visit, at, v.statusAfter(e.Previous)))
		}
	case e.Type == "TaskSubmitted":
		v.handedOver(e)
	case isExecutionEnd(e.Type):
		return v.finish(e, at)
	}
	return nil
}

// handedOver marks the visit whose task is with somebody else from now on.
func (v *visits) handedOver(e history.Event) {
	for id := e.Previous; id != 0; id = v.events[id].prev {
		if w := v.events[id].visit; w != nil {
			w.wait = "token"
			return
		}
	}
}

// container is the span that a state entered after event id stands in.
func (v *visits) container(id int64) string {
	for id != 0 {
		link := v.events[id]
		switch {
		case link.visit != nil:
			return link.visit.container
		case link.kind == "ParallelStateStarted" || link.kind == "MapStateStarted":
			if outer := v.events[link.prev].visit; outer != nil {
				return sfn.StateSpan(v.exec.ARN, outer.entered)
			}
		}
		id = link.prev
	}
	return v.exec.Span
}

// leave finds the open visit that an Exited event ends: the nearest Entered of
// its name up the chain of previous events, else the latest open of that name.
func (v *visits) leave(e history.Event) *visit {
	for id := e.Previous; id != 0; id = v.events[id].prev {
		if w := v.events[id].visit; w != nil && w.name == e.Details.Name && w.entered == id {
			return v.close(w)
		}
	}
	for i := len(v.open) - 1; i >= 0; i-- {
		if v.open[i].name == e.Details.Name {
			return v.close(v.open[i])
		}
	}
	return nil
}

// cutOff ends the visits that stand in w and are still open when it is left: a
// failed branch or iteration cut them off. They are in order of entry, so what
// stands in one of them comes behind it.
func (v *visits) cutOff(w *visit, at time.Time) (spans []telemetry.Span) {
	if w.kind != "Parallel" && w.kind != "Map" {
		return nil
	}
	in := map[string]bool{sfn.StateSpan(v.exec.ARN, w.entered): true}
	rest := v.open[:0:0]
	for _, o := range v.open {
		if !in[o.container] {
			rest = append(rest, o)
			continue
		}
		in[sfn.StateSpan(v.exec.ARN, o.entered)] = true
		spans = append(spans, v.span(o, at, "error"))
	}
	v.open = rest
	return spans
}

// statusAfter is a visit's that was left after the event: a failure that was
// caught is one all the same.
func (v *visits) statusAfter(event int64) string {
	kind := v.events[event].kind
	if strings.HasSuffix(kind, "Failed") && kind != "MapIterationFailed" || strings.HasSuffix(kind, "TimedOut") {
		return "error"
	}
	return "ok"
}

func (v *visits) close(w *visit) *visit {
	for i, o := range v.open {
		if o == w {
			v.open = slices.Delete(v.open, i, i+1)
			return w
		}
	}
	return nil
}

func (v *visits) finish(e history.Event, at time.Time) []telemetry.Span {
	var spans []telemetry.Span
	status := "error"
	if e.Type == "ExecutionSucceeded" {
		status = "ok"
	}
	for _, w := range v.open {
		spans = append(spans, v.span(w, at, status))
	}
	v.open = nil
	machine, _ := sfn.ParseARN(v.exec.StateMachineARN)
	sp := telemetry.Span{TraceID: v.exec.TraceID, SpanID: v.exec.Span, ParentID: v.exec.ParentSpan,
		Name: machine.Name, Kind: telemetry.KindExecution, Start: v.start, End: at, Status: status,
		Attributes: telemetry.Attributes{{Name: "aws.step_functions.execution.arn", Value: v.exec.ARN},
			{Name: "stile.execution", Value: v.exec.Name}, {Name: telemetry.AttrStateMachine, Value: machine.Name},
			{Name: telemetry.AttrExecutionStatus, Value: endStatus[e.Type]}}}
	if e.Details.Error != nil {
		sp.Attributes = append(sp.Attributes, telemetry.Attribute{Name: "error.type", Value: *e.Details.Error})
	}
	return append(spans, sp)
}

func (v *visits) span(w *visit, end time.Time, status string) telemetry.Span {
	machine, _ := sfn.ParseARN(v.exec.StateMachineARN)
	sp := telemetry.Span{TraceID: v.exec.TraceID, SpanID: sfn.StateSpan(v.exec.ARN, w.entered), ParentID: w.container,
		Name: w.name, Kind: telemetry.KindState, Start: w.start, End: end, Status: status,
		Attributes: telemetry.Attributes{{Name: telemetry.AttrStateType, Value: w.kind},
			{Name: "stile.execution", Value: v.exec.Name}, {Name: telemetry.AttrStateMachine, Value: machine.Name}}}
	if w.wait != "" {
		sp.Attributes = append(sp.Attributes, telemetry.Attribute{Name: telemetry.AttrStateWait, Value: w.wait})
	}
	return sp
}

// endStatus is an execution's status by the event that ended it.
var endStatus = map[string]string{"ExecutionSucceeded": sfn.Succeeded, "ExecutionFailed": sfn.Failed,
	"ExecutionAborted": sfn.Aborted, "ExecutionTimedOut": sfn.TimedOut}

func isExecutionEnd(kind string) bool {
	switch kind {
	case "ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut":
		return true
	}
	return false
}
