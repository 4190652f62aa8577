package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/notify"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Outbox says which changes are written to the outbox, in the group of the change.
type Outbox struct {
	// Health, Executions and Callbacks are the kinds of events that somebody wants.
	Health, Executions, Callbacks bool
	// HealthChanged takes the place of the events of executions' health where nobody
	// wants more than to count them: it is called once a change is durable, on the
	// committer, and must not block. Nil where the events are wanted.
	HealthChanged func(stateMachine, status string)
	// Source is the CloudEvents source of all of them.
	Source string
	// Wake is called when new records are durable, on the committer: it must not
	// block. Required.
	Wake func()
}

func (o Outbox) wants(eventType string) bool {
	switch notify.KindOf(eventType) {
	case notify.KindHealth:
		return o.Health
	case notify.KindExecution:
		return o.Executions
	case notify.KindCallback:
		return o.Callbacks
	}
	return false
}

// tell adds an event of the turn's execution to the outbox. Its id is the
// execution's and a number that the execution's record counts, so that a group
// that is made again after a crash names the event as before, and no other so.
func (t *turn) tell(eventType string, data *jsonval.Object) {
	if !t.h.outbox.wants(eventType) {
		return
	}
	l := t.live
	l.state.Told++
	t.changed = true
	t.events = append(t.events, notify.Event{
		ID: hex.EncodeToString(l.id[:]) + "-" + strconv.FormatUint(l.state.Told, 10), Type: eventType,
		Source: t.h.outbox.Source, Subject: l.arn(), Time: time.UnixMilli(t.now()), Data: data.Value(),
	})
}

// about is what every event of an execution says.
func (t *turn) about() *jsonval.Object {
	f := &t.live.fixed
	var o jsonval.Object
	return o.AddString("execution", f.Name()).AddString("stateMachine", f.MachineName()).AddString("traceId", f.Trace)
}

func (t *turn) tellStart() {
	if t.h.outbox.Executions {
		t.tell(notify.ExecutionStarted, t.about())
	}
}

func (t *turn) tellEnd(status string) {
	if !t.h.outbox.Executions {
		return
	}
	o := t.about().AddString("status", status)
	if e := t.live.state.Err; e != nil {
		o.AddString("error", *e)
	}
	t.tell("stile.execution."+strings.ReplaceAll(strings.ToLower(status), "_", "-"), o)
}

