package interp

import (
	"math"

	"stile/asl"
	"stile/jsonval"
)

// wait starts a Wait's timer; a moment that has passed is no wait.
func (x *Execution) wait(f *frame) {
	in, ok := x.effective(f)
	if !ok {
		return
	}
	x.sawPath(f, "afterInputPath", in)
	at, err := x.waitUntil(f, in)
	switch {
	case err != nil:
		x.fail(f, err)
	case at-x.now > 1000*math.MaxInt32:
		x.fail(f, runtimeFault(f, "Wait state delay is too long."))
	case at <= x.now:
		x.leaveWait(f)
	default:
		x.setPhase(f, phaseWait)
		x.startTimer(f, &f.timer, at)
	}
}

// leaveWait goes on after the wait. "$" of Assign is the effective input.
func (x *Execution) leaveWait(f *frame) {
	if in, ok := x.effective(f); ok {
		x.leave(f, leaving{raw: in, result: in, keepAll: true})
	}
}

// waitUntil is the end of the wait in Unix milliseconds.
func (x *Execution) waitUntil(f *frame, in jsonval.Value) (int64, *stateError) {
	w := f.state.Wait
	switch {
	case w.HasSeconds:
		return x.afterSeconds(w.Seconds), nil
	case w.SecondsQuery != nil || w.TimestampQuery != nil:
		return x.queryWait(f)
	case w.SecondsPath != nil:
		v, err := w.SecondsPath.Eval(x.scopeOf(f, in))
		if err != nil {
			if err.Name != asl.ErrRuntime {
				return 0, evalError(f, err)
			}
			return 0, runtimeFault(f, "The SecondsPath parameter does not reference an input value: %s", w.SecondsPath.Text())
		}
		n, ok := v.Int()
		switch {
		case !ok:
			return 0, runtimeFault(f, "The SecondsPath parameter cannot be parsed as a long value: %s == %s", w.SecondsPath.Text(), plain(v))
		case n < 0:
			return 0, runtimeFault(f, "The SecondsPath parameter references a negative value: %s == %d", w.SecondsPath.Text(), n)
		}
		return x.afterSeconds(n), nil
	case w.TimestampPath != nil:
		v, err := w.TimestampPath.Eval(x.scopeOf(f, in))
		if err != nil {
			if err.Name != asl.ErrRuntime {
				return 0, evalError(f, err)
			}
			return 0, runtimeFault(f, "The TimestampPath parameter does not reference an input value: %s", w.TimestampPath.Text())
		}
		text, isText := v.Str()
		at, ok := moment(text)
		if !isText || !ok {
			return 0, runtimeFault(f, "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: %s == %s", w.TimestampPath.Text(), plain(v))
		}
		return at, nil
	}
	at, ok := moment(w.Timestamp)
	if !ok {
		return 0, runtimeFault(f, "The Timestamp parameter is not a valid ISO-8601 extended offset date-time format string: %s", w.Timestamp)
	}
	return at, nil
}

// afterSeconds is now + n s, without overflow: what is too long stays too long.
func (x *Execution) afterSeconds(n int64) int64 {
	return x.now + 1000*min(n, math.MaxInt32+1)
}

// plain is a value as AWS prints it in these causes: a string without quotes.
func plain(v jsonval.Value) string {
	if s, ok := v.Str(); ok {
		return s
	}
	return v.Text()
}

// moment reads a timestamp in Unix milliseconds, rounded up.
func moment(s string) (int64, bool) {
	t, ok := asl.ParseTimestamp(s)
	ms := t.UnixMilli()
	if t.Nanosecond()%1e6 != 0 {
		ms++
	}
	return ms, ok
}
