package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"stile/asl/interp"
	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// DescribeExecution gives an execution as its last durable turn left it.
func (h *Host) DescribeExecution(_ context.Context, arn string) (sfn.Execution, error) {
	id := idOf(arn)
	fixed, state, err := h.records(id)
	if err == nil && fixed == nil {
		err = sfn.ExecutionDoesNotExist(arn)
	}
	if err != nil {
		return sfn.Execution{}, err
	}
	if err := state.shown(h.fill(id, &fixed.input, &state.output)); err != nil {
		return sfn.Execution{}, err
	}
	x := []sfn.Execution{show(fixed, state)}
	h.showRedrive(&x[0], fixed, state)
	x[0].Input, x[0].Output = fixed.input.Value, state.output.Value
	if err := h.verdicts(x, []healthRecord{state.health}, []execID{id}); err != nil {
		return sfn.Execution{}, err
	}
	return x[0], h.committer.barrier()
}

// show is an execution without its payloads.
func show(f *fixedRecord, st *stateRecord) sfn.Execution {
	x := sfn.Execution{
		ARN: f.arn, Name: f.name(), StateMachineARN: f.labelled(), Status: st.status.String(), StartDate: time.UnixMilli(f.start),
		Error: st.err, Cause: st.cause, TraceHeader: f.traceHeader, State: st.state, Owner: f.owner, Subject: f.subject, TestCase: f.testCase,
		TraceID: f.trace, Span: sfn.ExecutionSpan(f.arn), ParentSpan: f.parentSpan, Waiting: st.waiting, RoleARN: f.role, Health: st.health.health(),
		Quarantine: st.quarantine, VersionARN: f.qualified(f.version), AliasARN: f.qualified(f.alias),
	}
	if r := st.redrive; r.Count > 0 {
		x.RedriveCount, x.RedriveDate = int64(r.Count), time.UnixMilli(r.At)
	}
	if st.status != running {
		x.StopDate = time.UnixMilli(st.stop)
	}
	if c := f.mapChild(); c != nil {
		x.MapRunARN, x.ItemCount = c.run, c.items
	}
	return x
}

// fill reads the values of blobs that are not in memory. One that is absent or
// damaged stays absent, and the error is errRecord; the others are filled in.
func (h *Host) fill(id execID, payloads ...*interp.Payload) error {
	var keys [][]byte
	var want []*interp.Payload
	for _, p := range payloads {
		if p != nil && p.Blob != 0 && !p.Value.Exists() {
			keys, want = append(keys, id.key(p.Blob)), append(want, p)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	got, err := h.store.GetMany(spaceBlob, keys)
	if err != nil {
		return err
	}
	for i, p := range want {
		if len(got[i]) < 1 || got[i][0] != recordFormat {
			err = firstError(err, errRecord)
			continue
		}
		v, bad := jsonval.Parse(got[i][1:])
		if bad != nil {
			err = firstError(err, fmt.Errorf("%w: %w", errRecord, bad))
			continue
		}
		p.Value = v
	}
	return err
}

// shown is fill's error where it keeps an execution from being shown: of one in
// quarantine a payload may be what cannot be read, and is absent.
func (r *stateRecord) shown(err error) error {
	if r.quarantine != "" && errors.Is(err, errRecord) {
		return nil
	}
	return err
}

// GetExecutionHistory gives a page of history events with their payloads, and the
// token of the next page ("" at the end).
func (h *Host) GetExecutionHistory(ctx context.Context, in sfn.HistoryPage) ([]interp.HistoryEvent, string, error) {
	id := idOf(in.ExecutionARN)
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
func (h *Host) fillPage(id execID, state *stateRecord, events []interp.HistoryEvent) (n int, err error) {
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
		if err := state.shown(h.fill(id, payloads...)); err != nil {
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
func (h *Host) events(ctx context.Context, id execID, reverse bool, past int64, most int) ([]interp.HistoryEvent, error) {
	r := id.all()
	r.Reverse = reverse
	if past > 0 && reverse {
		r.Upper = id.key(uint64(past))
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
	err := h.store.Iterate(spaceHistory, r, func(_, v []byte) bool {
		var row []interp.HistoryEvent
		if row, bad = decodeHistoryRow(v); bad != nil || ctx.Err() != nil {
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
func (h *Host) rowOf(id execID, event int64) (key []byte, err error) {
	key = id.key(uint64(event))
	err = h.store.Iterate(spaceHistory, kv.Range{Lower: id[:], Upper: id.key(uint64(event) + 1), Reverse: true}, func(k, _ []byte) bool {
		key = slices.Clone(k)
		return false
	})
	return key, err
}

func decodeHistoryRow(b []byte) ([]interp.HistoryEvent, error) {
	d := open(slices.Clone(b))
	var out []interp.HistoryEvent
	for d.Err == nil && len(d.B) > 0 {
		e, err := interp.DecodeHistoryEvent(d.Bytes())
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, d.Err
}

// Calls gives an execution's side journal in the order of time.
func (h *Host) Calls(_ context.Context, arn string) ([]sfn.CallRecord, error) {
	id := idOf(arn)
	if fixed, _, err := h.records(id); err != nil {
		return nil, err
	} else if fixed == nil {
		return nil, sfn.ExecutionDoesNotExist(arn)
	}
	var out []sfn.CallRecord
	var bad error
	err := h.store.Iterate(spaceCall, id.all(), func(k, v []byte) bool {
		d := open(slices.Clone(v))
		c := sfn.CallRecord{Command: part(k, 0), Send: uint32(part(k, 1)), State: d.Str(), Attempt: uint32(d.Uint())}
		c.Time, c.Call = time.UnixMilli(d.Int()), d.JSON()
		out, bad = append(out, c), d.Err
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
