package cache_test

import (
	"testing"
	"time"

	"stile/internal/cache"
	"stile/internal/cache/cachetest"
)

func TestMemoryConforms(t *testing.T) {
	cachetest.Run(t, cache.NewMemory(0, 0), func(time.Duration) {}, func(s string) any { return s }, func(v any) string { return v.(string) })
}
