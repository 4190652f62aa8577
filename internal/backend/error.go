package backend

import (
	"context"
	"errors"
	"net"
	"net/url"
)

// Kind is how a call failed.
type Kind uint8

// The kinds of failure.
const (
	// ConnectionFailure: no connection, or it broke before the answer's head was in.
	ConnectionFailure Kind = iota
	// Timeout: the time that forward-request, or the caller, gave was over.
	Timeout
	// Cancelled: the caller went away.
	Cancelled
	// BadTarget: the backend's address is none, or none that this gateway may call.
	BadTarget
)

var errUnknown = errors.New("no backend of this process has that name")

// Error is a call without a complete answer.
type Error struct {
	Kind Kind
	// URL is scheme and host of the backend; a path or query may hold secrets.
	URL string
	Err error
}

// Error gives kind, place and reason.
func (e *Error) Error() string {
	what := [...]string{"connection to the backend failed", "the backend did not answer in time",
		"the call to the backend was cancelled", "the backend cannot be called"}[e.Kind]
	s := what
	if e.URL != "" {
		s += " (" + e.URL + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause; for a timeout errors.Is(err, context.DeadlineExceeded)
// holds, for a cancelled call context.Canceled.
func (e *Error) Unwrap() []error {
	switch e.Kind {
	case Timeout:
		return []error{context.DeadlineExceeded, e.Err}
	case Cancelled:
		return []error{context.Canceled, e.Err}
	}
	return []error{e.Err}
}

// Timeout makes an Error answer as a net.Error does.
func (e *Error) Timeout() bool { return e.Kind == Timeout }

func wrap(ctx context.Context, target *url.URL, err error) error {
	out := &Error{Kind: ConnectionFailure, URL: target.Scheme + "://" + target.Host}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err // its text has the whole URL
	}
	out.Err = err
	var ne net.Error
	switch {
	case refusedAddress(err):
		out.Kind = BadTarget
	case errors.Is(ctx.Err(), context.Canceled):
		out.Kind, out.Err = Cancelled, context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &ne) && ne.Timeout():
		out.Kind = Timeout
	}
	return out
}
