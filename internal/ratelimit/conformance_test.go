package ratelimit_test

import (
	"testing"

	"stile/internal/ratelimit"
	"stile/internal/ratelimit/ratelimittest"
)

func TestMemoryConforms(t *testing.T) {
	ratelimittest.Source(t, func(testing.TB) ratelimit.Source { return ratelimit.NewMemory(0) })
}

func TestGroupsConform(t *testing.T) {
	ratelimittest.Fixed(t, func(testing.TB) ratelimit.FixedSource { return ratelimit.NewGroups(0) })
}
