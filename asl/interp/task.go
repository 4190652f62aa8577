package interp

import (
	"slices"

	"stile/asl"
	"stile/jsonval"
)

// The suffixes of a Resource that change what an answer means.
const tokenPattern = "waitForTaskToken"

// Lives of task tokens in milliseconds: where a state has no timeout, and of an
// activity, whose clock starts only when a worker takes it (the longest timeout
// that the language allows).
const (
	callbackLife = 24 * 3600 * 1000
	longestTask  = 99999999 * 1000
)

// attempt sends a Task out, for the first time or again. Its parameters are
// evaluated anew each time: they may hold the retry count or the task token.
func (x *Execution) attempt(f *frame) {
	t := f.task
	if t == nil {
		x.nextCommand++
		t = &taskWork{command: x.nextCommand, keyID: 1}
		f.task = t
	}
	t.attempt++
	t.started, t.submitted, t.params = false, false, Payload{}
	timeout, heartbeat, ok := x.timeouts(f)
	if !ok {
		return
	}
	t.timeout, t.heartbeat, t.timeoutAt, t.expiry = 1000*timeout, 1000*heartbeat, 0, x.now+callbackLife
	switch {
	case f.state.Task.Kind == asl.ActivityARN:
		t.expiry = x.now + longestTask
	case timeout > 0:
		t.timeoutAt = x.now + t.timeout
		t.expiry = t.timeoutAt
	}
	params, ok := x.arguments(f)
	if !ok {
		return
	}
	role, ok := x.credentials(f)
	if !ok {
		return
	}
	if !x.fits(params) {
		e := exceeded(f.state.Name)
		e.fatal = true
		x.fail(f, e)
		return
	}
	if x.env.CheckParameters != nil && f.state.Task.Kind == asl.Integration {
		if what := x.env.CheckParameters(f.state.Task.Resource, params); what != "" {
			x.fail(f, runtimeFault(f, "The Parameters '%s' could not be used to start the Task: [%s]", params.Text(), what))
			return
		}
	}
	if slices.Contains(x.missing, f.state.Task.Resource) && !x.start.Mocks.Get(f.state.Name).Exists() {
		x.fail(f, runtimeFault(f, "The activity %s does not exist.", f.state.Task.Resource))
		return
	}
	t.params = x.wrap(params)
	x.countMock(f)
	x.setPhase(f, phaseTask)
	x.writeScheduled(f, timeout, heartbeat, role)
	if f.state.Task.Kind != asl.ActivityARN {
		x.writeStarted(f, "")
	}
	if x.outcome != nil {
		x.setPhase(f, phaseBusy)
		return
	}
	x.byCommand[t.command] = f
	x.command(x.scheduleCommand(f))
	if t.started {
		x.startClocks(f)
	}
}

// startClocks starts the attempt's timers. The clocks run from the Started event:
// for an activity that is when a worker takes the task.
func (x *Execution) startClocks(f *frame) {
	t := f.task
	if t.timeout > 0 {
		t.timeoutAt = x.now + t.timeout
		x.startTimer(f, &f.timer, t.timeoutAt)
	}
	if t.heartbeat > 0 {
		x.startTimer(f, &t.beatTimer, x.now+t.heartbeat)
	}
}

func (x *Execution) scheduleCommand(f *frame) Command {
	c := Command{
		Kind: ScheduleTask, ID: f.task.command, Attempt: f.task.attempt, KeyID: f.task.keyID,
		State: f.state.Name, Resource: f.state.Task.Resource, Entered: f.entered,
		Parameters: f.task.params, NamedValues: f.state.Task.NamedValues, TimeoutAt: f.task.timeoutAt, Frame: f.key,
	}
	if f.state.Task.Pattern == tokenPattern || f.state.Task.Kind == asl.ActivityARN {
		c.TaskToken = x.token(f) // the task ends by it; a .sync one by its job
	}
	c.Mock = x.mockOf(f)
	return c
}

// timeouts are TimeoutSeconds and HeartbeatSeconds or their paths, 0 for none.
func (x *Execution) timeouts(f *frame) (timeout, heartbeat int64, ok bool) {
	t := f.state.Task
	timeout, heartbeat = t.TimeoutSeconds, t.HeartbeatSeconds
	if t.TimeoutQuery != nil {
		if timeout, ok = x.secondsField(f, t.TimeoutQuery, "TimeoutSeconds"); !ok {
			return 0, 0, false
		}
	}
	if t.HeartbeatQuery != nil {
		if heartbeat, ok = x.secondsField(f, t.HeartbeatQuery, "HeartbeatSeconds"); !ok {
			return 0, 0, false
		}
	}
	if t.TimeoutPath == nil && t.HeartbeatPath == nil {
		return timeout, heartbeat, true
	}
	in, ok := x.effective(f)
	if !ok {
		return 0, 0, false
	}
	if t.TimeoutPath != nil {
		if timeout, ok = x.seconds(f, in, t.TimeoutPath, "TimeoutSecondsPath"); !ok {
			return 0, 0, false
		}
	}
	if t.HeartbeatPath != nil {
		if heartbeat, ok = x.seconds(f, in, t.HeartbeatPath, "HeartbeatSecondsPath"); !ok {
			return 0, 0, false
		}
	}
	return timeout, heartbeat, true
}

