// Package task turns a dispatched Task into a call: the resource ARN chooses an
// integration, the integration reads the Task's parameters and makes an exchange,
// and the exchange goes through our own gateway, in process, as the state's
// principal, or past it to a host that the project lets the state's role call.
//
// It is not an interpreter (Retry, Catch and timeouts are asl/interp's) and holds
// no durable state: the engine calls Start after a dispatch is durable, and calls
// it again after a crash. Every integration is one literal in the table below.
//
// Invariants: a call to our gateway always carries a Principal, never a
// connection's credentials and never a subscription key of the step's own; a call
// past it is let out by Map or Egress and told to Ungoverned before it is sent; a
// connection's credentials are in no record of a call; done is called exactly once
// for each Start, of a .sync Task once more before that with Submitted, and there
// not at all once nobody waits, and of an activity's never: its token ends it; a call with a mock is answered by it alone; a panic in an integration fails that one attempt.
package task

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// Config is what integrations reach outside.
type Config struct {
	// Gateway is our own gateway, in process.
	Gateway exchange.Caller
	// Upstream sends past the gateway. An exchange whose Backend is Tainted may reach
	// public addresses only, whatever the gateway's configuration names.
	Upstream exchange.Caller
	// Map says what to do with a URL origin, host or ARN that a definition names.
	Map func(target string) (Target, bool)
	// Egress says whether a role may call a host, host[:port], past the gateway. Nil
	// lets nothing out.
	Egress func(host, role string) (Exit, bool)
	// Ungoverned is told of every call past the gateway before it is sent: the host,
	// and why the project lets it out. It is for the audit and must be quick; where it
	// gives an error nothing is sent. Nil tells nobody.
	Ungoverned func(ctx context.Context, call sfn.TaskCall, host, reason string, ex *exchange.Exchange) error
	// Connection gives an EventBridge connection by its ARN.
	Connection func(arn string) (Connection, bool)
	// Identify gives the caller that a dispatch is.
	Identify func(call sfn.TaskCall) Identity
	// CallbackURL is the signed one-time URL of a task token.
	CallbackURL func(taskToken string) string
	// NamedValue gives the text of a named value that a literal of the definition
	// refers to, and whether it is secret. The error is ErrNotListed, a
	// *exchange.PermissionDenied, or says why the value cannot be had; nil: none is
	// resolved.
	NamedValue func(call sfn.TaskCall, name string) (text string, secret bool, err error)
	// NamedValueRefused is told of a call with named values that was answered with
	// 401: the values may be old. Nil: nobody is.
	NamedValueRefused func(call sfn.TaskCall)
	// Mask takes secrets out of results; nil: nothing.
	Mask Masker
	// Executions starts executions of other state machines and waits for their ends;
	// nil: states:startExecution has no integration.
	Executions Executions
	// Activities take the Tasks of workers; nil: there is no activity.
	Activities Activities
	// MayStart asks the role of a state's call for states:StartExecution on a state
	// machine: a *exchange.PermissionDenied, or nil, which allows. Nil allows all.
	MayStart func(call sfn.TaskCall, stateMachineARN string) error
	// Function says what stands behind a Lambda function; nil: nothing does.
	Function func(f sfn.Function) (FunctionTarget, bool)
	// MayInvoke asks the role of a state's call for lambda:InvokeFunction on a function:
	// a *exchange.PermissionDenied, or nil, which allows. Nil allows all.
	MayInvoke func(call sfn.TaskCall, f sfn.Function) error
	// Address is what context.Request.IpAddress of a step shows.
	Address netip.Addr
	// Region and Account are those of functions that are not named by an ARN.
	Region, Account string
	Now             func() time.Time
	NewGUID         func() string
}

// Activities hold the Tasks that a worker is to take.
type Activities interface {
	// Queue takes a call that was dispatched. Where ctx has ended nobody waits for it.
	Queue(ctx context.Context, call sfn.TaskCall)
	// Withdraw says that nobody waits for the command's call any more.
	Withdraw(executionARN string, command uint64)
}

// Target is where a mapped target goes; one of the two is set.
type Target struct {
	Gateway bool
	URL     string
}

// Exit is the leave that a role has to call a host past the gateway.
type Exit struct {
	// Entry is the host as the project lists it, *.example.com say.
	Entry string
	// Reason is why, in the project's words.
	Reason string
	// Private says that the host is written out and may be on this machine or in a
	// private network.
	Private bool
}

// Connection holds the invocation parameters of an EventBridge connection that are
// not secret, and what authorizes a call; the latter is used past our gateway only.
type Connection struct {
	Name string
	// Refused is why no call can be made with it now; empty where one can.
	Refused       string
	Header, Query []exchange.Param
	Body          []Member
	// Authorize gives the credentials of one call; nil for none. Its error says what
	// could not be had and holds no secret.
	Authorize func(ctx context.Context) (Credentials, error)
}

// Credentials are what a connection adds to one call past the gateway; they win
// over the state's own parameters.
type Credentials struct {
	Header, Query, Body []Secret
	// Again is asked at most once, where the target refused them with 401 or 407. It
	// gives other credentials with which the call is worth sending once more. Nil
	// where there are none.
	Again func(ctx context.Context) (Credentials, bool)
}

// Secret is a secret parameter.
type Secret struct {
	Name  string
	Value secret.Value
}

// Member is one body parameter of a connection.
type Member struct {
	Name  string
	Value jsonval.Value
}

