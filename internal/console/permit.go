package console

import (
	"context"
	"net/http"
	"slices"

	"stile/asl/history"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/jsonval"
)

// Permissions decide what who calls, known by the context, may do.
type Permissions interface {
	// Permit decides on an action ("states:StopExecution") on a thing, given by all
	// names that a role may have for it.
	Permit(ctx context.Context, action string, resources ...string) identity.Decision
	// User names the caller in a refusal, and Subject in what the caller starts.
	User(ctx context.Context) string
	Subject(ctx context.Context) string
	// Refused is told of every refusal for want of a permission.
	Refused(ctx context.Context, action, resource string, d identity.Decision)
}

// The actions that more than one handler asks for.
const (
	describeExecution = "states:DescribeExecution"
	listExecutions    = "states:ListExecutions"
	listMachines      = "states:ListStateMachines"
	readHistory       = "states:GetExecutionHistory"
	readPayload       = "states:ReadPayload"
	readDefinition    = "states:DescribeStateMachineForExecution"
	readTrace         = "apim:Trace"
)

func (c *console) may(ctx context.Context, action string, resources ...string) bool {
	return c.Permissions.Permit(ctx, action, resources...).Allowed
}

// permit refuses an action on what the caller may see all the same: 403, and the
// permission is named.
func (c *console) permit(ctx context.Context, action string, resources ...string) error {
	d := c.Permissions.Permit(ctx, action, resources...)
	if d.Allowed {
		return nil
	}
	c.Permissions.Refused(ctx, action, resources[0], d)
	return sfn.AccessDenied(c.Permissions.User(ctx), action, resources[0], d.Explicit)
}

// hidden tells of a refusal of what the caller may not even see, which is answered
// as if it were not there.
func (c *console) hidden(ctx context.Context, action string, resources ...string) {
	c.Permissions.Refused(ctx, action, resources[0], c.Permissions.Permit(ctx, action, resources...))
}

// sees reports whether an execution is there for the caller: one that they may
// describe, or do what they ask for on.
func (c *console) sees(ctx context.Context, arn, action string) bool {
	names := sfn.ExecutionResources(arn)
	return c.may(ctx, action, names...) || action != describeExecution && c.may(ctx, describeExecution, names...)
}

// seesMachine is the same of a state machine.
func (c *console) seesMachine(ctx context.Context, arn string) bool {
	names := sfn.MachineResources(arn)
	return c.may(ctx, listMachines, names...) || c.may(ctx, "states:DescribeStateMachine", names...) || c.may(ctx, listExecutions, names...)
}

// executionFor finds the execution of the path's id for a handler that does the
// action. An execution that the caller may not see does not exist; one that they
// see, and may not do this to, is refused.
func (c *console) executionFor(action string, next func(http.ResponseWriter, *http.Request, sfn.Execution)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x, err := c.findFor(r.Context(), r.PathValue("id"), action)
		if err == nil {
			err = c.permit(r.Context(), action, sfn.ExecutionResources(x.ARN)...)
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		next(w, r, x)
	}
}

// permitStart checks a start before any look-up: a state machine that the caller may not
// see does not exist.
func (c *console) permitStart(ctx context.Context, arn string) error {
	names := sfn.MachineResources(arn)
	if !c.may(ctx, "states:StartExecution", names...) && !c.seesMachine(ctx, arn) {
		c.hidden(ctx, "states:StartExecution", names...)
		return sfn.StateMachineDoesNotExist(arn)
	}
	return c.permit(ctx, "states:StartExecution", names...)
}

// shown takes an execution's payloads away from who may not read them: what AWS
// leaves out of metadata alone.
func (c *console) shown(ctx context.Context, x sfn.Execution) sfn.Execution {
	if !c.may(ctx, readPayload, sfn.ExecutionResources(x.ARN)...) {
		x.Input, x.Output, x.Error, x.Cause = jsonval.Value{}, jsonval.Value{}, nil, nil
	}
	return x
}

// events gives the writer of an execution's history events for the caller.
func (c *console) events(ctx context.Context, arn string) func(history.Event) jsonval.Value {
	if c.may(ctx, readPayload, sfn.ExecutionResources(arn)...) {
		return c.Event
	}
	return c.Metadata
}

