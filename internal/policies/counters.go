package policies

import (
	"context"
	"time"

	"stile/internal/ratelimit"
	"stile/policy"
)

// Counters makes a source of rate-limit counters the policies' Counters.
func Counters(src ratelimit.Source) policy.Counters { return counters{src} }

// NewCounters makes counters in this process's memory: the one set of a node, to be
// kept beside the snapshots of configuration.
func NewCounters() policy.Counters { return Counters(ratelimit.NewMemory(0)) }

type counters struct{ src ratelimit.Source }

func (c counters) Take(ctx context.Context, key string, n, limit int64, window time.Duration, now time.Time) (policy.CounterResult, error) {
	r, err := c.src.Take(ctx, key, n, limit, window, now)
	return policy.CounterResult{Allowed: r.Allowed, Remaining: r.Remaining, RetryAfter: r.RetryAfter}, err
}
