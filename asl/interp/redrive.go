package interp

import "stile/asl"

// Redriving: an execution that did not succeed keeps its frames. At the end each
// thread that was not done is held: its task, timers and Map Run are given up as
// ever, and its frame says what it does when the execution is redriven. The frames
// of branches and iterations that were done keep their results.
//
// The obvious way is to keep nothing and to replay the journal up to its last
// event. It would need the same held frames at that point, cost the whole past for
// each redrive, and stop the shard of 25,000 events for all that time.

// heldPhases are what a held frame may do next.
func heldPhase(p phase) bool {
	return p == phaseEnter || p == phaseAgain || p == phaseChildren || p == phaseMapRun
}

// hold gives up what f and the frames below it have out, the innermost first, as
// drop does, and keeps the frames for a redrive.
func (x *Execution) hold(f *frame) {
	if f.phase == phaseDone || f.phase == phaseHeld {
		return
	}
	x.holdChildren(f)
	x.holdFrame(f)
}

// holdChildren holds the frames of f's Parallel or Map.
func (x *Execution) holdChildren(f *frame) {
	if f.kids == nil {
		return
	}
	for _, c := range f.kids.frames {
		x.hold(c)
	}
}

// holdFrame holds one thread.
func (x *Execution) holdFrame(f *frame) {
	next, run := phaseAgain, f.run
	switch {
	case f.kids != nil:
		next = phaseChildren
	case run != nil:
		next = phaseMapRun
	case f.phase == phaseEnter:
		next = phaseEnter
	}
	x.release(f)
	f.run, f.held = run, next
	f.task, f.retries, f.retryCount, f.ready = nil, nil, 0, 0
	for i := range f.vars {
		x.resize(-len(f.vars[i].value.Value.Raw()))
	}
	x.setPhase(f, phaseHeld)
}

// discard takes out the held frames of f's Parallel or Map: it is tried again or
// its error is caught, so that nobody comes back to them. They stay where the
// execution ended while the error was being caught.
func (x *Execution) discard(f *frame) {
	if f.kids == nil || f.dropped || x.outcome != nil && (f.phase == phaseBusy || f.phase == phaseHeld) {
		return
	}
	for _, c := range f.kids.frames {
		x.drop(c)
	}
	f.kids = nil
	x.touch(f)
}

// Redrivable reports whether EventRedriven would be taken: the execution ended
// otherwise than well, its frames were kept, and its history has room. Those that
// ended before frames were kept have none.
func (x *Execution) Redrivable() bool {
	return x.outcome != nil && x.root.phase == phaseHeld && x.lastEvent+1 < int64(x.env.MaxHistory)
}

// redrive is RedriveExecution: threads that were held go on where they were, with
// new counters for their retriers and a new clock for the execution's timeout. A
// Map Run's Express child begins anew, as one that is started again.
func (x *Execution) redrive() bool {
	if !x.Redrivable() {
		return false
	}
	x.status, x.outcome = "RUNNING", nil
	x.redrives++
	x.redrivenAt, x.variables, x.queue = x.now, -1, nil
	x.waits, x.tokens = [phases]int{}, 0
	for _, f := range x.live() {
		x.count(f, +1)
	}
	count := int64(x.redrives)
	at := x.emit("ExecutionRedriven", x.lastEvent, Details{RedriveCount: &count})
	x.startTimeout()
	if x.start.Type == "EXPRESS" {
		x.rewind(at)
		return true
	}
	x.wake(x.root, at)
	return true
}

// rewind takes the execution back to its first state.
func (x *Execution) rewind(at int64) {
	f := x.root
	if f.kids != nil {
		for _, c := range f.kids.frames {
			x.drop(c)
		}
		f.kids = nil
	}
	x.forget(f)
	f.state, f.input, f.run, f.held, f.result, f.prev = x.program.Body.StartAt, x.input, nil, 0, Payload{}, at
	x.enqueue(f, phaseEnter)
}

// wake lets a held frame go on; at is the history id of ExecutionRedriven.
func (x *Execution) wake(f *frame, at int64) {
	if f.phase != phaseHeld || x.outcome != nil {
		return
	}
	next := f.held
	f.held, f.prev = 0, at
	switch next {
	case phaseChildren:
		x.wakeChildren(f, at)
	case phaseMapRun:
		x.redriveMapRun(f)
	default:
		x.enqueue(f, next)
	}
}

// wakeChildren goes on with a Parallel or Map. Those of its threads that were done
// are as they were; items that never started have their turn as ever.
func (x *Execution) wakeChildren(f *frame, at int64) {
	k := f.kids
	k.open = 0
	for _, c := range k.frames {
		if c.phase == phaseHeld {
			k.open++
		}
	}
	x.setPhase(f, phaseChildren)
	for _, c := range k.frames {
		x.wake(c, at)
	}
	limit := x.concurrencyAgain(f)
	for x.outcome == nil && f.kids == k && k.next < k.total && k.open < limit {
		x.startChild(f, at)
	}
	if x.outcome == nil && f.kids == k && k.open == 0 && k.next == k.total {
		x.childrenDone(f, at)
	}
}

// concurrencyAgain is how many threads of f may run at a time, told once more: an
// error of it would have shown before.
func (x *Execution) concurrencyAgain(f *frame) uint32 {
	if f.state.Type != asl.Map {
		return f.kids.total
	}
	m := f.state.Map.MaxConcurrency
	n := int64(m.Literal)
	if m.Path != nil {
		in := x.value(&f.input)
		if p := &f.state.InputPath; p.Path != nil || p.Null {
			in, _ = p.Eval(x.scopeOf(f, in), "InputPath")
		}
		v, _ := m.Path.Eval(x.scopeOf(f, in))
		n, _ = v.Int()
	}
	if m.Query != nil {
		n, _ = x.queryInt(f, m.Query, "MaxConcurrency", 0)
	}
	if n <= 0 || n > inlineConcurrency {
		n = inlineConcurrency
	}
	return uint32(n)
}

// redriveMapRun goes on with the Map Run that f waited for: the same run, with the
// children that did not succeed.
func (x *Execution) redriveMapRun(f *frame) {
	f.run.redrives++
	count := int64(f.run.redrives)
	x.step(f, "MapRunRedriven", Details{MapRunARN: f.run.spec.ARN, RedriveCount: &count})
	if x.outcome != nil { // the history is full: the run was not redriven
		f.run.redrives--
		f.held = phaseMapRun
		x.touch(f)
		return
	}
	x.byRun[f.run.command] = f
	x.setPhase(f, phaseMapRun)
	c := x.mapRunCommand(f)
	c.Kind, c.Attempt = RedriveMapRun, f.run.redrives
	x.command(c)
}

func (x *Execution) startTimeout() {
	if s := x.program.TimeoutSeconds; s > 0 {
		x.nextTimer++
		x.timeout = timer{id: x.nextTimer, at: x.now + 1000*s}
		x.command(Command{Kind: StartTimer, Timer: x.timeout.id, At: x.timeout.at})
	}
}
