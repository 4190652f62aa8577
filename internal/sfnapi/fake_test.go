package sfnapi

import (
	"context"
	"slices"
	"strconv"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

// fake is a host in memory that runs nothing: an execution stays as the test put it.
type fake struct {
	now      time.Time
	machines []sfn.StateMachine
	execs    []sfn.Execution
	events   []history.Event
	tokens   map[string]string // token → what was last sent
	started  []sfn.Start
	broken   error
	published
	mapRuns
}

func newFake() *fake {
	return &fake{now: time.UnixMilli(1700000000123).UTC(), tokens: map[string]string{"open": ""}}
}

func (f *fake) machine(arn string) (int, error) {
	if f.broken != nil {
		return 0, f.broken
	}
	i := slices.IndexFunc(f.machines, func(m sfn.StateMachine) bool { return m.ARN == arn })
	if i < 0 {
		return 0, sfn.StateMachineDoesNotExist(arn)
	}
	return i, nil
}

func (f *fake) CreateStateMachine(_ context.Context, in sfn.NewStateMachine) (sfn.StateMachine, error) {
	arn := sfn.StateMachineARN("us-east-1", "111111111111", in.Name)
	if i, err := f.machine(arn); err == nil {
		if m := f.machines[i]; m.Definition == in.Definition && jsonval.Equal(m.Logging, in.Logging) {
			return m, nil
		}
		return sfn.StateMachine{}, sfn.StateMachineAlreadyExists(arn)
	}
	if !jsonval.IsText(in.Definition) {
		return sfn.StateMachine{}, sfn.InvalidDefinition("INVALID_JSON_DESCRIPTION: no JSON at /")
	}
	m := sfn.StateMachine{ARN: arn, Name: in.Name, RoleARN: in.RoleARN, Type: in.Type, Definition: in.Definition,
		Created: f.now, Status: "ACTIVE", Tags: in.Tags, Logging: in.Logging, Tracing: in.Tracing, Encryption: in.Encryption}
	f.machines = append(f.machines, m)
	if in.Publish {
		m.VersionARN = sfn.VersionARN(arn, 1)
	}
	return m, nil
}

func (f *fake) UpdateStateMachine(_ context.Context, arn string, u sfn.StateMachineUpdate) (sfn.StateMachine, error) {
	i, err := f.machine(arn)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	m := &f.machines[i]
	if u.Definition != nil {
		m.Definition = *u.Definition
	}
	if u.RoleARN != nil {
		m.RoleARN = *u.RoleARN
	}
	m.Logging, m.Tracing = or(u.Logging, m.Logging), or(u.Tracing, m.Tracing)
	m.RevisionID, m.Updated = "rev-1", f.now.Add(time.Second)
	out := *m
	if u.Publish {
		out.VersionARN = sfn.VersionARN(arn, 2)
	}
	return out, nil
}

func (f *fake) DescribeStateMachine(_ context.Context, arn string) (sfn.StateMachine, error) {
	i, err := f.machine(arn)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	return f.machines[i], nil
}

func (f *fake) ListStateMachines(_ context.Context, p sfn.Page) ([]sfn.StateMachine, string, error) {
	return page(f.machines, p)
}

func page[T any](all []T, p sfn.Page) ([]T, string, error) {
	from := 0
	if p.Token != "" {
		n, err := strconv.Atoi(p.Token)
		if err != nil {
			return nil, "", sfn.InvalidToken()
		}
		from = n
	}
	if p.Max == 0 {
		p.Max = 100
	}
	if to := from + p.Max; to < len(all) {
		return all[from:to], strconv.Itoa(to), nil
	}
	return all[from:], "", nil
}

func (f *fake) DeleteStateMachine(_ context.Context, arn string) error {
	if i, err := f.machine(arn); err == nil {
		f.machines = slices.Delete(f.machines, i, i+1)
	}
	return nil
}

func (f *fake) execution(arn string) (int, error) {
	i := slices.IndexFunc(f.execs, func(x sfn.Execution) bool { return x.ARN == arn })
	if i < 0 {
		return 0, sfn.ExecutionDoesNotExist(arn)
	}
	return i, nil
}

func (f *fake) DescribeStateMachineForExecution(ctx context.Context, arn string) (sfn.StateMachine, error) {
	i, err := f.execution(arn)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	return f.DescribeStateMachine(ctx, f.execs[i].StateMachineARN)
}

// StartSyncExecution runs what input says: an object that is the outcome, status,
// output, error and cause.
func (f *fake) StartSyncExecution(_ context.Context, in sfn.Start) (x sfn.SyncExecution, err error) {
	i, err := f.machine(in.StateMachineARN)
	if err != nil {
		return x, err
	}
	if f.machines[i].Type != sfn.Express {
		return x, sfn.TypeNotSupported()
	}
	f.started = append(f.started, in)
	x.ARN, x.Name, x.StateMachineARN = sfn.ExpressARN("us-east-1", "111111111111", f.machines[i].Name, "n", "u"), "n", in.StateMachineARN
	x.StartDate, x.StopDate, x.Input, x.TraceHeader = f.now, f.now.Add(time.Second), or(in.Input, jsonval.EmptyObject), in.TraceHeader
	x.Status, x.Output = sfn.Succeeded, x.Input.Get("output")
	if text, failed := x.Input.Get("error").Str(); failed {
		x.Status, x.Error = sfn.Failed, &text
	}
	x.BilledMilliseconds, x.BilledMegabytes = sfn.Billed(1000, 0)
	return x, nil
}

func (f *fake) StartExecution(_ context.Context, in sfn.Start) (sfn.Started, error) {
	if _, err := f.machine(in.StateMachineARN); err != nil {
		return sfn.Started{}, err
	}
	f.started = append(f.started, in)
	name := in.Name
	if name == "" {
		name = "made-" + strconv.Itoa(len(f.execs))
	}
	a, _ := sfn.ParseARN(in.StateMachineARN)
	arn := sfn.ExecutionARN(a.Region, a.Account, a.Name, name)
	if _, err := f.execution(arn); err == nil {
		return sfn.Started{}, sfn.ExecutionAlreadyExists(arn)
	}
	input := or(in.Input, jsonval.EmptyObject)
	f.execs = append(f.execs, sfn.Execution{ARN: arn, Name: name, StateMachineARN: in.StateMachineARN,
		Status: sfn.Running, StartDate: f.now, Input: input, TraceHeader: in.TraceHeader})
	return sfn.Started{ExecutionARN: arn, StartDate: f.now}, nil
}

func (f *fake) DescribeExecution(_ context.Context, arn string) (sfn.Execution, error) {
	i, err := f.execution(arn)
	if err != nil {
		return sfn.Execution{}, err
	}
	x := f.execs[i]
	x.RedriveStatus = sfn.Redrivable
	if x.Status == sfn.Running || x.Status == sfn.Succeeded {
		x.RedriveStatus, x.RedriveReason = sfn.NotRedrivable, "Execution is "+x.Status+" and cannot be redriven"
	}
	return x, nil
}

func (f *fake) ListExecutions(_ context.Context, in sfn.ListExecutions) ([]sfn.Execution, string, error) {
	if in.MapRunARN != "" {
		return f.children(in.MapRunARN)
	}
	if _, err := f.machine(in.StateMachineARN); err != nil {
		return nil, "", err
	}
	var out []sfn.Execution
	for _, x := range f.execs {
		if x.StateMachineARN == in.StateMachineARN && (in.Status == "" || in.Status == x.Status) {
			out = append([]sfn.Execution{x}, out...)
		}
	}
	return page(out, in.Page)
}

func (f *fake) RedriveExecution(_ context.Context, arn, clientToken string) (time.Time, error) {
	i, err := f.execution(arn)
	if err != nil {
		return time.Time{}, err
	}
	x := &f.execs[i]
	switch {
	case clientToken == "before":
		return x.RedriveDate, nil
	case x.Status == sfn.Running, x.Status == sfn.Succeeded:
		return time.Time{}, sfn.ExecutionNotRedrivable("Execution is " + x.Status + " and cannot be redriven")
	}
	x.Status, x.StopDate, x.Error, x.Cause = sfn.Running, time.Time{}, nil, nil
	x.RedriveCount, x.RedriveDate = x.RedriveCount+1, f.now.Add(3*time.Second)
	return x.RedriveDate, nil
}

func (f *fake) StopExecution(_ context.Context, arn, name, cause string) (time.Time, error) {
	i, err := f.execution(arn)
	if err != nil {
		return time.Time{}, err
	}
	x := &f.execs[i]
	x.Status, x.StopDate = sfn.Aborted, f.now.Add(2*time.Second)
	if name != "" {
		x.Error = &name
	}
	if cause != "" {
		x.Cause = &cause
	}
	return x.StopDate, nil
}

func (f *fake) GetExecutionHistory(_ context.Context, in sfn.HistoryPage) ([]history.Event, string, error) {
	if _, err := f.execution(in.ExecutionARN); err != nil {
		return nil, "", err
	}
	events := slices.Clone(f.events)
	if in.Reverse {
		slices.Reverse(events)
	}
	return page(events, in.Page)
}

func (f *fake) send(token, what string) error {
	sent, ok := f.tokens[token]
	switch {
	case !ok:
		return sfn.InvalidToken()
	case sent != "":
		return sfn.TaskTimedOut("Provided task does not exist anymore")
	}
	f.tokens[token] = what
	return nil
}

func (f *fake) SendTaskSuccess(_ context.Context, token string, output jsonval.Value) error {
	return f.send(token, "success "+output.Text())
}

func (f *fake) SendTaskFailure(_ context.Context, token, name, cause string) error {
	return f.send(token, "failure "+name+" "+cause)
}

func (f *fake) SendTaskHeartbeat(_ context.Context, token string) error { return f.send(token, "") }
