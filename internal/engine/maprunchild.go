package engine

import (
	"stile/asl/interp"
	"stile/internal/engine/maprun"
	"stile/internal/engine/record"
	"stile/internal/engine/redrive"
	"stile/internal/sfn"
	"stile/jsonval"
)

func (r *openRun) express() bool {
	d, err := r.s.h.distributed(&r.parent, r.fixed.Spec.State)
	return err == nil && d.ExecutionType == sfn.Express
}

// startChild has the child's shard start it.
func (r *openRun) startChild(index, items int64, input jsonval.Value) {
	arn := maprun.ChildARN(r.fixed.Spec.ARN, index, r.express())
	id := record.IDOf(arn)
	s := r.s.h.shardOf(id)
	s.do(func() { s.startChild(r, arn, id, index, items, input) })
}

// startChild starts a child, or finds it started.
func (s *shard) startChild(r *openRun, arn string, id record.ID, index, items int64, input jsonval.Value) {
	l, err := s.lookup(id)
	if err == nil && l == nil {
		err = s.firstOf(r, arn, id, index, items, input)
	}
	switch {
	case err != nil:
		s.missed("a child execution cannot be started", id, err, func() { s.startChild(r, arn, id, index, items, input) })
	case l != nil && l.running():
	case l != nil && r.absent(record.ChildRow{Index: record.Index{Status: l.state.Status}, Redrive: l.state.Redrive.Run}):
		s.redriveChild(r, l, index, func() { s.startChild(r, arn, id, index, items, input) })
	case l != nil:
		s.tellRun(s.turn(l), r.key, index, l.state.Status)
	}
}

func (s *shard) firstOf(r *openRun, arn string, id record.ID, index, items int64, input jsonval.Value) error {
	if r.halted.Load() {
		return nil // whoever stops the run counts it as aborted
	}
	h, f := s.h, &r.parent
	now := h.now()
	kind := sfn.Standard
	child := record.Child{Run: r.fixed.Spec.ARN, State: r.fixed.Spec.State, Parent: r.key, Index: index, Items: items, Express: r.express()}
	if child.Express {
		kind = sfn.Express
	}
	span := sfn.ExecutionSpan(f.ARN)
	if r.fixed.Entered != 0 {
		span = sfn.StateSpan(f.ARN, r.fixed.Entered)
	}
	l := &live{
		id:    id,
		state: record.State{Status: record.Running, Last: now, Redrive: redrive.State{Run: r.redrives}},
		fixed: record.Fixed{
			ARN: arn, MachineARN: f.MachineARN, Role: f.Role, Owner: f.Owner, Subject: f.Subject, Revision: f.Revision, Start: now,
			Trace: f.Trace, ParentSpan: span, TraceHeader: f.TraceHeader, TokenKey: h.keys.Current,
			Input: interp.Payload{Value: input}, InputDigest: record.InputDigest(input),
			TestCase: f.TestCase, Version: f.Version, Alias: f.Alias, Child: child.Text(),
		},
		work:   map[uint64]*work{},
		timers: map[uint64]int64{},
	}
	p, err := h.program(&l.fixed)
	if err != nil {
		return err
	}
	a, _ := sfn.ParseARN(arn)
	l.x = interp.New(p, h.env(l))
	t := s.turn(l)
	s.cache.Remove(l.id) // of one that was deleted
	s.cache.Add(l.id, l)
	t.apply(interp.Event{Kind: interp.EventStarted, Start: &interp.Start{
		Semantics: interp.Semantics, ExecutionARN: arn, Name: l.fixed.Name(), StateMachineARN: l.fixed.Labelled(), StateMachineName: a.Name,
		RoleARN: f.Role, Type: kind, Input: input, TokenKey: l.fixed.TokenKey, Owner: f.Owner, Subject: f.Subject,
		TraceID: f.Trace, ParentSpan: span, TraceHeader: f.TraceHeader, Account: h.account, Region: h.region,
		Mocks: r.fixed.Mocks, MapRunARN: child.Run, MaxPayload: h.maxPayload, MaxHistory: h.maxHistory,
	}})
	if l.x != nil {
		l.fixed.Input.Blob = l.x.Input().Blob
	}
	s.h.known.Add(id)
	t.set(record.SpaceExecution, id.Key(record.FixedPart), l.fixed.Encode())
	if l.running() {
		t.putIndex()
	}
	s.end(t)
	return nil
}

// stopChild has the child's shard stop it.
func (r *openRun) stopChild(index int64) {
	id := record.IDOf(maprun.ChildARN(r.fixed.Spec.ARN, index, r.express()))
	s := r.s.h.shardOf(id)
	s.do(func() { s.stopChild(r, id, index) })
}

func (s *shard) stopChild(r *openRun, id record.ID, index int64) {
	l, err := s.lookup(id)
	again := func() { s.stopChild(r, id, index) }
	switch {
	case err != nil:
		s.missed("a child execution cannot be stopped", id, err, again)
	case l == nil: // it never started, and will not
		s.tellRun(s.turn(nil), r.key, index, record.StatusOf(sfn.Aborted))
	case !l.running():
		s.tellRun(s.turn(l), r.key, index, l.state.Status)
	case l.x == nil: // in quarantine: the run does not wait for it
		s.tellRun(s.turn(l), r.key, index, record.StatusOf(sfn.Aborted))
	default:
		t := s.turn(l)
		t.again = again
		t.apply(interp.Event{Kind: interp.EventStop})
		s.end(t)
	}
}

// tellRun ends a turn and tells the Map Run of a child's outcome once what was seen
// is durable.
func (s *shard) tellRun(t *turn, k record.RunKey, index int64, outcome record.Status) {
	t.after = append(t.after, func() { s.h.childEnded(k, index, outcome) })
	s.end(t)
}

func (h *Host) childEnded(k record.RunKey, index int64, outcome record.Status) {
	parent := h.shardOf(k.Parent)
	parent.do(func() { parent.childEnded(k, index, outcome) })
}

// putChild writes a child's row in its Map Run's list, and at its end has the run
// told of it.
func (t *turn) putChild(c *record.Child) {
	l := t.live
	row := record.ChildRow{Index: record.Index{Status: l.state.Status, Stop: l.state.Stop}, Items: c.Items, Redrive: l.state.Redrive.Run}
	t.set(record.SpaceByMapRun, append(record.ChildKey(c.Run, c.Index), l.id[:]...), row.Encode())
	if !l.running() {
		outcome := l.state.Status
		t.after = append(t.after, func() { t.h.childEnded(c.Parent, c.Index, outcome) })
	}
}
