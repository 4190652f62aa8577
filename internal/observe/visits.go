package observe

import (
	"slices"
	"strings"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
)

// visits follows the history of one execution and tells each state visit that ends,
// and at the end the execution.
//
// Invariants: fed all events of an execution in order, once or again from the
// first, it tells the same visits, so that spans of them have the same ids. A visit
// that its execution's end cuts off ends with it. What nothing that is still to come
// can refer to is forgotten: all before the last exit after which nothing was open.
type visits struct {
	exec    sfn.Execution
	machine string        // the state machine's name
	next    int64         // the history id that it waits for
	base    int64         // the id of events[0]
	events  []historyLink // dropped with the execution
	open    []*visit      // in order of entry
	spare   []*visit      // to be used again
	start   time.Time     // zero where it was not seen
	over    bool          // the execution's end was fed
	used    uint64        // when it was last told; the observer's
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
	container int64  // the Entered event of the visit that it stands in; 0: in none
	wait      string // what it waits for that is not its own to end
}

// teller takes what visits finds.
type teller interface {
	// visit is told of a visit that ended, lost of an exit whose entry was not seen.
	visit(v *visits, w *visit, end time.Time, status string)
	lost(v *visits, exited *history.Event, end time.Time, status string)
	ended(v *visits, e *history.Event, end time.Time)
}

func newVisits(e sfn.Execution) *visits {
	machine, _ := sfn.ParseARN(e.StateMachineARN)
	return &visits{exec: e, machine: machine.Name, next: 1, base: 1}
}

// follow takes events that follow those before, and passes over others.
func (v *visits) follow(events []history.Event, to teller) {
	for i := range events {
		e := &events[i]
		if e.ID != v.next {
			continue // told before
		}
		v.next++
		v.one(e, to)
		if isExecutionEnd(e.Type) {
			v.over = true
		}
	}
}

// at gives an event; the zero link is that of one that was forgotten.
func (v *visits) at(id int64) historyLink {
	if i := id - v.base; i >= 0 && i < int64(len(v.events)) {
		return v.events[i]
	}
	return historyLink{}
}

func (v *visits) one(e *history.Event, to teller) {
	at := time.UnixMilli(e.Time).UTC()
	link := historyLink{prev: e.Previous, kind: e.Type}
	switch {
	case e.Type == "ExecutionStarted":
		v.start = at
	case strings.HasSuffix(e.Type, "StateEntered"):
		link.visit = v.enter(e, at)
	case strings.HasSuffix(e.Type, "StateExited"):
		status := v.statusAfter(e.Previous)
		if link.visit = v.leave(e); link.visit == nil {
			to.lost(v, e, at, status)
			break
		}
		v.cutOff(link.visit, at, to)
		to.visit(v, link.visit, at, status)
		if len(v.open) == 0 && link.visit.container == 0 {
			v.forget(e.ID)
		}
	case e.Type == "TaskSubmitted":
		v.handedOver(e)
	case isExecutionEnd(e.Type):
		v.finish(e, at, to)
	}
	v.events = append(v.events, link)
}

// forget drops all events before id, which comes next.
func (v *visits) forget(id int64) {
	for i := range v.events {
		if l := &v.events[i]; l.visit != nil && l.visit.entered == v.base+int64(i) {
			v.spare = append(v.spare, l.visit)
		}
	}
	clear(v.events)
	v.events, v.base = v.events[:0], id
}

func (v *visits) enter(e *history.Event, at time.Time) *visit {
	container := v.container(e.Previous)
	var w *visit
	if last := len(v.spare) - 1; last >= 0 {
		w, v.spare = v.spare[last], v.spare[:last]
	} else {
		w = new(visit)
	}
	*w = visit{entered: e.ID, name: e.Details.Name, kind: strings.TrimSuffix(e.Type, "StateEntered"), start: at, container: container}
	v.open = append(v.open, w)
	return w
}

// handedOver marks the visit whose task is with somebody else from now on.
func (v *visits) handedOver(e *history.Event) {
	for id := e.Previous; id != 0; id = v.at(id).prev {
		if w := v.at(id).visit; w != nil {
			w.wait = "token"
			return
		}
	}
}

// container is the visit that a state entered after event id stands in.
func (v *visits) container(id int64) int64 {
	for id != 0 {
		link := v.at(id)
		switch {
		case link.visit != nil:
			return link.visit.container
		case link.kind == "ParallelStateStarted" || link.kind == "MapStateStarted":
			if outer := v.at(link.prev).visit; outer != nil {
				return outer.entered
			}
		}
		id = link.prev
	}
	return 0
}

// leave finds the open visit that an Exited event ends: the nearest Entered of
// its name up the chain of previous events, else the latest open of that name.
func (v *visits) leave(e *history.Event) *visit {
	for id := e.Previous; id != 0; {
		link := v.at(id)
		if w := link.visit; w != nil && w.name == e.Details.Name && w.entered == id {
			return v.close(w)
		}
		id = link.prev
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
func (v *visits) cutOff(w *visit, at time.Time, to teller) {
	if w.kind != "Parallel" && w.kind != "Map" || len(v.open) == 0 {
		return
	}
	in := map[int64]bool{w.entered: true}
	rest := v.open[:0:0]
	for _, o := range v.open {
		if !in[o.container] {
			rest = append(rest, o)
			continue
		}
		in[o.entered] = true
		to.visit(v, o, at, "error")
	}
	v.open = rest
}

// statusAfter is a visit's that was left after the event: a failure that was
// caught is one all the same.
func (v *visits) statusAfter(event int64) string {
	kind := v.at(event).kind
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

func (v *visits) finish(e *history.Event, at time.Time, to teller) {
	status := "error"
	if e.Type == "ExecutionSucceeded" {
		status = "ok"
	}
	for _, w := range v.open {
		to.visit(v, w, at, status)
	}
	v.open = v.open[:0]
	to.ended(v, e, at)
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
