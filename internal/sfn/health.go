package sfn

import (
	"time"

	"stile/jsonval"
)

// HealthStatus is how an open execution fares.
type HealthStatus string

// The statuses, from good to bad.
const (
	Healthy     HealthStatus = "healthy"      // it works, or has just begun to
	Waiting     HealthStatus = "waiting"      // a timer, a token or a callback, as it should
	Retrying    HealthStatus = "retrying"     // an attempt failed, another comes
	Throttled   HealthStatus = "throttled"    // a limit or quota of our gateway refused the last attempt
	Stuck       HealthStatus = "stuck"        // a state is not left within its limit
	NeedsAction HealthStatus = "needs-action" // only a person can help: a permission, a secret, a quarantine
)

// Health is how an open execution fares, why, and since when. It is recorded with
// the turn that changed it.
type Health struct {
	Status HealthStatus
	// State is the state that decides it.
	State string
	// Reason is one word: task, timer, token, retry, limit, policy, permission,
	// secret, backend, incomplete, quarantine.
	Reason string
	// Since is when this status began; Until when it changes by itself, zero where unknown.
	Since, Until time.Time
	// Verdict is what the gateway said last, where that decides it; absent otherwise.
	Verdict jsonval.Value
}
