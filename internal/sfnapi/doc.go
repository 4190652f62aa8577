// Package sfnapi is the wire of AWS Step Functions: awsJson1_0 over an
// http.Handler, POST / with X-Amz-Target AWSStepFunctions.ACTION, so that
// unmodified AWS clients talk to Stile.
//
// It is not a host: state machines, executions and task tokens live behind the
// three small interfaces that it declares, and it keeps nothing between
// requests. It does not verify signatures: any credentials are accepted here,
// and what may reach the listener is decided by whoever mounts the handler.
// internal/app mounts it on the control listener.
//
// Invariants: a body is checked against the service model before a host is
// asked, with all its faults in one ValidationException; member names match by
// exact case and unknown ones are ignored, as on AWS; an answer holds AWS's
// members and nothing of ours; a refusal has AWS's code and text and status 400.
// Payloads, causes and definitions never reach a log or a validation message.
package sfnapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"stile/asl/interp"
	"stile/internal/sfn"
	"stile/jsonval"
)

// StateMachines is what the actions on state machines need of a host. Refusals
// are *sfn.Error; any other error becomes InternalFailure.
type StateMachines interface {
	CreateStateMachine(ctx context.Context, in sfn.NewStateMachine) (sfn.StateMachine, error)
	UpdateStateMachine(ctx context.Context, arn string, u sfn.StateMachineUpdate) (sfn.StateMachine, error)
	DescribeStateMachine(ctx context.Context, arn string) (sfn.StateMachine, error)
	ListStateMachines(ctx context.Context, p sfn.Page) ([]sfn.StateMachine, string, error)
	DeleteStateMachine(ctx context.Context, arn string) error
	DescribeStateMachineForExecution(ctx context.Context, arn string) (sfn.StateMachine, error)
}

// Executions is what the actions on executions need of a host. Listing the
// executions of an unknown state machine is StateMachineDoesNotExist.
type Executions interface {
	StartExecution(ctx context.Context, in sfn.Start) (sfn.Started, error)
	DescribeExecution(ctx context.Context, arn string) (sfn.Execution, error)
	ListExecutions(ctx context.Context, in sfn.ListExecutions) ([]sfn.Execution, string, error)
	StopExecution(ctx context.Context, arn, errorName, cause string) (time.Time, error)
	GetExecutionHistory(ctx context.Context, in sfn.HistoryPage) ([]interp.HistoryEvent, string, error)
}

// Tasks is what the actions on task tokens need of a host.
type Tasks interface {
	SendTaskSuccess(ctx context.Context, token string, output jsonval.Value) error
	SendTaskFailure(ctx context.Context, token, errorName, cause string) error
	SendTaskHeartbeat(ctx context.Context, token string) error
}

// Host is a host with all of it.
type Host interface {
	StateMachines
	Executions
	Tasks
}

// New makes the handler. It answers POST / alone; the caller routes to it. log
// takes failures that are not refusals; nil drops them.
func New(host Host, log *slog.Logger) http.Handler {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &server{machines: host, executions: host, tasks: host, log: log, actions: actionTable()}
}
