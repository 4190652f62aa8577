package policy

import (
	"context"
	"errors"
	"io"
	"time"

	"stile/policy/exchange"
)

// ForwardOptions are forward-request's attributes, as values.
type ForwardOptions struct {
	// Timeout is how long to wait for the response's header; 0 is DefaultTimeout.
	Timeout time.Duration
	// FailOnErrorStatus sends answers of 400 to 599 to on-error.
	FailOnErrorStatus bool
	// Forwarding goes to the caller with the exchange.
	Forwarding exchange.Forwarding
}

// DefaultTimeout is forward-request's.
const DefaultTimeout = 300 * time.Second

// Forward sends the exchange to its backend. The timeout counts until the caller
// gives the response's header; a body that streams then has as long as the
// exchange's own context.
//
// An answer takes the place of the one before, whose body is closed.
func Forward(ctx context.Context, ex *exchange.Exchange, env *Env, o ForwardOptions) error {
	before := ex.Response.Body
	err := forward(ctx, ex, env, o)
	if ex.Response.Body != before && before.Streaming() {
		_ = before.Close() // nobody reads on: that it ended early is no news
	}
	return err
}

func forward(ctx context.Context, ex *exchange.Exchange, env *Env, o ForwardOptions) error {
	if env.Backend == nil {
		return &Failure{Reason: ReasonBackend, Message: "the gateway has no way to call a backend"}
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	ex.Backend.Forwarding = o.Forwarding
	ex.Backend.Forwarding.Timeout = o.Timeout
	if ends, ok := ctx.Deadline(); ok && env.Now != nil && ends.Before(env.Now().Add(o.Timeout)) {
		// The caller's own time is over before this one: no other clock is needed.
		if err := env.Backend.Do(ctx, ex); err != nil {
			return forwardFailure(ctx, context.Cause(ctx) == exchange.ErrTimeout, err)
		}
		return o.judge(ex)
	}
	inner := env.deadline().begin(ctx, o.Timeout)
	if err := env.Backend.Do(inner, ex); err != nil {
		late := inner.timedOut()
		inner.answered()
		inner.cancel()
		return forwardFailure(ctx, late, err)
	}
	inner.answered()
	if ex.Response.Body.Streaming() {
		length := ex.Response.Body.Length()
		ex.Response.Body = exchange.Stream(&cancelling{ex.Response.Body.Reader(), inner.cancel}, length)
	} else {
		inner.cancel()
	}
	return o.judge(ex)
}

// deadline gives a context for one call, the first of a run in the run itself. None is
// used twice: a backend may hold on to it.
func (e *Env) deadline() *deadline {
	if r := e.run; r != nil && r.call.Context == nil {
		return &r.call
	}
	return &deadline{}
}

// judge says whether an answer is one that the policy takes for a failure.
func (o *ForwardOptions) judge(ex *exchange.Exchange) error {
	if s := ex.Response.StatusCode; o.FailOnErrorStatus && s >= 400 && s <= 599 {
		return &Failure{Reason: ReasonBackend, Message: "the backend answered with an error status", Status: s, Keep: true}
	}
	return nil
}

// forwardFailure tells a timeout and a client that went away from a backend that
// cannot be reached.
func forwardFailure(outer context.Context, late bool, err error) error {
	var denied *Denied
	var failure *Failure
	var refusal *exchange.Refusal
	switch {
	case errors.As(err, &refusal):
		return &Denied{Status: refusal.Status, Reason: refusal.Reason, Message: refusal.Message, Public: refusal.Public, Header: refusal.Header,
			RetryAfter: refusal.RetryAfter, Backend: refusal.Backend, Rule: refusal.Rule, File: refusal.File, Line: refusal.Line}
	case errors.As(err, &denied), errors.As(err, &failure):
		return err
	case outer.Err() != nil:
		return &Failure{Reason: ReasonClient, Message: context.Cause(outer).Error()}
	case late, errors.Is(err, context.DeadlineExceeded):
		return &Failure{Reason: ReasonTimeout, Message: exchange.ErrTimeout.Error()}
	}
	return &Failure{Reason: ReasonBackend, Message: err.Error()}
}

// cancelling ends the call's context when the response's body is closed.
type cancelling struct {
	io.ReadCloser
	cancel func()
}

// Close closes the body.
func (c *cancelling) Close() error {
	err := c.ReadCloser.Close()
	c.cancel()
	return err
}