// readable reads an execution's history and calls as far as the caller may see them.
func (c *console) readable(ctx context.Context, arn string) (events []history.Event, calls []sfn.CallRecord, err error) {
	if c.may(ctx, readHistory, sfn.ExecutionResources(arn)...) {
		events, err = c.history(ctx, arn, 0)
	}
	if err == nil && c.may(ctx, readTrace, sfn.ExecutionResources(arn)...) {
		calls, err = c.Host.Calls(ctx, arn)
	}
	return events, calls, err
}

// visibleReads bounds how often a listing reads on past what the caller may not see.
const visibleReads = 1000

// visible gives a page of the executions that the caller may list. It reads on
// until the page is full, so that its length does not tell of others.
func (c *console) visible(ctx context.Context, in sfn.ListExecutions) (out []sfn.Execution, next string, err error) {
	if arn := in.StateMachineARN; arn != "" && !c.may(ctx, listExecutions, sfn.MachineResources(arn)...) {
		c.hidden(ctx, listExecutions, sfn.MachineResources(arn)...)
		return nil, "", sfn.StateMachineDoesNotExist(arn)
	}
	want := in.Max
	for range visibleReads {
		var found []sfn.Execution
		if found, next, err = c.Host.ListExecutions(ctx, in); err != nil {
			return nil, "", err
		}
		for _, x := range found {
			if c.may(ctx, listExecutions, sfn.MachineResources(x.StateMachineARN)...) {
				out = append(out, x)
			}
		}
		if in.Max, in.Token = want-len(out), next; next == "" || in.Max <= 0 {
			break
		}
	}
	if next != "" && len(out) >= want && in.StateMachineARN == "" {
		next, err = c.nextOf(ctx, in, next)
	}
	return out, next, err
}

// nextOf gives the token of the next page where something on it or behind it is the
// caller's, and none else: a token would tell of others. A far one is given untold.
func (c *console) nextOf(ctx context.Context, in sfn.ListExecutions, next string) (string, error) {
	in.Token, in.Max = next, 1
	for range visibleReads {
		found, more, err := c.Host.ListExecutions(ctx, in)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(found, func(x sfn.Execution) bool {
			return c.may(ctx, listExecutions, sfn.MachineResources(x.StateMachineARN)...)
		}) {
			return next, nil
		}
		if in.Token, in.Max = more, 100; more == "" {
			return "", nil
		}
	}
	return next, nil
}

// visibleSpans leaves the spans of what the caller may trace: an exchange by its
// operation, a visit by its state machine, all below them with them.
func (c *console) visibleSpans(ctx context.Context, all []telemetry.Span) []telemetry.Span {
	byID := make(map[string]*telemetry.Span, len(all))
	for i := range all {
		byID[all[i].SpanID] = &all[i]
	}
	var out []telemetry.Span
	for i := range all {
		if c.mayTrace(ctx, &all[i], byID) {
			out = append(out, all[i])
		}
	}
	return out
}

// visibleTraces gives the newest traces of the caller's, each by the spans that they
// may see and named for the first of them. It reads on until there are n, so that
// their number does not tell of others.
func (c *console) visibleTraces(ctx context.Context, n int) ([]telemetry.Summary, error) {
	if c.may(ctx, readTrace, "trace") {
		return c.Traces.Traces(n, nil)
	}
	roots := map[string]string{}
	out, err := c.Traces.Traces(n, func(all []telemetry.Span) ([]telemetry.Span, error) {
		spans := c.visibleSpans(ctx, all)
		if len(spans) > 0 {
			roots[spans[0].TraceID] = spans[0].Name
		}
		return spans, context.Cause(ctx)
	})
	for i := range out {
		out[i].Root = roots[out[i].TraceID]
	}
	return out, err
}

func (c *console) mayTrace(ctx context.Context, s *telemetry.Span, byID map[string]*telemetry.Span) bool {
	for range len(byID) { // a circle of parents ends
		var api, operation, machine string
		for _, a := range s.Attributes {
			switch a.Name {
			case "stile.api":
				api = a.Value
			case "stile.operation":
				operation = a.Value
			case telemetry.AttrStateMachine:
				machine = a.Value
			}
		}
		switch {
		case machine != "":
			return c.may(ctx, readTrace, sfn.MachineResource(machine))
		case api != "":
			return c.may(ctx, readTrace, "api/"+api+"/operation/"+operation, "api/"+api)
		}
		if s = byID[s.ParentID]; s == nil {
			break
		}
	}
	// What belongs to no operation and no state machine is for who may trace all.
	return c.may(ctx, readTrace, "trace")
}
