package express

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"stile/asl"
	"stile/internal/sfn"
	"stile/jsonval"
)

// prepare makes an execution of a start, which is open then.
func (h *Host) prepare(in sfn.Start) (e *execution, revision uint64, err error) {
	m, revision, p, err := h.cfg.Machines.Starting(&in)
	if err != nil {
		return nil, 0, err
	}
	if m.Type != sfn.Express || in.Awaited {
		return nil, 0, sfn.TypeNotSupported()
	}
	if in.Name == "" {
		in.Name = h.uuid()
	}
	if !in.Input.Exists() {
		in.Input = jsonval.EmptyObject
	}
	if in.TraceID == "" {
		in.TraceID = hex.EncodeToString(h.random())
	}
	e = &execution{h: h, machine: m, program: timely(p), start: in, size: int64(len(in.Input.Raw())),
		arn: sfn.ExpressARN(h.cfg.Region, h.cfg.Account, m.Name, in.Name, h.uuid())}
	return e, revision, h.admit(e.size, false)
}

// timely is a program within the time that EXPRESS executions have.
func timely(p *asl.Program) *asl.Program {
	if p.TimeoutSeconds > 0 && p.TimeoutSeconds <= sfn.ExpressSeconds {
		return p
	}
	quick := *p
	quick.TimeoutSeconds = sfn.ExpressSeconds
	return &quick
}

// patience is how long a start waits for the disk: longer than any sync of one that works.
const patience = 2500 * time.Millisecond

// errUnknown is for who waited: the start is still on its way to the disk.
var errUnknown = &sfn.Error{Code: "ServiceUnavailable", Message: "The disk of the data folder takes no writes at the moment. " +
	"Whether the execution starts is not known: an EXPRESS execution that is asked for again may be started twice."}

// StartExecution starts an execution and comes back when its start is durable. It is
// never idempotent: a name may be used again.
func (h *Host) StartExecution(ctx context.Context, in sfn.Start) (sfn.Started, error) {
	if h.cfg.Admit != nil && !sfn.IsOwed(ctx) {
		if err := h.cfg.Admit(); err != nil {
			return sfn.Started{}, err
		}
	}
	e, revision, err := h.prepare(in)
	if err != nil {
		return sfn.Started{}, err
	}
	at := h.cfg.Clock.Now().UnixMilli()
	record := startRecord{machine: e.machine.ARN, name: e.machine.Name, role: e.machine.RoleARN, revision: revision, start: e.start}
	e.ended = func(how end) {
		if !how.broken {
			h.starts.remove(e.arn)
		}
	}
	durable := make(chan error, 1)
	h.starts.put(e.arn, record.encode(), func(err error) {
		if err == nil {
			go e.begin()
		} else {
			h.leave(e.size)
		}
		durable <- err
	})
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case err := <-durable:
		if err != nil {
			return sfn.Started{}, err
		}
	case <-late.C: // it starts when the disk takes it
		return sfn.Started{}, errUnknown
	} // a ctx that ends meanwhile is not heeded: it starts, and is to be recorded
	return sfn.Started{ExecutionARN: e.arn, StartDate: time.UnixMilli(at)}, nil
}

// StartSyncExecution runs an execution and comes back at its end. Where ctx ends
// before, the execution goes on without anybody to answer to.
func (h *Host) StartSyncExecution(ctx context.Context, in sfn.Start) (sfn.SyncExecution, error) {
	e, _, err := h.prepare(in)
	if err != nil {
		return sfn.SyncExecution{}, err
	}
	e.sync = true
	done := make(chan end, 1)
	e.ended = func(how end) { done <- how }
	e.begin()
	select {
	case how := <-done:
		return e.answer(how)
	case <-ctx.Done():
		return sfn.SyncExecution{}, ctx.Err()
	case <-h.ctx.Done():
		return sfn.SyncExecution{}, errClosed
	}
}

// answer is what StartSyncExecution's caller learns.
func (e *execution) answer(how end) (sfn.SyncExecution, error) {
	switch {
	case how.broken && e.h.cut():
		return sfn.SyncExecution{}, errClosed
	case how.broken:
		return sfn.SyncExecution{}, &sfn.Error{Code: "InternalFailure", Message: "Execution is in quarantine: '" + e.arn + "'"}
	}
	o := how.outcome
	x := sfn.SyncExecution{Execution: sfn.Execution{
		ARN: e.arn, Name: e.start.Name, StateMachineARN: e.machine.ARN, VersionARN: e.start.VersionARN, AliasARN: e.start.AliasARN,
		Status: o.Status, StartDate: time.UnixMilli(how.began), StopDate: time.UnixMilli(how.over), Input: e.start.Input,
		Output: o.Output.Value, Error: o.Error, Cause: o.Cause, TraceHeader: e.start.TraceHeader, RoleARN: e.machine.RoleARN,
		TraceID: e.start.TraceID, ParentSpan: e.start.ParentSpan,
	}}
	if o.Status == sfn.TimedOut && x.Error == nil {
		name := asl.ErrTimeout
		x.Error = &name
	}
	x.BilledMilliseconds, x.BilledMegabytes = sfn.Billed(how.over-how.began, e.size+how.held)
	return x, nil
}

// recover starts over what was open when the last process ended.
func (h *Host) recover() error {
	found, err := h.starts.all()
	if err != nil {
		return fmt.Errorf("express: starts cannot be read: %w", err)
	}
	for _, f := range found {
		err := f.damaged
		if err == nil {
			err = h.startOver(f.arn, f.record)
		}
		if err != nil {
			h.cfg.Log.Error("an EXPRESS execution cannot be started over", "execution", f.arn, "error", err)
		}
	}
	return nil
}

func (h *Host) startOver(arn string, r startRecord) error {
	p, err := h.cfg.Machines.Revision(r.machine, r.revision)
	if err != nil {
		return err
	}
	e := &execution{h: h, arn: arn, program: timely(p), start: r.start, size: int64(len(r.start.Input.Raw())),
		machine: sfn.StateMachine{ARN: r.machine, Name: r.name, RoleARN: r.role, Type: sfn.Express}}
	e.ended = func(how end) {
		if !how.broken {
			h.starts.remove(arn)
		}
	}
	if err := h.admit(e.size, true); err != nil {
		return err
	}
	h.cfg.Log.Info("an EXPRESS execution starts over: its server had stopped", "execution", arn)
	go e.begin()
	return nil
}

func (h *Host) random() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, h.cfg.Seed()), h.cfg.Seed())
}

// uuid makes a version 4 UUID of the host's randomness.
func (h *Host) uuid() string {
	b := h.random()
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var text [36]byte
	out := hex.AppendEncode(text[:0], b[:4])
	for _, part := range [][]byte{b[4:6], b[6:8], b[8:10], b[10:]} {
		out = hex.AppendEncode(append(out, '-'), part)
	}
	return string(out)
}

var errRecord = errors.New("express: the record of a start is damaged")
