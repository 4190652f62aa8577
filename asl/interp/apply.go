package interp

import "stile/asl"

// Apply feeds one event and gives back everything that follows from it. It panics
// only where an invariant is broken: a record that contradicts the program, a
// blob that cannot be read, an event kind that does not exist.
func (x *Execution) Apply(ev Event) Changes {
	x.now, x.rand.state = ev.Time, ev.Seed
	x.transitions, x.bytes, x.work = 0, 0, 0
	x.missing, x.override = ev.Missing, ev.Override
	x.out = Changes{}
	if x.slice = 0; ev.Kind == EventContinue {
		x.slice = x.expected
	}
	x.changed, x.gone = x.changed[:0], x.gone[:0]
	clear(x.seen)
	if !x.handle(&ev) {
		return Changes{Stray: true}
	}
	x.run()
	x.finish()
	x.expected = max(len(x.out.History), 1)
	out := x.out
	x.out = Changes{}
	return out
}

// handle does what the event itself does; false means that it is a stray.
func (x *Execution) handle(ev *Event) bool {
	if ev.Kind == EventStarted {
		return x.begin(ev)
	}
	if ev.Kind == EventRedriven && x.root != nil {
		return x.redrive()
	}
	if x.root == nil || x.outcome != nil {
		return false
	}
	switch ev.Kind {
	case EventContinue:
		return len(x.queue) > 0
	case EventTimer:
		return x.timerDue(ev.Timer)
	case EventStop:
		x.stop(ev)
		return true
	case EventTaskSucceeded, EventTaskFailed, EventTaskSubmitted, EventHeartbeat, EventTaskStarted:
		f := x.byCommand[ev.Command]
		if f == nil || f.task.attempt != ev.Attempt {
			return false
		}
		return x.taskEvent(f, ev)
	case EventMapRunEnded:
		f := x.byRun[ev.Command]
		if f == nil {
			return false
		}
		x.mapRunEnded(f, ev)
		return true
	}
	x.broken("event kind %d", ev.Kind)
	return false
}

// begin starts the execution: a second EventStarted is a stray.
func (x *Execution) begin(ev *Event) bool {
	if x.root != nil {
		return false
	}
	if ev.Start == nil {
		x.broken("EventStarted without a Start")
	}
	start := *ev.Start
	if start.Semantics == 0 {
		start.Semantics = Semantics
	}
	if start.Semantics != Semantics {
		x.broken("semantics %d is not known here", start.Semantics)
	}
	x.start, x.newStart, x.status = &start, true, "RUNNING"
	x.limit()
	x.input = x.wrap(x.eventOutput(start.Input, ev.OutputBlob))
	start.Input = x.input.Value
	x.out.EventBlob = x.input.Blob
	x.startedAt = x.now
	x.root = &frame{key: rootKey, state: x.program.Body.StartAt, input: x.input}
	x.count(x.root, +1)
	x.emit("ExecutionStarted", 0, Details{Input: x.ref(x.input), RoleARN: start.RoleARN,
		VersionARN: start.VersionARN, AliasARN: start.AliasARN})
	x.startTimeout()
	x.enqueue(x.root, phaseEnter)
	return true
}

// timerDue wakes what waits for the timer.
func (x *Execution) timerDue(id uint64) bool {
	if id == 0 {
		return false
	}
	if id == x.timeout.id {
		x.timeout = timer{}
		name := asl.ErrTimeout
		x.emit("ExecutionTimedOut", 0, Details{Error: &name})
		x.end(Outcome{Status: "TIMED_OUT"})
		return true
	}
	f := x.byTimer[id]
	if f == nil {
		return false
	}
	delete(x.byTimer, id)
	x.touch(f)
	if f.task != nil && f.task.beatTimer.id == id {
		f.task.beatTimer = timer{}
		x.beatDue(f)
		return true
	}
	f.timer = timer{}
	switch f.phase {
	case phaseWait:
		x.leaveWait(f)
	case phaseRetry:
		x.enqueue(f, phaseAgain)
	case phaseTask:
		x.taskTimedOut(f, asl.ErrTimeout)
	default:
		x.broken("timer %d of a frame in phase %d", id, f.phase)
	}
	return true
}

// stop is StopExecution. AWS writes no Aborted event for the states that were
// open, and gives the last event no predecessor.
func (x *Execution) stop(ev *Event) {
	err, cause := optional(ev.Error), optional(ev.Cause)
	x.emit("ExecutionAborted", 0, Details{Error: err, Cause: cause})
	x.end(Outcome{Status: "ABORTED", Error: err, Cause: cause})
}

// run lets the ready frames go on until all wait, the slice is used up or the
// execution has ended. A frame keeps its turn until it waits; at the end of a
// slice it goes to the back of the queue, so a thread that never waits cannot
// keep the others from starting.
func (x *Execution) run() {
	taken := 0
	for taken < len(x.queue) && x.outcome == nil && !x.sliceUsed() {
		f := x.queue[taken]
		taken++
		if f.dropped || f.phase == phaseHeld {
			continue
		}
		f.ready, x.turn = 0, f
		x.touch(f)
		if f.phase == phaseAgain {
			x.setPhase(f, phaseBusy)
			x.execute(f)
		}
		for f.phase == phaseEnter && f.ready == 0 && x.outcome == nil && !f.dropped {
			if x.sliceUsed() {
				x.enqueue(f, phaseEnter)
				break
			}
			x.enter(f)
		}
	}
	x.turn = nil
	left := x.queue[:0]
	for _, f := range x.queue[taken:] {
		if !f.dropped && f.phase != phaseHeld {
			left = append(left, f)
		}
	}
	clear(x.queue[len(left):])
	x.queue = left
	x.out.More = len(x.queue) > 0 && x.outcome == nil
}

func (x *Execution) sliceUsed() bool {
	return x.transitions >= x.env.SliceTransitions || x.bytes >= x.env.SliceBytes || x.work >= sliceWork
}

// end closes the execution: nothing but the terminal event is written after it.
func (x *Execution) end(o Outcome) {
	x.status, x.outcome = o.Status, &o
}

// finish takes down what an ended execution has left, and writes the frames. Of one
// that did not succeed the frames stay, for a redrive.
func (x *Execution) finish() {
	if x.outcome != nil {
		x.out.Done = x.outcome
		x.cancelTimer(&x.timeout)
		if x.outcome.Status == "SUCCEEDED" {
			x.release(x.root)
			x.forget(x.root)
			x.root.task, x.root.ready, x.root.phase = nil, 0, phaseDone
		} else {
			x.holdFrame(x.root)
			x.holdChildren(x.root)
		}
		x.queue = nil
	}
	x.writeFrames()
	x.out.State = x.State()
	x.out.Waiting = x.Waiting()
}

// optional is nil for "".
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
