package overload

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The model of reliability.md, section 4: four workers of 10 ms each, so 400 a second,
// clients that wait a second, and arrivals at fixed times whether or not answers come.
const (
	workers  = 4
	service  = 10 * time.Millisecond
	capacity = workers * int(time.Second/service)
	deadline = time.Second
)

type outcome struct {
	good    int             // answered in time
	took    []time.Duration // of those before the last second, from when they were due
	refused int
	most    int // under way at once
}

// load sends rate requests a second for a time, each of the class that its number
// gives, and waits for all answers.
func load(g *Gate, rate int, lasts time.Duration, class func(int) Class) map[Class]*outcome {
	out := map[Class]*outcome{Finishing: {}, Reading: {}, Starting: {}, Listing: {}}
	free := make(chan struct{}, workers)
	var mu sync.Mutex
	var all sync.WaitGroup
	under := 0
	begun := time.Now()
	for i := range rate * int(lasts/time.Millisecond) / 1000 {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		all.Go(func() {
			c := class(i)
			o := out[c]
			p, in := g.Enter(context.Background(), Work{Class: c, Measured: true})
			if !in {
				mu.Lock()
				o.refused++
				mu.Unlock()
				return
			}
			mu.Lock()
			under++
			o.most = max(o.most, under)
			mu.Unlock()
			free <- struct{}{}
			time.Sleep(service)
			<-free
			p.Leave()
			mu.Lock()
			defer mu.Unlock()
			under--
			if took := time.Since(due); took <= deadline {
				o.good++
				if due.Sub(begun) < lasts-time.Second { // then who waits is served, oldest last
					o.took = append(o.took, took)
				}
			}
		})
	}
	all.Wait()
	for _, o := range out {
		slices.Sort(o.took)
	}
	return out
}

func starts(int) Class { return Starting }

func (o *outcome) p99() time.Duration { return o.took[len(o.took)*99/100] }

// TestGoodputUnderOverload: at five times what the workers can do they do nine tenths
// of it and more, and what is let in is answered soon. Without the gate the same load
// leaves next to nothing, or the test would show nothing.
func TestGoodputUnderOverload(t *testing.T) {
	const lasts = 20 * time.Second
	want := capacity * int(lasts/time.Second)
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{})
		got := load(g, 5*capacity, lasts, starts)[Starting]
		if got.good < want*9/10 {
			t.Errorf("%d of %d requests were answered in time", got.good, want)
		}
		// What waits for a place is the newest; what has one waits for the others.
		if p := got.p99(); p > 500*time.Millisecond {
			t.Errorf("99 of 100 were answered within %v", p)
		}
		if limit := g.State().Limit; got.most > 200 || limit > 150 {
			t.Errorf("%d were under way, at the end the limit is %d", got.most, limit)
		}
		t.Logf("goodput %d of %d, p99 %v, most under way %d, limit %d", got.good, want, got.p99(), got.most, g.State().Limit)
	})
	synctest.Test(t, func(t *testing.T) {
		got := load(nil, 5*capacity, lasts, starts)[Starting]
		if got.good > want/10 {
			t.Errorf("without the gate %d of %d are answered in time: the load is no overload", got.good, want)
		}
	})
}

// TestNothingIsRefusedBelowCapacity: short of overload the gate is not seen.
func TestNothingIsRefusedBelowCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := load(New(Config{}), capacity*8/10, 20*time.Second, starts)[Starting]
		if got.refused != 0 || got.p99() > 2*service {
			t.Errorf("%d refused, p99 %v", got.refused, got.p99())
		}
	})
}

// TestFinishingGoesFirst: of a load of five times, completions are a tenth: all of
// them are answered, and soon.
func TestFinishingGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := load(New(Config{}), 5*capacity, 10*time.Second, func(i int) Class {
			return []Class{Finishing, Starting, Starting, Reading, Starting, Starting, Starting, Listing, Starting, Starting}[i%10]
		})
		if o := out[Finishing]; o.refused > 0 || o.good != 5*capacity || o.p99() > deadline*2/3 {
			t.Errorf("of %d completions %d are refused, %d answered in time, p99 %v", 5*capacity, o.refused, o.good, o.p99())
		}
		if out[Starting].good > out[Reading].good {
			t.Errorf("%d reads and %d starts were answered, of which seven times as many came", out[Reading].good, out[Starting].good)
		}
		if out[Listing].good == 0 {
			t.Error("nobody sees anything during an overload")
		}
		all := 0
		for _, o := range out {
			all += o.good
		}
		if all < 10*capacity*9/10 {
			t.Errorf("%d of %d were answered in time", all, 10*capacity)
		}
	})
}

// TestRecovery: when the load ends, what waits is over within a second, and after it
// nothing is refused.
func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{})
		load(g, 5*capacity, 5*time.Second, starts)
		ended := time.Now()
		if s := g.State(); s.UnderWay != 0 || s.Queued != 0 {
			t.Fatalf("%+v", s)
		}
		if got := load(g, capacity*8/10, 5*time.Second, starts)[Starting]; got.refused > 0 || got.p99() > 3*service {
			t.Errorf("%v after the overload %d are refused, p99 %v", time.Since(ended), got.refused, got.p99())
		}
	})
}

// TestTheLimitFollowsTheMachine: a machine that becomes four times slower gets the
// limit of a slow one, and back.
func TestTheLimitFollowsTheMachine(t *testing.T) {
	r := NewRule(64, 1024)
	now := time.Duration(0)
	// With n under way at a rate of cap a second each takes n/cap, 300 µs at least.
	drive := func(perSecond, windows int) int {
		for range windows {
			now += 100 * time.Millisecond
			n := r.Limit()
			r.Step(Window{Now: now, Typical: max(300*time.Microsecond, time.Duration(n)*time.Second/time.Duration(perSecond)), Bound: true, Over: n > 64})
		}
		return r.Limit()
	}
	fast := drive(8000, 100)
	slow := drive(400, 400)
	again := drive(8000, 400)
	if fast < 150 || fast > 500 || slow > 150 || again < 150 || again > 500 {
		t.Errorf("limits %d, %d, %d", fast, slow, again)
	}
}
