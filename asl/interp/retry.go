package interp

import (
	"slices"

	"stile/asl"
	"stile/jsonval"
)

// fail is an error of f's state: retried, caught, or the end of the thread. The
// thread's last event is the one that failed.
func (x *Execution) fail(f *frame, e *stateError) {
	if x.outcome != nil {
		return
	}
	if x.trial != nil {
		x.trial.failing(f, e)
	}
	if e.fatal || e.name == asl.ErrRuntime {
		x.failExecution(f.prev, e)
		return
	}
	if x.retry(f, e) || x.catch(f, e) {
		return
	}
	x.failThread(f, e)
}

// failThread ends f's thread with an error that its state did not handle.
func (x *Execution) failThread(f *frame, e *stateError) {
	if f.parent == nil {
		x.failExecution(f.prev, e)
		return
	}
	x.childFailed(f, e)
}

// retry starts the back-off of the first retrier that names the error, if it has
// attempts left. Counters are the retriers' own and live for one visit of the
// state.
func (x *Execution) retry(f *frame, e *stateError) bool {
	list := f.state.Retry
	for i := range list {
		r := &list[i]
		if !matches(r.ErrorEquals, e) {
			continue
		}
		if f.retries == nil {
			f.retries = make([]uint32, len(list))
		}
		if int64(f.retries[i]) >= r.MaxAttempts {
			return false
		}
		f.retries[i]++
		f.retryCount++
		if f.task != nil && e.definite {
			f.task.keyID++
		}
		x.setPhase(f, phaseRetry)
		x.startTimer(f, &f.timer, x.now+x.backoff(r, f.retries[i]))
		return true
	}
	return false
}

// maxDelay bounds a back-off, in milliseconds: a year is the life of an execution,
// beyond it the delay is a timeout anyway.
const maxDelay = 366 * 24 * 3600 * 1000

// backoff is the delay in milliseconds before retry n (from 1).
func (x *Execution) backoff(r *asl.Retrier, n uint32) int64 {
	top := float64(maxDelay)
	if r.MaxDelaySeconds > 0 {
		top = min(top, 1000*float64(r.MaxDelaySeconds))
	}
	// Multiplied out, not math.Pow: that may differ in its last bit between
	// processors, and a replay must give the same delay on all.
	ms := 1000 * float64(r.IntervalSeconds)
	for ; n > 1 && ms < top && r.BackoffRate != 1; n-- {
		ms *= r.BackoffRate
	}
	delay := int64(min(ms, top))
	if r.FullJitter {
		return x.rand.upTo(delay)
	}
	return delay
}

// catch goes to the first catcher that names the error.
func (x *Execution) catch(f *frame, e *stateError) bool {
	list := f.state.Catch
	for i := range list {
		c := &list[i]
		if !matches(c.ErrorEquals, e) {
			continue
		}
		out := errorOutput(e)
		x.leave(f, leaving{raw: out, result: out, caught: c, assign: c.Assign, next: c.Next})
		return true
	}
	return false
}

// matches is asl.Matches, with the second name of a timeout, and with
// States.ALL for a Task's oversized answer: AWS was recorded to catch that one by
// it (the same error of a state's output is fatal and never comes here).
func matches(names []string, e *stateError) bool {
	switch {
	case asl.Matches(names, e.name), e.alias != "" && asl.Matches(names, e.alias):
		return true
	case e.name == asl.ErrDataLimitExceeded:
		return slices.Contains(names, asl.ErrAll)
	}
	return false
}

// errorOutput is the object a catcher gets. An error or cause that nobody gave is
// null, but a timeout's cause is the empty text.
func errorOutput(e *stateError) jsonval.Value {
	text := func(s string) jsonval.Value {
		if s == "" && e.alias == "" {
			return jsonval.NullValue
		}
		return jsonval.OfString(s)
	}
	var o jsonval.Object
	return o.Add("Error", text(e.name)).Add("Cause", text(e.cause)).Value()
}
