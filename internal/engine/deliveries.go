package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// keptDeliveries is how many deliveries of one attempt are kept, the last ones:
// who has a URL must not fill the disk by it.
const keptDeliveries = 100

// url gives an attempt's record.URL; the zero one where nothing happened yet.
func (h *Host) url(l *live, key []byte) (record.URL, error) {
	if r, ok := l.urls[string(key)]; ok {
		return r, nil
	}
	if record.Part(key, 0) > l.called {
		return record.URL{}, nil
	}
	got, err := h.store.GetMany(record.SpaceDelivery, [][]byte{key})
	if err != nil || got[0] == nil {
		return record.URL{}, err
	}
	return record.DecodeURL(got[0])
}

// delivery writes what happened to an attempt's URL, and the URL's record with it.
func (t *turn) delivery(command uint64, attempt uint32, u record.URL, r sfn.DeliveryRecord) {
	l := t.live
	if w := l.work[command]; w != nil && w.Attempt == attempt {
		u.State = w.State
	}
	key := l.id.Key(command, uint64(attempt))
	r.Time = time.UnixMilli(max(t.h.now(), l.state.Last))
	t.set(record.SpaceDelivery, l.id.Key(command, uint64(attempt), u.Seen%keptDeliveries), record.EncodeDelivery(record.Bounded(r)))
	u.Seen++
	l.called = max(l.called, command)
	if l.urls == nil || l.unsettled.Load() <= 1 { // this turn alone is under way
		l.urls = map[string]record.URL{}
	}
	l.urls[string(key)] = u
	t.set(record.SpaceDelivery, key, u.Encode())
	t.tellRefused(u.State, attempt, r)
	if len(t.notices) == 0 { // who watches sees what came, also where it changed nothing
		t.notices = append(t.notices, sfn.Notice{ExecutionARN: l.arn(), Status: l.state.Status.String(), State: l.state.State})
	}
}

// recordOf is a delivery as its record begins.
func recordOf(d sfn.Delivery, answer string, status int) sfn.DeliveryRecord {
	r := sfn.DeliveryRecord{Kind: sfn.KindComplete, Answer: answer, Status: status, Sender: d.Sender, ID: d.ID, Digest: d.Digest}
	if d.Fail {
		r.Kind = sfn.KindFail
	}
	return r
}

// RecordDelivery keeps a delivery that never came to its task: a policy refused
// it, or its body was none. r says how it was answered; its kind, sender and names
// are d's. A token that does not open is sfn.InvalidToken, one of an execution that
// is gone is recorded nowhere.
func (h *Host) RecordDelivery(ctx context.Context, d sfn.Delivery, r sfn.DeliveryRecord) error {
	if err := h.refuses(); err != nil {
		return err
	}
	tok, ok := sfn.OpenTask(d.TaskToken, h.keys.Key)
	if !ok {
		return sfn.InvalidToken()
	}
	full := recordOf(d, r.Answer, r.Status)
	full.Policy, full.At, full.Reason = r.Policy, r.At, r.Reason
	id := record.IDOf(tok.ExecutionARN)
	s := h.shardOf(id)
	_, err := ask(ctx, s, func(reply func(bool, error)) {
		l, err := s.lookup(id)
		if err != nil || l == nil {
			reply(false, err)
			return
		}
		u, err := h.url(l, id.Key(tok.Command, uint64(tok.Attempt)))
		if err != nil {
			reply(false, err)
			return
		}
		t := s.turn(l)
		t.delivery(tok.Command, tok.Attempt, u, full)
		t.replies = append(t.replies, func(failed error) { reply(true, failed) })
		s.end(t)
	})
	return err
}

