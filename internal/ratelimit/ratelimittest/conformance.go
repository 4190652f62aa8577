// Package ratelimittest holds sources of counters against the rules: one function for
// each seam, which every implementation passes.
//
// It is for tests alone. Whoever makes an implementation calls the functions from its
// tests.
package ratelimittest

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/internal/ratelimit"
)

var start = time.Unix(1_700_000_000, 0)

// call is one that was let through.
type call struct {
	at time.Time
	n  int64
}

// naive is the sliding window as it is meant: every call is remembered.
type naive struct {
	calls  []call
	latest time.Time
}

// counted is what a window that ends at a time holds: half open, so that a call at its
// very begin does not count.
func (m *naive) counted(at time.Time, window time.Duration) (live []call, n int64) {
	for _, c := range m.calls {
		if c.at.After(at.Add(-window)) && !c.at.After(at) {
			live = append(live, c)
			n += c.n
		}
	}
	return live, n
}

func (m *naive) take(n, limit int64, window time.Duration, now time.Time) ratelimit.Result {
	if m.latest.After(now) {
		now = m.latest
	}
	live, counted := m.counted(now, window)
	need := max(n, 1)
	if need > limit-counted {
		res := ratelimit.Result{Remaining: max(limit-counted, 0), RetryAfter: window}
		for excess, i := counted+need-limit, 0; need <= limit && excess > 0; i++ {
			excess -= live[i].n
			res.RetryAfter = live[i].at.Add(window).Sub(now)
		}
		return res
	}
	if n > 0 {
		m.calls, m.latest = append(m.calls, call{now, n}), now
	}
	return ratelimit.Result{Allowed: true, Remaining: limit - counted - max(n, 0)}
}

// Source holds a ratelimit.Source, which a call of make gives anew and which takes the
// time that its callers bring, against the rule.
func Source(t *testing.T, make func(t testing.TB) ratelimit.Source) {
	t.Run("as the model", func(t *testing.T) { sourceModel(t, make) })
	t.Run("many entries", func(t *testing.T) { sourceMany(t, make(t)) })
	t.Run("many callers", func(t *testing.T) { sourceCallers(t, make(t)) })
	t.Run("far numbers", func(t *testing.T) { sourceFar(t, make(t)) })
}

// sourceModel: every answer is the model's, and at no position does a window hold more
// than the limit that was asked for.
func sourceModel(t *testing.T, make func(t testing.TB) ratelimit.Source) {
	src, series := make(t), 0
	rapid.Check(t, func(t *rapid.T) {
		series++
		// Over-admission is judged where there is one window and a clock that goes
		// forward. In the other series two windows share their calls, or time jumps back.
		windows := []time.Duration{time.Duration(rapid.IntRange(1, 10).Draw(t, "window")) * time.Second}
		limit := rapid.Int64Range(1, 8).Draw(t, "limit")
		if rapid.Bool().Draw(t, "two windows") {
			windows = append(windows, windows[0]*3)
		}
		model, now, let := &naive{}, start, []call(nil)
		longest := windows[len(windows)-1]
		back := rapid.SampledFrom([]int64{0, -500}).Draw(t, "back") // how far the clock may be set back
		for range rapid.IntRange(1, 40).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.Int64Range(back, 2500).Draw(t, "ms")) * time.Millisecond)
			// What is over stays so, should the clock go back.
			model.calls, _ = model.counted(maxTime(now, model.latest), longest)
			window := longest // it is asked for first, so that nothing is forgotten that it counts
			if len(model.calls) == 0 {
				model.latest = time.Time{}
			} else {
				window = rapid.SampledFrom(windows).Draw(t, "of")
			}
			n := rapid.Int64Range(0, 3).Draw(t, "n")
			if len(model.calls) == 0 {
				n = max(n, 1)
			}
			got, err := src.Take(context.Background(), fmt.Sprint("series ", series), n, limit, window, now)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(model.take(n, limit, window, now), got); d != "" {
				t.Fatalf("%d of %d in %s at %s: %s", n, limit, window, now.Sub(start), d)
			}
			if got.Allowed && n > 0 {
				let = append(let, call{model.latest, n})
			}
		}
		all := &naive{calls: let}
		for _, c := range let {
			if _, n := all.counted(c.at, windows[0]); n > limit && len(windows) == 1 && back == 0 {
				t.Fatalf("%d in a window for %d", n, limit)
			}
		}
	})
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sourceMany: with more calls than are remembered one by one, no window ever holds more
// than the limit, and after a whole window without calls there is room for all.
func sourceMany(t *testing.T, src ratelimit.Source) {
	const limit, window = 2500, 10 * time.Second
	ctx, now, let := context.Background(), start, []time.Time{}
	for range 4000 {
		now = now.Add(3 * time.Millisecond)
		res, err := src.Take(ctx, "many", 1, limit, window, now)
		if err != nil {
			t.Fatal(err)
		}
		if res.Allowed {
			let = append(let, now)
		} else if res.RetryAfter <= 0 || res.RetryAfter > window {
			t.Fatalf("wait %s", res.RetryAfter)
		}
	}
	if len(let) < limit {
		t.Errorf("%d of %d were let through", len(let), limit)
	}
	for i := limit; i < len(let); i++ {
		if let[i].Sub(let[i-limit]) < window {
			t.Fatalf("%d calls within %s", limit+1, let[i].Sub(let[i-limit]))
		}
	}
	if res, _ := src.Take(ctx, "many", limit, limit, window, now.Add(window)); !res.Allowed {
		t.Errorf("a whole window later: %+v", res)
	}
}

