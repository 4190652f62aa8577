package engine

import (
	"stile/asl/interp"
	"stile/internal/engine/maprun"
	"stile/internal/engine/redrive"
	"stile/internal/sfn"
	"stile/jsonval"
)

func (r *openRun) express() bool {
	d, err := r.s.h.distributed(&r.parent, r.fixed.spec.State)
	return err == nil && d.ExecutionType == sfn.Express
}

// startChild has the child's shard start it.
func (r *openRun) startChild(index, items int64, input jsonval.Value) {
	arn := maprun.ChildARN(r.fixed.spec.ARN, index, r.express())
	id := idOf(arn)
	s := r.s.h.shardOf(id)
	s.do(func() { s.startChild(r, arn, id, index, items, input) })
}

// startChild starts a child, or finds it started.
func (s *shard) startChild(r *openRun, arn string, id execID, index, items int64, input jsonval.Value) {
	l, err := s.lookup(id)
	if err == nil && l == nil {
		err = s.firstOf(r, arn, id, index, items, input)
	}
	switch {
	case err != nil:
		s.missed("a child execution cannot be started", id, err, func() { s.startChild(r, arn, id, index, items, input) })
	case l != nil && l.running():
	case l != nil && r.absent(childRow{indexRecord: indexRecord{status: l.state.status}, redrive: l.state.redrive.Run}):
		s.redriveChild(r, l, index, func() { s.startChild(r, arn, id, index, items, input) })
	case l != nil:
		s.tellRun(s.turn(l), r.key, index, l.state.status)
	}
}

func (s *shard) firstOf(r *openRun, arn string, id execID, index, items int64, input jsonval.Value) error {
	if r.halted.Load() {
		return nil // whoever stops the run counts it as aborted
	}
	h, f := s.h, &r.parent
	now := h.now()
	kind := sfn.Standard
	child := childRecord{run: r.fixed.spec.ARN, state: r.fixed.spec.State, parent: r.key, index: index, items: items, express: r.express()}
	if child.express {
		kind = sfn.Express
	}
	span := sfn.ExecutionSpan(f.arn)
	if r.fixed.entered != 0 {
		span = sfn.StateSpan(f.arn, r.fixed.entered)
	}
	l := &live{
		id:    id,
		state: stateRecord{status: running, last: now, redrive: redrive.State{Run: r.redrives}},
		fixed: fixedRecord{
			arn: arn, machineARN: f.machineARN, role: f.role, owner: f.owner, subject: f.subject, revision: f.revision, start: now,
			trace: f.trace, parentSpan: span, traceHeader: f.traceHeader, tokenKey: h.keys.Current,
			input: interp.Payload{Value: input}, inputDigest: inputDigest(input),
			testCase: f.testCase, version: f.version, alias: f.alias, child: child.text(),
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
	s.cache.add(l)
	t.apply(interp.Event{Kind: interp.EventStarted, Start: &interp.Start{
		Semantics: interp.Semantics, ExecutionARN: arn, Name: l.fixed.name(), StateMachineARN: l.fixed.labelled(), StateMachineName: a.Name,
		RoleARN: f.role, Type: kind, Input: input, TokenKey: l.fixed.tokenKey, Owner: f.owner, Subject: f.subject,
		TraceID: f.trace, ParentSpan: span, TraceHeader: f.traceHeader, Account: h.account, Region: h.region,
		Mocks: r.fixed.mocks, MapRunARN: child.run, MaxPayload: h.maxPayload, MaxHistory: h.maxHistory,
	}})
	if l.x != nil {
		l.fixed.input.Blob = l.x.Input().Blob
	}
	t.set(spaceExecution, id.key(fixedPart), l.fixed.encode())
	if l.running() {
		t.putIndex()
	}
	s.end(t)
	return nil
}

// stopChild has the child's shard stop it.
func (r *openRun) stopChild(index int64) {
	id := idOf(maprun.ChildARN(r.fixed.spec.ARN, index, r.express()))
	s := r.s.h.shardOf(id)
	s.do(func() { s.stopChild(r, id, index) })
}

func (s *shard) stopChild(r *openRun, id execID, index int64) {
	l, err := s.lookup(id)
	again := func() { s.stopChild(r, id, index) }
	switch {
	case err != nil:
		s.missed("a child execution cannot be stopped", id, err, again)
	case l == nil: // it never started, and will not
		s.tellRun(s.turn(nil), r.key, index, codeOf(sfn.Aborted))
	case !l.running():
		s.tellRun(s.turn(l), r.key, index, l.state.status)
	case l.x == nil: // in quarantine: the run does not wait for it
		s.tellRun(s.turn(l), r.key, index, codeOf(sfn.Aborted))
	default:
		t := s.turn(l)
		t.again = again
		t.apply(interp.Event{Kind: interp.EventStop})
		s.end(t)
	}
}

// tellRun ends a turn and tells the Map Run of a child's outcome once what was seen
// is durable.
func (s *shard) tellRun(t *turn, k runKey, index int64, outcome statusCode) {
	t.after = append(t.after, func() { s.h.childEnded(k, index, outcome) })
	s.end(t)
}

func (h *Host) childEnded(k runKey, index int64, outcome statusCode) {
	parent := h.shardOf(k.parent)
	parent.do(func() { parent.childEnded(k, index, outcome) })
}

// putChild writes a child's row in its Map Run's list, and at its end has the run
// told of it.
func (t *turn) putChild(c *childRecord) {
	l := t.live
	row := childRow{indexRecord{l.state.status, l.state.stop}, c.items, l.state.redrive.Run}
	t.set(spaceByMapRun, append(childKey(c.run, c.index), l.id[:]...), row.encode())
	if !l.running() {
		outcome := l.state.status
		t.after = append(t.after, func() { t.h.childEnded(c.parent, c.index, outcome) })
	}
}
