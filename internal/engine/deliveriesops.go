package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/sfn"
)

// urlLife is how long a URL lives that takes an expired one's place, where the
// Task itself has no timeout.
const urlLife = 24 * time.Hour

func callbackGone() error {
	return &sfn.Error{Code: "CallbackGone", Message: "The task no longer waits for this callback."}
}

// CompleteCallback ends an attempt for an operator, who needs no token: neither the
// URL's expiry nor its revocation holds them. The same answer by the same sender
// again is Repeated, another one Conflict, one for a task that ended otherwise Gone.
func (h *Host) CompleteCallback(ctx context.Context, ref sfn.CallbackRef, d sfn.Delivery) (sfn.DeliveryAnswer, error) {
	if err := h.refuses(); err != nil {
		return 0, err
	}
	tok := sfn.Token{ExecutionARN: ref.ExecutionARN, Command: ref.Command, Attempt: ref.Attempt}
	return told(h.deliver(ctx, tok, d, false))
}

// attempt finds an attempt whose token is open. Its turn must be ended, or released.
func (s *shard) attempt(ref sfn.CallbackRef) (*turn, *work, error) {
	l, err := s.lookup(record.IDOf(ref.ExecutionARN))
	if err == nil && l != nil {
		err = l.quarantined()
	}
	if err != nil {
		return nil, nil, err
	}
	if l == nil {
		return nil, nil, callbackGone()
	}
	if w := l.work[ref.Command]; w != nil && w.Attempt == ref.Attempt && w.Waits() {
		return s.turn(l), w, nil
	}
	return nil, nil, callbackGone()
}

// RevokeCallback makes the attempt's URL worth nothing from now on. The Task waits
// on, for an operator or AWS's SendTask actions. Again is no error.
func (h *Host) RevokeCallback(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) error {
	if err := h.refuses(); err != nil {
		return err
	}
	s := h.shardOf(record.IDOf(ref.ExecutionARN))
	_, err := ask(ctx, s, func(reply func(bool, error)) {
		t, _, err := s.attempt(ref)
		if err != nil {
			reply(false, err)
			return
		}
		u, err := h.url(t.live, t.live.id.Key(ref.Command, uint64(ref.Attempt)))
		if err != nil {
			t.release()
			reply(false, err)
			return
		}
		u.Revoked = true
		t.delivery(ref.Command, ref.Attempt, u, sfn.DeliveryRecord{Kind: sfn.KindRevoke, Answer: sfn.AnswerDone, Sender: by})
		t.replies = append(t.replies, func(failed error) { reply(true, failed) })
		s.end(t)
	})
	return err
}

// ResendCallback sends the Task's request once more, with the same Idempotency-Key
// and the next send number, and waits for its answer. The receiver gets the same
// URL, or a new one where that was revoked or has expired. Whatever becomes of the
// request, the Task waits on. A request that is under way is a ConflictException.
func (h *Host) ResendCallback(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) (sfn.Resent, error) {
	if err := h.refuses(); err != nil {
		return sfn.Resent{}, err
	}
	s := h.shardOf(record.IDOf(ref.ExecutionARN))
	return ask(ctx, s, func(reply func(sfn.Resent, error)) {
		t, w, err := s.attempt(ref)
		if err != nil {
			reply(sfn.Resent{}, err)
			return
		}
		if err := s.resend(t, w, ref, by, reply); err != nil {
			t.release()
			reply(sfn.Resent{}, err)
		}
	})
}

