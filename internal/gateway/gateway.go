// Package gateway runs exchanges through the policies of the operation that they
// reach: configuration snapshots, the router, subscription keys, and the wire
// adapter for net/http.
//
// It is not the policies (the table is handed to Compile) and not the backends
// (an exchange.Caller is handed to New). app composes it; steps and the callback
// endpoint reach it through Do, clients through Handler.
//
// Invariants: a request runs on one snapshot from beginning to end; Swap changes
// what the next request sees and touches no counter; the hot path takes no lock
// that two requests share, counters aside; a subscription key is removed before
// any policy sees the request; a panic ends its own request with 500 and nothing
// else; a permission is decided before any policy runs.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

// MaxHops bounds how many gateways and in-process calls a request may come
// through before it is taken for a loop.
const MaxHops = 16

// Config is what a Gateway needs of its host. Backend, Now, NewGUID and Rand are
// required.
type Config struct {
	Backend  exchange.Caller
	Counters policy.Counters
	Tokens   policy.Tokens
	// Cache and Identity serve the policies of their kind; see policy.Env.
	Cache    policy.Cache
	Identity policy.TokenSource
	// External is the cache that nodes share; nil is none.
	External policy.Cache
	// Telemetry and Events take what policies measure and log; nil drops it.
	Telemetry policy.Telemetry
	Events    policy.EventLog
	// Authorizations serves get-authorization-context; nil refuses all.
	Authorizations policy.Authorizations
	// Sleep waits for policies; nil waits by the machine's clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// InOrder runs one after the other what runs side by side otherwise, and before its
	// exchange goes on what is left to run beside it: for tests of policies.
	InOrder bool
	// Authorize says whether the exchange's Principal may call its operation, nil if
	// so. It is asked once an operation is found, before any policy; never for an
	// exchange without a Principal. A nil Authorize refuses every Principal.
	Authorize func(ex *exchange.Exchange) *exchange.PermissionDenied
	// Observe sees every exchange once, at its end: on the wire when the body is
	// written, in process when Do returns.
	Observe func(ex *exchange.Exchange, end time.Time)
	// Record is asked of every exchange, once its API is found and before any policy,
	// whether it is recorded; token is the debug token that it carried, or empty.
	// Observe finds the recording in the exchange. nil records none.
	Record func(ex *exchange.Exchange, token string) Debugging
	// Refused is told the secrets that the documents of an operation name, when its
	// backend answers 401: one of them may have a new value. It must return soon; nil
	// drops it.
	Refused func(refs []secret.Ref)
	// Trace takes the lines of context.Trace and the trace policy; nil drops them.
	Trace   func(source, message string)
	Now     func() time.Time
	NewGUID func() string
	Rand    func() uint64
	Log     *slog.Logger
}

// Gateway answers exchanges on its current snapshot. It is safe for concurrent use.
type Gateway struct {
	cfg  Config
	env  policy.Env
	snap atomic.Pointer[Snapshot]
	// draining: the status says that no new work is wanted.
	draining atomic.Bool
	tunnels  tunnels
	beside   *beside
}

// New makes a Gateway without a snapshot: until Swap it answers 503.
func New(cfg Config) *Gateway {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	panicked := func(v any, stack []byte) {
		cfg.Log.Error("a policy panicked", "panic", fmt.Sprint(v), "stack", string(stack))
	}
	g := &Gateway{cfg: cfg, beside: newBeside(panicked)}
	g.env = policy.Env{Now: cfg.Now, NewGUID: cfg.NewGUID, Rand: cfg.Rand, Backend: handshakes(g.watchful(cfg.Backend)),
		Counters: cfg.Counters, Tokens: cfg.Tokens, Cache: cfg.Cache, External: cfg.External, Identity: cfg.Identity, Telemetry: cfg.Telemetry, Events: cfg.Events, Trace: cfg.Trace,
		Authorizations: cfg.Authorizations, Sleep: cfg.Sleep, Background: g.beside.start, Flights: new(policy.Flights),
		Panicked: panicked}
	if g.env.InOrder = cfg.InOrder; cfg.InOrder {
		g.env.Background = nil
	}
	return g
}

// Swap makes s the snapshot of all requests that begin from now on.
func (g *Gateway) Swap(s *Snapshot) { g.snap.Store(s) }

// Snapshot is the current one, nil before the first Swap.
func (g *Gateway) Snapshot() *Snapshot { return g.snap.Load() }

// Do answers an exchange of this process: ex.Request.URL's path is the gateway's
// path, its host means nothing. With a Principal, ex.SubscriptionID names the
// subscription and no key is needed. The error is a *exchange.PermissionDenied, or
// ctx's where it ended first; else ex.Response is complete, whatever its status.
func (g *Gateway) Do(ctx context.Context, ex *exchange.Exchange) error {
	ex.Request.Upgrade = "" // nobody here could take the connection
	err := g.run(ctx, ex)
	if err == nil && ctx.Err() != nil {
		ex.Response.Body.Close()
		err = context.Cause(ctx)
	}
	g.observe(ex)
	return err
}

