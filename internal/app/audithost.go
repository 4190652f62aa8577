package app

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"stile/internal/audit"
	"stile/internal/engine"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/jsonval"
)

// auditedHost is the engine for those who answer people and programs: what changes
// something is recorded before it returns.
type auditedHost struct {
	*engine.Host
	audit *auditor
	via   string
}

func (a *auditor) host(h *engine.Host, via string) auditedHost { return auditedHost{h, a, via} }

func (h auditedHost) CreateStateMachine(ctx context.Context, in sfn.NewStateMachine) (sfn.StateMachine, error) {
	m, err := h.Host.CreateStateMachine(ctx, in)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:CreateStateMachine", Resource: m.ARN,
			After: audit.Digest([]byte(m.Definition)), Verdict: roleMember(m.RoleARN)})
	}
	return m, err
}

func (h auditedHost) UpdateStateMachine(ctx context.Context, arn string, u sfn.StateMachineUpdate) (sfn.StateMachine, error) {
	before, err := h.DescribeStateMachine(ctx, arn)
	if err != nil {
		before = sfn.StateMachine{} // the update itself says what is wrong
	}
	m, err := h.Host.UpdateStateMachine(ctx, arn, u)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:UpdateStateMachine", Resource: m.ARN,
			Before: audit.Digest([]byte(before.Definition)), After: audit.Digest([]byte(m.Definition)), Verdict: roleMember(m.RoleARN)})
	}
	return m, err
}

// roleMember tells which role the machine has now: a change of it alone leaves the
// definition's digest as it was.
func roleMember(arn string) jsonval.Value {
	var o jsonval.Object
	return o.AddString("roleArn", arn).Value()
}

func (h auditedHost) DeleteStateMachine(ctx context.Context, arn string) error {
	before, err := h.DescribeStateMachine(ctx, arn)
	if err != nil {
		before = sfn.StateMachine{} // deleting what is not there is no error on AWS
	}
	if err = h.Host.DeleteStateMachine(ctx, arn); err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:DeleteStateMachine", Resource: arn,
			Before: audit.Digest([]byte(before.Definition))})
	}
	return err
}

func (h auditedHost) StartExecution(ctx context.Context, in sfn.Start) (sfn.Started, error) {
	record := func(arn string) error {
		return h.audit.record(ctx, h.via, audit.Entry{Action: "states:StartExecution", Resource: arn,
			Trace: in.TraceID, After: audit.Digest(in.Input.Raw())})
	}
	// The record goes to its disk while the start goes to its own: both are awaited.
	recorded, applied := make(chan error, 1), new(atomic.Bool)
	in.Applied = func(arn string) {
		applied.Store(true)
		go func() { recorded <- record(arn) }()
	}
	out, err := startBy(ctx, h.Host, h.audit.express, in)
	switch {
	case err != nil:
		return out, err
	case applied.Load():
		return out, <-recorded
	}
	return out, record(out.ExecutionARN)
}

// StartSyncExecution is recorded at its end; where its caller has left before, by the
// state machine's name.
func (h auditedHost) StartSyncExecution(ctx context.Context, in sfn.Start) (sfn.SyncExecution, error) {
	x, err := h.audit.express.StartSyncExecution(ctx, in)
	e := audit.Entry{Action: "states:StartSyncExecution", Resource: x.ARN, Trace: in.TraceID, After: audit.Digest(in.Input.Raw())}
	switch {
	case err == nil:
		err = h.audit.record(ctx, h.via, e)
	case ctx.Err() != nil:
		e.Resource = in.StateMachineARN
		err = errors.Join(err, h.audit.record(context.WithoutCancel(ctx), h.via, e))
	}
	return x, err
}

func (h auditedHost) StopExecution(ctx context.Context, arn, errorName, cause string) (time.Time, error) {
	at, err := h.Host.StopExecution(ctx, arn, errorName, cause)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:StopExecution", Resource: arn})
	}
	return at, err
}

func (h auditedHost) RedriveExecution(ctx context.Context, arn, clientToken string) (time.Time, error) {
	at, err := h.Host.RedriveExecution(ctx, arn, clientToken)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:RedriveExecution", Resource: arn})
	}
	return at, err
}

// ForkExecution is recorded as the start that it is, with what it repeats.
func (h auditedHost) ForkExecution(ctx context.Context, in sfn.Fork) (sfn.Started, error) {
	out, err := h.Host.ForkExecution(ctx, in)
	if err == nil {
		var source, given jsonval.Object
		source.AddString("forkedFrom", in.ExecutionARN).AddString("forkedAt", in.At)
		given.Add("input", in.Input).Add("stateInput", in.StateInput).Add("set", in.Set)
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:StartExecution", Resource: out.ExecutionARN,
			After: audit.Digest(given.Value().Raw()), Verdict: source.Value()})
	}
	return out, err
}

// DeleteExecution is waited for though its caller has left: it goes on to its end, after
// the next start, too.
func (h auditedHost) DeleteExecution(ctx context.Context, arn string) error {
	ctx = context.WithoutCancel(ctx)
	err := h.Host.DeleteExecution(ctx, arn)
	if err == nil || errors.Is(err, context.Canceled) { // the latter: the server stops
		err = errors.Join(err, h.audit.record(ctx, h.via, audit.Entry{Action: "stile:DeleteExecution", Resource: arn}))
	}
	return err
}

func (h auditedHost) SendTaskSuccess(ctx context.Context, token string, output jsonval.Value) error {
	return h.AnswerToken(ctx, sfn.Delivery{TaskToken: token, Output: output})
}

func (h auditedHost) SendTaskFailure(ctx context.Context, token, errorName, cause string) error {
	return h.AnswerToken(ctx, sfn.Delivery{TaskToken: token, Fail: true, Error: errorName, Cause: cause})
}

func (h auditedHost) AnswerToken(ctx context.Context, d sfn.Delivery) error {
	d.Sender = h.sender(ctx)
	err := h.Host.AnswerToken(ctx, d)
	if err != nil {
		return err
	}
	accepted, _ := sfn.ReadTask(d.TaskToken)
	e := audit.Entry{Action: "states:SendTaskSuccess", Resource: accepted.ExecutionARN, After: audit.Digest(d.Output.Raw())}
	if d.Fail {
		e.Action, e.After = "states:SendTaskFailure", audit.Digest([]byte(d.Error+"\x00"+d.Cause))
	}
	return h.audit.record(ctx, h.via, e)
}

// sender is who answers a task by its token.
func (h auditedHost) sender(ctx context.Context) sfn.Sender {
	who, via := actor(ctx, h.via)
	if who == (identity.Caller{}).String() {
		who = ""
	}
	return sfn.Sender{Via: via, Subject: who}
}

// execution is the ARN in a task token of ours, empty for anything else.
func (a *auditor) execution(token string) string {
	t, ok := sfn.OpenTask(token, a.keys())
	if !ok {
		return ""
	}
	return t.ExecutionARN
}
