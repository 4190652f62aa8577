// Package cachetest holds caches against the rules of policy.Cache: one function, which
// every implementation passes.
//
// It is for tests alone. Whoever makes an implementation calls Run from its tests.
package cachetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Cache is policy.Cache.
type Cache interface {
	// Get gives a value that is still fresh, and when it ends.
	Get(ctx context.Context, key string, now time.Time) (value any, expires time.Time, ok bool, err error)
	// Put keeps a value for a time.
	Put(ctx context.Context, key string, value any, size int64, ttl time.Duration, now time.Time) error
	// Remove forgets a value.
	Remove(ctx context.Context, key string) error
}

// Run holds a cache against the rules. pass lets time go by, for the cache too; nil
// where it cannot. value makes a value of a text, and text gives the text back.
func Run(t *testing.T, c Cache, pass func(time.Duration), value func(string) any, text func(any) string) {
	ctx, now := context.Background(), time.Unix(1_700_000_000, 0)
	get := func(key string) (string, time.Duration, bool) {
		t.Helper()
		v, expires, ok, err := c.Get(ctx, key, now)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return "", 0, false
		}
		return text(v), expires.Sub(now), true
	}
	put := func(key, s string, ttl time.Duration) {
		t.Helper()
		if err := c.Put(ctx, key, value(s), int64(len(s)), ttl, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, ok := get("a"); ok {
		t.Error("an empty cache has a value")
	}
	if err := c.Remove(ctx, "a"); err != nil {
		t.Error(err)
	}
	put("a", "one", time.Minute)
	put("A", "other", time.Minute)
	if got, left, ok := get("a"); !ok || got != "one" || left <= 50*time.Second || left > time.Minute {
		t.Errorf("%q for %s, %v", got, left, ok)
	}
	put("a", "two", time.Hour)
	if got, left, _ := get("a"); got != "two" || left <= time.Minute {
		t.Errorf("%q for %s after the second", got, left)
	}
	put("a", "three", 0)
	if got, _, ok := get("a"); ok {
		t.Errorf("what lasts no time is there, or what it takes the place of: %q", got)
	}
	if err := c.Remove(ctx, "A"); err != nil {
		t.Error(err)
	}
	if _, _, ok := get("A"); ok {
		t.Error("what was removed is there")
	}
	long := strings.Repeat("x", 2<<20)
	put("long", long, time.Minute)
	if got, _, ok := get("long"); !ok || got != long {
		t.Errorf("of 2 MiB %d bytes came back, %v", len(got), ok)
	}
	put("a\x00\xff", "odd", time.Minute)
	if got, _, ok := get("a\x00\xff"); !ok || got != "odd" {
		t.Errorf("a key that is no text: %q, %v", got, ok)
	}
	if pass != nil {
		put("short", "s", 10*time.Second)
		pass(9 * time.Second)
		now = now.Add(9 * time.Second)
		if _, left, ok := get("short"); !ok || left > time.Second {
			t.Errorf("before its end: %v, %s left", ok, left)
		}
		pass(time.Second)
		now = now.Add(time.Second)
		if _, _, ok := get("short"); ok {
			t.Error("there after its end")
		}
	}
	many(t, c, value, text, now)
}

// many callers at once get what was put under their key, or nothing.
func many(t *testing.T, c Cache, value func(string) any, text func(any) string, now time.Time) {
	ctx := context.Background()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprint("many ", i%7)
				if err := c.Put(ctx, key, value(key), int64(len(key)), time.Minute, now); err != nil {
					t.Error(err)
				}
				if v, _, ok, err := c.Get(ctx, key, now); err != nil || ok && text(v) != key {
					t.Errorf("%v, %v", v, err)
				}
				if i%5 == w {
					_ = c.Remove(ctx, key)
				}
			}
		})
	}
	wg.Wait()
}
