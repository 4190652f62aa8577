package engine

import (
	"encoding/binary"
	"fmt"
	"runtime/debug"

	"stile/asl/interp"
	"stile/internal/sfn"
)

// apply feeds one event to the turn's execution and adds what follows from it to
// the turn. It reports false where the event changed nothing: a stray, or an
// execution that has ended or is (now) in quarantine.
func (t *turn) apply(ev interp.Event) bool {
	l := t.live
	if l.x == nil {
		return false
	}
	ev.Time = max(t.h.now(), l.state.last)
	ev.Seed = t.h.seed()
	ev.Missing = t.h.missing(l.x)
	ch, trouble := applyCaught(l.x, ev)
	if l.unread != nil {
		return false // end refuses the turn
	}
	if trouble != "" {
		t.quarantine(trouble, "event", ev.Kind)
		return false
	}
	if ch.Stray {
		return false
	}
	ev.OutputBlob = ch.EventBlob
	t.changed = true
	l.state.seq++
	l.state.last, l.state.state, l.state.waiting = ev.Time, ch.State, ch.Waiting
	t.set(spaceJournal, l.id.key(l.state.seq), ev.Append(nil))
	t.addFrames(ch)
	t.addHistory(ch.History)
	t.addCommands(ch.Commands)
	t.addMore(ch.More)
	if ev.Kind == interp.EventStarted {
		t.tellStart()
	}
	if ch.Done != nil {
		t.finish(ch.Done, ev.Time)
	}
	t.notices = append(t.notices, sfn.Notice{
		ExecutionARN: l.arn(), Status: l.state.status.String(), State: l.state.state, Events: ch.History,
		TraceID: l.fixed.trace, ParentSpan: l.fixed.parentSpan, Redrives: int64(l.state.redrive.Count),
	})
	return true
}

// applyCaught is the one place where a panic of interp is caught.
func applyCaught(x *interp.Execution, ev interp.Event) (ch interp.Changes, trouble string) {
	defer func() {
		if r := recover(); r != nil {
			trouble = fmt.Sprintf("%v\n%s", r, debug.Stack())
		}
	}()
	return x.Apply(ev), ""
}

// quarantine takes the execution out of service: what it was before the event
// stands, nothing is applied to it any more, and its calls are refused.
func (t *turn) quarantine(trouble string, when ...any) {
	l := t.live
	why, _, _ := cutLine(trouble)
	l.x = nil
	l.state.quarantine = why
	l.state.waiting = "quarantine"
	t.changed = true
	// Told once it is durable: who reads the line may ask at once.
	log, told := t.h.log, append(when, "execution", l.arn(), "journal", l.state.seq, "error", trouble)
	t.after = append(t.after, func() { log.Error("execution in quarantine", told...) })
	t.notices = append(t.notices, sfn.Notice{ExecutionARN: l.arn(), Status: l.state.status.String(), State: l.state.state})
}

// lift takes an execution out of the quarantine that was found when it was loaded.
func (t *turn) lift() {
	st := &t.live.state
	st.quarantine, st.waiting, st.found, st.before = "", st.before, false, ""
	t.changed = true
	log, arn := t.h.log, t.live.arn()
	t.after = append(t.after, func() { log.Info("execution out of quarantine: it loads again", "execution", arn) })
	t.notices = append(t.notices, sfn.Notice{ExecutionARN: t.live.arn(), Status: st.status.String(), State: st.state})
}

func (t *turn) addFrames(ch interp.Changes) {
	id := t.live.id
	for _, f := range ch.Frames {
		if f.Data == nil {
			t.remove(spaceFrame, id.key(uint64(f.Key)))
		} else {
			t.set(spaceFrame, id.key(uint64(f.Key)), f.Data)
		}
	}
	for _, b := range ch.Blobs {
		raw := b.Value.Raw()
		t.set(spaceBlob, id.key(b.ID), append(append(make([]byte, 0, len(raw)+1), recordFormat), raw...))
	}
}

// addHistory packs the events of one Apply into one row under the first one's id:
// a networked store charges by the row.
func (t *turn) addHistory(events []interp.HistoryEvent) {
	if len(events) == 0 {
		return
	}
	row := append(make([]byte, 0, 96*len(events)), recordFormat)
	var one []byte
	for i := range events {
		one = interp.AppendHistory(one[:0], &events[i])
		row = binary.AppendUvarint(row, uint64(len(one)))
		row = append(row, one...)
	}
	t.set(spaceHistory, t.live.id.key(uint64(events[0].ID)), row)
}

func (t *turn) addCommands(commands []interp.Command) {
	l := t.live
	for i := range commands {
		c := &commands[i]
		switch c.Kind {
		case interp.StartTimer:
			l.timers[c.Timer] = c.At
			t.set(spaceTimer, timerKey(c.At, l.id, c.Timer), nil)
			t.timers = append(t.timers, timerChange{timerID{l.id, c.Timer}, c.At, true})
			if c.ID != 0 {
				t.backsOff(c.ID, c.Timer, c.At)
			}
		case interp.CancelTimer:
			t.dropTimer(c.Timer)
		case interp.ScheduleTask:
			t.schedule(c)
		case interp.CancelTask:
			t.gaveUp(c.ID)
			t.cancels = append(t.cancels, cancel{l.id, l.arn(), c.ID})
		case interp.StartMapRun:
			t.startRun(c)
		case interp.StopMapRun:
			t.stopRun(c.ID)
		case interp.RedriveMapRun:
			t.redriveRun(c)
		}
	}
}

func (t *turn) dropTimer(timer uint64) {
	l := t.live
	at, ok := l.timers[timer]
	if !ok {
		return
	}
	delete(l.timers, timer)
	t.backedOff(timer)
	t.remove(spaceTimer, timerKey(at, l.id, timer))
	t.timers = append(t.timers, timerChange{timerID{l.id, timer}, at, false})
}

// addMore keeps, durably, that a slice is to be continued, and queues the
// execution behind the others of its shard.
func (t *turn) addMore(more bool) {
	l := t.live
	_, marked := l.work[0]
	if more && !marked {
		t.putWork(0, &work{workRecord: workRecord{phase: workContinue}})
	}
	if !more && marked {
		t.dropWork(0)
	}
	if more {
		s := t.h.shardOf(l.id)
		s.do(func() { s.resume(l.id) })
	}
}

// finish writes the end: visibility, listings, and nothing left to do.
func (t *turn) finish(o *interp.Outcome, at int64) {
	l := t.live
	l.state.status, l.state.stop = codeOf(o.Status), at
	l.state.output, l.state.err, l.state.cause = o.Output, o.Error, o.Cause
	for _, c := range sortedKeys(l.work) {
		t.dropWork(c)
	}
	for _, timer := range sortedKeys(l.timers) {
		t.dropTimer(timer)
	}
	t.disarm()
	t.stopRuns()
	if o.Status != sfn.Succeeded {
		l.state.redrive.Events = l.x.LastEvent()
	}
	l.x = nil
	t.putIndex()
	t.tellEnd(o.Status)
	if l.fixed.child == "" { // a child is not counted among its machine's executions
		t.after = append(t.after, func() { t.h.machines.ended(l.fixed.machineARN) })
	}
}
