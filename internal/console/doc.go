// Package console is the control listener's face: server-rendered pages (the
// executions and one of them, APIs with their effective policies, traces of requests,
// approvals, secrets, the audit), and the control API
// /-/v1 in JSON and server-sent events, of which the command line is a client.
//
// It is not a host (executions live behind the small interfaces below), not the
// AWS wire (internal/sfnapi) and not a login: Guard keeps everything but this
// machine's own pages and programs out. internal/app mounts it.
//
// Invariants: pages are whole without the script, which only makes them live; no
// inline script or style, nothing from elsewhere; every name and payload is
// escaped; the class of a node comes from history events alone (Tracker), so that
// the page, the stream and a replay agree; a callback URL is written by
// /-/v1/callbacks and nowhere else.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"stile/asl/history"
	"stile/internal/apim"
	"stile/internal/callback"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/jsonval"
)

// Executions is what the console shows and does. Refusals are *sfn.Error.
type Executions interface {
	StartExecution(ctx context.Context, in sfn.Start) (sfn.Started, error)
	StopExecution(ctx context.Context, arn, errorName, cause string) (time.Time, error)
	DescribeExecution(ctx context.Context, arn string) (sfn.Execution, error)
	ListExecutions(ctx context.Context, in sfn.ListExecutions) ([]sfn.Execution, string, error)
	GetExecutionHistory(ctx context.Context, in sfn.HistoryPage) ([]history.Event, string, error)
	DescribeStateMachineForExecution(ctx context.Context, arn string) (sfn.StateMachine, error)
}

// Journal is what a host knows beside AWS's view: state machines by name, the
// gateway's words on each call, and changes as they happen.
type Journal interface {
	ListStateMachines(ctx context.Context, p sfn.Page) ([]sfn.StateMachine, string, error)
	Calls(ctx context.Context, executionARN string) ([]sfn.CallRecord, error)
	// Watch gives notices of one execution, of all with ""; a closed channel says
	// that some were lost: read what stands and watch again.
	Watch(executionARN string) (<-chan sfn.Notice, func())
}

// Host is a host with all of it.
type Host interface {
	Executions
	Journal
	Redriver
	Forker
	Deleter
}

// Traces is the store of spans.
type Traces interface {
	Trace(id string) ([]telemetry.Span, error)
	// Traces gives the newest of which see leaves spans, at most n; nil leaves all.
	Traces(n int, see func([]telemetry.Span) ([]telemetry.Span, error)) ([]telemetry.Summary, error)
}

// Info is what /-/v1/version says.
type Info struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Project string `json:"project"`
	Data    string `json:"data"`
	Gateway string `json:"gateway"`
	Control string `json:"control"`
	// Refuses is why new work is refused; empty while it is taken.
	Refuses string `json:"refuses,omitempty"`
}

// Config is what a console is made of. Host, Event, Metadata, Permissions and Info
// are required.
type Config struct {
	Host Host
	// Event writes a history event as GetExecutionHistory shows it.
	Event func(history.Event) jsonval.Value
	// Metadata writes one for who may not read payloads.
	Metadata func(history.Event) jsonval.Value
	// Permissions decide what callers may see and do.
	Permissions Permissions
	Info        func() Info
	Callbacks   Callbacks // nil: none are open
	// Approval is how the page of approvals shows a state that waits; nil, or one that
	// gives nil: as a box of JSON.
	Approval func(machine, state string) *callback.Approval
	Traces   Traces // nil: none are kept
	// GateTraces and Gate serve the traces of requests; nil: none are kept.
	GateTraces GateTraces
	Gate       Gate
	// APIs serves the pages of APIs, and calls that are made on them; nil: there are none.
	APIs APIs
	// Mask hides the project's secrets in texts of its files; nil hides none.
	Mask    func(text string) string
	Audit   Audit   // nil: no record is kept
	Secrets Secrets // nil: nothing is told of them
	// Description gives the description of an API's revision, of the current one for
	// an empty revision, nil where there is none; nil: there are none.
	Description func(api, revision string) *apim.Description
	Why         Why     // nil: nothing is explained
	Backups     Backups // nil: none are taken
	// Slow lists the operations and states that are slow now; nil: none is told.
	Slow func() []telemetry.SlowCondition
	// Token mints a token of a role; nil refuses. A refusal is *sfn.Error.
	Token func(ctx context.Context, role string) (token string, expires time.Time, err error)
	// Account and Region complete a state machine's name to its ARN.
	Account, Region string
	// Names are host names that are served besides loopback ones.
	Names []string
	// Heartbeat is how often an idle stream shows that it lives; zero: 15 s.
	Heartbeat time.Duration
	Log       *slog.Logger
}

// New makes the handler of everything below / that the console owns, already
// behind Guard.
func New(cfg Config) http.Handler {
	if cfg.Permissions == nil || cfg.Metadata == nil {
		panic("console: nobody decides on permissions, or hides payloads")
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = 15 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &console{Config: cfg, forms: newForms(), tries: &tries{kept: map[string]sentTry{}}}
	mux := http.NewServeMux()
	c.pages(mux)
	c.api(mux)
	return Guard(mux, cfg.Names...)
}

// console serves; it is immutable after New, what tries remembers apart.
type console struct {
	Config
	forms *forms
	tries *tries
}