func (t *turn) tellHealth(before, now sfn.Health) {
	if len(t.notices) == 0 { // no event of the execution made the turn
		t.notices = append(t.notices, sfn.Notice{ExecutionARN: t.live.arn(), Status: t.live.state.Status.String(), State: t.live.state.State})
	}
	if counts := t.h.outbox.HealthChanged; counts != nil {
		machine := t.live.fixed.MachineName()
		t.after = append(t.after, func() { counts(machine, string(now.Status)) })
		return
	}
	if !t.h.outbox.Health {
		return
	}
	moment := func(at time.Time) jsonval.Value {
		if at.IsZero() {
			return jsonval.NullValue
		}
		return jsonval.OfString(at.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	}
	o := t.about().AddString("status", string(now.Status)).AddString("was", string(cmp.Or(before.Status, sfn.Healthy))).AddString("state", now.State)
	o.AddString("reason", now.Reason).Add("since", moment(now.Since)).Add("until", moment(now.Until))
	t.tell(notify.HealthChanged, o.Add("verdict", lastDenial(t.denial)))
}

// tellDelivery tells of a callback that opened, or was completed by its URL.
func (t *turn) tellDelivery(ev interp.Event, state string) {
	if !t.h.outbox.Callbacks || ev.Kind != interp.EventTaskSubmitted && ev.DeliveryDigest == "" {
		return
	}
	o := t.about().AddString("state", state).AddInt("attempt", int64(ev.Attempt))
	switch {
	case ev.Kind == interp.EventTaskSubmitted:
		if w := t.live.work[ev.Command]; w != nil && w.Token {
			t.tell(notify.CallbackOpened, o)
		}
	case ev.DeliveryDigest != "" && ev.Kind == interp.EventTaskSucceeded:
		t.tell(notify.CallbackCompleted, o.AddString("outcome", "succeeded"))
	case ev.DeliveryDigest != "" && ev.Kind == interp.EventTaskFailed:
		t.tell(notify.CallbackCompleted, o.AddString("outcome", "failed"))
	}
}

// tellRefused tells of a delivery that did not complete its task: a policy was
// against it, its body was none, or the task is not there for it any more.
func (t *turn) tellRefused(state string, attempt uint32, r sfn.DeliveryRecord) {
	if !t.h.outbox.Callbacks {
		return
	}
	switch r.Answer {
	case sfn.AnswerRefused, sfn.AnswerInvalid, sfn.Conflict.String(), sfn.Gone.String(), sfn.Revoked.String():
		o := t.about().AddString("state", state).AddInt("attempt", int64(attempt)).AddString("answer", r.Answer)
		o.AddInt("status", int64(r.Status)).AddString("policy", r.Policy).AddString("at", r.At)
		t.tell(notify.CallbackRefused, o.AddString("reason", r.Reason))
	}
}

// number gives the turn's events their places in the outbox. m.mu is held.
func (m *committer) number(t *turn) {
	for _, e := range t.events {
		m.told++
		t.set(record.SpaceOutbox, record.OutboxKey(m.told), notify.Append(nil, e))
	}
}

// lastTold finds the highest number that an outbox record ever had: of a record,
// or of what a target has done with.
func lastTold(store kv.Store) (last uint64, err error) {
	err = store.Iterate(record.SpaceOutbox, kv.Range{Lower: []byte{record.OutboxRecord}, Upper: []byte{record.OutboxMark}, Reverse: true}, func(k, _ []byte) bool {
		last = binary.BigEndian.Uint64(k[1:])
		return false
	})
	if err != nil {
		return 0, err
	}
	return last, store.Iterate(record.SpaceOutbox, kv.Range{Lower: []byte{record.OutboxMark}}, func(_, v []byte) bool {
		if m, err := notify.DecodeMark(v); err == nil {
			last = max(last, m.Done)
		}
		return true
	})
}

// Tell writes events that are no part of an execution's turn; it comes back when
// they are durable. Types that nobody wants are left out. The caller sees to the ids.
func (h *Host) Tell(ctx context.Context, events ...notify.Event) error {
	t := &turn{h: h, epoch: h.shards[0].epoch}
	for _, e := range events {
		if h.outbox.wants(e.Type) {
			e.Source = h.outbox.Source
			t.events = append(t.events, e)
		}
	}
	if len(t.events) == 0 {
		return nil
	}
	return h.durably(ctx, t)
}

func (h *Host) durably(ctx context.Context, t *turn) error {
	done := make(chan error, 1)
	t.replies = append(t.replies, func(err error) { done <- err })
	h.committer.submit(t)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// OutboxRecords gives up to most records behind the number after, in order. They
// are durable.
func (h *Host) OutboxRecords(_ context.Context, after uint64, most int) (out []notify.Record, err error) {
	var bad error
	err = h.store.Iterate(record.SpaceOutbox, kv.Range{Lower: record.OutboxKey(after + 1), Upper: []byte{record.OutboxMark}}, func(k, v []byte) bool {
		var r notify.Record
		if r, bad = notify.Decode(binary.BigEndian.Uint64(k[1:]), v); bad != nil {
			return false
		}
		out = append(out, r)
		return len(out) < most
	})
	return out, firstError(err, bad, h.committer.barrier())
}

// OutboxMarks gives what SaveOutbox kept, by target.
func (h *Host) OutboxMarks(context.Context) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := h.store.Iterate(record.SpaceOutbox, kv.Range{Lower: []byte{record.OutboxMark}}, func(k, v []byte) bool {
		out[string(k[1:])] = slices.Clone(v)
		return true
	})
	return out, err
}

// SaveOutbox keeps marks (nil removes one) and removes records, in one durable group.
func (h *Host) SaveOutbox(ctx context.Context, marks map[string][]byte, gone []uint64) error {
	t := &turn{h: h, epoch: h.shards[0].epoch}
	for _, target := range sortedKeys(marks) {
		if marks[target] == nil {
			t.remove(record.SpaceOutbox, record.MarkKey(target))
		} else {
			t.set(record.SpaceOutbox, record.MarkKey(target), marks[target])
		}
	}
	for _, seq := range gone {
		t.remove(record.SpaceOutbox, record.OutboxKey(seq))
	}
	return h.durably(ctx, t)
}

// OutboxHead gives the number of the last record.
func (h *Host) OutboxHead() uint64 {
	h.committer.mu.Lock()
	defer h.committer.mu.Unlock()
	return h.committer.told
}
