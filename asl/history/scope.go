package history

import (
	"fmt"
	"strings"
)

// scope is a place where a thread of states can stand: the top level, a state that
// was entered, an iteration of a Map.
type scope struct {
	parent *scope
	kind   string // "Task" …, "iteration", "" for the top level
	name   string
	index  int64
	left   bool // exited; of an iteration: ended
	// aborted is of a state that was cut short since it was last woken.
	aborted bool
	// Of a Parallel or Map: how often it started, and how often it ended since.
	started, succeeded, failed int
	run                        string // what the Map Run of this start did last: "", "Started", "Ended"
	// iterations of the present start, by index.
	iterations map[int64]*scope
}

// visit finds the open state of a name in a thread: a thread is in one state.
type visit struct {
	thread *scope
	name   string
}

// enter holds an event against the place that its previous event led to. It gives
// where its thread stands then.
func (c *Checker) enter(e *Event, from *scope, at int64) (to *scope, wrong string) {
	typ := e.Type
	switch {
	case typ == "ExecutionRedriven":
		return nil, ""
	case strings.HasPrefix(typ, "Execution"):
		return from, ""
	case typ == "EvaluationFailed":
		return c.evaluated(e, from), ""
	case strings.HasPrefix(typ, "MapIteration"):
		return c.iteration(e, from, typ[len("MapIteration"):])
	case strings.HasPrefix(typ, "MapRun"):
		return mapRun(from, typ[len("MapRun"):])
	}
	if kind, what, ok := strings.Cut(typ, "State"); ok && what != "" {
		return c.state(e, from, kind, what)
	}
	for _, family := range [...]string{"Task", "LambdaFunction", "Activity"} {
		if strings.HasPrefix(typ, family) {
			return from.nearest("Task"), c.attempt(e, at, family, typ[len(family):])
		}
	}
	return from, "is no type of an event"
}

// nearest is the innermost open scope of a kind around s; nil where s is not known
// or has none. What stands in an iteration that has ended is not open: a Map that
// failed for good in an iteration is not the one that its Map's retrier starts anew.
func (s *scope) nearest(kind string) (found *scope) {
	for ; s != nil; s = s.parent {
		switch {
		case s.left:
			found = nil
		case s.kind == kind && found == nil:
			found = s
		}
	}
	return found
}

// known reports whether the way from s to the top level is known.
func (s *scope) known() bool {
	for ; s != nil; s = s.parent {
		if s.kind == "" {
			return true
		}
	}
	return false
}

// state is what the events of states do: from is where their thread stands.
func (c *Checker) state(e *Event, from *scope, kind, what string) (*scope, string) {
	key := kind + " " + e.Details.Name
	switch what {
	case "Entered":
		s := &scope{parent: from, kind: kind, name: e.Details.Name}
		c.count[key]++
		if from != nil {
			c.open[visit{from, s.name}] = s
		}
		return s, ""
	case "Exited":
		wrong := ""
		if c.count[key]--; c.count[key] < 0 {
			c.count[key], wrong = 0, fmt.Sprintf("%q is left more often than entered", e.Details.Name)
		}
		s := from
		for s != nil && (s.kind != kind || s.name != e.Details.Name) {
			s = s.parent
		}
		if s == nil {
			if from.known() {
				wrong = fmt.Sprintf("%q is left where it was not entered", e.Details.Name)
			}
			return nil, wrong
		}
		if s.left {
			wrong = fmt.Sprintf("%q is left twice", e.Details.Name)
		}
		s.left = true
		delete(c.open, visit{s.parent, s.name})
		return s.parent, wrong
	}
	s := from.nearest(kind)
	for what == "Failed" && s != nil && s.failed == mostFailures {
		s = s.parent.nearest(kind) // what fails inside for good fails around it, too
	}
	if s == nil {
		if from.known() {
			return nil, "no state of this kind is open around it, or none that has not ended"
		}
		return nil, ""
	}
	return s, s.change(what)
}

// mostFailures is how often a Parallel or Map fails for one start: once more where
// what its catcher gives fails in turn.
const mostFailures = 2

// change is what a state's further events do to it.
func (s *scope) change(what string) string {
	switch what {
	case "Started":
		s.started++
		s.succeeded, s.failed, s.run, s.iterations = 0, 0, "", nil
	case "Succeeded":
		if s.succeeded++; s.succeeded > 1 || s.started == 0 {
			return "succeeds twice, or before it started"
		}
	case "Failed":
		s.failed++
	case "Aborted":
		if s.aborted {
			return "is aborted twice"
		}
		s.aborted = true
	}
	return ""
}

// evaluated finds the state that an EvaluationFailed is of: it may follow what its
// state's Entered follows.
func (c *Checker) evaluated(e *Event, from *scope) *scope {
	for s := from; s != nil; s = s.parent {
		if s.kind != "" && s.name == e.Details.State && !s.left {
			return s
		}
	}
	if from == nil {
		return nil
	}
	return c.open[visit{from, e.Details.State}]
}

func (c *Checker) iteration(e *Event, from *scope, what string) (*scope, string) {
	m := from
	for m != nil && (m.kind != "Map" || m.name != e.Details.Name) {
		m = m.parent
	}
	if m == nil || e.Details.Index == nil {
		if from.known() || e.Details.Index == nil {
			return nil, "no Map of its name is open around it"
		}
		return nil, ""
	}
	at := *e.Details.Index
	it := m.iterations[at]
	if what == "Started" {
		if it != nil {
			return it, fmt.Sprintf("iteration %d starts twice", at)
		}
		if m.iterations == nil {
			m.iterations = map[int64]*scope{}
		}
		it = &scope{parent: m, kind: "iteration", name: m.name, index: at}
		m.iterations[at] = it
		return it, ""
	}
	switch {
	case it == nil:
		return m, fmt.Sprintf("iteration %d ends before it starts", at)
	case it.left:
		return m, fmt.Sprintf("iteration %d ends twice", at)
	}
	it.left = true
	return m, ""
}

// mapRun is what a Map Run's events do to the Map that waits for it.
func mapRun(from *scope, what string) (*scope, string) {
	m := from.nearest("Map")
	if m == nil {
		if from.known() {
			return nil, "no Map is open around it"
		}
		return nil, ""
	}
	was := m.run
	switch what {
	case "Started", "Redriven":
		m.run = "Started"
		if what == "Started" && was != "" {
			return m, "starts twice"
		}
		return m, ""
	}
	m.run = "Ended"
	if was != "Started" {
		return m, "ends without having started, or twice"
	}
	return m, ""
}

// attempt holds one attempt's events: each follows the one before, and one ends it.
func (c *Checker) attempt(e *Event, at int64, family, what string) string {
	h, ok := c.heads[e.Previous]
	delete(c.heads, e.Previous)
	switch what {
	case "Scheduled":
		c.heads[at] = head{family, what}
		if ok {
			return "the attempt before it has no end"
		}
		return ""
	case "ScheduleFailed":
		return ""
	}
	if !ok || h.family != family {
		return fmt.Sprintf("no attempt is open at event %d", e.Previous)
	}
	wrong := ""
	switch what {
	case "Started":
		if h.stage != "Scheduled" {
			wrong = "starts twice"
		}
		c.heads[at] = head{family, what}
	case "Submitted":
		if h.stage != "Started" {
			wrong = "is submitted before it started, or twice"
		}
		c.heads[at] = head{family, what}
	}
	return wrong
}
