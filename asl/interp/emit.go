package interp

import (
	"fmt"
	"unicode/utf8"

	"stile/asl"
)

// emit writes one history event and gives its id. Nothing is written after the
// end. The event that would take the last id AWS allows is replaced by the
// execution's failure.
func (x *Execution) emit(typ string, prev int64, d Details) int64 {
	if x.outcome != nil {
		return 0
	}
	if x.lastEvent+1 >= int64(x.env.MaxHistory) && !terminal(typ) {
		e := stateError{name: asl.ErrRuntime, cause: fmt.Sprintf("The execution reached the maximum number of history events (%d).", x.env.MaxHistory)}
		x.failExecution(prev, &e)
		return 0
	}
	x.lastEvent++
	x.roomForEvent()
	x.out.History = append(x.out.History, HistoryEvent{ID: x.lastEvent, Previous: prev, Time: x.now, Type: typ, Details: d})
	return x.lastEvent
}

// roomForEvent makes room for one more history event. The first room is for as many
// as the slice before this one wrote, or for those of the event before, where they
// were few: a Task's answer and the next Task sent make five. Then it doubles, since
// append's own steps of a quarter copy a long slice's events five times.
func (x *Execution) roomForEvent() {
	h := x.out.History
	if len(h) < cap(h) {
		return
	}
	x.out.History = append(make([]HistoryEvent, 0, max(min(x.expected, 8), 2*len(h), x.slice)), h...)
}

// reserve makes room for n more history events at once.
func (x *Execution) reserve(n int) {
	h := x.out.History
	if cap(h)-len(h) < n {
		x.out.History = append(make([]HistoryEvent, 0, len(h)+n), h...)
	}
}

// step is emit for an event of f's own thread: its predecessor is the thread's
// last event, and it becomes that itself.
func (x *Execution) step(f *frame, typ string, d Details) {
	if id := x.emit(typ, f.prev, d); id != 0 {
		f.prev = id
		x.touch(f)
	}
}

// stateEvents are the types of a state's own events, made once.
type stateEvents struct{ entered, exited, succeeded, failed, aborted string }

var eventsOf = func() map[asl.StateType]*stateEvents {
	m := map[asl.StateType]*stateEvents{}
	for _, t := range []asl.StateType{asl.Task, asl.Pass, asl.Choice, asl.Wait, asl.Succeed, asl.Fail, asl.Parallel, asl.Map} {
		s := string(t) + "State"
		m[t] = &stateEvents{s + "Entered", s + "Exited", s + "Succeeded", s + "Failed", s + "Aborted"}
	}
	return m
}()

func terminal(typ string) bool {
	switch typ {
	case "ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted":
		return true
	}
	return false
}

// ref is a payload for Details, apart from the frame's own.
func (x *Execution) ref(p Payload) *Payload { return &p }

// failExecution ends the execution as FAILED.
func (x *Execution) failExecution(prev int64, e *stateError) {
	err, cause := optional(e.name), optional(e.cause)
	x.emit("ExecutionFailed", prev, Details{Error: err, Cause: cause})
	x.end(Outcome{Status: "FAILED", Error: err, Cause: cause})
}

// stateError is an error on its way from a state to a Retry, a Catch or the end.
// Empty texts are absent ones, as in SendTaskFailure without them.
type stateError struct {
	name, cause string
	// alias is a second name that ErrorEquals may use (States.HeartbeatTimeout).
	alias string
	// fatal errors are seen by no Retry and no Catch and end the execution.
	fatal bool
	// definite says that the callee's answer was seen.
	definite bool
}

// exceeded is States.DataLimitExceeded of a state or task, in AWS's words.
func exceeded(who string) *stateError {
	return &stateError{
		name:  asl.ErrDataLimitExceeded,
		cause: "The state/task '" + who + "' returned a result with a size exceeding the maximum number of bytes service limit.",
	}
}

// maxCause is how many bytes of a cause AWS keeps.
const maxCause = 32768

// cut shortens a cause to maxCause, at a character's border.
func cut(s string) string { return cutTo(s, maxCause) }

func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// placePrefix are the words about state and event in front of a cause.
const placePrefix = "An error occurred while executing the state '%s' (entered at the event id #%d). "

// evalError is an expression's error, with the prefix that AWS puts before the
// causes of errors it finds itself.
func evalError(f *frame, e *asl.EvalError) *stateError {
	if e.Name == asl.ErrDataLimitExceeded { // more than any payload
		large := exceeded(f.state.Name)
		large.fatal = true
		return large
	}
	return &stateError{
		name:  e.Name,
		cause: cut(fmt.Sprintf(placePrefix, f.state.Name, f.entered) + e.Cause),
	}
}

// runtimeFault is a States.Runtime error of f's state.
func runtimeFault(f *frame, format string, args ...any) *stateError {
	return evalError(f, &asl.EvalError{Name: asl.ErrRuntime, Cause: fmt.Sprintf(format, args...)})
}
