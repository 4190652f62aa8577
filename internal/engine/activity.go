package engine

import (
	"context"
	"errors"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/sfn"
)

// missing are the activities that an execution's definition names and that do not
// exist now: event data, so that what follows from an event never changes.
func (h *Host) missing(x *interp.Execution) (out []string) {
	if h.activityExists == nil {
		return nil
	}
	for _, arn := range x.Activities() {
		if !h.activityExists(arn) {
			out = append(out, arn)
		}
	}
	return out
}

// TakeTask says durably that a worker took the attempt of an activity's token; from
// then on it is not dispatched again, not by another process either. taken is false
// where the attempt was taken before or nobody waits for it any more. With an error
// nothing is known to have changed.
func (h *Host) TakeTask(ctx context.Context, token, worker string) (taken bool, err error) {
	tok, err := h.openTask(token)
	if err != nil {
		return false, err
	}
	id := record.IDOf(tok.ExecutionARN)
	s := h.shardOf(id)
	return ask(ctx, s, func(reply func(bool, error)) {
		l, err := s.lookup(id)
		var refused *sfn.Error
		if errors.Is(err, codec.ErrRecord) || errors.As(err, &refused) { // it stays so: others must not wait behind it
			s.h.told("a worker cannot take a task", id, err)
			err = nil
		}
		if err != nil || l == nil || l.x == nil {
			reply(false, err)
			return
		}
		w := l.work[tok.Command]
		if w == nil || w.Attempt != tok.Attempt || w.Phase != record.Dispatched || !w.Token {
			reply(false, nil)
			return
		}
		t := s.turn(l)
		took := t.taskEvent(interp.Event{Kind: interp.EventTaskStarted, Command: tok.Command, Attempt: tok.Attempt, WorkerName: worker})
		t.replies = append(t.replies, func(failed error) { reply(took && failed == nil, failed) })
		t.withdraw(tok.Command, tok.Attempt)
		s.end(t)
	})
}

// withdraw ends the dispatch of an activity's attempt that waits for no worker any
// more: it was taken, or its token ended it before.
func (t *turn) withdraw(command uint64, attempt uint32) {
	h, id, arn := t.h, t.live.id, t.live.arn()
	t.after = append(t.after, func() {
		d, ok := h.calls.Load(callID{id, command})
		if !ok || d.(*dispatch).call.Attempt != attempt || !sfn.IsActivity(d.(*dispatch).call.Resource) {
			return
		}
		h.cancel(cancel{id, arn, command})
	})
}
