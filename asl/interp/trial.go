package interp

import (
	"fmt"
	"strings"

	"stile/asl"
	"stile/jsonval"
)

// Trial is one visit to one state, alone, as AWS's TestState runs it: nothing is
// waited for, a Task's answer, a Map's and a Parallel's result are given, and no
// back-off is slept. Make it with NewTrial; then Begin, then, where that asks for a
// result, Succeed or Fail; then End.
type Trial struct {
	x    *Execution
	f    *frame
	spec TrialSpec
	// item is the one whose ItemSelector is evaluated, with its key in an object, and
	// where it comes from.
	item        *mapItem
	key, source string
	// failure is the last error of the state, retrier the index of the retrier that
	// names it, -1 for none.
	failure *stateError
	retrier int
	items   TrialItems
}

// TrialSpec says what is visited, and with what.
type TrialSpec struct {
	State *asl.State
	// Start is read for the input, the role and the names in the context object.
	Start Start
	// Now is Unix milliseconds; Seed feeds what is random.
	Now  int64
	Seed uint64
	// Variables are set before the state is entered.
	Variables []Variable
	// Context is the whole context object; absent, one is made of Start.
	Context jsonval.Value
	// RetryCount is how often the retrier that takes the state's error has retried.
	RetryCount uint32
	// Inside says that the state stands in a Map: the context then has Map.Item, the
	// input as item 0.
	Inside bool
	// ItemData is what a Map's ItemReader has read; absent, the items are those of
	// the input.
	ItemData jsonval.Value
}

// TrialStatus is how a visit ended, in the words of TestState's status.
type TrialStatus string

// The ends of a visit.
const (
	TrialSucceeded TrialStatus = "SUCCEEDED"
	TrialFailed    TrialStatus = "FAILED"
	TrialRetriable TrialStatus = "RETRIABLE"
	TrialCaught    TrialStatus = "CAUGHT_ERROR"
)

// TrialEnd is a visit's end.
type TrialEnd struct {
	Status TrialStatus
	// Output is absent of a state that failed or would be retried.
	Output       jsonval.Value
	Error, Cause *string
	// Next is the state that follows; "" where none does.
	Next string
	// RetryIndex and CatchIndex are the retrier and the catcher that name the error;
	// BackoffSeconds is the delay before the next attempt, without jitter.
	RetryIndex, CatchIndex *int
	BackoffSeconds         *int64
	// Variables are those given and assigned, in order of assignment.
	Variables []Variable
}

// NewTrial prepares a visit to one of p's states. Env.Inspect is told the stages of
// its data flow.
func NewTrial(p *asl.Program, env Env, spec TrialSpec) *Trial {
	st := *spec.State
	st.Name = asl.TestedState
	alone := *p
	alone.TimeoutSeconds = 0
	alone.Body = &asl.Body{StartAt: &st, States: []*asl.State{&st}}
	t := &Trial{x: New(&alone, env), spec: spec, retrier: -1}
	t.x.trial = t
	t.x.scope.Context = t.context
	return t
}

// Begin enters the state. pending says that it wants a result: a Task, with the
// command of its attempt, a Map or a Parallel, without one.
func (t *Trial) Begin() (call *Command, pending bool) {
	x := t.x
	x.now, x.rand.state = t.spec.Now, t.spec.Seed
	x.begin(&Event{Kind: EventStarted, Start: &t.spec.Start})
	f := x.root
	t.f, x.queue, x.turn, f.ready = f, nil, f, 0
	for _, v := range t.spec.Variables {
		x.set(f, v.Name, x.wrap(v.Value))
	}
	switch f.state.Type {
	case asl.Map, asl.Parallel:
		x.setPhase(f, phaseBusy)
		f.enteredAt = x.now
		x.step(f, eventsOf[f.state.Type].entered, Details{Name: f.state.Name, Input: x.ref(f.input)})
		f.entered = f.prev
		if f.state.Type == asl.Parallel {
			_, pending = x.arguments(f)
		} else {
			pending = t.beginMap()
		}
		return nil, pending && x.outcome == nil
	}
	x.enter(f)
	switch f.phase {
	case phaseWait:
		x.settle(f)
		x.leaveWait(f)
	case phaseTask:
		c := x.scheduleCommand(f)
		x.value(&c.Parameters)
		return &c, x.outcome == nil
	}
	return nil, false
}

// Succeed gives the result that Begin asked for.
func (t *Trial) Succeed(result jsonval.Value) {
	if t.f.state.Type == asl.Task {
		t.x.taskEvent(t.f, &Event{Kind: EventTaskSucceeded, Output: result})
		return
	}
	t.x.completed(t.f, result, 0)
}

// Fail gives an error instead.
func (t *Trial) Fail(name, cause string, uncatchable bool) {
	if t.f.state.Type == asl.Task {
		t.x.taskEvent(t.f, &Event{Kind: EventTaskFailed, Error: name, Cause: cause, Uncatchable: uncatchable})
		return
	}
	t.x.fail(t.f, &stateError{name: name, cause: cut(cause), fatal: uncatchable})
}

// Items tells of a Map's items and thresholds, after Begin.
func (t *Trial) Items() TrialItems { return t.items }

// TimedOut ends a Task's attempt by the state's TimeoutSeconds.
func (t *Trial) TimedOut() { t.x.taskTimedOut(t.f, asl.ErrTimeout) }

// failing is told of an error of the state before Retry and Catch see it. TestState
// tells causes without the words about state and event in front.
func (t *Trial) failing(f *frame, e *stateError) {
	e.cause = strings.TrimPrefix(e.cause, fmt.Sprintf(placePrefix, f.state.Name, f.entered))
	t.failure, t.retrier = e, -1
	if e.fatal || asl.Uncatchable(e.name) {
		return
	}
	for i := range f.state.Retry {
		if matches(f.state.Retry[i].ErrorEquals, e) {
			t.retrier = i
			f.retries = make([]uint32, len(f.state.Retry))
			f.retries[i] = t.spec.RetryCount
			return
		}
	}
}

// End tells how the visit ended.
func (t *Trial) End() TrialEnd {
	x, f := t.x, t.f
	var end TrialEnd
	for _, v := range f.vars {
		end.Variables = append(end.Variables, Variable{Name: v.name, Value: x.value(&v.value)})
	}
	if t.failure != nil {
		end.Error, end.Cause = optional(t.failure.name), optional(t.failure.cause)
		if t.retrier >= 0 {
			i := t.retrier
			end.RetryIndex = &i
		}
	}
	switch {
	case x.outcome != nil && x.outcome.Status != "SUCCEEDED":
		end.Status, end.Error, end.Cause = TrialFailed, x.outcome.Error, x.outcome.Cause
	case x.outcome != nil:
		end.Status, end.Output = TrialSucceeded, x.value(&x.outcome.Output)
	case f.phase == phaseRetry:
		end.Status = TrialRetriable
		r := t.spec.State.Retry[t.retrier]
		r.FullJitter = false
		seconds := x.backoff(&r, f.retries[t.retrier]) / 1000
		end.BackoffSeconds = &seconds
	default:
		end.Status, end.Output, end.Next = TrialSucceeded, x.value(&f.input), f.state.Name
		if f.state == x.program.Body.StartAt { // it leads to itself
			end.Next = t.spec.State.Name
		}
		if t.failure != nil {
			end.Status, end.CatchIndex = TrialCaught, t.catcher()
		}
	}
	return end
}

func (t *Trial) catcher() *int {
	for i := range t.spec.State.Catch {
		if matches(t.spec.State.Catch[i].ErrorEquals, t.failure) {
			return &i
		}
	}
	return nil
}