// sourceCallers: of many at once as many are let through as there is room for.
func sourceCallers(t *testing.T, src ratelimit.Source) {
	var through atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				res, err := src.Take(context.Background(), "crowd", 2, 101, time.Minute, start)
				if err != nil {
					t.Error(err)
				}
				if res.Allowed {
					through.Add(2)
				}
			}
		})
	}
	wg.Wait()
	if through.Load() != 100 {
		t.Errorf("%d let through, want 100", through.Load())
	}
}

// sourceFar: limits that no number comes near, and keys that are no text.
func sourceFar(t *testing.T, src ratelimit.Source) {
	ctx, key := context.Background(), "a\x00b\xff:{c}\n"
	for i := range int64(3) {
		res, err := src.Take(ctx, key, 1<<40, math.MaxInt64, time.Minute, start.Add(time.Duration(i)*time.Second))
		if err != nil || !res.Allowed || res.Remaining != math.MaxInt64-(i+1)<<40 {
			t.Errorf("call %d: %+v, %v", i, res, err)
		}
	}
	res, err := src.Take(ctx, key, 1, 100, time.Minute, start.Add(3*time.Second))
	if want := (ratelimit.Result{RetryAfter: 59 * time.Second}); err != nil || res != want {
		t.Errorf("%+v, %v, want %+v", res, err, want)
	}
	if res, err := src.Take(ctx, "none", 5, 4, time.Minute, start); err != nil || res.Allowed || res.RetryAfter != time.Minute || res.Remaining != 4 {
		t.Errorf("more than ever fits: %+v, %v", res, err)
	}
}

// Fixed holds a ratelimit.FixedSource, which a call of make gives anew and which takes
// the time that its callers bring, against the rule.
func Fixed(t *testing.T, make func(t testing.TB) ratelimit.FixedSource) {
	t.Run("as the model", func(t *testing.T) { fixedModel(t, make) })
	t.Run("all or nothing", func(t *testing.T) { fixedAll(t, make(t)) })
	t.Run("many callers", func(t *testing.T) { fixedCallers(t, make(t)) })
	t.Run("no end", func(t *testing.T) { fixedForever(t, make(t)) })
}

// window gives the end of a bound's window in seconds, as a model of its own.
func window(b *ratelimit.Bound, now time.Time) int64 {
	if b.Period == 0 {
		return math.MaxInt64
	}
	length := int64(b.Period / time.Second)
	n := math.Floor((float64(now.Unix()-b.Start.Unix()) + float64(now.Nanosecond()-b.Start.Nanosecond())/1e9) / float64(length))
	return b.Start.Unix() + (int64(n)+1)*length
}

