package task

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// startResource is Step Functions' own integration: a state starts an execution of
// another state machine.
const startResource = "arn:aws:states:::states:startExecution"

// Executions is what states:startExecution needs of the engine.
type Executions interface {
	StartExecution(ctx context.Context, in sfn.Start) (sfn.Started, error)
	DescribeExecution(ctx context.Context, arn string) (sfn.Execution, error)
	StopExecution(ctx context.Context, arn, errorName, cause string) (time.Time, error)
	// Ended gives a channel that closes when an execution ends after the call. The
	// function ends the watch.
	Ended(arn string) (<-chan struct{}, func())
}

// nested is what a Task's parameters ask for.
type nested struct {
	machine sfn.ARN
	start   sfn.Start
	// given says that the definition names the execution.
	given bool
}

// shapeStart looks at types alone: what AWS's StartExecution refuses is an error
// that Retry and Catch see.
func shapeStart(p jsonval.Value) (bad string) {
	for _, field := range []string{"StateMachineArn", "Name", "TraceHeader"} {
		v := p.Get(field)
		if _, ok := v.Str(); !ok && (field == "StateMachineArn" || v.Exists() && !v.IsNull()) {
			return field
		}
	}
	return ""
}

// startExecution is arn:aws:states:::states:startExecution: parameters
// StateMachineArn, Name, Input and TraceHeader (Step Functions' integration with
// itself). Its answer is {ExecutionArn, StartDate}, dates in milliseconds.
func startExecution(ctx context.Context, r *Runner, call sfn.TaskCall) sfn.TaskResult {
	if bad := shapeStart(call.Parameters); bad != "" {
		return invalid(call.Parameters, bad)
	}
	n, refused := readNested(call)
	if refused != nil {
		return r.refusedStart(refused)
	}
	if r.cfg.MayStart != nil {
		if err := r.cfg.MayStart(call, n.start.StateMachineARN); err != nil {
			return deniedCall(call, "StartExecution", n.start.StateMachineARN, err)
		}
	}
	n.start.Awaited = strings.HasPrefix(call.Resource, startResource+".sync")
	ctx = context.WithoutCancel(ctx) // whether it was started must be known
	made, err := r.cfg.Executions.StartExecution(ctx, n.start)
	if err != nil {
		child, own := r.own(ctx, call, n)
		if !own {
			return r.refusedStart(err)
		}
		made = sfn.Started{ExecutionARN: child.ARN, StartDate: child.StartDate}
	}
	var o jsonval.Object
	o.AddString("ExecutionArn", made.ExecutionARN).Add("StartDate", millis(made.StartDate))
	return sfn.TaskResult{Output: o.Value(), Definite: true, Submitted: call.Resource != startResource}
}

// readNested reads a Task's parameters; its error is AWS's StartExecution's.
func readNested(call sfn.TaskCall) (n nested, err error) {
	p := call.Parameters
	text := func(field string) string { s, _ := p.Get(field).Str(); return s }
	n.start = sfn.Start{StateMachineARN: text("StateMachineArn"), Name: text("Name"), TraceHeader: text("TraceHeader"),
		Owner: call.Owner, Subject: call.Subject, TraceID: call.TraceID, ParentSpan: call.Span}
	var ok bool
	switch n.machine, ok = sfn.ParseARN(n.start.StateMachineARN); {
	case !ok:
		return n, invalidARN("Invalid ARN prefix: " + n.start.StateMachineARN)
	case n.machine.Kind != "stateMachine":
		return n, invalidARN("Resource type not valid in this context: " + n.machine.Kind)
	}
	if v := p.Get("Name"); v.Exists() && !v.IsNull() {
		n.given = true
		switch {
		case n.start.Name == "":
			return n, tooLong("name", "Member must have length greater than or equal to 1")
		case len(utf16.Encode([]rune(n.start.Name))) > 80:
			return n, tooLong("name", "Member must have length less than or equal to 80")
		case !sfn.LegalName(n.start.Name):
			return n, &sfn.Error{Code: "InvalidName", Message: "Invalid Name: '" + n.start.Name + "'"}
		}
	} else {
		n.start.Name = derivedName(call)
	}
	if len(n.start.TraceHeader) > 256 {
		return n, tooLong("traceHeader", "Member must have length less than or equal to 256")
	}
	n.start.Input, err = nestedInput(p.Get("Input"))
	return n, err
}

func invalidARN(why string) error {
	return &sfn.Error{Code: "InvalidArn", Message: "Invalid Arn: '" + why + "'"}
}

func tooLong(field, constraint string) error {
	return &sfn.Error{Code: "ValidationException",
		Message: "1 validation error detected: Value at '" + field + "' failed to satisfy constraint: " + constraint}
}

// nestedInput is the input of the execution that starts: a string is JSON text, as
// StartExecution takes it, any other value stands for itself; none, or null, is {}.
func nestedInput(v jsonval.Value) (jsonval.Value, error) {
	switch text, isText := v.Str(); {
	case !v.Exists() || v.IsNull():
		return jsonval.EmptyObject, nil
	case isText:
		in, err := jsonval.ParseString(text)
		if err != nil {
			return in, &sfn.Error{Code: "InvalidExecutionInput", Message: "Invalid State Machine Execution Input: '" + err.Error() + "'"}
		}
		return in.Compact(), nil
	}
	return v, nil
}

