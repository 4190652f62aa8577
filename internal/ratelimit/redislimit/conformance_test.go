package redislimit

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"stile/internal/ratelimit"
	"stile/internal/ratelimit/ratelimittest"
	"stile/internal/redis"
	"stile/internal/redis/redistest"
)

// callers is the clock of tests: the time that callers bring.
func callers(now time.Time) time.Time { return now }

// open and openFixed are a node's own counters that refuse nothing, so that what is
// judged is what the server answers.
type (
	open      struct{}
	openFixed struct{}
)

func (open) Take(context.Context, string, int64, int64, time.Duration, time.Time) (ratelimit.Result, error) {
	return ratelimit.Result{Allowed: true, Remaining: math.MaxInt64}, nil
}

func (openFixed) Take(_ context.Context, _ string, bounds []ratelimit.Bound, _ time.Time) (ratelimit.FixedResult, error) {
	return ratelimit.FixedResult{Allowed: true, Used: make([]int64, len(bounds))}, nil
}

func (openFixed) Add(context.Context, string, []ratelimit.Bound, time.Time) error { return nil }

// TestConformance on the real server: miniredis reads a script at each call.
func TestConformance(t *testing.T) {
	server := redistest.Start(t)
	n := 0
	link := func() *redis.Link { // each with counters of its own
		n++
		cfg := redistest.Config(server.Address)
		cfg.Prefix = fmt.Sprint("test", n, ":")
		return redistest.Open(t, cfg)
	}
	ratelimittest.Source(t, func(testing.TB) ratelimit.Source {
		return NewLimits(Config{Link: link(), Clock: callers}, open{})
	})
	ratelimittest.Fixed(t, func(testing.TB) ratelimit.FixedSource {
		return NewQuotas(Config{Link: link(), Clock: callers}, openFixed{})
	})
}
