package console

import (
	"context"

	"stile/asl/graph"
	"stile/internal/sfn"
)

// picture draws an execution's graph, each state in the class that its history gives it.
func (c *console) picture(ctx context.Context, x sfn.Execution, o graph.SVGOptions) (string, error) {
	p, err := c.program(ctx, x.ARN)
	if err != nil {
		return "", err
	}
	events, _, err := c.readable(ctx, x.ARN)
	if err != nil {
		return "", err
	}
	t := NewTracker(p)
	for _, ev := range events {
		t.Apply(ev)
	}
	o.Class, o.Title = t.Class, machineName(x.StateMachineARN)
	return graph.Of(p).SVG(o), nil
}
