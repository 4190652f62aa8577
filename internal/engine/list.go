package engine

import (
	"context"

	"stile/internal/kv"
	"stile/internal/sfn"
)

// ListExecutions gives a page of executions, newest first, without payloads, and
// the token of the next page ("" at the end). A filter by health reads the records
// of all that run, in steps, until the page is full.
func (h *Host) ListExecutions(ctx context.Context, in sfn.ListExecutions) ([]sfn.Execution, string, error) {
	l := listing{h: h, space: spaceByStart, scope: "executions " + in.Status + string(in.Health), want: codeOf(in.Status), in: in}
	if in.StateMachineARN != "" {
		if err := h.machines.known(in.StateMachineARN); err != nil {
			return nil, "", err
		}
		if h.Type(in.StateMachineARN) == sfn.Express {
			return nil, "", sfn.TypeNotSupported()
		}
		prefix := machinePrefix(in.StateMachineARN)
		l.space, l.r, l.scope = spaceByMachine, kv.Range{Lower: prefix, Upper: after(prefix)}, l.scope+" "+in.StateMachineARN
	}
	if in.MapRunARN != "" {
		if err := h.listChildren(&l, in.MapRunARN); err != nil {
			return nil, "", err
		}
	}
	if in.Health != "" && in.Status == "" {
		l.want = running // only an open execution has a health
	}
	from, err := h.openPage(l.scope, in.Token)
	if err != nil {
		return nil, "", err
	}
	size := pageSize(in.Max)
	var out []sfn.Execution
	var last []byte // the row of the last one in out
	for more := true; more; {
		if from != nil && l.r.Reverse {
			l.r.Upper = from
		} else if from != nil {
			l.r.Lower = append(from, 0)
		}
		var rows [][]byte
		if rows, more, err = l.rows(ctx, max(size-len(out)+1, l.step())); err != nil {
			return nil, "", err
		}
		found, err := h.showAll(rows)
		if err != nil {
			return nil, "", err
		}
		for i, x := range found {
			if x == nil || in.Health != "" && x.Health.Status != in.Health || in.Redriven != nil && *in.Redriven != (x.RedriveCount > 0) {
				continue
			}
			if len(out) == size {
				return out, h.sealPage(l.scope, last), h.committer.barrier()
			}
			out, last = append(out, *x), rows[i]
		}
		if len(rows) > 0 {
			from = rows[len(rows)-1]
		}
	}
	return out, "", h.committer.barrier()
}

// listing is one call of ListExecutions.
type listing struct {
	h     *Host
	space kv.Space
	r     kv.Range
	scope string
	want  statusCode
	in    sfn.ListExecutions
}

// step is how many records are read at once where most may be left out.
func (l *listing) step() int {
	if l.in.Health == "" && l.in.Redriven == nil {
		return 0
	}
	return 256
}

// rows gives the keys of up to most rows of the wanted status, and whether there
// may be others behind.
func (l *listing) rows(ctx context.Context, most int) (keys [][]byte, more bool, err error) {
	var bad error
	err = l.h.store.Iterate(l.space, l.r, func(k, v []byte) bool {
		var row childRow
		if l.in.MapRunARN != "" {
			row, bad = decodeChildRow(v)
		} else {
			row.indexRecord, bad = decodeIndex(v)
		}
		if bad != nil || ctx.Err() != nil {
			return false
		}
		if (l.in.Status != "" || l.in.Health != "") && row.status != l.want {
			return true
		}
		if len(keys) == most {
			more = true
			return false
		}
		keys = append(keys, append([]byte(nil), k...))
		return true
	})
	return keys, more, firstError(err, bad, ctx.Err())
}

// showAll reads the executions of rows of a listing; one that is gone is nil.
func (h *Host) showAll(rows [][]byte) ([]*sfn.Execution, error) {
	keys := make([][]byte, 0, 2*len(rows))
	ids := make([]execID, len(rows))
	for i, k := range rows {
		ids[i] = execID(k[len(k)-16:])
		keys = append(keys, ids[i].key(fixedPart), ids[i].key(statePart))
	}
	got, err := h.store.GetMany(spaceExecution, keys)
	if err != nil {
		return nil, err
	}
	shown, states := make([]sfn.Execution, len(rows)), make([]healthRecord, len(rows))
	out := make([]*sfn.Execution, len(rows))
	for i := range rows {
		if got[2*i] == nil {
			continue
		}
		fixed, state, err := decodeBoth(got[2*i], got[2*i+1])
		if err != nil {
			return nil, err
		}
		shown[i], states[i], out[i] = show(fixed, state), state.health, &shown[i]
	}
	return out, h.verdicts(shown, states, ids)
}
