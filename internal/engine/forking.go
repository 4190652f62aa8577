package engine

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"stile/asl/interp"
	"stile/internal/engine/fork"
	"stile/internal/engine/machines"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// forked is what a fork starts with: the events that it repeats, the limits of its
// source, and the gateway's words on the calls that it does not make again.
type forked struct {
	source string // ARN, and behind a line end the state
	events []interp.Event
	calls  []kv.Op // keys without the execution's id
}

// ForkExecution starts an execution that repeats another one as far as a state, on
// the answers that were recorded and under the definition that it had, and goes on
// by itself from there: the state's own work is done anew. Refusals are *sfn.Error:
// ConflictException where the source has not come to the state, or does not with the
// new input.
func (h *Host) ForkExecution(ctx context.Context, f sfn.Fork) (sfn.Started, error) {
	if err := firstError(h.refuses(), h.admission(ctx)); err != nil {
		return sfn.Started{}, err
	}
	id := record.IDOf(f.ExecutionARN)
	src, _, err := h.records(id)
	if err == nil && src == nil {
		err = sfn.ExecutionDoesNotExist(f.ExecutionARN)
	}
	if err == nil && src.Child != "" {
		err = &sfn.Error{Code: "ConflictException", Message: "A child of a Map Run cannot be forked: '" + f.ExecutionARN + "'"}
	}
	if err != nil {
		return sfn.Started{}, err
	}
	if f.Name == "" {
		f.Name = h.uuid()
	}
	arn := sfn.ExecutionARN(h.region, h.account, src.MachineName(), f.Name)
	again, err := h.repeats(id, src, arn, f)
	if err != nil {
		return sfn.Started{}, err
	}
	program, err := h.program(src)
	if err != nil {
		return sfn.Started{}, err
	}
	m, err := h.machines.AsOf(src.MachineARN, src.Revision)
	if err != nil {
		return sfn.Started{}, err
	}
	if _, err := h.machines.Active(src.MachineARN); err != nil {
		return sfn.Started{}, err
	}
	was := again.events[0].Start
	in := sfn.Start{StateMachineARN: src.MachineARN, VersionARN: src.Qualified(src.Version), AliasARN: src.Qualified(src.Alias),
		TestCase: src.TestCase, Mocks: was.Mocks, Name: f.Name, Input: was.Input, Owner: src.Owner, Subject: f.Subject, TraceID: h.traceID()}
	m.RoleARN = src.Role
	machine := &machines.Machine{StateMachine: m, Revision: src.Revision}
	s := h.shardOf(record.IDOf(arn))
	at, err := ask(ctx, s, func(reply func(int64, error)) {
		l, err := s.lookup(record.IDOf(arn))
		if err == nil && l != nil {
			err = sfn.ExecutionAlreadyExists(arn)
		}
		if err != nil {
			reply(0, err)
			return
		}
		t := s.turn(nil)
		s.first(t, record.IDOf(arn), arn, machine, program, in, again)
		l = t.live
		t.replies = append(t.replies, func(failed error) { reply(l.fixed.Start, firstError(failed, l.quarantined())) })
		s.end(t)
	})
	if err != nil {
		return sfn.Started{}, err
	}
	return sfn.Started{ExecutionARN: arn, StartDate: time.UnixMilli(at)}, nil
}

// repeats reads the source and finds what its fork repeats.
func (h *Host) repeats(id record.ID, src *record.Fixed, arn string, f sfn.Fork) (*forked, error) {
	program, err := h.program(src)
	if err != nil {
		return nil, err
	}
	journal, err := h.journal(id)
	if err = firstError(err, h.committer.barrier()); err != nil {
		return nil, err
	}
	if len(journal) == 0 {
		return nil, &sfn.Error{Code: "ConflictException", Message: "The history of the execution is kept no more: '" + src.ARN + "'"}
	}
	env := h.env(&live{id: id, fixed: *src})
	out := &forked{source: src.ARN + "\n" + f.At}
	out.events, err = fork.Plan(fork.Source{Program: program, Env: env, Journal: journal},
		fork.Change{At: f.At, Input: f.Input, StateInput: f.StateInput, Set: f.Set, ARN: arn, Name: f.Name, Now: h.now(), Seed: h.seed})
	var missed *fork.NotEntered
	var diverged *fork.Diverged
	var taken *fork.Taken
	if errors.As(err, &missed) || errors.As(err, &diverged) || errors.As(err, &taken) {
		return nil, &sfn.Error{Code: "ConflictException", Message: strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + ": '" + src.ARN + "'"}
	}
	if err != nil {
		return nil, err
	}
	ended := map[uint64]bool{}
	for _, ev := range out.events {
		if ev.Command != 0 {
			ended[ev.Command] = true
		}
	}
	err = firstError(err, h.store.Iterate(record.SpaceCall, id.All(), func(k, v []byte) bool {
		if ended[record.Part(k, 0)] {
			out.calls = append(out.calls, kv.Op{Key: bytes.Clone(k[16:]), Value: bytes.Clone(v)})
		}
		return true
	}))
	return out, err
}

// journal reads all events of an execution, in order.
func (h *Host) journal(id record.ID) (out []interp.Event, err error) {
	var bad error
	err = h.store.Iterate(record.SpaceJournal, id.All(), func(_, v []byte) bool {
		var ev interp.Event
		ev, bad = interp.DecodeEvent(bytes.Clone(v))
		out = append(out, ev)
		return bad == nil
	})
	return out, firstError(err, bad)
}

// repeat applies a fork's events to the turn's new execution. Nothing of what they
// answered is sent, waited for or run again; the last one's commands are live, and a
// request that was accepted and not answered is sent anew: it has the fork's token.
func (t *turn) repeat(f *forked, start *interp.Start) {
	l, was := t.live, f.events[0].Start
	l.fixed.Fork = f.source
	start.Semantics, start.MaxPayload, start.MaxHistory = was.Semantics, was.MaxPayload, was.MaxHistory
	t.repeated = map[uint64]int{}
	for _, ev := range f.events {
		if ev.Kind == interp.EventMapRunEnded {
			t.repeated[ev.Command]++
		}
	}
	for i, ev := range f.events {
		if i == 0 {
			ev.Start = start
		}
		switch ev.Kind {
		case interp.EventTaskSucceeded, interp.EventTaskFailed, interp.EventTaskSubmitted, interp.EventTaskStarted:
			t.trouble, t.refused = 0, 0
			t.taskEvent(ev)
		case interp.EventTimer:
			t.dropTimer(ev.Timer)
			t.applyAs(ev)
		default:
			t.applyAs(ev)
		}
	}
	for _, op := range f.calls {
		t.set(record.SpaceCall, append(append([]byte(nil), l.id[:]...), op.Key...), op.Value)
	}
	sent := t.tasks[:0]
	for _, d := range t.tasks {
		if w := l.work[d.call.Command]; w != nil && w.Phase != record.Idle && w.Attempt == d.call.Attempt {
			sent = append(sent, d)
		}
	}
	t.tasks, t.cancels = sent, nil
}
