package exchange

import (
	"errors"
	"time"
)

// ErrTimeout is the cause of a context that a pipeline ended because the backend had
// not answered in time, and of none other.
var ErrTimeout = errors.New("the backend did not answer in time")

// Refusal is the error of a Caller that made no call: a backend whose circuit is
// open, or that lacks something. The pipeline answers with it and tells its place in
// the verdict.
type Refusal struct {
	Status int
	// Reason is LastError.Reason, Message LastError.Message, Public what the client is told.
	Reason, Message, Public string
	Header                  []Param
	// RetryAfter is when the backend may be called again; 0 where unknown.
	RetryAfter time.Duration
	// Backend is the entity that refused, Rule the rule of its circuit breaker, empty for
	// none; File and Line are where it is declared.
	Backend, Rule, File string
	Line                int
}

// Error gives reason and message.
func (r *Refusal) Error() string { return r.Reason + ": " + r.Message }
