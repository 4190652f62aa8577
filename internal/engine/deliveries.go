package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"stile/internal/kv"
	"stile/internal/sfn"
)

// keptDeliveries is how many deliveries of one attempt are kept, the last ones:
// who has a URL must not fill the disk by it.
const keptDeliveries = 100

// urlRecord is what is kept of an attempt's callback URL.
type urlRecord struct {
	serial  uint32 // of the token that the URL has now
	revoked bool
	expires int64  // of that token; 0: as the attempt's own
	seen    uint64 // deliveries and what operators did, in all
	state   string
}

func (r urlRecord) encode() []byte {
	e := record(48)
	e.Uint(uint64(r.serial))
	e.Uint(map[bool]uint64{true: 1}[r.revoked])
	e.Int(r.expires)
	e.Uint(r.seen)
	e.Str(r.state)
	return e.B
}

func decodeURL(b []byte) (r urlRecord, err error) {
	d := open(b)
	r.serial, r.revoked, r.expires, r.seen, r.state = uint32(d.Uint()), d.Uint() == 1, d.Int(), d.Uint(), d.Str()
	return r, d.Err
}

// dead says that a URL's token is not the attempt's any more.
func (r urlRecord) dead(serial uint32) bool { return r.revoked || serial != r.serial }

// until is when the URL ends, in Unix ms; own is the attempt's own expiry.
func (r urlRecord) until(own int64) int64 { return cmp.Or(r.expires, own) }

func encodeDelivery(r sfn.DeliveryRecord) []byte {
	e := record(192)
	e.Int(r.Time.UnixMilli())
	e.Uint(uint64(r.Status))
	for _, s := range deliveryTexts(&r) {
		e.Str(*s)
	}
	return e.B
}

func decodeDelivery(b []byte) (r sfn.DeliveryRecord, err error) {
	d := open(b)
	r.Time, r.Status = time.UnixMilli(d.Int()), int(d.Uint())
	for _, s := range deliveryTexts(&r) {
		*s = d.Str()
	}
	return r, d.Err
}

func deliveryTexts(r *sfn.DeliveryRecord) []*string {
	return []*string{&r.Kind, &r.Answer, &r.Via, &r.Client, &r.Subject, &r.ID, &r.Digest, &r.Policy, &r.At, &r.Reason}
}

// url gives an attempt's urlRecord; the zero one where nothing happened yet.
func (h *Host) url(l *live, key []byte) (urlRecord, error) {
	if r, ok := l.urls[string(key)]; ok {
		return r, nil
	}
	got, err := h.store.GetMany(spaceDelivery, [][]byte{key})
	if err != nil || got[0] == nil {
		return urlRecord{}, err
	}
	return decodeURL(got[0])
}

// delivery writes what happened to an attempt's URL, and the URL's record with it.
func (t *turn) delivery(command uint64, attempt uint32, u urlRecord, r sfn.DeliveryRecord) {
	l := t.live
	if w := l.work[command]; w != nil && w.attempt == attempt {
		u.state = w.state
	}
	key := l.id.key(command, uint64(attempt))
	r.Time = time.UnixMilli(max(t.h.now(), l.state.last))
	t.set(spaceDelivery, l.id.key(command, uint64(attempt), u.seen%keptDeliveries), encodeDelivery(bounded(r)))
	u.seen++
	if l.urls == nil || l.unsettled.Load() <= 1 { // this turn alone is under way
		l.urls = map[string]urlRecord{}
	}
	l.urls[string(key)] = u
	t.set(spaceDelivery, key, u.encode())
	t.tellRefused(u.state, attempt, r)
	if len(t.notices) == 0 { // who watches sees what came, also where it changed nothing
		t.notices = append(t.notices, sfn.Notice{ExecutionARN: l.arn(), Status: l.state.status.String(), State: l.state.state})
	}
}

// bounded cuts texts that a sender chose.
func bounded(r sfn.DeliveryRecord) sfn.DeliveryRecord {
	const most = 256
	for _, s := range deliveryTexts(&r) {
		if len(*s) > most {
			*s = (*s)[:most]
		}
	}
	return r
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
	id := idOf(tok.ExecutionARN)
	s := h.shardOf(id)
	_, err := ask(ctx, s, func(reply func(bool, error)) {
		l, err := s.lookup(id)
		if err != nil || l == nil {
			reply(false, err)
			return
		}
		u, err := h.url(l, id.key(tok.Command, uint64(tok.Attempt)))
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
	id := idOf(arn)
	var bad error
	err = h.store.Iterate(spaceDelivery, id.all(), func(k, v []byte) bool {
		v = slices.Clone(v)
		command, attempt := part(k, 0), uint32(part(k, 1))
		if len(k) == 16+16 {
			var u urlRecord
			if u, bad = decodeURL(v); bad == nil {
				out.NotKept += u.seen - min(u.seen, keptDeliveries)
				states[command] = cmp.Or(u.state, states[command])
			}
			return bad == nil
		}
		var r sfn.DeliveryRecord
		r, bad = decodeDelivery(v)
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
	return h.openTokens(ctx, idOf(arn).all())
}

func (h *Host) openTokens(ctx context.Context, within kv.Range) ([]sfn.OpenToken, error) {
	type row struct {
		id      execID
		command uint64
		work    workRecord
	}
	var rows []row
	var keys [][]byte
	var bad error
	err := h.store.Iterate(spaceWork, within, func(k, v []byte) bool {
		var w workRecord
		if w, bad = decodeWork(v); bad == nil && w.waits() {
			id, command := execID(k[:16]), part(k, 0)
			rows, keys = append(rows, row{id, command, w}), append(keys, id.key(command, uint64(w.attempt)))
		}
		return bad == nil && ctx.Err() == nil
	})
	if err := firstError(err, bad, ctx.Err()); err != nil {
		return nil, err
	}
	urls, err := h.store.GetMany(spaceDelivery, keys)
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
		var u urlRecord
		if urls[i] != nil {
			if u, err = decodeURL(urls[i]); err != nil {
				return nil, err
			}
		}
		out = append(out, h.openToken(fixed, r.command, r.work, u))
	}
	return out, h.committer.barrier()
}

func (h *Host) openToken(fixed *fixedRecord, command uint64, w workRecord, u urlRecord) sfn.OpenToken {
	until := time.UnixMilli(u.until(w.expires))
	return sfn.OpenToken{
		TaskToken: h.keys.Again(fixed.tokenKey, sfn.Token{ExecutionARN: fixed.arn, Command: command, Attempt: w.attempt,
			Serial: u.serial, Expires: until}),
		ExecutionARN: fixed.arn, ExecutionName: fixed.name(), StateMachineName: fixed.machineName(), State: w.state,
		Command: command, Attempt: w.attempt, Since: time.UnixMilli(w.since), Expires: until, Revoked: u.revoked,
	}
}

// waits says that the attempt's token is open.
func (w workRecord) waits() bool {
	return w.token && (w.phase == workDispatched || w.phase == workSubmitted)
}
