package sfnapi

import (
	"context"
	"time"

	"stile/internal/sfn"
)

const (
	runningRun = "arn:aws:states:us-east-1:111111111111:mapRun:m/L:one"
	endedRun   = "arn:aws:states:us-east-1:111111111111:mapRun:m/L:two"
)

// mapRuns are two Map Runs of one execution, for fake.
type mapRuns struct{ updated sfn.MapRunUpdate }

func (*mapRuns) DescribeMapRun(_ context.Context, arn string) (sfn.MapRun, error) {
	run := sfn.MapRun{ARN: arn, ExecutionARN: "arn:aws:states:us-east-1:111111111111:execution:m:e", Status: sfn.Running,
		StateMachineARN: "arn:aws:states:us-east-1:111111111111:stateMachine:m/L", StartDate: time.UnixMilli(1700000000000),
		MapRunBounds: sfn.MapRunBounds{MaxConcurrency: 4, ToleratedFailureCount: 1, ToleratedFailurePercentage: 2.5},
		Items:        sfn.MapRunCounts{Pending: 1, Running: 2, Succeeded: 3, Failed: 4, TimedOut: 5, Aborted: 6, Total: 21, ResultsWritten: 7},
		Executions:   sfn.MapRunCounts{Total: 1, Running: 1}}
	switch arn {
	case runningRun:
		return run, nil
	case endedRun:
		run.Status, run.StopDate = sfn.Failed, time.UnixMilli(1700000001000)
		return run, nil
	}
	return sfn.MapRun{}, sfn.MapRunDoesNotExist(arn)
}

func (f *mapRuns) ListMapRuns(ctx context.Context, _ string, p sfn.Page) ([]sfn.MapRun, string, error) {
	arn, next := runningRun, "more"
	if p.Token == "more" {
		arn, next = endedRun, ""
	}
	run, err := f.DescribeMapRun(ctx, arn)
	return []sfn.MapRun{run}, next, err
}

func (f *mapRuns) UpdateMapRun(_ context.Context, arn string, u sfn.MapRunUpdate) error {
	f.updated = u
	if arn == endedRun {
		return sfn.MapRunCompleted(arn)
	}
	return nil
}

// children lists the one child that the running Map Run has.
func (*mapRuns) children(arn string) ([]sfn.Execution, string, error) {
	if arn != runningRun {
		return nil, "", sfn.MapRunDoesNotExist(arn)
	}
	return []sfn.Execution{{ARN: "arn:aws:states:us-east-1:111111111111:execution:m/L:c", Name: "c", Status: sfn.Running, MapRunARN: arn, ItemCount: 7,
		StateMachineARN: "arn:aws:states:us-east-1:111111111111:stateMachine:m/L", StartDate: time.UnixMilli(1700000000000)}}, "", nil
}