// Deliveries gives what happened on the callbacks of an execution, in the order of time.
func (h *Host) Deliveries(ctx context.Context, arn string) (out sfn.Deliveries, err error) {
	calls, err := h.Calls(ctx, arn) // refuses an execution that is not there
	if err != nil {
		return out, err
	}
	states := map[uint64]string{}
	for _, c := range calls {
		states[c.Command] = c.State
	}
	id := record.IDOf(arn)
	var bad error
	err = h.store.Iterate(record.SpaceDelivery, id.All(), func(k, v []byte) bool {
		v = slices.Clone(v)
		command, attempt := record.Part(k, 0), uint32(record.Part(k, 1))
		if len(k) == 16+16 {
			var u record.URL
			if u, bad = record.DecodeURL(v); bad == nil {
				out.NotKept += u.Seen - min(u.Seen, keptDeliveries)
				states[command] = cmp.Or(u.State, states[command])
			}
			return bad == nil
		}
		var r sfn.DeliveryRecord
		r, bad = record.DecodeDelivery(v)
		r.Command, r.Attempt = command, attempt
		out.Records = append(out.Records, r)
		return bad == nil && ctx.Err() == nil
	})
	if err := firstError(err, bad, ctx.Err()); err != nil {
		return sfn.Deliveries{}, err
	}
	for i := range out.Records {
		out.Records[i].State = states[out.Records[i].Command]
	}
	slices.SortStableFunc(out.Records, func(a, b sfn.DeliveryRecord) int { return a.Time.Compare(b.Time) })
	return out, h.committer.barrier()
}

// OpenTokens lists the task tokens that wait for their completion.
func (h *Host) OpenTokens(ctx context.Context) ([]sfn.OpenToken, error) {
	return h.openTokens(ctx, kv.Range{})
}

// OpenTokensOf lists those of one execution; none where it is not there.
func (h *Host) OpenTokensOf(ctx context.Context, arn string) ([]sfn.OpenToken, error) {
	return h.openTokens(ctx, record.IDOf(arn).All())
}

func (h *Host) openTokens(ctx context.Context, within kv.Range) ([]sfn.OpenToken, error) {
	type row struct {
		id      record.ID
		command uint64
		work    record.Work
	}
	var rows []row
	var keys [][]byte
	var bad error
	err := h.store.Iterate(record.SpaceWork, within, func(k, v []byte) bool {
		var w record.Work
		if w, bad = record.DecodeWork(v); bad == nil && w.Waits() {
			id, command := record.ID(k[:16]), record.Part(k, 0)
			rows, keys = append(rows, row{id, command, w}), append(keys, id.Key(command, uint64(w.Attempt)))
		}
		return bad == nil && ctx.Err() == nil
	})
	if err := firstError(err, bad, ctx.Err()); err != nil {
		return nil, err
	}
	urls, err := h.store.GetMany(record.SpaceDelivery, keys)
	if err != nil {
		return nil, err
	}
	out := make([]sfn.OpenToken, 0, len(rows))
	for i, r := range rows {
		fixed, _, err := h.records(r.id)
		if err != nil {
			return nil, err
		}
		if fixed == nil {
			continue
		}
		var u record.URL
		if urls[i] != nil {
			if u, err = record.DecodeURL(urls[i]); err != nil {
				return nil, err
			}
		}
		out = append(out, h.openToken(fixed, r.command, r.work, u))
	}
	return out, h.committer.barrier()
}

func (h *Host) openToken(fixed *record.Fixed, command uint64, w record.Work, u record.URL) sfn.OpenToken {
	until := time.UnixMilli(u.Until(w.Expires))
	return sfn.OpenToken{
		TaskToken: h.keys.Again(fixed.TokenKey, sfn.Token{ExecutionARN: fixed.ARN, Command: command, Attempt: w.Attempt,
			Serial: u.Serial, Expires: until}),
		ExecutionARN: fixed.ARN, ExecutionName: fixed.Name(), StateMachineName: fixed.MachineName(), State: w.State,
		Command: command, Attempt: w.Attempt, Since: time.UnixMilli(w.Since), Expires: until, Revoked: u.Revoked,
	}
}