// resend adds the dispatch to the turn and ends it. Where it gives an error the
// turn has changed nothing.
func (s *shard) resend(t *turn, w *work, ref sfn.CallbackRef, by sfn.Sender, reply func(sfn.Resent, error)) error {
	h, l := s.h, t.live
	if _, underWay := h.calls.Load(callID{l.id, ref.Command}); underWay || w.Phase != record.Submitted {
		return &sfn.Error{Code: "ConflictException", Message: "The task's request is under way; nothing was sent again."}
	}
	c, err := taskCommand(l, ref.Command)
	if err != nil {
		return err
	}
	if sfn.IsActivity(c.Resource) {
		return &sfn.Error{Code: "ConflictException", Message: "A worker has taken the activity's task; nothing was sent again."}
	}
	u, err := h.url(l, l.id.Key(ref.Command, uint64(ref.Attempt)))
	if err != nil {
		return err
	}
	fresh := u.Revoked
	if now := h.now(); now > u.Until(w.Expires) {
		fresh, u.Expires = true, now+urlLife.Milliseconds()
	}
	if fresh {
		u.Serial, u.Revoked = u.Serial+1, false
	}
	w.Send++
	t.putWork(ref.Command, w)
	d := l.dispatch(&c, w.Send)
	d.call.TaskToken = h.openToken(&l.fixed, ref.Command, w.Work, u).TaskToken
	var once sync.Once // the answer, a failed commit, and the end of the attempt race
	d.resent = func(r sfn.TaskResult, err error) {
		once.Do(func() { reply(sfn.Resent{Send: d.call.Send, NewURL: fresh, Error: r.Error, Cause: r.Cause}, err) })
	}
	t.tasks = append(t.tasks, d)
	t.delivery(ref.Command, ref.Attempt, u, sfn.DeliveryRecord{Kind: sfn.KindResend, Answer: sfn.AnswerDone, Sender: by})
	t.replies = append(t.replies, func(failed error) {
		if failed != nil {
			d.resent(sfn.TaskResult{}, failed)
		}
	})
	s.end(t)
	return nil
}

// taskCommand asks interp for an attempt's command; what it panics with is an error.
func taskCommand(l *live, command uint64) (c interp.Command, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	c, ok := l.x.TaskCommand(command)
	if !ok {
		err = callbackGone()
	}
	return c, err
}

// resentDone takes the answer to a request that was sent once more: it goes into
// the side journal, and changes nothing else.
func (s *shard) resentDone(d *dispatch, r sfn.TaskResult) {
	l, err := s.lookup(d.id)
	if err != nil || l == nil {
		d.resent(r, firstError(err, callbackGone()))
		s.h.endCall(d)
		return
	}
	t := s.turn(l)
	if r.Call.Exists() {
		t.set(record.SpaceCall, l.id.Key(d.call.Command, uint64(d.call.Send)), record.EncodeCall(sfn.CallRecord{
			State: d.call.State, Attempt: d.call.Attempt, Time: time.UnixMilli(s.h.now()), Call: r.Call,
		}))
	}
	t.replies = append(t.replies, func(failed error) {
		d.resent(r, failed)
		s.h.endCall(d)
	})
	s.end(t)
}

// TaskInputs gives the state inputs of an execution's Tasks that wait for their
// token, by their command.
func (h *Host) TaskInputs(ctx context.Context, arn string) (map[uint64]sfn.TaskInput, error) {
	id := record.IDOf(arn)
	s := h.shardOf(id)
	entered, err := ask(ctx, s, func(reply func(map[uint64]int64, error)) {
		l, err := s.lookup(id)
		if err != nil || l == nil || l.x == nil {
			reply(nil, err)
			return
		}
		out := map[uint64]int64{}
		for command, w := range l.work {
			if !w.Waits() {
				continue
			}
			c, err := taskCommand(l, command)
			if err != nil {
				reply(nil, err)
				return
			}
			out[command] = c.Entered
		}
		reply(out, nil)
	})
	if err != nil {
		return nil, err
	}
	out := make(map[uint64]sfn.TaskInput, len(entered))
	for command, event := range entered {
		list, err := h.events(ctx, id, false, event-1, 1)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 || list[0].ID != event {
			continue
		}
		e := list[0]
		if err := h.fill(id, e.Details.Input); err != nil {
			return nil, err
		}
		in := sfn.TaskInput{Entered: time.UnixMilli(e.Time)}
		if e.Details.Input != nil {
			in.Input = e.Details.Input.Value
		}
		out[command] = in
	}
	return out, h.committer.barrier()
}
