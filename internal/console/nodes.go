package console

import (
	"slices"
	"strings"

	"stile/asl"
	"stile/asl/history"
)

// The classes of a node.
const (
	Idle      = "idle"
	Running   = "running"
	Succeeded = "succeeded"
	Failed    = "failed"
	Caught    = "caught"
	Retrying  = "retrying"
	Waiting   = "waiting"
	Aborted   = "aborted"
)

// NodeClass is a state with its class.
type NodeClass struct {
	State string `json:"state"`
	Class string `json:"class"`
}

// Tracker follows an execution's history and knows the class of every state: that
// of its visits which go on (running before retrying before waiting), else how its
// last visit ended. It is pure: the same events give the same classes, in one go
// or one by one.
//
// AWS's history tells of a failed attempt before it tells what becomes of it, so a
// failure is retrying until a later event says caught (the state is exited) or
// failed (what holds it fails too).
type Tracker struct {
	states  []string
	parent  map[string]string // state → the Parallel or Map that holds it
	kind    map[string]asl.StateType
	visits  map[int64]*visit    // event id → the visit that it belongs to
	active  map[string][]*visit // in order of entry
	outcome map[string]string   // how the last ended visit ended
}

type visit struct{ state, class string }

// NewTracker begins with a program of which nothing has run yet.
func NewTracker(p *asl.Program) *Tracker {
	t := &Tracker{parent: map[string]string{}, kind: map[string]asl.StateType{}, visits: map[int64]*visit{},
		active: map[string][]*visit{}, outcome: map[string]string{}}
	t.body(p.Body, "")
	return t
}

func (t *Tracker) body(b *asl.Body, holder string) {
	for _, s := range b.States {
		t.states = append(t.states, s.Name)
		t.parent[s.Name], t.kind[s.Name] = holder, s.Type
		for _, branch := range s.Parallel {
			t.body(branch, s.Name)
		}
		if s.Map != nil {
			t.body(s.Map.Processor, s.Name)
		}
	}
}

// Classes gives every state with its class, in the definition's order.
func (t *Tracker) Classes() []NodeClass {
	out := make([]NodeClass, len(t.states))
	for i, s := range t.states {
		out[i] = NodeClass{s, t.Class(s)}
	}
	return out
}

// Class gives the class of one state; idle for an unknown one.
func (t *Tracker) Class(state string) string {
	for _, class := range []string{Running, Retrying, Waiting} {
		if slices.ContainsFunc(t.active[state], func(v *visit) bool { return v.class == class }) {
			return class
		}
	}
	if o := t.outcome[state]; o != "" {
		return o
	}
	return Idle
}

// StateOf gives the state whose visit an event belongs to; empty where it belongs to none.
func (t *Tracker) StateOf(event int64) string {
	if v := t.visits[event]; v != nil {
		return v.state
	}
	return ""
}

// Apply takes the next history event.
func (t *Tracker) Apply(ev history.Event) {
	var v *visit
	switch name := ev.Details.Name; {
	case strings.HasSuffix(ev.Type, "StateEntered"):
		v = t.enter(name)
	case strings.HasSuffix(ev.Type, "StateExited"):
		v = t.exit(t.visits[ev.Previous], name)
	case strings.HasPrefix(ev.Type, "MapIteration"):
		v = t.iteration(ev)
	case strings.HasPrefix(ev.Type, "MapState"):
		v = t.container(ev, asl.Map)
	case strings.HasPrefix(ev.Type, "ParallelState"):
		v = t.container(ev, asl.Parallel)
	case strings.HasPrefix(ev.Type, "Execution"):
		t.execution(ev)
	default:
		v = t.visits[ev.Previous]
		if ev.Details.State != "" { // EvaluationFailed names its state
			v = last(t.active[ev.Details.State])
		}
		t.attempt(v, ev.Type)
	}
	t.visits[ev.ID] = v
}

func (t *Tracker) enter(state string) *visit {
	if t.kind[state] == "" {
		return nil // not of this definition
	}
	v := &visit{state: state, class: Running}
	switch t.kind[state] {
	case asl.Wait:
		v.class = Waiting
	case asl.Fail:
		t.outcome[state] = Failed
		return v
	}
	t.active[state] = append(t.active[state], v)
	return v
}