// derivedName names the execution that an attempt without Name starts: of the
// dispatch's key, so that the same attempt sent again finds what it started, and of
// the attempt, since another attempt starts another execution. It is a UUID of
// version 8 (RFC 9562).
func derivedName(call sfn.TaskCall) string {
	b := sha256.Sum256(fmt.Appendf(nil, "execution\n%s\n%d", call.IdempotencyKey, call.Attempt))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// own finds the execution that an earlier dispatch of the same attempt started: it
// has ended since, or its state machine is no more. A name of our own making says
// so itself; one that the definition gives could be anybody's, so that the attempt
// must have been sent before, and the execution must have been started by this very
// visit of the state.
func (r *Runner) own(ctx context.Context, call sfn.TaskCall, n nested) (sfn.Execution, bool) {
	arn := n.machine
	arn.Kind, arn.Sub = "execution", n.start.Name
	x, err := r.cfg.Executions.DescribeExecution(ctx, arn.String())
	if err != nil {
		return x, false
	}
	ours := !n.given || call.Send > call.Attempt && x.ParentSpan == call.Span && x.TraceID == call.TraceID
	return x, ours && jsonval.Equal(x.Input, n.start.Input)
}

// refusedStart is AWS's refusal as the optimized integration spells it: its error
// and the service's text with what it says of the request.
func (r *Runner) refusedStart(err error) sfn.TaskResult {
	var refused *sfn.Error
	if !errors.As(err, &refused) {
		return fault("States.TaskFailed", "The execution could not be started: "+err.Error()+".")
	}
	return sfn.TaskResult{Definite: true, Error: "StepFunctions." + strings.TrimSuffix(refused.Code, "Exception") + "Exception",
		Cause: refused.Message + " (Service: AWSStepFunctions; Status Code: 400; Error Code: " + refused.Code +
			"; Request ID: " + r.cfg.NewGUID() + "; Proxy: null)"}
}

// deniedCall is the result of what the state's role does not allow.
func deniedCall(call sfn.TaskCall, method, what string, err error) sfn.TaskResult {
	res := fault("States.Permissions", err.Error())
	rec := callRecord{Method: method, URL: what, Trace: call.TraceID,
		Decisions: []exchange.Decision{}, Calls: []exchange.Call{}}
	if errors.As(err, &rec.Permission) {
		res.Call = rec.value()
	}
	return res
}

// awaitExecution waits for the end of what startExecution began. A failed
// execution is States.TaskFailed, whose cause describes it.
func awaitExecution(ctx context.Context, r *Runner, call sfn.TaskCall, submitted jsonval.Value) sfn.TaskResult {
	arn, _ := submitted.Get("ExecutionArn").Str()
	for {
		ended, unwatch := r.cfg.Executions.Ended(arn) // before it is looked at: an end between is not missed
		x, err := r.cfg.Executions.DescribeExecution(ctx, arn)
		if err == nil && x.Status == sfn.Running {
			select {
			case <-ctx.Done():
			case <-ended:
			}
		}
		unwatch()
		switch {
		case err != nil:
			return fault("States.TaskFailed", "The execution "+arn+" cannot be described: "+err.Error()+".")
		case ctx.Err() != nil:
			return fault("States.TaskFailed", "Nobody waits for the execution any more.")
		case x.Status == sfn.Succeeded:
			return sfn.TaskResult{Output: described(x, strings.HasSuffix(call.Resource, ":2")), Definite: true}
		case x.Status != sfn.Running:
			return sfn.TaskResult{Error: "States.TaskFailed", Cause: described(x, false).Text(), Definite: true}
		}
	}
}

// stopExecution stops an execution whose Task nobody waits for any more. It may have
// ended, and where the process ends meanwhile it goes on: AWS promises no more.
func stopExecution(r *Runner, submitted jsonval.Value) {
	arn, _ := submitted.Get("ExecutionArn").Str()
	_, _ = r.cfg.Executions.StopExecution(context.Background(), arn, "", "The state that waited for this execution was stopped or timed out.")
}

// described is an execution as DescribeExecution shows it, with members in capitals
// and in the alphabet's order. parsed gives input and output as JSON instead of
// text (.sync:2).
func described(x sfn.Execution, parsed bool) jsonval.Value {
	var o jsonval.Object
	text := func(name string, s *string) {
		if s != nil {
			o.AddString(name, *s)
		}
	}
	payload := func(name string, v jsonval.Value) {
		if !v.Exists() {
			return
		}
		if !parsed {
			v = jsonval.OfString(v.Text())
		}
		var details jsonval.Object
		o.Add(name, v).Add(name+"Details", details.Add("Included", jsonval.OfBool(true)).Value())
	}
	text("Cause", x.Cause)
	text("Error", x.Error)
	o.AddString("ExecutionArn", x.ARN)
	payload("Input", x.Input)
	o.AddString("Name", x.Name)
	payload("Output", x.Output)
	o.AddInt("RedriveCount", x.RedriveCount)
	if !x.RedriveDate.IsZero() {
		o.Add("RedriveDate", millis(x.RedriveDate))
	}
	o.AddString("RedriveStatus", x.RedriveStatus)
	if x.RedriveReason != "" {
		o.AddString("RedriveStatusReason", x.RedriveReason)
	}
	o.Add("StartDate", millis(x.StartDate))
	if x.AliasARN != "" {
		o.AddString("StateMachineAliasArn", x.AliasARN)
	}
	o.AddString("StateMachineArn", x.StateMachineARN)
	if x.VersionARN != "" {
		o.AddString("StateMachineVersionArn", x.VersionARN)
	}
	o.AddString("Status", x.Status)
	o.Add("StopDate", millis(x.StopDate))
	if x.TraceHeader != "" {
		o.AddString("TraceHeader", x.TraceHeader)
	}
	return o.Value()
}

func millis(t time.Time) jsonval.Value { return jsonval.OfInt(t.UnixMilli()) }
