package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// DescribeExecution gives an execution as its last durable turn left it.
func (h *Host) DescribeExecution(ctx context.Context, arn string) (x sfn.Execution, err error) {
	id := record.IDOf(arn)
	err = h.whole(ctx, id, func() (err error) {
		x, err = h.describe(id, arn)
		return err
	})
	return x, err
}

func (h *Host) describe(id record.ID, arn string) (sfn.Execution, error) {
	fixed, state, err := h.records(id)
	if err == nil && fixed == nil {
		err = sfn.ExecutionDoesNotExist(arn)
	}
	if err != nil {
		return sfn.Execution{}, err
	}
	if err := state.Blocks(h.fill(id, &fixed.Input, &state.Output)); err != nil {
		return sfn.Execution{}, err
	}
	x := []sfn.Execution{record.Show(fixed, state)}
	h.showRedrive(&x[0], fixed, state)
	x[0].Input, x[0].Output = fixed.Input.Value, state.Output.Value
	if err := h.verdicts(x, []record.Health{state.Health}, []record.ID{id}); err != nil {
		return sfn.Execution{}, err
	}
	return x[0], h.committer.barrier()
}

// fill reads the values of blobs that are not in memory. One that is absent or
// damaged stays absent, and the error is codec.ErrRecord; the others are filled in.
func (h *Host) fill(id record.ID, payloads ...*interp.Payload) error {
	var keys [][]byte
	var want []*interp.Payload
	for _, p := range payloads {
		if p != nil && p.Blob != 0 && !p.Value.Exists() {
			keys, want = append(keys, id.Key(p.Blob)), append(want, p)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	got, err := h.store.GetMany(record.SpaceBlob, keys)
	if err != nil {
		return err
	}
	for i, p := range want {
		if len(got[i]) < 1 || got[i][0] != codec.Format {
			err = firstError(err, codec.ErrRecord)
			continue
		}
		v, bad := jsonval.Parse(got[i][1:])
		if bad != nil {
			err = firstError(err, fmt.Errorf("%w: %w", codec.ErrRecord, bad))
			continue
		}
		p.Value = v
	}
	return err
}

// GetExecutionHistory gives a page of history events with their payloads, and the
// token of the next page ("" at the end). Of an execution whose history retention took
// the page is empty.
func (h *Host) GetExecutionHistory(ctx context.Context, in sfn.HistoryPage) (list []interp.HistoryEvent, next string, err error) {
	err = h.whole(ctx, record.IDOf(in.ExecutionARN), func() (err error) {
		list, next, err = h.historyPage(ctx, in)
		return err
	})
	return list, next, err
}

func (h *Host) historyPage(ctx context.Context, in sfn.HistoryPage) ([]interp.HistoryEvent, string, error) {
	id := record.IDOf(in.ExecutionARN)
	scope := "history " + in.ExecutionARN
	if in.Reverse {
		scope = "reverse " + scope
	}
	from, err := h.openPage(scope, in.Token)
	if err != nil {
		return nil, "", err
	}
	fixed, state, err := h.records(id)
	if err == nil && fixed == nil {
		err = sfn.ExecutionDoesNotExist(in.ExecutionARN)
	}
	if err != nil {
		return nil, "", err
	}
	size := pageSize(in.Max)
	events, err := h.events(ctx, id, in.Reverse, pageEvent(from), size+1)
	if err != nil {
		return nil, "", err
	}
	n, err := h.fillPage(id, state, events[:min(size, len(events))])
	if err != nil {
		return nil, "", err
	}
	token := ""
	if len(events) > n {
		events = events[:n]
		token = h.sealPage(scope, binary.BigEndian.AppendUint64(nil, uint64(events[n-1].ID)))
	}
	return events, token, h.committer.barrier()
}

// pageBytes is how much payload one page of history holds at most, beside its
// first event.
const pageBytes = 4 << 20

// fillPage reads the payloads of events, in batches, until they are pageBytes in
// all, and says how many events that are.
func (h *Host) fillPage(id record.ID, state *record.State, events []interp.HistoryEvent) (n int, err error) {
	const batch = 64
	size := 0
	var payloads []*interp.Payload
	for n < len(events) {
		payloads = payloads[:0]
		some := events[n:min(n+batch, len(events))]
		for i := range some {
			d := &some[i].Details
			payloads = append(payloads, d.Input, d.Output, d.Parameters)
			for _, v := range d.AssignedVariables {
				payloads = append(payloads, &interp.Payload{Blob: v.Blob, Value: v.Value})
			}
		}
		if err := state.Blocks(h.fill(id, payloads...)); err != nil {
			return 0, err
		}
		rest := payloads
		for i := range some {
			variables := some[i].Details.AssignedVariables
			own := rest[:3+len(variables)]
			rest = rest[len(own):]
			for _, p := range own {
				if p != nil {
					size += len(p.Value.Raw())
				}
			}
			for j := range variables {
				variables[j].Value = own[3+j].Value
			}
			if size > pageBytes && n > 0 {
				return n, nil
			}
			n++
		}
	}
	return n, nil
}

func pageEvent(from []byte) int64 {
	if len(from) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(from))
}

// events reads up to most events behind the event past (0: from the beginning, or
// from the end where reverse is set).
func (h *Host) events(ctx context.Context, id record.ID, reverse bool, past int64, most int) ([]interp.HistoryEvent, error) {
	r := id.All()
	r.Reverse = reverse
	if past > 0 && reverse {
		r.Upper = id.Key(uint64(past))
	} else if past > 0 {
		// The row that holds the event past may hold later ones too.
		row, err := h.rowOf(id, past)
		if err != nil {
			return nil, err
		}
		r.Lower = row
	}
	var out []interp.HistoryEvent
	var bad error
	err := h.store.Iterate(record.SpaceHistory, r, func(_, v []byte) bool {
		var row []interp.HistoryEvent
		if row, bad = record.DecodeHistory(v); bad != nil || ctx.Err() != nil {
			return false
		}
		if reverse {
			slices.Reverse(row)
		}
		for _, e := range row {
			if past == 0 || reverse == (e.ID < past) && e.ID != past {
				out = append(out, e)
			}
		}
		return len(out) < most
	})
	return out, firstError(err, bad, ctx.Err())
}

// rowOf gives the key of the row that holds an event.
func (h *Host) rowOf(id record.ID, event int64) (key []byte, err error) {
	key = id.Key(uint64(event))
	err = h.store.Iterate(record.SpaceHistory, kv.Range{Lower: id[:], Upper: id.Key(uint64(event) + 1), Reverse: true}, func(k, _ []byte) bool {
		key = slices.Clone(k)
		return false
	})
	return key, err
}

// Calls gives an execution's side journal in the order of time.
func (h *Host) Calls(ctx context.Context, arn string) (list []sfn.CallRecord, err error) {
	id := record.IDOf(arn)
	err = h.whole(ctx, id, func() (err error) {
		list, err = h.callsOf(id, arn)
		return err
	})
	return list, err
}

func (h *Host) callsOf(id record.ID, arn string) ([]sfn.CallRecord, error) {
	if fixed, _, err := h.records(id); err != nil {
		return nil, err
	} else if fixed == nil {
		return nil, sfn.ExecutionDoesNotExist(arn)
	}
	var out []sfn.CallRecord
	var bad error
	err := h.store.Iterate(record.SpaceCall, id.All(), func(k, v []byte) bool {
		var c sfn.CallRecord
		c, bad = record.DecodeCall(v)
		c.Command, c.Send = record.Part(k, 0), uint32(record.Part(k, 1))
		out = append(out, c)
		return bad == nil
	})
	if err := firstError(err, bad); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b sfn.CallRecord) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Command, b.Command), cmp.Compare(a.Send, b.Send))
	})
	return out, h.committer.barrier()
}