// fixedModel: in no window is more counted than the limit, what fits is let through,
// and what is added counts.
func fixedModel(t *testing.T, make func(t testing.TB) ratelimit.FixedSource) {
	src, series := make(t), 0
	rapid.Check(t, func(t *rapid.T) {
		series++
		var bounds []ratelimit.Bound
		for i := range rapid.IntRange(1, 3).Draw(t, "bounds") {
			bounds = append(bounds, ratelimit.Bound{Key: fmt.Sprint("/", i), Limit: rapid.Int64Range(0, 8).Draw(t, "limit"),
				Start:  time.Unix(1_700_000_000+rapid.Int64Range(-100, 100).Draw(t, "start"), rapid.SampledFrom([]int64{0, 500_000_000}).Draw(t, "nanos")),
				Period: time.Duration(rapid.IntRange(0, 20).Draw(t, "period")) * time.Second})
		}
		used, now := map[string]int64{}, start
		for range rapid.IntRange(1, 30).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "step")) * 250 * time.Millisecond)
			want := ratelimit.FixedResult{Allowed: true}
			at := func(i int) string { return fmt.Sprint(i, " ", window(&bounds[i], now)) }
			for i := range bounds {
				bounds[i].N = rapid.Int64Range(0, 3).Draw(t, "n")
				if want.Allowed && used[at(i)]+max(bounds[i].N, 1) > bounds[i].Limit {
					want = ratelimit.FixedResult{Refused: i}
					if end := window(&bounds[i], now); end != math.MaxInt64 {
						want.RetryAfter = time.Unix(end, int64(bounds[i].Start.Nanosecond())).Sub(now)
					}
				}
			}
			add := rapid.IntRange(0, 4).Draw(t, "do") == 0
			for i := range bounds {
				if add || want.Allowed {
					used[at(i)] += bounds[i].N
				}
			}
			if add {
				if err := src.Add(context.Background(), fmt.Sprint("series ", series), bounds, now); err != nil {
					t.Fatal(err)
				}
				continue
			}
			for i := range bounds {
				if want.Allowed {
					want.Used = append(want.Used, used[at(i)])
				}
			}
			got, err := src.Take(context.Background(), fmt.Sprint("series ", series), bounds, now)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("%+v at %s: %s", bounds, now, d)
			}
		}
	})
}

// fixedAll: what one bound refuses is counted in none.
func fixedAll(t *testing.T, src ratelimit.FixedSource) {
	narrow, wide := ratelimit.Bound{Key: "narrow", N: 1, Limit: 5, Period: time.Hour}, ratelimit.Bound{Key: "wide", N: 1, Limit: 2}
	for i := range 5 {
		res, err := src.Take(context.Background(), "g", []ratelimit.Bound{narrow, wide}, start)
		if want := i < 2; err != nil || res.Allowed != want || !want && (res.Refused != 1 || res.RetryAfter != 0) {
			t.Errorf("call %d: %+v, %v", i, res, err)
		}
	}
	look := narrow
	look.N, look.Limit = 0, math.MaxInt64
	if res, err := src.Take(context.Background(), "g", []ratelimit.Bound{look}, start); err != nil || !res.Allowed || res.Used[0] != 2 {
		t.Errorf("the narrow one has %+v, %v", res, err)
	}
	if res, _ := src.Take(context.Background(), "other", []ratelimit.Bound{wide}, start); !res.Allowed {
		t.Error("another group is refused")
	}
}

func fixedCallers(t *testing.T, src ratelimit.FixedSource) {
	var through atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				res, err := src.Take(context.Background(), "crowd", []ratelimit.Bound{{Key: "a", N: 1, Limit: 250}, {Key: "b", N: 2, Limit: 151}}, start)
				if err != nil {
					t.Error(err)
				}
				if res.Allowed {
					through.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if through.Load() != 75 {
		t.Errorf("%d let through, want 75", through.Load())
	}
}

// fixedForever: a quota for a lifetime does not begin anew, and what is used cannot run
// over.
func fixedForever(t *testing.T, src ratelimit.FixedSource) {
	life := []ratelimit.Bound{{Key: "life", N: 1, Limit: 1}}
	first, err := src.Take(context.Background(), "g", life, start)
	again, err2 := src.Take(context.Background(), "g", life, start.AddDate(90, 0, 0))
	if err != nil || err2 != nil || !first.Allowed || again.Allowed || again.RetryAfter != 0 {
		t.Errorf("%+v %v, %+v %v", first, err, again, err2)
	}
	full := []ratelimit.Bound{{Key: "full", N: math.MaxInt64, Limit: 10, Period: time.Hour}}
	for range 3 {
		if err := src.Add(context.Background(), "g", full, start); err != nil {
			t.Fatal(err)
		}
	}
	full[0].N, full[0].Limit = 1, 1<<52
	if res, err := src.Take(context.Background(), "g", full, start); err != nil || res.Allowed {
		t.Errorf("a counter that is full: %+v, %v", res, err)
	}
}
