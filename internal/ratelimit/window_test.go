package ratelimit

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Unix(1_700_000_000, 0)

func TestWindow(t *testing.T) {
	var w Window
	for i, c := range []struct {
		at   time.Duration
		n    int64
		want Result
	}{
		{0, 1, Result{Allowed: true, Remaining: 2}},
		{time.Second, 1, Result{Allowed: true, Remaining: 1}},
		{2 * time.Second, 0, Result{Allowed: true, Remaining: 1}},
		{2 * time.Second, 2, Result{Remaining: 1, RetryAfter: 8 * time.Second}},
		{2 * time.Second, 1, Result{Allowed: true}},
		{3 * time.Second, 1, Result{RetryAfter: 7 * time.Second}},
		{3 * time.Second, 0, Result{RetryAfter: 7 * time.Second}},
		{3 * time.Second, 3, Result{RetryAfter: 9 * time.Second}},
		{3 * time.Second, 4, Result{RetryAfter: 10 * time.Second}}, // never fits
		{10*time.Second - 1, 1, Result{RetryAfter: 1}},
		{10 * time.Second, 1, Result{Allowed: true}},
		{4 * time.Second, 1, Result{RetryAfter: time.Second}}, // the clock went back
		{60 * time.Second, 3, Result{Allowed: true}},
	} {
		if got := w.Take(c.n, 3, 10*time.Second, start.Add(c.at)); got != c.want {
			t.Errorf("call %d at %s for %d: %+v, want %+v", i, c.at, c.n, got, c.want)
		}
	}
}

// TestWindowLengths: a shorter window does not make a longer one forget.
func TestWindowLengths(t *testing.T) {
	var w Window
	w.Take(1, 2, time.Minute, start)
	if got := w.Take(1, 2, time.Second, start.Add(30*time.Second)); got != (Result{Allowed: true, Remaining: 1}) {
		t.Errorf("the short window counts %+v", got)
	}
	if got := w.Take(1, 2, time.Minute, start.Add(31*time.Second)); got.Allowed || got.RetryAfter != 29*time.Second {
		t.Errorf("the long window gives %+v", got)
	}
	if w.Idle(start.Add(89*time.Second)) || !w.Idle(start.Add(90*time.Second)) {
		t.Error("idle before the long window ended, or not after it")
	}
}

// TestWindowProperty compares with a log of all calls: never more than the limit
// in any window, and for limits that are kept exactly the very same answers.
func TestWindowProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 40).Draw(t, "limit")
		if rapid.Bool().Draw(t, "large") {
			limit = rapid.Int64Range(maxEntries+1, 3*maxEntries).Draw(t, "large limit")
		}
		exact := limit <= maxEntries
		window := time.Duration(rapid.IntRange(1, 50).Draw(t, "window")) * time.Millisecond
		var w Window
		type call struct {
			at time.Time
			n  int64
		}
		var log []call
		now := start
		for range rapid.IntRange(1, 300).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "pause")) * time.Microsecond)
			n := rapid.Int64Range(1, max(1, limit/8)).Draw(t, "n")
			counted := int64(0)
			for _, c := range log {
				if c.at.After(now.Add(-window)) {
					counted += c.n
				}
			}
			got := w.Take(n, limit, window, now)
			switch {
			case got.Allowed && counted+n > limit:
				t.Fatalf("allowed %d where %d of %d are counted", n, counted, limit)
			case exact && got.Allowed != (counted+n <= limit):
				t.Fatalf("refused %d where %d of %d are counted", n, counted, limit)
			case got.Allowed:
				log = append(log, call{now, n})
			case got.RetryAfter <= 0 || got.RetryAfter > window:
				t.Fatalf("retry after %s in a window of %s", got.RetryAfter, window)
			}
			if !got.Allowed && exact {
				later := w
				later.log = append([]entry(nil), w.log...)
				if r := later.Take(n, limit, window, now.Add(got.RetryAfter)); !r.Allowed {
					t.Fatalf("still refused after %s", got.RetryAfter)
				}
			}
			if len(w.log)-w.head > maxEntries {
				t.Fatalf("%d entries", len(w.log)-w.head)
			}
		}
	})
}

func TestWindowMerge(t *testing.T) {
	var w Window
	const limit = 100_000
	for i := range limit {
		if got := w.Take(1, limit, time.Minute, start.Add(time.Duration(i)*time.Microsecond)); !got.Allowed {
			t.Fatalf("call %d refused", i)
		}
	}
	if got := w.Take(1, limit, time.Minute, start.Add(time.Second)); got.Allowed {
		t.Error("one call too many was allowed")
	}
	if cap(w.log) > 2*maxEntries {
		t.Errorf("%d entries are held", cap(w.log))
	}
}