// exit ends a visit: the one that the chain of previous events names, else the
// oldest (a Map's exit points to an event of its last iteration).
func (t *Tracker) exit(v *visit, state string) *visit {
	if v == nil || v.state != state {
		if len(t.active[state]) == 0 {
			return nil
		}
		v = t.active[state][0]
	}
	class := Succeeded
	if v.class == Retrying {
		class = Caught
	}
	t.end(v, class)
	t.sweep(state, nil)
	return v
}

func (t *Tracker) end(v *visit, class string) {
	t.active[v.state] = slices.DeleteFunc(t.active[v.state], func(a *visit) bool { return a == v })
	// What ended a body stays visible beside what it took down with it.
	if class != Aborted || t.outcome[v.state] != Failed {
		t.outcome[v.state] = class
	}
}

// sweep ends what still goes on inside a container: failed where an attempt had
// failed or failing says so, else aborted. With the container visited twice at a
// time, nobody can tell whose these are, and they stay.
func (t *Tracker) sweep(container string, failing *visit) {
	if len(t.active[container]) > 1 {
		return
	}
	for _, s := range t.states {
		if t.within(s, container) {
			t.endAll(s, failing)
		}
	}
}

func (t *Tracker) endAll(state string, failing *visit) {
	for _, v := range slices.Clone(t.active[state]) {
		class := Aborted
		if v.class == Retrying || v == failing || failing != nil && t.within(failing.state, state) {
			class = Failed
		}
		t.end(v, class)
	}
}

// within reports whether a state lies in a container, at any depth.
func (t *Tracker) within(state, container string) bool {
	for s := t.parent[state]; s != ""; s = t.parent[s] {
		if s == container {
			return true
		}
	}
	return false
}

func (t *Tracker) iteration(ev history.Event) *visit {
	v := last(t.active[ev.Details.Name])
	if v == nil {
		return nil
	}
	switch ev.Type {
	case "MapIterationFailed":
		v.class = Retrying
		for _, s := range t.states {
			if t.within(s, v.state) {
				for _, inner := range slices.Clone(t.active[s]) {
					if inner.class == Retrying {
						t.end(inner, Failed)
					}
				}
			}
		}
	case "MapIterationStarted":
		v.class = Running
	}
	return v
}

// container finds whose event this is, since it names nobody: the nearest state of
// its type around the event before it that goes on.
func (t *Tracker) container(ev history.Event, kind asl.StateType) *visit {
	before := t.visits[ev.Previous]
	var v *visit
	if before != nil {
		for s := before.state; s != "" && v == nil; s = t.parent[s] {
			if candidate := last(t.active[s]); t.kind[s] == kind && candidate != nil &&
				(candidate.class != Retrying || strings.HasSuffix(ev.Type, "Started")) {
				v = candidate
			}
		}
	}
	if v == nil {
		return nil
	}
	switch {
	case strings.HasSuffix(ev.Type, "StateFailed"):
		v.class = Retrying
		t.sweep(v.state, before)
	case strings.HasSuffix(ev.Type, "StateAborted"):
		t.end(v, Aborted)
		t.sweep(v.state, nil)
	default:
		v.class = Running
	}
	return v
}

func (t *Tracker) execution(ev history.Event) {
	switch ev.Type {
	case "ExecutionFailed":
		failing := t.visits[ev.Previous]
		for _, s := range t.states {
			t.endAll(s, failing)
		}
	case "ExecutionAborted", "ExecutionTimedOut", "ExecutionSucceeded":
		for _, s := range t.states {
			t.endAll(s, nil)
		}
	}
}

// attempt takes the events of one attempt of a Task: AWS's names differ by
// integration (Task…, LambdaFunction…, Activity…) and agree in their ends.
func (t *Tracker) attempt(v *visit, kind string) {
	if v == nil {
		return
	}
	switch {
	case strings.HasSuffix(kind, "Aborted"):
		t.end(v, Aborted)
	case strings.HasSuffix(kind, "Failed"), strings.HasSuffix(kind, "TimedOut"):
		v.class = Retrying
	case kind == "TaskSubmitted":
		v.class = Waiting
	default:
		v.class = Running
	}
}

func last(vs []*visit) *visit {
	if len(vs) == 0 {
		return nil
	}
	return vs[len(vs)-1]
}
