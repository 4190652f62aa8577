package engine

import (
	"context"
	"errors"
	"time"

	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/engine/redrive"
	"stile/internal/engine/visibility"
	"stile/internal/sfn"
)

// RedriveExecution lets an execution that ended otherwise than well go on, and gives
// the date of that. A client token that was given before gives the date of then.
func (h *Host) RedriveExecution(ctx context.Context, arn, token string) (time.Time, error) {
	if err := h.refuses(); err != nil {
		return time.Time{}, err
	}
	if err := h.admission(ctx); err != nil {
		return time.Time{}, err
	}
	id := record.IDOf(arn)
	s := h.shardOf(id)
	at, err := ask(ctx, s, func(reply func(int64, error)) { s.redrive(arn, token, reply) })
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(at), nil
}

// redrive answers once what it did, or saw, is durable.
func (s *shard) redrive(arn, token string, reply func(int64, error)) {
	id := record.IDOf(arn)
	l, err := s.lookup(id)
	if err == nil && l == nil {
		err = sfn.ExecutionDoesNotExist(arn)
	}
	if err == nil {
		err = l.quarantined()
	}
	if err == nil && l.redriven == nil {
		err = s.h.readTokens(l)
	}
	if err != nil {
		reply(0, err)
		return
	}
	again := func() { s.redrive(arn, token, reply) }
	at, known := l.redriven.Find(token, s.h.now())
	if !known {
		if err = s.h.revivable(l); err == nil {
			if s.unsettled(l, again, reply) {
				return
			}
			err = s.h.restoreEnded(l)
		}
	}
	if known || err != nil {
		t := s.turn(l)
		t.replies = append(t.replies, func(failed error) { reply(at, firstError(failed, err)) })
		s.end(t)
		return
	}
	t := s.turn(l)
	if err = t.redrive(); err == nil {
		at = l.state.Redrive.At
		l.redriven = l.redriven.Add(token, at)
		t.set(record.SpaceExecution, id.Key(record.RedrivePart), l.redriven.Encode())
	}
	t.replies = append(t.replies, func(failed error) { reply(at, firstError(failed, err)) })
	s.end(t)
}

// unsettled sees to it that an execution is redriven from what the store shows, and
// not before its Map Runs have ended: it does the job again then.
func (s *shard) unsettled(l *live, again func(), reply func(int64, error)) bool {
	keys, err := s.h.openRuns(l.id)
	for _, k := range keys {
		s.goOn(k) // of the last process, where it is not in memory
	}
	for _, command := range sortedKeys(s.runs[l.id]) {
		r := s.runs[l.id][command]
		r.waiters = append(r.waiters, again)
		return true
	}
	if len(keys) > 0 { // it cannot be read now
		err = firstError(err, errClosed)
	}
	if err != nil {
		reply(0, err)
		return true
	}
	if l.unsettled.Load() == 0 {
		return false
	}
	t := s.turn(nil)
	t.replies = append(t.replies, func(failed error) {
		if failed != nil {
			reply(0, failed)
		} else if !s.do(again) {
			reply(0, errClosed)
		}
	})
	s.end(t)
	return true
}

// redriveFacts are what decides whether an execution can be redriven.
func (h *Host) redriveFacts(f *record.Fixed, st *record.State) redrive.Facts {
	_, err := h.machines.Active(f.MachineARN)
	return redrive.Facts{Status: st.Status.String(), Start: f.Start, Stop: st.Stop, Now: h.now(), Deleting: err != nil,
		MaxHistory: h.maxHistory, State: st.Redrive, Trimmed: st.Trimmed}
}

// showRedrive fills in whether an execution can be redriven.
func (h *Host) showRedrive(x *sfn.Execution, f *record.Fixed, st *record.State) {
	x.RedriveStatus = sfn.Redrivable
	switch x.RedriveReason = h.redriveFacts(f, st).Reason(); {
	case x.RedriveReason != "":
		x.RedriveStatus = sfn.NotRedrivable
	case f.Child != "":
		x.RedriveStatus = sfn.RedrivableByMapRun
	}
}

// revivable says why an execution cannot be redriven.
func (h *Host) revivable(l *live) error {
	why := h.redriveFacts(&l.fixed, &l.state).Reason()
	if why == "" && l.leaving {
		why = "Execution is being deleted"
	}
	if why == "" && l.fixed.Child != "" {
		why = "Execution is a child of a Map Run and is redriven by its parent"
	}
	if why != "" {
		return sfn.ExecutionNotRedrivable(why)
	}
	return nil
}

// restoreEnded gives an ended execution its interpreter.
func (h *Host) restoreEnded(l *live) error {
	err := h.revive(l)
	if err == nil && !l.x.Redrivable() {
		err = sfn.ExecutionNotRedrivable("Execution history event limit exceeded")
	}
	if err == nil {
		return nil
	}
	l.x = nil
	var unfit *unfitError
	if errors.As(err, &unfit) {
		return &sfn.Error{Code: "InternalFailure", Message: "The execution cannot be restored: " + unfit.why}
	}
	return err
}

// redrive applies the event. Where the execution cannot take it, it stays ended.
func (t *turn) redrive() error {
	l := t.live
	before := l.state
	l.state.Status, l.state.Stop, l.state.Output, l.state.Err, l.state.Cause = record.Running, 0, interp.Payload{}, nil, nil
	l.state.Redrive.Count++
	l.state.Redrive.Events = 0
	if !t.apply(interp.Event{Kind: interp.EventRedriven}) {
		why := l.state.Quarantine
		l.state, l.x = before, nil
		l.state.Quarantine = why
		return firstError(l.unread, l.quarantined(), sfn.ExecutionNotRedrivable("Execution cannot be redriven"))
	}
	l.state.Redrive.At = l.state.Last
	if was := (visibility.End{Stop: before.Stop, ID: l.id}); l.fixed.Child == "" && (l.running() || l.state.Stop != before.Stop) {
		t.remove(record.SpaceByEnd, was.Key())
	}
	if l.running() {
		t.putIndex()
	}
	t.tell("stile.execution.redriven", t.about().AddInt("redriveCount", int64(l.state.Redrive.Count)))
	return nil
}

// readTokens reads the client tokens of an execution's redrives.
func (h *Host) readTokens(l *live) (err error) {
	got, err := h.store.GetMany(record.SpaceExecution, [][]byte{l.id.Key(record.RedrivePart)})
	if err != nil {
		return err
	}
	l.redriven = redrive.Tokens{}
	if got[0] != nil {
		l.redriven, err = redrive.Decode(got[0])
	}
	return err
}
