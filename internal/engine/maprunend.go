package engine

import (
	"context"
	"errors"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/maprun"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// end makes the outcome of a run whose children have all ended: beside the worker,
// since it reads what every child gave.
func (r *openRun) end() {
	if r.ending {
		return
	}
	r.ending = true
	if r.core.Stopped {
		r.conclude(interp.Event{})
		return
	}
	// What runs beside the worker has the run as it stands now.
	as := &openRun{s: r.s, key: r.key, fixed: r.fixed, parent: r.parent, core: r.core, saved: r.saved, ctx: r.ctx}
	r.s.h.background(func() {
		ev, err := as.outcome(as.ctx, &as.core)
		if err != nil { // the host closes, or the run was stopped meanwhile
			r.onWorker(func() { r.again(err) })
			return
		}
		r.onWorker(func() { r.conclude(ev) })
	})
}

// again tries the end once more, where the store could not be read for it.
func (r *openRun) again(err error) {
	switch {
	case r.core.Stopped:
		r.conclude(interp.Event{})
	case errors.Is(err, codec.ErrRecord):
		r.s.h.told("the output of a Map Run cannot be made", r.key.Parent, err)
		r.conclude(interp.Event{Error: asl.ErrRuntime, Cause: "What a child execution gave cannot be read from the store."})
	default:
		r.s.missed("the output of a Map Run cannot be made", r.key.Parent, err, func() {
			r.ending = false
			r.moved()
		})
	}
}

// outcome makes the event that ends the run for its parent.
func (r *openRun) outcome(ctx context.Context, c *maprun.Run) (ev interp.Event, err error) {
	out, err := r.output(ctx, c)
	var refused *asl.EvalError
	switch {
	case errors.As(err, &refused) && c.Failed == "":
		return interp.Event{Error: refused.Name, Cause: refused.Cause}, nil
	case err != nil && refused == nil:
		return ev, err
	case c.Failed != "":
		return interp.Event{Error: c.Failed, Cause: c.Cause}, nil
	}
	return interp.Event{Output: out}, nil
}

// conclude ends the run: its last record and the parent's event join one group.
func (r *openRun) conclude(ev interp.Event) {
	s := r.s
	if s.runs[r.key.Parent][r.key.Command] != r || r.concluded {
		return
	}
	if r.core.Stopped {
		t := s.turn(nil)
		r.finish(t, record.StatusOf(sfn.Aborted))
		s.end(t)
		return
	}
	again := func() {
		r.concluded = false
		r.conclude(ev)
	}
	l, err := s.lookup(r.key.Parent)
	switch {
	case err != nil || l == nil:
		s.missed("a Map Run's parent cannot be told of its end", r.key.Parent, err, again)
		return
	case !l.running():
		r.core.Stop()
		r.conclude(ev)
		return
	case l.x == nil:
		return // in quarantine: told by the next process that can go on with it
	}
	r.concluded = true
	if ev.Error != "" {
		r.core.Fail(ev.Error, ev.Cause)
	}
	status := record.Status(r.core.Outcome())
	ev.Kind, ev.Command = interp.EventMapRunEnded, r.key.Command
	t := s.turn(l)
	t.again = again
	t.apply(ev)
	if l.x == nil && l.running() { // the event could not be taken
		r.concluded = false
		s.end(t)
		return
	}
	t.joins = append(t.joins, func() { r.finish(t, status) })
	s.end(t)
}

// finish writes the run's last record.
func (r *openRun) finish(t *turn, status record.Status) {
	c := &r.core
	p := r.progress()
	p.Status, p.Stop, p.Below, p.Total = status, r.s.h.now(), c.Ended, c.Total()
	p.Written = status == record.StatusOf(sfn.Succeeded)
	r.saved, r.concluded = p, true
	t.set(record.SpaceMapRun, r.key.Row(record.RunStatePart), p.Encode())
	t.remove(record.SpaceOpenRun, r.key.Marker())
	// It stays in memory until the store shows that it has ended: whoever asks for it
	// before would find it open there.
	t.after = append(t.after, func() { r.s.do(func() { r.s.dropRun(r) }) })
}

// output is what the children gave: an array in their order, or where there is a
// writer files and where they are. The error is *asl.EvalError where the run fails
// by it.
func (r *openRun) output(ctx context.Context, c *maprun.Run) (jsonval.Value, error) {
	d, err := r.s.h.distributed(&r.parent, r.fixed.Spec.State)
	if err != nil {
		return jsonval.Value{}, err
	}
	if d.Writer != nil && d.Writer.Resource != "" {
		if c.Failed != "" && c.Failed != maprun.ErrThreshold {
			return jsonval.Value{}, nil
		}
		return r.write(ctx, c, d.Writer)
	}
	if c.Failed != "" {
		return jsonval.Value{}, nil
	}
	form := ""
	if d.Writer != nil {
		form = d.Writer.Transformation
	}
	var out jsonval.Array
	size := 2
	err = r.children(ctx, func(x *sfn.Execution) error {
		if x.Status != sfn.Succeeded {
			return nil
		}
		return maprun.EachResult(x, form, func(v jsonval.Value) error {
			if size += len(v.Raw()) + 1; size-1 > max(sfn.MaxData, r.s.h.maxPayload) {
				return &asl.EvalError{Name: asl.ErrDataLimitExceeded, Cause: "The state/task '" + r.fixed.Spec.State +
					"' returned a result with a size exceeding the maximum number of bytes service limit."}
			}
			out.Add(v)
			return nil
		})
	})
	return out.Value(), err
}

// childrenAtOnce is how many children are read from the store together.
const childrenAtOnce = 64

// children calls f with every child that started, in their order, with its payloads.
func (r *openRun) children(ctx context.Context, f func(*sfn.Execution) error) error {
	h, arn := r.s.h, r.fixed.Spec.ARN
	from, upper := record.ChildKey(arn, 0), record.After(record.Prefix(arn))
	for from != nil {
		var ids []record.ID
		lower := from
		from = nil
		err := h.store.Iterate(record.SpaceByMapRun, kv.Range{Lower: lower, Upper: upper}, func(k, _ []byte) bool {
			if len(ids) == childrenAtOnce {
				from = append([]byte(nil), k...)
				return false
			}
			ids = append(ids, record.ID(k[len(k)-16:]))
			return true
		})
		if err := firstError(err, ctx.Err()); err != nil {
			return err
		}
		for _, id := range ids {
			x, err := h.shownWhole(id)
			if err != nil {
				return err
			}
			if err := f(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// shownWhole is an execution with its payloads.
func (h *Host) shownWhole(id record.ID) (*sfn.Execution, error) {
	fixed, state, err := h.records(id)
	if err == nil && fixed == nil {
		err = codec.ErrRecord
	}
	if err != nil {
		return nil, err
	}
	if err := h.fill(id, &fixed.Input, &state.Output); err != nil {
		return nil, err
	}
	x := record.Show(fixed, state)
	x.Input, x.Output = fixed.Input.Value, state.Output.Value
	return &x, nil
}
