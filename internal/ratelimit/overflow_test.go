package ratelimit

import (
	"math"
	"testing"
	"time"
)

// TestAHugeCountOpensNothing: a number of calls that comes from data may be any.
func TestAHugeCountOpensNothing(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	var w Window
	for i, n := range []int64{1, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64} {
		if got := w.Take(n, 2, time.Minute, now).Allowed; got != (n < 2) {
			t.Errorf("%d: %d calls: %v", i, n, got)
		}
	}
	if !w.Take(1, 2, time.Minute, now).Allowed || w.Take(1, 2, time.Minute, now).Allowed {
		t.Error("the count is lost")
	}
}
