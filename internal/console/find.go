package console

import (
	"context"
	"errors"

	"stile/asl"
	"stile/asl/history"
	"stile/diag"
	"stile/internal/sfn"
)

// find gives the execution of an id: an ARN, or a name, the newest one where
// several state machines have an execution of that name.
func (c *console) find(ctx context.Context, id string) (sfn.Execution, error) {
	return c.findFor(ctx, id, describeExecution)
}

// findFor gives it to who may describe it or do the action to it; to all others it
// does not exist.
func (c *console) findFor(ctx context.Context, id, action string) (sfn.Execution, error) {
	if _, ok := sfn.ParseARN(id); ok {
		if !c.sees(ctx, id, action) {
			c.hidden(ctx, action, sfn.ExecutionResources(id)...)
			return sfn.Execution{}, sfn.ExecutionDoesNotExist(id)
		}
		return c.Host.DescribeExecution(ctx, id)
	}
	var found sfn.Execution
	err := c.eachMachine(ctx, func(m sfn.StateMachine) error {
		a, _ := sfn.ParseARN(m.ARN)
		arn := sfn.ExecutionARN(a.Region, a.Account, a.Name, id)
		if !c.sees(ctx, arn, action) {
			return nil
		}
		x, err := c.Host.DescribeExecution(ctx, arn)
		var refusal *sfn.Error
		if errors.As(err, &refusal) {
			return nil
		}
		if err == nil && x.StartDate.After(found.StartDate) {
			found = x
		}
		return err
	})
	if err != nil || found.ARN != "" {
		return found, err
	}
	return c.findListed(ctx, id, action)
}

// findListed looks where a state machine is gone and its executions are not.
func (c *console) findListed(ctx context.Context, name, action string) (sfn.Execution, error) {
	const pages = 10
	in := sfn.ListExecutions{Page: sfn.Page{Max: 1000}}
	for range pages {
		list, next, err := c.Host.ListExecutions(ctx, in)
		if err != nil {
			return sfn.Execution{}, err
		}
		for _, x := range list {
			if x.Name == name && c.sees(ctx, x.ARN, action) {
				return c.Host.DescribeExecution(ctx, x.ARN)
			}
		}
		if in.Token = next; next == "" {
			break
		}
	}
	return sfn.Execution{}, sfn.ExecutionDoesNotExist(name)
}

func (c *console) eachMachine(ctx context.Context, f func(sfn.StateMachine) error) error {
	p := sfn.Page{Max: 1000}
	for {
		list, next, err := c.Host.ListStateMachines(ctx, p)
		if err != nil {
			return err
		}
		for _, m := range list {
			if err := f(m); err != nil {
				return err
			}
		}
		if p.Token = next; next == "" {
			return nil
		}
	}
}

// machineARN completes a name to an ARN; an ARN stays.
func (c *console) machineARN(name string) string {
	if _, ok := sfn.ParseARN(name); ok || name == "" {
		return name
	}
	return sfn.StateMachineARN(c.Region, c.Account, name)
}

// history gives all events after the event with id after, oldest first.
func (c *console) history(ctx context.Context, arn string, after int64) ([]history.Event, error) {
	var out []history.Event
	in := sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 1000}}
	// From the newest back, so that a long history is not read for its last events.
	in.Reverse = after > 0
	for {
		events, next, err := c.Host.GetExecutionHistory(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, ev := range events {
			if ev.ID > after {
				out = append(out, ev)
			}
		}
		if next == "" || in.Reverse && len(events) > 0 && events[len(events)-1].ID <= after {
			break
		}
		in.Token = next
	}
	if in.Reverse {
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
	}
	return out, nil
}

// program compiles the definition that an execution took.
func (c *console) program(ctx context.Context, arn string) (*asl.Program, error) {
	m, err := c.Host.DescribeStateMachineForExecution(ctx, arn)
	if err != nil {
		return nil, err
	}
	p, list := asl.Parse(diag.NewSource(m.Name, m.Definition))
	if list.HasErrors() {
		return nil, list
	}
	return p, nil
}