func (g *Gateway) observe(ex *exchange.Exchange) {
	if g.cfg.Observe != nil {
		g.cfg.Observe(ex, g.cfg.Now())
	}
}

// run takes one exchange from the router to its answer. It is the one place that
// catches a panic of the gateway's own.
func (g *Gateway) run(ctx context.Context, ex *exchange.Exchange) (err error) {
	defer func() {
		if v := recover(); v != nil {
			g.cfg.Log.Error("an exchange panicked", "id", ex.ID, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			ex.Response = policy.Answer(http.StatusInternalServerError, "Internal server error")
			err = nil
		}
	}()
	s := g.snap.Load()
	if s == nil {
		ex.Response = policy.Answer(http.StatusServiceUnavailable, "The gateway has no configuration yet.")
		return nil
	}
	g.begin(ex, s)
	path, err := Canonical(ex.Request.URL.Path)
	if err != nil {
		ex.Response = policy.Answer(http.StatusBadRequest, "Bad request: "+err.Error()+".")
		return nil
	}
	ex.Request.URL.Path = path
	if ex.Request.OriginalURL.Path == "" {
		ex.Request.OriginalURL = ex.Request.URL
	}
	if ex.Hops > MaxHops {
		ex.Response = policy.Answer(http.StatusLoopDetected, "The request came through "+strconv.Itoa(ex.Hops)+" gateways: this is a loop.")
		return nil
	}
	return g.dispatch(ctx, ex, s)
}

func (g *Gateway) dispatch(ctx context.Context, ex *exchange.Exchange, s *Snapshot) (err error) {
	a, o, rest := s.route(ex)
	if a != nil {
		if ex.API, ex.Workspace = &a.noun.API, a.space.noun; ex.Workspace != nil {
			ex.Deployment = s.apart
		}
	}
	if a == nil {
		s.takeKeys(ex)
	}
	debugging := g.arrive(ex)
	defer func() { g.leave(ex, debugging, err) }()
	if o == nil {
		at := s.bare
		if a != nil {
			takeKey(ex, a)
			at = a.refusal
		}
		at.Refuse(ctx, ex, &g.env, "configuration", &policy.Denied{Status: http.StatusNotFound, Reason: "OperationNotFound",
			Message: "Unable to match incoming request to an operation.", Public: "Resource not found"})
		return nil
	}
	ex.Operation = &o.noun.Operation
	if ex.Principal != nil {
		if denied := g.authorize(ex, s); denied != nil {
			return denied
		}
	}
	product, refusal := s.admit(ex, a)
	if refusal == nil {
		if d := misfit(ex, a); d != nil {
			o.pipeline(s, product).Refuse(ctx, ex, &g.env, "configuration", d)
			return nil
		}
	}
	if refusal != nil {
		o.pipeline(s, 0).Refuse(ctx, ex, &g.env, "authorization", refusal)
		return nil
	}
	if h := o.holding(s, product); h != nil {
		g.refuseHeld(ctx, ex, o.pipeline(s, product), h)
		return nil
	}
	ex.Request.URL.Path = rest
	ex.Backend = a.base
	o.pipeline(s, product).Run(ctx, ex, &g.env)
	return nil
}

var errNoAuthority = errors.New("the gateway has nobody to ask for permissions")

func (g *Gateway) authorize(ex *exchange.Exchange, s *Snapshot) error {
	ask := s.authorize
	if ask == nil {
		ask = g.cfg.Authorize
	}
	if ask == nil {
		return errNoAuthority
	}
	// A nil *PermissionDenied must not become an error that is not nil.
	if denied := ask(ex); denied != nil {
		return denied
	}
	return nil
}

// begin fills what the wire, or the caller in this process, left open.
func (g *Gateway) begin(ex *exchange.Exchange, s *Snapshot) {
	if ex.ID == "" {
		ex.ID = g.cfg.NewGUID()
	}
	if ex.Started.IsZero() {
		ex.Started = g.cfg.Now()
	}
	ex.Revision, ex.Deployment = s.revision, s.deployment
	g.trace(ex)
}

// trace joins the exchange to the trace of its traceparent field, or begins one,
// and gives it a span of its own where the caller did not.
func (g *Gateway) trace(ex *exchange.Exchange) {
	if ex.Trace.TraceID == "" {
		if id, parent, ok := exchange.ParseTraceparent(ex.Request.Header.Get("traceparent")); ok {
			ex.Trace.TraceID, ex.Trace.ParentID = id, parent
		} else {
			ex.Trace.TraceID = hexID(g.cfg.Rand()) + hexID(g.cfg.Rand())
		}
	}
	if ex.Trace.SpanID == "" {
		ex.Trace.SpanID = hexID(g.cfg.Rand())
	}
}

// hexID gives 16 hex digits, never all zero.
func hexID(n uint64) string {
	if n == 0 {
		n = 1
	}
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[i] = digits[n>>(60-4*i)&15]
	}
	return string(b[:])
}
