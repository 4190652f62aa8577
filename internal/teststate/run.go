package teststate

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Test runs one test. Errors are *sfn.Error: the request does not fit. That a state
// fails is no error.
func (t *Tester) Test(ctx context.Context, r Request) (Result, error) {
	s, err := find(&r)
	if err != nil {
		return Result{}, err
	}
	mocked, unchecked, err := check(&r, s)
	if err != nil {
		return Result{}, err
	}
	if r.Variables.Exists() && r.Variables.Kind() != jsonval.ObjectKind {
		return Result{}, invalid("Variables must be a JSON object")
	}
	data, err := itemData(r.Configuration.MapItemReaderData, s.state)
	if err != nil {
		return Result{}, err
	}
	seen := &stages{}
	trial, start := t.trial(&r, s, data, seen)
	call, pending := trial.Begin()
	if err := checkFailures(&r, s.state, trial.Items(), mocked); err != nil {
		return Result{}, err
	}
	var trace *sfn.HTTPTrace
	called := ""
	switch {
	case !pending:
	case exceeded(&r, s.state, trial.Items()):
		trial.Fail(asl.ErrExceedToleratedFailureThreshold, "The specified tolerated failure threshold was exceeded", false)
	case r.Mock != nil && r.Mock.Error != nil:
		trial.Fail(r.Mock.Error.Error, r.Mock.Error.Cause, false)
	case r.Mock != nil:
		trial.Succeed(mocked)
	default:
		trace = t.call(ctx, &r, start, call, trial)
		called = call.Resource
	}
	out := Result{TrialEnd: trial.End(), Unchecked: unchecked, Called: called}
	if r.Level != "INFO" {
		out.Inspection = inspect(&r, s.state, seen, &out.TrialEnd)
		if r.Level == "TRACE" {
			out.Inspection.Trace = trace
		}
	}
	return out, nil
}

// trial prepares the visit.
func (t *Tester) trial(r *Request, s subject, data jsonval.Value, seen *stages) (*interp.Trial, interp.Start) {
	if !r.Input.Exists() {
		r.Input = jsonval.EmptyObject
	}
	machine, name := t.cfg.NewID(), t.cfg.NewID()
	start := interp.Start{
		ExecutionARN: sfn.ARN{Partition: "aws", Region: t.cfg.Region, Account: t.cfg.Account, Kind: "express", Name: machine, Sub: name}.String(),
		Name:         name, StateMachineName: machine, StateMachineARN: sfn.StateMachineARN(t.cfg.Region, t.cfg.Account, machine),
		Input: r.Input, Type: sfn.Express, Account: t.cfg.Account, Region: t.cfg.Region, Subject: r.Subject,
	}
	switch s.state.Type {
	case asl.Task, asl.Map, asl.Parallel:
		start.RoleARN = r.RoleARN // the others assume no role: AWS shows them null
	}
	env := interp.Env{Inspect: seen.add, Token: func(string, string, uint64, uint32, int64) string { return t.cfg.NewID() }}
	if t.cfg.Calls != nil {
		env.CheckParameters = t.cfg.Calls.CheckParameters
	}
	spec := interp.TrialSpec{State: s.state, Start: start, Now: t.cfg.Now().UnixMilli(), Seed: seed(t.cfg.NewID()),
		Context: r.Context, RetryCount: uint32(r.Configuration.RetrierRetryCount), Inside: s.inside, ItemData: data}
	r.Variables.EachMember(func(name string, v jsonval.Value) bool {
		spec.Variables = append(spec.Variables, interp.Variable{Name: name, Value: v})
		return true
	})
	return interp.NewTrial(s.program, env, spec), start
}

// seed makes random bits of a UUID.
func seed(id string) uint64 {
	raw, _ := hex.DecodeString(strings.ReplaceAll(id, "-", "")) // hex by construction
	return binary.BigEndian.Uint64(append(raw, make([]byte, 16)...)[8:])
}

// checkFailures refuses more failed iterations than there are.
func checkFailures(r *Request, st *asl.State, items interp.TrialItems, mocked jsonval.Value) error {
	failures := r.Configuration.MapIterationFailureCount
	if failures == nil || st.Type != asl.Map {
		return nil
	}
	count, known := items.Count, items.Known
	if !known && mocked.Kind() == jsonval.ArrayKind {
		count, known = int64(mocked.Len()), true
	}
	if known && *failures > count {
		return invalid("Map iteration failure count must be less than or equal to the number of Map iterations")
	}
	return nil
}

// exceeded says that more iterations failed than the Map tolerates. A Map without
// thresholds tolerates all here: its result or error is the mock's.
func exceeded(r *Request, st *asl.State, items interp.TrialItems) bool {
	failures := r.Configuration.MapIterationFailureCount
	if failures == nil || st.Type != asl.Map {
		return false
	}
	if n := items.FailureCount; n != nil && *failures > *n {
		return true
	}
	p := items.FailurePercentage
	return p != nil && items.Count > 0 && 100*float64(*failures)/float64(items.Count) > *p
}

// call makes the Task's call within the time that a test and the state have.
func (t *Tester) call(ctx context.Context, r *Request, start interp.Start, c *interp.Command, trial *interp.Trial) *sfn.HTTPTrace {
	if t.cfg.Calls == nil {
		trial.Fail(asl.ErrRuntime, "The resource '"+c.Resource+"' has no integration here.", true)
		return nil
	}
	now := t.cfg.Now()
	within, own := MaxDuration, false
	if c.TimeoutAt != 0 && time.UnixMilli(c.TimeoutAt).Sub(now) < within {
		within, own = time.UnixMilli(c.TimeoutAt).Sub(now), true
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	id := strings.ReplaceAll(t.cfg.NewID(), "-", "")
	var places []sfn.NamedValueRef
	for _, p := range c.NamedValues {
		places = append(places, sfn.NamedValueRef(p))
	}
	res, trace := t.cfg.Calls.Try(ctx, sfn.TaskCall{
		ExecutionARN: start.ExecutionARN, ExecutionName: start.Name, StateMachineARN: start.StateMachineARN,
		StateMachineName: start.StateMachineName, RoleARN: start.RoleARN, State: c.State, Command: c.ID, Attempt: c.Attempt, Send: 1,
		IdempotencyKey: id, Resource: c.Resource, Parameters: c.Parameters.Value, NamedValues: places,
		Deadline: now.Add(within), Subject: start.Subject, TraceID: id, Span: id[:16],
	}, r.Reveal)
	switch {
	case res.Error == "":
		trial.Succeed(res.Output)
	case ctx.Err() != nil && own:
		trial.TimedOut()
	case ctx.Err() != nil:
		trial.Fail(asl.ErrTimeout, "", true)
	default:
		trial.Fail(res.Error, res.Cause, res.Uncatchable)
	}
	return trace
}
