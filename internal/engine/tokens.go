package engine

import (
	"cmp"
	"context"
	"time"

	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/sfn"
	"stile/jsonval"
)

// earlyWait is how long a completion by token waits for the acceptance of the
// request that handed the token out. A callee may well call back before it
// answers; it may also wait for our answer first, so the wait is short and ends
// with an acceptance made up in its place.
const earlyWait = time.Second

const tokenGone = "Provided task does not exist anymore"

// SendTaskSuccess ends the token's attempt with output. The refusals are
// *sfn.Error: InvalidToken, TaskDoesNotExist, TaskTimedOut.
func (h *Host) SendTaskSuccess(ctx context.Context, token string, output jsonval.Value) error {
	return h.AnswerToken(ctx, sfn.Delivery{TaskToken: token, Output: output})
}

// SendTaskFailure ends the token's attempt with an error; both texts may be empty.
func (h *Host) SendTaskFailure(ctx context.Context, token, errorName, cause string) error {
	return h.AnswerToken(ctx, sfn.Delivery{TaskToken: token, Fail: true, Error: errorName, Cause: cause})
}

// SendTaskHeartbeat says that the token's attempt is alive.
func (h *Host) SendTaskHeartbeat(ctx context.Context, token string) error {
	tok, err := h.openTask(token)
	if err == nil {
		_, err = h.complete(ctx, &completion{tok: tok, ev: interp.Event{Kind: interp.EventHeartbeat}})
	}
	return err
}

// AnswerToken is SendTaskSuccess, or SendTaskFailure where d says so, with who sent
// it. It stands on the timeline like any delivery; the same answer again is refused.
func (h *Host) AnswerToken(ctx context.Context, d sfn.Delivery) error {
	tok, err := h.openTask(d.TaskToken)
	if err == nil {
		d.Sender.Via = cmp.Or(d.Sender.Via, sfn.ViaAWS)
		r := recordOf(d, "", 0)
		_, err = h.complete(ctx, &completion{tok: tok, ev: eventOf(d), record: &r})
	}
	return err
}

// eventOf is what a delivery tells the execution.
func eventOf(d sfn.Delivery) interp.Event {
	if d.Fail {
		return interp.Event{Kind: interp.EventTaskFailed, Error: d.Error, Cause: d.Cause}
	}
	return interp.Event{Kind: interp.EventTaskSucceeded, Output: d.Output}
}

// openTask opens a token's text where work is taken.
func (h *Host) openTask(text string) (sfn.Token, error) {
	if err := h.refuses(); err != nil {
		return sfn.Token{}, err
	}
	tok, ok := sfn.OpenTask(text, h.keys.Key)
	if !ok {
		return tok, sfn.InvalidToken()
	}
	return tok, nil
}

// Deliver ends the token's attempt as a callback URL does: the same delivery
// again (by id, or by digest) gets Repeated, another one Conflict, one for a task
// that ended otherwise Gone. A token that does not open is sfn.InvalidToken.
func (h *Host) Deliver(ctx context.Context, d sfn.Delivery) (sfn.DeliveryAnswer, error) {
	tok, err := h.openTask(d.TaskToken)
	if err != nil {
		return 0, err
	}
	return told(h.deliver(ctx, tok, d, true))
}

// deliver ends an attempt by a delivery; url says that it came on the callback URL.
func (h *Host) deliver(ctx context.Context, tok sfn.Token, d sfn.Delivery, url bool) (sfn.DeliveryAnswer, error) {
	ev, r := eventOf(d), recordOf(d, "", 0)
	ev.DeliveryID, ev.DeliveryDigest = d.ID, d.Digest
	return h.complete(ctx, &completion{tok: tok, ev: ev, delivery: &d, record: &r, url: url})
}

// told makes the refusal of a task that is over the answer that says so.
func told(answer sfn.DeliveryAnswer, err error) (sfn.DeliveryAnswer, error) {
	if _, ok := err.(*sfn.Error); ok && answer == sfn.Gone {
		return sfn.Gone, nil
	}
	return answer, err
}

// completion is an event by token on its way, with the caller that waits for it.
type completion struct {
	s     *shard
	id    record.ID
	tok   sfn.Token
	ev    interp.Event
	reply func(sfn.DeliveryAnswer, error)
	// delivery is what came by the callback URL or from an operator, and is
	// remembered; nil of AWS's actions. url: it came by the URL, which ends with the
	// token's expiry and may be revoked.
	delivery *sfn.Delivery
	url      bool
	// record is what the timeline keeps of it, but its answer; nil of a heartbeat.
	record *sfn.DeliveryRecord
	state  string // of the attempt, where it was open
	// waited is set when the request's acceptance was waited for long enough.
	waited, settled bool
	stop            func()
	// known is the record of the attempt's URL, read once; nil: not yet.
	known *record.URL
}

func (h *Host) complete(ctx context.Context, c *completion) (sfn.DeliveryAnswer, error) {
	c.ev.Command, c.ev.Attempt, c.ev.Definite = c.tok.Command, c.tok.Attempt, true
	c.id = record.IDOf(c.tok.ExecutionARN)
	c.s = h.shardOf(c.id)
	return ask(ctx, c.s, func(reply func(sfn.DeliveryAnswer, error)) {
		c.reply = reply
		c.try()
	})
}

