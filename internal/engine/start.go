package engine

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/engine/machines"
	"stile/internal/engine/record"
	"stile/internal/sfn"
	"stile/jsonval"
)

// StartExecution starts an execution, or finds the one of the same name: while
// that runs with the same input the answer is the same. It comes back when the
// first slice is durable.
func (h *Host) StartExecution(ctx context.Context, in sfn.Start) (sfn.Started, error) {
	if err := h.refuses(); err != nil {
		return sfn.Started{}, err
	}
	m, err := h.machines.Starting(&in)
	if err != nil {
		return sfn.Started{}, err
	}
	if m.Type == sfn.Express {
		return sfn.Started{}, sfn.TypeNotSupported() // it has another host
	}
	p, err := h.machines.Program(m.ARN, m.Revision)
	if err != nil {
		return sfn.Started{}, err
	}
	if in.Mocks, err = h.mocks(m.Name, in.TestCase); err != nil {
		return sfn.Started{}, err
	}
	refusal := h.admission(ctx)
	if in.Name == "" {
		if refusal != nil {
			return sfn.Started{}, refusal
		}
		in.Name = h.uuid()
	}
	if !in.Input.Exists() {
		in.Input = jsonval.EmptyObject
	}
	if in.TraceID == "" {
		in.TraceID = h.traceID()
	}
	arn := sfn.ExecutionARN(h.region, h.account, m.Name, in.Name)
	s := h.shardOf(record.IDOf(arn))
	at, err := ask(ctx, s, func(reply func(int64, error)) {
		if refusal != nil && !s.taken(arn) {
			reply(0, refusal)
			return
		}
		s.start(arn, m, p, in, reply)
	})
	if err != nil {
		return sfn.Started{}, err
	}
	return sfn.Started{ExecutionARN: arn, StartDate: time.UnixMilli(at)}, nil
}

// start is the name's index and the first slice in one: only the shard's worker
// looks whether the name is taken, so two starts cannot both find it free.
func (s *shard) start(arn string, m *machines.Machine, p *asl.Program, in sfn.Start, reply func(int64, error)) {
	id := record.IDOf(arn)
	l, err := s.lookup(id)
	if err == nil && l != nil && !(s.h.committer.plant.forgetName && !l.running()) {
		s.again(l, in, reply)
		return
	}
	t := s.turn(nil)
	if err == nil {
		s.first(t, id, arn, m, p, in, nil)
		l = t.live
		err = l.quarantined()
	}
	if err == nil && in.Applied != nil {
		defer in.Applied(arn)
	}
	t.replies = append(t.replies, func(failed error) {
		if failed = firstError(failed, err); failed != nil {
			reply(0, failed)
			return
		}
		reply(l.fixed.Start, nil)
	})
	s.end(t)
}

// again answers a start whose name is taken, once what it saw is durable.
func (s *shard) again(l *live, in sfn.Start, reply func(int64, error)) {
	var refusal error
	if !l.running() || l.fixed.InputDigest != record.InputDigest(in.Input) || l.fixed.MachineARN != in.StateMachineARN ||
		l.fixed.TestCase != in.TestCase {
		refusal = sfn.ExecutionAlreadyExists(l.arn())
	}
	at := l.fixed.Start
	t := s.turn(l)
	t.replies = append(t.replies, func(failed error) { reply(at, firstError(failed, refusal)) })
	s.end(t)
}

