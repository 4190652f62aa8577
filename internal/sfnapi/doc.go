// Package sfnapi is the wire of AWS Step Functions: awsJson1_0 over an
// http.Handler, POST / with X-Amz-Target AWSStepFunctions.ACTION, so that
// unmodified AWS clients talk to Stile.
//
// It is not a host: state machines, executions and task tokens live behind the
// three small interfaces that it declares, and it keeps nothing between
// requests. It does not verify signatures: who calls is decided by whoever mounts
// the handler, and known by the context. internal/app mounts it on the control
// listener.
//
// Invariants: a body is checked against the service model before a host is
// asked, with all its faults in one ValidationException; member names match by
// exact case and unknown ones are ignored, as on AWS; an answer holds AWS's
// members and nothing of ours; a refusal has AWS's code and text and status 400.
// Payloads, causes and definitions never reach a log or a validation message. A
// permission is decided on what was asked for, before a host is: who may not look
// learns nothing of what is there.
package sfnapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"stile/asl/history"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/internal/teststate"
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
	// RedriveExecution gives the date of the redrive that a client token was for, where
	// it was given before; "" is none.
	RedriveExecution(ctx context.Context, arn, clientToken string) (time.Time, error)
	GetExecutionHistory(ctx context.Context, in sfn.HistoryPage) ([]history.Event, string, error)
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
	Versions
	Aliases
	Tags
	Executions
	Tasks
	MapRuns
}

// Permissions decide what who calls, known by the context, may do.
type Permissions interface {
	// Permit decides on an action ("states:StopExecution") on a thing, given by all
	// names that a role may have for it.
	Permit(ctx context.Context, action string, resources ...string) identity.Decision
	// Anywhere says whether the caller may do an action on anything at all.
	Anywhere(ctx context.Context, action string) identity.Decision
	// TokenOf says what a task token of this server stands for.
	TokenOf(ctx context.Context, token string) (sfn.TokenOf, bool)
	// User names the caller in a refusal, and Subject in what the caller starts.
	User(ctx context.Context) string
	Subject(ctx context.Context) string
	// Refused is told of every refusal for want of a permission.
	Refused(ctx context.Context, action, resource string, d identity.Decision)
}

// Config is what the API is made of. Host and Permissions are required.
type Config struct {
	Host        Host
	Permissions Permissions
	// Activities are the activities; nil: the server knows no action on them.
	Activities Activities
	// Sync runs EXPRESS executions whose callers wait; nil: there are no EXPRESS state
	// machines.
	Sync SyncExecutions
	// Tester runs TestState; nil: Tasks are tested with mocks alone.
	Tester Tester
	// Account and Region complete the ARN of what is made or listed.
	Account, Region string
	// Log takes failures that are not refusals; nil drops them.
	Log *slog.Logger
}

// New makes the handler. It answers POST / alone; the caller routes to it.
func New(cfg Config) http.Handler {
	if cfg.Host == nil || cfg.Permissions == nil {
		panic("sfnapi: no host, or nobody decides on permissions")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Tester == nil {
		cfg.Tester = teststate.New(teststate.Config{Account: cfg.Account, Region: cfg.Region, Now: time.Now, NewID: newID})
	}
	actions := actionTable()
	if cfg.Activities == nil {
		for _, name := range []string{"CreateActivity", "DescribeActivity", "ListActivities", "DeleteActivity", "GetActivityTask"} {
			delete(actions, name)
		}
	}
	if cfg.Sync == nil {
		delete(actions, "StartSyncExecution")
	}
	return &server{sync: cfg.Sync, tester: cfg.Tester, machines: cfg.Host, versions: cfg.Host, aliases: cfg.Host, tags: cfg.Host, executions: cfg.Host, tasks: cfg.Host, mapRuns: cfg.Host, may: cfg.Permissions,
		account: cfg.Account, region: cfg.Region, log: cfg.Log, activities: cfg.Activities, actions: actions}
}