// try runs on the shard's worker, once or, where it came early, twice.
func (c *completion) try() {
	if c.settled {
		return
	}
	c.known = nil
	l, err := c.s.lookup(c.id)
	if err == nil && l != nil {
		err = l.quarantined()
	}
	if err != nil {
		c.end(c.s.turn(nil), 0, err)
		return
	}
	if l == nil {
		c.end(c.s.turn(nil), sfn.Gone, sfn.TaskDoesNotExist())
		return
	}
	t := c.s.turn(l)
	w := l.work[c.tok.Command]
	if c.s.h.committer.plant.anyAttempt && w != nil {
		c.tok.Attempt, c.ev.Attempt = w.Attempt, w.Attempt
	}
	open := w != nil && w.Attempt == c.tok.Attempt && w.Waits()
	if open {
		c.state = w.State
	}
	if c.delivery != nil && !c.ready(t) {
		return
	}
	if !open || c.url && c.s.h.now() > c.tok.Expires.UnixMilli() {
		c.closed(t)
		return
	}
	if w.Phase == record.Dispatched && c.ev.Kind != interp.EventHeartbeat {
		if !c.waited {
			t.release()
			c.wait(w)
			return
		}
		t.taskEvent(interp.Event{Kind: interp.EventTaskSubmitted, Command: c.tok.Command, Attempt: c.tok.Attempt, Output: jsonval.EmptyObject})
	}
	if !t.taskEvent(c.ev) {
		c.closed(t)
		return
	}
	if c.ev.Kind != interp.EventHeartbeat {
		t.withdraw(c.tok.Command, c.tok.Attempt)
	}
	if c.delivery != nil {
		r := record.Token{Delivery: c.ev.DeliveryID, Digest: c.ev.DeliveryDigest, At: l.state.Last}
		l.remember(string(c.tokenKey()), r)
		t.set(record.SpaceToken, c.tokenKey(), r.Encode())
	}
	c.end(t, sfn.Accepted, nil)
}

// wait holds the completion until the request is accepted, for earlyWait at most.
// It is not acknowledged before, so a crash loses nothing that was promised.
func (c *completion) wait(w *work) {
	w.early = append(w.early, func() { c.s.do(c.try) })
	c.stop = c.s.h.clock.AfterFunc(earlyWait, func() {
		c.s.do(func() {
			c.waited = true
			c.try()
		})
	})
}

// closed answers for an attempt that is over.
func (c *completion) closed(t *turn) {
	answer, err := sfn.Gone, error(sfn.TaskTimedOut(tokenGone))
	if c.s.h.committer.plant.endTwice {
		answer, err = sfn.Accepted, nil
	} else if q := t.live.quarantined(); q != nil {
		answer, err = 0, q
	} else if c.delivery != nil {
		r, found, readErr := c.delivered(t.live)
		switch {
		case readErr != nil:
			answer, err = 0, readErr
		case found && (r.Digest == c.ev.DeliveryDigest || r.Delivery != "" && r.Delivery == c.ev.DeliveryID):
			answer, err = sfn.Repeated, nil
		case found:
			answer, err = sfn.Conflict, nil
		}
	}
	c.end(t, answer, err)
}

// delivered finds the record of the delivery that ended the attempt.
func (c *completion) delivered(l *live) (r record.Token, found bool, err error) {
	if r, ok := l.delivered[string(c.tokenKey())]; ok {
		return r, true, nil
	}
	got, err := c.s.h.store.GetMany(record.SpaceToken, [][]byte{c.tokenKey()})
	if err != nil || got[0] == nil {
		return r, false, err
	}
	r, err = record.DecodeToken(got[0])
	return r, err == nil, err
}

func (c *completion) tokenKey() []byte { return c.id.Key(c.tok.Command, uint64(c.tok.Attempt)) }

// end answers once the turn is durable.
func (c *completion) end(t *turn, a sfn.DeliveryAnswer, err error) {
	c.settled = true
	if c.stop != nil {
		c.stop()
	}
	c.keep(t, a)
	t.replies = append(t.replies, func(failed error) {
		if failed != nil {
			a, err = 0, failed
		}
		c.reply(a, err)
	})
	c.s.end(t)
}

// ready answers a delivery on a URL that is revoked, or whose record cannot be read.
// A revoked URL ended no attempt, so that nothing on it is a repetition.
func (c *completion) ready(t *turn) bool {
	u, err := c.urlOf(t.live)
	switch {
	case err != nil:
		c.end(t, 0, err)
	case c.url && u.Dead(c.tok.Serial):
		c.end(t, sfn.Revoked, nil)
	default:
		return true
	}
	return false
}

// urlOf reads the record of the attempt's URL; in one try nobody else changes it.
func (c *completion) urlOf(l *live) (record.URL, error) {
	if c.known == nil {
		u, err := c.s.h.url(l, c.tokenKey())
		if err != nil {
			return u, err
		}
		c.known = &u
	}
	return *c.known, nil
}

// keep writes the delivery's record into the turn that answers it.
func (c *completion) keep(t *turn, a sfn.DeliveryAnswer) {
	if c.record == nil || t.live == nil || a == 0 {
		return
	}
	u, err := c.urlOf(t.live)
	if err != nil {
		c.s.h.told("a delivery cannot be recorded", c.id, err)
		return
	}
	u.State = cmp.Or(c.state, u.State)
	r := *c.record
	r.Answer = a.String()
	t.delivery(c.tok.Command, c.tok.Attempt, u, r)
}
