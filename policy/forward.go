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

// errTimeout is the cause of a context that forward-request ended.
var errTimeout = errors.New("the backend did not answer in time")

// Forward sends the exchange to its backend. The timeout counts until the caller
// gives the response's header; a body that streams then has as long as the
// exchange's own context.
func Forward(ctx context.Context, ex *exchange.Exchange, env *Env, o ForwardOptions) error {
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
			return forwardFailure(ctx, ctx, err)
		}
		return o.judge(ex)
	}
	inner, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(o.Timeout, func() { cancel(errTimeout) })
	err := env.Backend.Do(inner, ex)
	timer.Stop()
	if err != nil {
		cancel(nil)
		return forwardFailure(ctx, inner, err)
	}
	if ex.Response.Body.Streaming() {
		length := ex.Response.Body.Length()
		ex.Response.Body = exchange.Stream(&cancelling{ex.Response.Body.Reader(), cancel}, length)
	} else {
		cancel(nil)
	}
	return o.judge(ex)
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
func forwardFailure(outer, inner context.Context, err error) error {
	var denied *Denied
	var failure *Failure
	switch {
	case errors.As(err, &denied), errors.As(err, &failure):
		return err
	case outer.Err() != nil:
		return &Failure{Reason: ReasonClient, Message: context.Cause(outer).Error()}
	case context.Cause(inner) == errTimeout, errors.Is(err, context.DeadlineExceeded):
		return &Failure{Reason: ReasonTimeout, Message: errTimeout.Error()}
	}
	return &Failure{Reason: ReasonBackend, Message: err.Error()}
}

// cancelling ends the call's context when the response's body is closed.
type cancelling struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close closes the body.
func (c *cancelling) Close() error {
	err := c.ReadCloser.Close()
	c.cancel(nil)
	return err
}
