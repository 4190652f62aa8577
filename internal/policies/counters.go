package policies

import (
	"context"
	"time"

	"stile/internal/ratelimit"
	"stile/policy"
)

// Counters makes a source of rate-limit counters the policies' Counters, with
// quotas and slots in this process's memory beside it.
func Counters(src ratelimit.Source) policy.Counters {
	return counters{src, ratelimit.NewGroups(0), &ratelimit.Slots{}}
}

// WithQuotas makes counters whose quotas are counted in groups, which their owner
// may store; the others are in this process's memory.
func WithQuotas(groups *ratelimit.Groups) policy.Counters {
	return counters{ratelimit.NewMemory(0), groups, &ratelimit.Slots{}}
}

// FromSources makes counters of sources for both kinds of windows, of one node or of
// many; slots are in this process's memory.
func FromSources(src ratelimit.Source, quotas ratelimit.FixedSource) policy.Counters {
	return counters{src, quotas, &ratelimit.Slots{}}
}

// NewCounters makes counters in this process's memory: the one set of a node, to be
// kept beside the snapshots of configuration.
func NewCounters() policy.Counters { return Counters(ratelimit.NewMemory(0)) }

// counters is policy.Counters, policy.Quotas and policy.Slots.
type counters struct {
	src    ratelimit.Source
	groups ratelimit.FixedSource
	*ratelimit.Slots
}

var _ interface {
	policy.Counters
	policy.Quotas
	policy.Slots
} = counters{}

func (c counters) Take(ctx context.Context, key string, n, limit int64, window time.Duration, now time.Time) (policy.CounterResult, error) {
	r, err := c.src.Take(ctx, key, n, limit, window, now)
	return policy.CounterResult{Allowed: r.Allowed, Remaining: r.Remaining, RetryAfter: r.RetryAfter}, uncounted(err)
}

func (c counters) TakeQuota(ctx context.Context, group string, bounds []policy.QuotaBound, now time.Time) (policy.QuotaResult, error) {
	r, err := c.groups.Take(ctx, group, fixed(bounds), now)
	return policy.QuotaResult(r), uncounted(err)
}

func (c counters) AddQuota(ctx context.Context, group string, bounds []policy.QuotaBound, now time.Time) error {
	return c.groups.Add(ctx, group, fixed(bounds), now)
}

// uncounted is the failure of an exchange of which nobody knows whether it may go on.
func uncounted(err error) error {
	if err == nil {
		return nil
	}
	return &policy.Failure{Reason: policy.ReasonInternal, Status: 503, Public: "Service unavailable", Message: err.Error()}
}

func fixed(bounds []policy.QuotaBound) []ratelimit.Bound {
	out := make([]ratelimit.Bound, len(bounds))
	for i, b := range bounds {
		out[i] = ratelimit.Bound(b)
	}
	return out
}
