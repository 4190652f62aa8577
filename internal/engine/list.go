package engine

import (
	"bytes"
	"context"
	"slices"
	"time"

	"stile/internal/engine/record"
	"stile/internal/engine/visibility"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// ListExecutions gives a page of executions, newest first, without payloads, and
// the token of the next page ("" at the end). It reads the index that leaves the
// fewest, within the bounds of time, and looks the rest up in records, in steps, until
// the page is full. A page's token opens for other bounds of time too: an age moves.
func (h *Host) ListExecutions(ctx context.Context, in sfn.ListExecutions) ([]sfn.Execution, string, error) {
	l, err := h.listing(in)
	if err != nil {
		return nil, "", err
	}
	from, err := h.openPage(l.scope, in.Token)
	if err != nil || l.empty {
		return nil, "", err
	}
	size := pageSize(in.Max)
	var out []sfn.Execution
	var last []byte // the row of the last one in out
	for more := true; more; {
		l.behind(from)
		var rows [][]byte
		if rows, more, err = l.rows(ctx, max(size-len(out)+1, l.step())); err != nil {
			return nil, "", err
		}
		found, err := l.show(rows)
		if err != nil {
			return nil, "", err
		}
		for i, x := range found {
			if x == nil {
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
	index visibility.Index
	space kv.Space
	r     kv.Range
	empty bool // nothing can be in the bounds of time
	scope string
	want  record.Status
	in    sfn.ListExecutions
	// from and to bound the start, Unix ms, 0 for none; fields are the hashes that each
	// execution must have.
	from, to int64
	fields   visibility.Hashes
}

// listing checks what is asked for and chooses the index.
func (h *Host) listing(in sfn.ListExecutions) (*listing, error) {
	l := &listing{h: h, scope: "executions " + in.Status + string(in.Health), want: record.StatusOf(in.Status), in: in,
		from: ceilMillis(in.From), to: ceilMillis(in.To)}
	if in.StateMachineARN != "" {
		if err := h.machines.Known(in.StateMachineARN); err != nil {
			return nil, err
		}
		if h.Type(in.StateMachineARN) == sfn.Express {
			return nil, sfn.TypeNotSupported()
		}
		l.scope += " " + in.StateMachineARN
	}
	if in.Health != "" && in.Status == "" {
		l.want = record.Running // only an open execution has a health
	}
	if err := l.hashes(); err != nil {
		return nil, err
	}
	q := visibility.Query{MapRun: in.MapRunARN != "", Machine: in.StateMachineARN != "", Fields: len(l.fields), Trouble: visibility.Trouble(in.Health)}
	var prefix []byte
	switch l.index = q.Choose(); l.index {
	case visibility.OfMapRun:
		return l, h.listChildren(l, in.MapRunARN)
	case visibility.ByField:
		l.space, prefix = record.SpaceByField, l.fields[0][:]
	case visibility.ByTrouble:
		l.space, prefix = record.SpaceTrouble, []byte{q.Trouble}
	case visibility.ByMachine:
		l.space, prefix = record.SpaceByMachine, record.Prefix(in.StateMachineARN)
	default:
		l.space = record.SpaceByStart
	}
	l.r, l.empty = visibility.Between(prefix, l.from, l.to)
	return l, nil
}

// hashes finds where the fields that are asked for are listed.
func (l *listing) hashes() error {
	if len(l.in.Fields) == 0 {
		return nil
	}
	if l.in.StateMachineARN == "" {
		return &sfn.Error{Code: "BadQuery", Message: "a search by fields names the state machine that has them"}
	}
	machine, _ := sfn.Unqualified(l.in.StateMachineARN)
	var known visibility.Fields
	if l.h.fields != nil {
		known = l.h.fields(machine)
	}
	var values []visibility.Value
	for _, name := range sortedKeys(l.in.Fields) {
		if !known.Has(name) {
			why := "no field " + name + " is indexed: the state machine's workflow.yaml names no fields under index"
			if len(known) > 0 {
				why = "no field " + name + " is indexed; there are: " + known.Names()
			}
			return &sfn.Error{Code: "BadQuery", Message: why}
		}
		values = append(values, visibility.Value{Name: name, Text: l.in.Fields[name]})
	}
	l.fields = l.fields.Add(machine, values)
	l.scope += visibility.Scope(values)
	return nil
}

// ceilMillis is a time in Unix ms, rounded up; 0 for none. A bound before 1970 is none
// from below, and leaves nothing from above.
func ceilMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	ms := t.Add(time.Millisecond - time.Nanosecond).UnixMilli()
	if ms == 0 {
		return -1
	}
	return ms
}

// behind goes on behind the row of the page before.
func (l *listing) behind(from []byte) {
	switch {
	case from == nil:
	case l.r.Reverse:
		l.r.Upper = from
	default:
		if next := append(slices.Clone(from), 0); bytes.Compare(next, l.r.Lower) > 0 {
			l.r.Lower = next
		}
	}
}

// step is how many records are read at once where most may be left out.
func (l *listing) step() int {
	if l.exact() {
		return 0
	}
	return 256
}

// exact says that the index's rows are what is asked for, status aside.
func (l *listing) exact() bool {
	switch {
	case l.in.Redriven != nil, l.in.Health != "" && l.index != visibility.ByTrouble:
		return false
	case l.index == visibility.OfMapRun:
		return l.from == 0 && l.to == 0
	case l.index == visibility.ByField:
		_, qualifier := sfn.Unqualified(l.in.StateMachineARN)
		return len(l.fields) == 1 && qualifier == ""
	case l.index == visibility.ByTrouble:
		return l.in.StateMachineARN == ""
	}
	return true
}

// rows gives the keys of up to most rows of the wanted status, and whether there
// may be others behind.
func (l *listing) rows(ctx context.Context, most int) (keys [][]byte, more bool, err error) {
	if l.r.Upper != nil && bytes.Compare(l.r.Lower, l.r.Upper) >= 0 {
		return nil, false, nil
	}
	var bad error
	err = l.h.store.Iterate(l.space, l.r, func(k, v []byte) bool {
		var row record.ChildRow
		if l.in.MapRunARN != "" {
			row, bad = record.DecodeChildRow(v)
		} else {
			row.Index, bad = record.DecodeIndex(v)
		}
		if bad != nil || ctx.Err() != nil {
			return false
		}
		if (l.in.Status != "" || l.in.Health != "") && row.Status != l.want {
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

// show reads the executions of rows; one that is gone, or is not what is asked for, is
// nil.
func (l *listing) show(rows [][]byte) ([]*sfn.Execution, error) {
	const parts = 3
	keys := make([][]byte, 0, parts*len(rows))
	ids := make([]record.ID, len(rows))
	for i, k := range rows {
		ids[i] = record.ID(k[len(k)-16:])
		keys = append(keys, ids[i].Key(record.FixedPart), ids[i].Key(record.StatePart))
		if len(l.fields) > 0 {
			keys = append(keys, ids[i].Key(record.IndexedPart))
		}
	}
	each := len(keys) / max(1, len(rows))
	got, err := l.h.store.GetMany(record.SpaceExecution, keys)
	if err != nil {
		return nil, err
	}
	shown, states := make([]sfn.Execution, len(rows)), make([]record.Health, len(rows))
	out := make([]*sfn.Execution, len(rows))
	for i := range rows {
		one := got[each*i : each*i+each]
		fixed, state, err := l.h.both(ids[i], one[0], one[1])
		if err != nil {
			return nil, err
		}
		if fixed == nil {
			continue
		}
		var fields visibility.Hashes
		if each == parts {
			if fields, err = visibility.DecodeHashes(one[2]); err != nil {
				return nil, err
			}
		}
		if l.wants(fixed, state, fields) {
			shown[i], states[i] = record.Show(fixed, state), state.Health
			out[i] = &shown[i]
		}
	}
	return out, l.h.verdicts(shown, states, ids)
}

// wants says that an execution is what is asked for, by its records: they are newer
// than the row where it has ended, or fares otherwise, since the row was read.
func (l *listing) wants(f *record.Fixed, st *record.State, fields visibility.Hashes) bool {
	in := &l.in
	switch {
	case in.MapRunARN == "" && in.StateMachineARN != "" && !slices.Contains(f.ListedUnder(), in.StateMachineARN),
		(in.Status != "" || in.Health != "") && st.Status != l.want,
		in.Health != "" && (in.Status != "" && in.Status != sfn.Running || st.Health.Shown().Status != in.Health),
		in.Redriven != nil && *in.Redriven != (st.Redrive.Count > 0),
		l.from > 0 && f.Start < l.from, l.to != 0 && f.Start >= l.to:
		return false
	}
	for _, h := range l.fields {
		if !slices.Contains(fields, h) {
			return false
		}
	}
	return true
}
