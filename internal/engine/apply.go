package engine

import (
	"fmt"
	"runtime/debug"

	rules "stile/asl/history" // "history" is what the tests call the reading of one
	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// apply feeds one event to the turn's execution and adds what follows from it to
// the turn. It reports false where the event changed nothing: a stray, or an
// execution that has ended or is (now) in quarantine.
func (t *turn) apply(ev interp.Event) bool {
	if t.live.x == nil {
		return false
	}
	ev.Seed = t.h.seed()
	ev.Missing = t.h.missing(t.live.x)
	return t.applyAs(ev)
}

// applyAs is apply with the event's own chance and activities.
func (t *turn) applyAs(ev interp.Event) bool {
	l := t.live
	if l.x == nil {
		return false
	}
	ev.Time = max(t.h.now(), l.state.Last)
	last := l.x.LastEvent()
	ch, trouble := applyCaught(l.x, ev)
	if l.unread != nil {
		return false // end refuses the turn
	}
	if tear := t.h.committer.plant.tear; tear != nil {
		tear(&ch)
	}
	if trouble == "" && !ch.Stray {
		trouble = rules.CheckTurn(last, ev.Time, ch.Done != nil, ch.History)
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
	l.state.Seq++
	l.state.Last, l.state.State, l.state.Waiting = ev.Time, ch.State, ch.Waiting
	t.set(record.SpaceJournal, l.id.Key(l.state.Seq), ev.Append(nil))
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
		ExecutionARN: l.arn(), Status: l.state.Status.String(), State: l.state.State, Events: ch.History,
		TraceID: l.fixed.Trace, ParentSpan: l.fixed.ParentSpan, Redrives: int64(l.state.Redrive.Count),
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
	l.state.Quarantine = why
	l.state.Waiting = "quarantine"
	t.changed = true
	// Told once it is durable: who reads the line may ask at once.
	log, told := t.h.log, append(when, "execution", l.arn(), "journal", l.state.Seq, "error", trouble)
	t.after = append(t.after, func() { log.Error("execution in quarantine", told...) })
	t.notices = append(t.notices, sfn.Notice{ExecutionARN: l.arn(), Status: l.state.Status.String(), State: l.state.State})
}

// lift takes an execution out of the quarantine that was found when it was loaded.
func (t *turn) lift() {
	st := &t.live.state
	st.Quarantine, st.Waiting, st.Found, st.Before = "", st.Before, false, ""
	t.changed = true
	log, arn := t.h.log, t.live.arn()
	t.after = append(t.after, func() { log.Info("execution out of quarantine: it loads again", "execution", arn) })
	t.notices = append(t.notices, sfn.Notice{ExecutionARN: t.live.arn(), Status: st.Status.String(), State: st.State})
}

func (t *turn) addFrames(ch interp.Changes) {
	id := t.live.id
	for _, f := range ch.Frames {
		t.putFrame(id, f)
	}
	for _, b := range ch.Blobs {
		raw := b.Value.Raw()
		t.set(record.SpaceBlob, id.Key(b.ID), append(append(make([]byte, 0, len(raw)+1), codec.Format), raw...))
	}
}

// putFrame writes a frame. What an event before it wrote of the same frame in this
// turn gives way.
func (t *turn) putFrame(id record.ID, f interp.FrameChange) {
	at, again := t.frames[f.Key]
	if !again {
		if t.frames == nil {
			t.frames = make(map[uint32]int, 4)
		}
		t.frames[f.Key] = len(t.ops)
		if f.Data == nil {
			t.remove(record.SpaceFrame, id.Key(uint64(f.Key)))
		} else {
			t.set(record.SpaceFrame, id.Key(uint64(f.Key)), f.Data)
		}
		return
	}
	op := &t.ops[at]
	t.bytes += len(f.Data) - len(op.Value)
	if op.Kind, op.Value = kv.Set, f.Data; f.Data == nil {
		op.Kind = kv.Delete
	}
}

// historyRow is about how large a row of history becomes before the next one begins.
const historyRow = 16 << 10

// addHistory packs the events of a turn into one row under the first one's id: a
// store charges by the row.
func (t *turn) addHistory(events []interp.HistoryEvent) {
	if len(events) == 0 {
		return
	}
	if at := t.history - 1; at >= 0 && len(t.ops[at].Value) < historyRow {
		row := record.AppendHistory(t.ops[at].Value, events)
		t.bytes += len(row) - len(t.ops[at].Value)
		t.ops[at].Value = row
		return
	}
	t.history = len(t.ops) + 1
	t.set(record.SpaceHistory, t.live.id.Key(uint64(events[0].ID)), record.EncodeHistory(events))
}

func (t *turn) addCommands(commands []interp.Command) {
	l := t.live
	for i := range commands {
		c := &commands[i]
		switch c.Kind {
		case interp.StartTimer:
			l.timers[c.Timer] = c.At
			t.set(record.SpaceTimer, record.TimerKey(c.At, l.id, c.Timer), nil)
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
			if t.repeated[c.ID] > 0 {
				t.repeated[c.ID]--
				continue
			}
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
	t.remove(record.SpaceTimer, record.TimerKey(at, l.id, timer))
	t.timers = append(t.timers, timerChange{timerID{l.id, timer}, at, false})
}

// addMore keeps, durably, that a slice is to be continued, and queues the
// execution behind the others of its shard.
func (t *turn) addMore(more bool) {
	l := t.live
	_, marked := l.work[0]
	if more && !marked {
		t.putWork(0, &work{Work: record.Work{Phase: record.Continue}})
	}
	if !more && marked {
		t.dropWork(0)
	}
	if more {
		// Behind this slice's group: an execution that loops must not fill the way to the
		// disk, on which all others wait too.
		s := t.h.shardOf(l.id)
		t.after = append(t.after, func() { s.do(func() { s.resume(l.id) }) })
	}
}

// finish writes the end: visibility, listings, and nothing left to do.
func (t *turn) finish(o *interp.Outcome, at int64) {
	l := t.live
	l.state.Status, l.state.Stop = record.StatusOf(o.Status), at
	l.state.Output, l.state.Err, l.state.Cause = o.Output, o.Error, o.Cause
	for _, c := range sortedKeys(l.work) {
		t.dropWork(c)
	}
	for _, timer := range sortedKeys(l.timers) {
		t.dropTimer(timer)
	}
	t.disarm()
	t.stopRuns()
	if o.Status != sfn.Succeeded {
		l.state.Redrive.Events = l.x.LastEvent()
	}
	l.x = nil
	t.indexed(true, o.Output.Value)
	t.putIndex()
	t.tellEnd(o.Status)
	if l.fixed.Child == "" { // a child is not counted among its machine's executions
		t.after = append(t.after, func() { t.h.machines.Ended(l.fixed.MachineARN) })
	}
}
