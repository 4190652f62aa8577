package observe

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// Ended is an execution that ended.
type Ended struct {
	ARN, Machine, TraceID string
	// Status is sfn.Succeeded and the like, Error the name of the error if any.
	Status, Error string
	At            time.Time
	// Took is below zero where the start was not seen.
	Took time.Duration
}

// Counted takes what a Tally counts; it must not wait. A visit that it is given is
// its own only while the call lasts.
type Counted interface {
	Visit(v *telemetry.Visit)
	Ended(e *Ended)
}

// A Tally has some stripes, so that executions do not wait for one another. In
// each of two generations of a stripe there are at most maxTallied executions, and
// about as many events as maxTalliedEvents.
const (
	tallyStripes     = 16
	maxTallied       = 1024
	maxTalliedEvents = 25_000
	// maxSpare bounds the room that an execution which ended leaves to the next.
	maxSpare = 1024
)

// Tally counts state visits and executions out of notices, where no spans are kept:
// it remembers of an execution what is open, and reads no history. Who gives a
// notice counts it.
//
// Invariants: it counts what the spans of an Observer would; each notice is told
// once, and those of an execution in order. What it does not follow, since it began
// before this process or too many are open, counts too, without the time it took.
type Tally struct {
	seed    maphash.Seed
	stripes [tallyStripes]tallyStripe
}

// tallyStripe follows some executions. The older generation goes where the younger
// is full; what is told of comes into the younger again.
type tallyStripe struct {
	to         Counted
	mu         sync.Mutex
	young, old map[string]*visits
	events     int     // of young
	spare      *visits // to be used again
	made       telemetry.Visit
	end        Ended
}

// NewTally makes a Tally that tells to what it counts.
func NewTally(to Counted) *Tally {
	t := &Tally{seed: maphash.MakeSeed()}
	for i := range t.stripes {
		t.stripes[i].to = to
	}
	return t
}

// Notice counts what a notice tells.
func (t *Tally) Notice(n sfn.Notice) {
	if len(n.Events) == 0 {
		return
	}
	s := &t.stripes[maphash.String(t.seed, n.ExecutionARN)%tallyStripes]
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.take(n)
	if first := n.Events[0].ID; first > v.next { // what came before was not seen
		v.forget(first)
		v.next, v.open, v.start = first, v.open[:0], time.Time{}
	}
	v.follow(n.Events, s)
	if v.over {
		if v.forget(0); cap(v.events)+cap(v.spare) <= maxSpare {
			s.spare = v
		}
		return
	}
	s.keep(v)
}

// take gives an execution, which is the caller's until keep.
func (s *tallyStripe) take(n sfn.Notice) *visits {
	if v := s.young[n.ExecutionARN]; v != nil {
		delete(s.young, n.ExecutionARN)
		s.events -= len(v.events)
		return v
	}
	if v := s.old[n.ExecutionARN]; v != nil {
		delete(s.old, n.ExecutionARN)
		return v
	}
	v := s.spare
	if s.spare = nil; v == nil {
		v = &visits{}
	}
	*v = visits{exec: sfn.Execution{ARN: n.ExecutionARN, TraceID: n.TraceID}, machine: machineOf(n.ExecutionARN),
		next: 1, base: 1, events: v.events, open: v.open[:0], spare: v.spare}
	return v
}

func (s *tallyStripe) keep(v *visits) {
	if s.young == nil || len(s.young) >= maxTallied || s.events >= maxTalliedEvents {
		s.old, s.young, s.events = s.young, map[string]*visits{}, 0
	}
	s.young[v.exec.ARN] = v
	s.events += len(v.events)
}

// machineOf is the name of an execution's state machine.
func machineOf(arn string) string {
	for range 6 {
		_, arn, _ = strings.Cut(arn, ":")
	}
	name, _, _ := strings.Cut(arn, ":")
	return name
}

// visit, lost and ended are what follow tells; the lock is held.
func (s *tallyStripe) visit(v *visits, w *visit, end time.Time, status string) {
	s.made = telemetry.Visit{Machine: v.machine, State: w.name, Type: w.kind, Outcome: status, End: end,
		Took: max(0, end.Sub(w.start)), Handed: w.wait != ""}
	s.to.Visit(&s.made)
}

func (s *tallyStripe) lost(v *visits, e *history.Event, end time.Time, status string) {
	s.made = telemetry.Visit{Machine: v.machine, State: e.Details.Name, Type: strings.TrimSuffix(e.Type, "StateExited"),
		Outcome: status, End: end, Took: -1}
	s.to.Visit(&s.made)
}

func (s *tallyStripe) ended(v *visits, e *history.Event, end time.Time) {
	s.end = Ended{ARN: v.exec.ARN, Machine: v.machine, TraceID: v.exec.TraceID, Status: endStatus[e.Type], At: end, Took: -1}
	if !v.start.IsZero() {
		s.end.Took = max(0, end.Sub(v.start))
	}
	if e.Details.Error != nil {
		s.end.Error = *e.Details.Error
	}
	s.to.Ended(&s.end)
}
