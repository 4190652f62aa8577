package ratelimit

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestMemoryExact lets many goroutines at few keys: each key lets through just its
// limit in the first window, and just its limit in the one after.
func TestMemoryExact(t *testing.T) {
	const limit, keys, callers, each = 100, 7, 32, 50
	m := NewMemory(0)
	for round := range 3 {
		now := start.Add(time.Duration(round) * 10 * time.Second)
		var allowed [keys]atomic.Int64
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for i := range each * keys {
					k := i % keys
					r, err := m.Take(context.Background(), fmt.Sprint("key", k), 1, limit, 10*time.Second, now)
					if err != nil {
						t.Error(err)
					}
					if r.Allowed {
						allowed[k].Add(1)
					}
				}
			})
		}
		wg.Wait()
		for k := range allowed {
			if n := allowed[k].Load(); n != limit {
				t.Errorf("round %d: key %d let %d through, want %d", round, k, n, limit)
			}
		}
	}
}

// TestMemoryBounded gives ever new keys: their number stays bounded, and keys that
// find no room share a counter that still keeps the limit.
func TestMemoryBounded(t *testing.T) {
	const room = 2 * shards
	m := NewMemory(room)
	ctx := context.Background()
	allowed := 0
	for i := range 20 * room {
		r, err := m.Take(ctx, fmt.Sprint("caller ", i), 1, 1, time.Minute, start)
		if err != nil {
			t.Fatal(err)
		}
		if r.Allowed {
			allowed++
		}
	}
	if n := m.Keys(); n > room+shards {
		t.Errorf("%d keys are remembered, room is for %d", n, room)
	}
	if allowed > room+shards {
		t.Errorf("%d calls got through", allowed)
	}
	r, err := m.Take(ctx, "after the window", 1, 1, time.Minute, start.Add(2*time.Minute))
	if err != nil || !r.Allowed {
		t.Errorf("a new key found no room after all windows ended: %+v %v", r, err)
	}
}

// TestMemorySweep: a key is forgotten when its calls are over and room is needed,
// never before.
func TestMemorySweep(t *testing.T) {
	m := NewMemory(1) // one key a shard
	take := func(key string, at time.Duration) bool {
		r, err := m.Take(context.Background(), key, 1, 1, time.Minute, start.Add(at))
		if err != nil {
			t.Fatal(err)
		}
		return r.Allowed
	}
	if !take("a", 0) {
		t.Fatal("the first call is refused")
	}
	for i := range 4 * shards { // some of them meet a's shard
		take(fmt.Sprint("early ", i), 59*time.Second)
	}
	if take("a", 59*time.Second) {
		t.Error("the key was forgotten while its call counted")
	}
	for i := range 4 * shards {
		take(fmt.Sprint("late ", i), 3*time.Minute)
	}
	if !take("a", 10*time.Minute) || take("a", 10*time.Minute) {
		t.Error("the key does not count again after it was forgotten")
	}
}

func TestMemoryAllocations(t *testing.T) {
	m := NewMemory(0)
	ctx, now := context.Background(), start
	m.Take(ctx, "key", 1, 5, time.Second, now)
	n := testing.AllocsPerRun(1000, func() {
		now = now.Add(100 * time.Millisecond)
		m.Take(ctx, "key", 1, 5, time.Second, now)
	})
	if n > 0 {
		t.Errorf("a call allocates %v times", n)
	}
}
