package ratelimit

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var year1 = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

// TestWindows: a window ends at a whole number of periods from its start, whichever
// side of it now lies.
func TestWindows(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		now, start string
		period     time.Duration
		rest       time.Duration
	}{
		{"2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 24 * time.Hour, 24 * time.Hour},
		{"2026-01-01T23:59:59.5Z", "0001-01-01T00:00:00Z", 24 * time.Hour, time.Second / 2},
		{"2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", 5 * time.Minute, time.Second},
		{"2026-01-01T00:00:00Z", "2030-06-01T00:00:00Z", 7 * 24 * time.Hour, 2 * 24 * time.Hour},
		{"2026-01-01T00:00:00.25Z", "2026-01-01T00:00:00.5Z", time.Second, time.Second / 4},
		{"2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 0, 0},
	} {
		var m Meter
		b := Bound{Limit: 1, Start: at(c.start), Period: c.period}
		if ok, rest := m.Room(&b, at(c.now)); !ok || rest != c.rest {
			t.Errorf("%s from %s every %s: %v, %s, want %s", c.now, c.start, c.period, ok, rest, c.rest)
		}
	}
}

// TestMeterAgainstModel: in no window is more counted than the limit, and what fits
// is let in.
func TestMeterAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewGroups(0)
		period := time.Duration(rapid.IntRange(1, 20).Draw(t, "period")) * time.Second
		limit := rapid.Int64Range(0, 10).Draw(t, "limit")
		start := time.Unix(rapid.Int64Range(-100, 100).Draw(t, "start"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		now, used := time.Unix(1000, 0), map[int64]int64{}
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "step")))
			n := rapid.Int64Range(0, 3).Draw(t, "n")
			window := int64(math.Floor(float64(now.Sub(start)) / float64(period)))
			res, err := g.Take(context.Background(), "g", []Bound{{Key: "k", N: n, Limit: limit, Start: start, Period: period}}, now)
			if want := used[window]+max(n, 1) <= limit; err != nil || res.Allowed != want {
				t.Fatalf("%d of %d in window %d: %+v, want %v", n, limit, window, res, want)
			}
			if !res.Allowed && (res.RetryAfter <= 0 || res.RetryAfter > period) {
				t.Fatalf("wait %s", res.RetryAfter)
			}
			if res.Allowed {
				used[window] += n
			}
		}
	})
}

// TestAllOrNothing: what one bound refuses is counted in none.
func TestAllOrNothing(t *testing.T) {
	g, now, ctx := NewGroups(0), time.Unix(1000, 0), context.Background()
	narrow, wide := Bound{Key: "narrow", N: 1, Limit: 5}, Bound{Key: "wide", N: 1, Limit: 2}
	for i := range 5 {
		res, err := g.Take(ctx, "g", []Bound{narrow, wide}, now)
		if want := i < 2; err != nil || res.Allowed != want || !want && (res.Refused != 1 || res.RetryAfter != 0) {
			t.Errorf("call %d: %+v, %v", i, res, err)
		}
	}
	for i := range 4 {
		if res, _ := g.Take(ctx, "g", []Bound{narrow}, now); res.Allowed != (i < 3) {
			t.Errorf("the narrow one has counted what the wide one refused: %d, %+v", i, res)
		}
	}
}

// TestAdd: what is added counts without regard to the limit, and cannot run over.
func TestAdd(t *testing.T) {
	var m Meter
	b, now := Bound{N: math.MaxInt64, Limit: 10, Period: time.Minute}, time.Unix(1000, 0)
	m.Add(&b, now)
	m.Add(&b, now)
	if m.Used() != math.MaxInt64 {
		t.Errorf("used %d", m.Used())
	}
	b.N = 1
	if ok, _ := m.Room(&b, now); ok {
		t.Error("there is room in a full window")
	}
	if m.Idle(now) || !m.Idle(now.Add(time.Minute)) {
		t.Error("a meter is idle when its window is over")
	}
	m.Add(&b, now.Add(-time.Hour))
	if m.Used() != math.MaxInt64 {
		t.Error("a clock that goes back frees what was used")
	}
}

// TestGroupsBounded: without room for a group of its own a caller shares, and is
// never let through too early; groups whose windows are over make room.
func TestGroupsBounded(t *testing.T) {
	g, now, ctx := NewGroups(shards), time.Unix(1000, 0), context.Background()
	bound := []Bound{{Key: "k", N: 1, Limit: 1, Start: year1, Period: time.Minute}}
	through := 0
	for i := range 10 * shards {
		if res, _ := g.Take(ctx, fmt.Sprint(i), bound, now); res.Allowed {
			through++
		}
	}
	if groups := g.groups(); through > 2*shards || groups > 2*shards {
		t.Errorf("%d let through, %d groups", through, groups)
	}
	if res, _ := g.Take(ctx, "late", bound, now.Add(2*time.Minute)); !res.Allowed {
		t.Error("groups that are over leave no room")
	}
}

func (g *Groups) groups() (n int) {
	for i := range g.shards {
		n += len(g.shards[i].all)
	}
	return n
}

// TestGroupsExact: of many callers at once, as many are let in as there is room for.
func TestGroupsExact(t *testing.T) {
	g, now := NewGroups(0), time.Unix(1000, 0)
	var through atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if res, _ := g.Take(context.Background(), "g", []Bound{{Key: "a", N: 1, Limit: 500}, {Key: "b", N: 2, Limit: 301}}, now); res.Allowed {
					through.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if through.Load() != 150 {
		t.Errorf("%d let through, want 150", through.Load())
	}
}

// TestSlots: never more than the limit at a time, and each slot is given back once.
func TestSlots(t *testing.T) {
	var s Slots
	a, ok1 := s.Enter("k", 2)
	_, ok2 := s.Enter("k", 2)
	_, ok3 := s.Enter("k", 2)
	_, other := s.Enter("other", 1)
	if !ok1 || !ok2 || ok3 || !other {
		t.Fatal(ok1, ok2, ok3, other)
	}
	a()
	a()
	b, ok4 := s.Enter("k", 2)
	_, ok5 := s.Enter("k", 2)
	if !ok4 || ok5 {
		t.Error(ok4, ok5)
	}
	b()
	if len(s.taken) != 2 {
		t.Errorf("%v are remembered", s.taken)
	}
}