func (x *Execution) seconds(f *frame, in jsonval.Value, path *asl.Expr, field string) (int64, bool) {
	v, err := path.Eval(x.scopeOf(f, in))
	if !x.ok(f, err) {
		return 0, false
	}
	n, isInt := v.Int()
	if !isInt || n <= 0 || n > 99999999 {
		x.fail(f, runtimeFault(f, "The %s field refers to value \"%s\" which is not a valid integer: %s", field, plain(v), path.Text()))
		return 0, false
	}
	return n, true
}

// credentials is the RoleArn of Credentials, "" where there are none.
func (x *Execution) credentials(f *frame) (string, bool) {
	if f.state.Task.Credentials == nil {
		return "", true
	}
	in, ok := x.effective(f)
	if !ok {
		return "", false
	}
	if t := f.state.Task.Credentials.Member("RoleArn"); t != nil && inJSONata(f) {
		v, err := t.EvalAs(x.scopeOf(f, in), "string")
		role, _ := v.Str()
		return role, x.ok(f, err)
	}
	v, err := f.state.Task.Credentials.Eval(x.scopeOf(f, in))
	if !x.ok(f, err) {
		return "", false
	}
	role, isText := v.Get("RoleArn").Str()
	if !isText {
		x.fail(f, runtimeFault(f, "The Credentials field 'RoleArn' must be a string but was: %s", v.Get("RoleArn").Text()))
	}
	return role, isText
}

// taskEvent is an event for f's current attempt; false where it changes nothing.
func (x *Execution) taskEvent(f *frame, ev *Event) bool {
	switch ev.Kind {
	case EventHeartbeat:
		f.task.beat = max(f.task.beat, x.now)
		x.touch(f)
	case EventTaskStarted:
		if f.task.started {
			return false
		}
		x.writeStarted(f, ev.WorkerName)
		if x.outcome == nil {
			x.startClocks(f)
		}
	case EventTaskSubmitted:
		if f.task.submitted || f.state.Task.Pattern == "" {
			return false
		}
		x.taskSubmitted(f, ev)
	case EventTaskSucceeded:
		x.taskSucceeded(f, ev)
	case EventTaskFailed:
		x.settle(f)
		x.taskFailed(f, &stateError{name: ev.Error, cause: cut(ev.Cause), fatal: ev.Uncatchable, definite: ev.Definite})
	}
	return true
}

func (x *Execution) taskSubmitted(f *frame, ev *Event) {
	v := x.eventOutput(ev.Output, ev.OutputBlob)
	if !x.fits(v) {
		x.settle(f)
		e := exceeded(f.state.Task.Service)
		e.definite = true
		x.taskFailed(f, e)
		return
	}
	out := x.wrap(v)
	x.out.EventBlob = out.Blob
	f.task.submitted = true
	x.writeTask(f, "Submitted", Details{Output: &out})
}

func (x *Execution) taskSucceeded(f *frame, ev *Event) {
	x.settle(f)
	v := x.eventOutput(ev.Output, ev.OutputBlob)
	if !x.fits(v) {
		who := f.state.Task.Resource
		if f.state.Task.Kind == asl.Integration {
			who = f.state.Task.Service
		}
		e := exceeded(who)
		e.definite = true
		x.taskFailed(f, e)
		return
	}
	out := x.wrap(v)
	x.out.EventBlob = out.Blob
	if !f.task.started {
		x.writeStarted(f, "")
	}
	x.writeTask(f, "Succeeded", Details{Output: &out})
	x.saw("result", out.Value)
	x.completed(f, out.Value, 0)
}

// completed goes on with a result: of a Task, the branches or the items. last is what
// the Exited event follows, where that is not the frame's last event.
func (x *Execution) completed(f *frame, result jsonval.Value, last int64) {
	l := leaving{raw: result, result: result, follows: last}
	if f.state.ResultSelector != nil && x.outcome == nil {
		v, err := f.state.ResultSelector.Eval(x.scopeOf(f, result))
		if err != nil {
			e := x.evaluated(f, err)
			e.definite = true
			x.fail(f, e)
			return
		}
		l.result = v
	}
	x.sawPath(f, "afterResultSelector", l.result)
	x.leave(f, l)
}

// taskFailed writes the attempt's failure and hands it to Retry and Catch.
func (x *Execution) taskFailed(f *frame, e *stateError) {
	if !f.task.started {
		x.writeStarted(f, "")
	}
	x.writeTask(f, "Failed", Details{Error: optional(e.name), Cause: optional(e.cause)})
	x.fail(f, e)
}

// taskTimedOut ends the attempt by a timer of ours: by the history and to Retry
// and Catch a States.Timeout, for a missed heartbeat too.
func (x *Execution) taskTimedOut(f *frame, alias string) {
	x.release(f)
	name := asl.ErrTimeout
	x.writeTask(f, "TimedOut", Details{Error: &name})
	x.fail(f, &stateError{name: name, alias: alias})
}

// beatDue is the heartbeat's timer. Heartbeats move the deadline without
// touching the timer, so it looks whether the time is really up.
func (x *Execution) beatDue(f *frame) {
	if due := f.task.beat + f.task.heartbeat; due > x.now {
		x.startTimer(f, &f.task.beatTimer, due)
		return
	}
	x.taskTimedOut(f, asl.ErrHeartbeatTimeout)
}