func (s *shard) first(t *turn, id record.ID, arn string, m *machines.Machine, p *asl.Program, in sfn.Start, forked *forked) {
	h := s.h
	now := h.now()
	l := &live{
		id:    id,
		state: record.State{Status: record.Running, Last: now},
		fixed: record.Fixed{
			ARN: arn, MachineARN: m.ARN, Role: m.RoleARN, Owner: in.Owner, Subject: in.Subject, Revision: m.Revision, Start: now,
			Trace: in.TraceID, ParentSpan: in.ParentSpan, TraceHeader: in.TraceHeader,
			TokenKey: h.keys.Current, Input: interp.Payload{Value: in.Input}, InputDigest: record.InputDigest(in.Input),
			TestCase: in.TestCase, Version: qualifierOf(in.VersionARN), Alias: qualifierOf(in.AliasARN),
		},
		work:   map[uint64]*work{},
		timers: map[uint64]int64{},
	}
	l.x = interp.New(p, h.env(l))
	t.live = l
	l.unsettled.Add(1)
	s.cache.Remove(id) // of one that was deleted
	s.cache.Add(id, l)
	t.indexed(false, in.Input)
	start := &interp.Start{
		Semantics: interp.Semantics, ExecutionARN: arn, Name: in.Name, StateMachineARN: m.ARN, StateMachineName: m.Name,
		RoleARN: m.RoleARN, Type: m.Type, Input: in.Input, TokenKey: l.fixed.TokenKey, Owner: in.Owner, Subject: in.Subject,
		TraceID: in.TraceID, ParentSpan: in.ParentSpan, TraceHeader: in.TraceHeader, Account: h.account, Region: h.region,
		VersionARN: in.VersionARN, AliasARN: in.AliasARN,
		Mocks: in.Mocks, MaxPayload: h.maxPayload, MaxHistory: h.maxHistory,
	}
	if forked != nil {
		t.repeat(forked, start)
	} else {
		t.apply(interp.Event{Kind: interp.EventStarted, Start: start})
	}
	if l.x != nil {
		l.fixed.Input.Blob = l.x.Input().Blob
	}
	s.h.known.Add(id)
	t.set(record.SpaceExecution, id.Key(record.FixedPart), l.fixed.Encode())
	if l.running() { // an execution that ended in its first slice has its rows
		t.putIndex()
	}
}

// traceID makes the id of a new trace.
func (h *Host) traceID() string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, h.seed()), h.seed()))
}

// uuid makes a version 4 UUID of the host's randomness.
func (h *Host) uuid() string {
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, h.seed()), h.seed())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// StopExecution ends an execution as ABORTED; empty texts are absent. Stopping
// one that has ended gives the date of its end.
func (h *Host) StopExecution(ctx context.Context, arn, errorName, cause string) (time.Time, error) {
	if err := h.refuses(); err != nil {
		return time.Time{}, err
	}
	id := record.IDOf(arn)
	s := h.shardOf(id)
	at, err := ask(ctx, s, func(reply func(int64, error)) {
		l, err := s.lookup(id)
		if err == nil && l == nil {
			err = sfn.ExecutionDoesNotExist(arn)
		}
		if err == nil {
			err = l.quarantined()
		}
		if err != nil {
			reply(0, err)
			return
		}
		t := s.turn(l)
		t.apply(interp.Event{Kind: interp.EventStop, Error: errorName, Cause: cause})
		at, refusal := l.state.Stop, l.quarantined()
		t.replies = append(t.replies, func(failed error) { reply(at, firstError(failed, refusal)) })
		s.end(t)
	})
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(at), nil
}

// resume goes on with a slice that ended early.
func (s *shard) resume(id record.ID) {
	l, err := s.lookup(id)
	again := func() { s.resume(id) }
	if err != nil || l == nil || l.work[0] == nil {
		s.missed("a slice cannot be continued", id, err, again)
		return
	}
	t := s.turn(l)
	t.again = again
	t.apply(interp.Event{Kind: interp.EventContinue})
	s.end(t)
}

// timerDue fires a timer that came due.
func (s *shard) timerDue(due int64, id record.ID, timer uint64) {
	l, err := s.lookup(id)
	again := func() { s.timerDue(due, id, timer) }
	if err != nil {
		s.missed("a timer cannot be fired", id, err, again)
		return
	}
	if l != nil && l.state.Quarantine != "" {
		return // the row stays: another binary may be able to go on
	}
	if timer == record.HealthTimer && l != nil && l.running() && l.state.Health.Check == due {
		s.healthDue(l, due)
		return
	}
	var t *turn
	if l == nil || l.timers[timer] != due {
		// It was cancelled while it was on its way, or its execution has ended.
		t = s.turn(nil)
		t.remove(record.SpaceTimer, record.TimerKey(due, id, timer))
	} else {
		t = s.turn(l)
		t.again = again
		t.dropTimer(timer)
		t.apply(interp.Event{Kind: interp.EventTimer, Timer: timer})
	}
	s.end(t)
}