// Identity is who a state is towards the gateway.
type Identity struct {
	Principal *exchange.Principal
	// SubscriptionID is the role's subscription; empty for none.
	SubscriptionID string
	// Bearer mints the state's token; it is called only where something reads it.
	Bearer func() string
}

// Integration is one entry of the table: a resource with the patterns that it knows.
type Integration struct {
	// Resource is the ARN without its pattern; arn:aws:lambda:::function stands for that
	// of every function.
	Resource string
	// Patterns lists what may follow: "" for request-response, "sync", "sync:2",
	// "waitForTaskToken".
	Patterns []string
	// Shape reads the parameters as far as they alone tell and names the field that
	// does not have its shape, or "": AWS refuses such a Task before it is scheduled.
	Shape func(parameters jsonval.Value) (bad string)
	// Within bounds a call; 0: Start bounds its own.
	Within time.Duration
	// Start makes the call and gives its answer.
	Start func(ctx context.Context, r *Runner, call sfn.TaskCall) sfn.TaskResult
	// Job waits for what Start began; nil where no pattern waits for the end of a job.
	Job *Job
}

// Job is how a .sync pattern goes on once Start's result was Submitted.
type Job struct {
	// Await gives the Task's answer at the job's end.
	Await func(ctx context.Context, r *Runner, call sfn.TaskCall, submitted jsonval.Value) sfn.TaskResult
	// Stop ends a job that nobody waits for any more, as well as it can.
	Stop func(r *Runner, submitted jsonval.Value)
}

// Runner dispatches calls to integrations; it is the engine's Tasks.
type Runner struct {
	cfg   Config
	table map[string]Integration // by resource with pattern
	agent string                 // the User-Agent of calls

	mu      sync.Mutex
	running map[key]*dispatch
}

// dispatch is a call under way; of two of one command the later one counts.
type dispatch struct {
	send   uint32
	cancel context.CancelFunc
	// cancelled says that nobody waits any more; stop ends the job that was begun.
	cancelled bool
	stop      func()
}

type key struct {
	execution string
	command   uint64
}

// New builds a Runner over a table; duplicates are an error.
func New(cfg Config, table []Integration) (*Runner, error) {
	r := &Runner{cfg: cfg, table: map[string]Integration{}, agent: "Amazon|StepFunctions|HttpInvoke|" + cfg.Region, running: map[key]*dispatch{}}
	for _, in := range table {
		for _, p := range in.Patterns {
			name := in.Resource
			if p != "" {
				name += "." + p
			}
			if _, twice := r.table[name]; twice || in.Start == nil || in.Shape == nil {
				return nil, fmt.Errorf("task integration %s stands twice or is not whole", name)
			}
			r.table[name] = in
		}
	}
	return r, nil
}

// CheckParameters says what is wrong with a Task's parameters before it is
// scheduled, in AWS's words, or "".
func (r *Runner) CheckParameters(resource string, parameters jsonval.Value) string {
	in, ok := r.find(resource)
	if !ok {
		return ""
	}
	if bad := in.Shape(parameters); bad != "" {
		return invalidFormat(bad)
	}
	return ""
}

// Start makes the call on the caller's goroutine and gives its answer to done; of a
// .sync pattern first that the job was submitted, then its end.
func (r *Runner) Start(ctx context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
	if call.Mock.Exists() {
		mocked(call, done)
		return
	}
	if r.cfg.Activities != nil && sfn.IsActivity(call.Resource) {
		r.cfg.Activities.Queue(ctx, call)
		return
	}
	in, ok := r.find(call.Resource)
	if !ok {
		done(fault("States.Runtime", "The resource '"+call.Resource+"' has no integration here."))
		return
	}
	ctx, cancel := in.bound(ctx)
	defer cancel()
	k, d := key{call.ExecutionARN, call.Command}, &dispatch{send: call.Send, cancel: cancel}
	r.mu.Lock()
	if old := r.running[k]; old == nil || old.send <= d.send {
		r.running[k] = d
	}
	r.mu.Unlock()
	res := r.attempt(ctx, in, call)
	done(r.finished(call, res))
	if res.Submitted && call.TaskToken == "" && in.Job != nil && !r.job(ctx, in.Job, d, call, res.Output, done) {
		return
	}
	r.forget(k, d)
}

// begun notes how to stop the dispatch's job; where nobody waits for it any more it
// stops it at once and gives false.
func (r *Runner) begun(d *dispatch, stop func()) bool {
	r.mu.Lock()
	late := d.cancelled
	d.stop = stop
	r.mu.Unlock()
	if late {
		stop()
	}
	return !late
}

func (r *Runner) forget(k key, d *dispatch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[k] == d { // done may have led to the next attempt
		delete(r.running, k)
	}
}

// Cancel ends the call of a command where it still runs, and the job that it
// began; its answer no longer matters.
func (r *Runner) Cancel(executionARN string, command uint64) {
	if r.cfg.Activities != nil {
		r.cfg.Activities.Withdraw(executionARN, command)
	}
	k := key{executionARN, command}
	r.mu.Lock()
	d := r.running[k]
	var stop func()
	if d != nil {
		d.cancelled, stop = true, d.stop
		delete(r.running, k)
	}
	r.mu.Unlock()
	if d == nil {
		return
	}
	d.cancel()
	if stop != nil {
		go stop() // it may wait for a disk: whoever cancels must not
	}
}
