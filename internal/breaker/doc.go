// Package breaker says which backends may be called: the rules of circuit breakers,
// whose turn it is in a pool, and a Memory that remembers both over requests.
//
// It calls nothing, reads no clock and starts nothing: the time comes with each
// call. backend asks it before a call and tells it how the call went.
//
// Invariants: a circuit opens at the failure that its rule names, not before and not
// after, and closes when its time is over with nothing remembered; what a call
// begun before the circuit opened tells is dropped; requests of different backends
// share no lock.
package breaker

import (
	"strings"
	"time"

	"stile/policy/exchange"
)

// Outcome is how a call to a backend went: an answer with its Status, or a Reason
// why there was none, as LastError spells it. RetryAfter is what the answer asked
// for; 0 where it did not.
type Outcome struct {
	Status     int
	Reason     string
	RetryAfter time.Duration
}

// serverErrors is the reason by which the documentation's examples mean any answer
// of 500 to 599.
const serverErrors = "servererrors"

// noAnswer is the status that a call without an answer ends with.
const noAnswer = 500

// failed reports whether a rule takes an outcome for a failure. A call without an
// answer counts by its reason, and as the 500 that it ends with.
func failed(r *exchange.BreakerRule, o Outcome) bool {
	status := o.Status
	if o.Reason != "" {
		status = noAnswer
	}
	for _, s := range r.Statuses {
		if s.Min <= status && status <= s.Max {
			return true
		}
	}
	for _, name := range r.Reasons {
		switch name = plain(name); {
		case name == serverErrors && status >= 500 && status <= 599:
			return true
		case o.Reason != "" && name == plain(o.Reason):
			return true
		}
	}
	return false
}

// plain is a reason as it is compared.
func plain(reason string) string { return strings.ToLower(strings.ReplaceAll(reason, " ", "")) }

// KnownReason reports whether a rule can ever meet a reason.
func KnownReason(reason string) bool {
	switch plain(reason) {
	case serverErrors, "timeout", "backendconnectionfailure":
		return true
	}
	return false
}
