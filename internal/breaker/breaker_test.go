package breaker

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stile/policy/exchange"
)

var epoch = time.Unix(1_700_000_000, 0)

var serverRange = []exchange.StatusRange{{Min: 500, Max: 599}}

// TestCircuitAgainstModel holds a circuit with a rule by count against every failure
// that ever was: it opens at the count-th failure within the interval, stays open as
// long as the rule or the answer says, and begins anew.
func TestCircuitAgainstModel(t *testing.T) {
	opened := 0
	rapid.Check(t, func(t *rapid.T) {
		rule := exchange.BreakerRule{Name: "r", Count: rapid.IntRange(1, 5).Draw(t, "count"), Statuses: serverRange,
			Interval: time.Duration(rapid.IntRange(1, 20).Draw(t, "interval")) * time.Second,
			Trip:     time.Duration(rapid.IntRange(1, 10).Draw(t, "trip")) * time.Second, AcceptRetryAfter: rapid.Bool().Draw(t, "accept")}
		rules := []exchange.BreakerRule{rule}
		var c Circuit
		var failures []time.Time
		var until time.Time
		now := epoch
		for range rapid.IntRange(1, 80).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "pause")) * time.Millisecond)
			ticket, open, ok := c.Enter(rules, now)
			if want := !now.Before(until); ok != want || !ok && !open.Until.Equal(until) {
				t.Fatalf("at %v: let in %v (%v), want %v until %v", now, ok, open, want, until)
			}
			if !ok {
				continue
			}
			o := Outcome{Status: rapid.SampledFrom([]int{200, 404, 500, 503}).Draw(t, "status"),
				RetryAfter: time.Duration(rapid.IntRange(0, 3).Draw(t, "after")) * time.Second}
			_, tripped := c.Done(ticket, o, now)
			if o.Status >= 500 {
				failures = append(failures, now)
			}
			recent := 0
			for _, at := range failures {
				if now.Sub(at) < rule.Interval {
					recent++
				}
			}
			want := o.Status >= 500 && recent >= rule.Count
			if tripped != want {
				t.Fatalf("at %v: tripped %v, want %v with %d failures", now, tripped, want, recent)
			}
			if want {
				opened++
				failures, until = nil, now.Add(rule.Trip)
				if rule.AcceptRetryAfter && o.RetryAfter > 0 {
					until = now.Add(o.RetryAfter)
				}
			}
		}
	})
	if opened == 0 {
		t.Error("no circuit ever opened")
	}
}

// TestPercentageAgainstModel counts slots of a 64th of the interval.
func TestPercentageAgainstModel(t *testing.T) {
	type call struct {
		slot   int64
		failed bool
	}
	rapid.Check(t, func(t *rapid.T) {
		rule := exchange.BreakerRule{Name: "r", Percentage: rapid.IntRange(1, 100).Draw(t, "percentage"), Statuses: serverRange,
			Interval: 64 * time.Second, Trip: time.Second}
		rules := []exchange.BreakerRule{rule}
		var c Circuit
		var calls []call
		now := epoch
		for range rapid.IntRange(1, 80).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "pause")) * time.Second)
			ticket, _, ok := c.Enter(rules, now)
			if !ok {
				continue
			}
			o := Outcome{Status: rapid.SampledFrom([]int{200, 200, 500}).Draw(t, "status")}
			_, tripped := c.Done(ticket, o, now)
			calls = append(calls, call{now.Unix(), o.Status == 500})
			all, failed := 0, 0
			for _, x := range calls {
				if x.slot > now.Unix()-64 {
					all++
					if x.failed {
						failed++
					}
				}
			}
			if want := o.Status == 500 && failed*100 >= rule.Percentage*all; tripped != want {
				t.Fatalf("tripped %v, want %v with %d of %d", tripped, want, failed, all)
			}
			if tripped {
				calls = nil
			}
		}
	})
}

// TestOldTidings: what a call begun before the circuit opened tells does not count
// after it closed.
func TestOldTidings(t *testing.T) {
	rules := []exchange.BreakerRule{{Name: "r", Count: 1, Interval: time.Minute, Trip: time.Second, Statuses: serverRange}}
	var c Circuit
	slow, _, _ := c.Enter(rules, epoch)
	quick, _, _ := c.Enter(rules, epoch)
	if _, yes := c.Done(quick, Outcome{Status: 500}, epoch); !yes {
		t.Fatal("one failure did not open the circuit")
	}
	later := epoch.Add(time.Second)
	fresh, _, ok := c.Enter(rules, later)
	if !ok {
		t.Fatal("the circuit did not close")
	}
	if _, yes := c.Done(slow, Outcome{Status: 500}, later); yes {
		t.Error("an old call opened the circuit")
	}
	if _, yes := c.Done(fresh, Outcome{Status: 500}, later); !yes {
		t.Error("a new call did not open the circuit")
	}
}

// TestRulesChange: a rule that is another now begins anew; one that stays keeps what
// it held.
func TestRulesChange(t *testing.T) {
	one := exchange.BreakerRule{Name: "one", Count: 2, Interval: time.Minute, Trip: time.Minute, Statuses: serverRange, Line: 3}
	two := exchange.BreakerRule{Name: "two", Count: 9, Interval: time.Minute, Trip: time.Minute, Statuses: serverRange}
	var c Circuit
	for range 2 {
		ticket, _, _ := c.Enter([]exchange.BreakerRule{one}, epoch)
		c.Done(ticket, Outcome{Status: 500}, epoch)
	}
	moved := one
	moved.Line = 7
	if _, open, ok := c.Enter([]exchange.BreakerRule{two, moved}, epoch); ok || open.Rule != "one" {
		t.Error("a rule beside it, or another line, closed the circuit")
	}
	changed := one
	changed.Count = 3
	if _, _, ok := c.Enter([]exchange.BreakerRule{two, changed}, epoch); !ok {
		t.Error("a changed rule holds the circuit open")
	}
}

// TestFailures: which outcomes are failures.
func TestFailures(t *testing.T) {
	for _, x := range []struct {
		rule exchange.BreakerRule
		o    Outcome
		want bool
	}{
		{exchange.BreakerRule{Statuses: []exchange.StatusRange{{Min: 429, Max: 429}}}, Outcome{Status: 429}, true},
		{exchange.BreakerRule{Statuses: []exchange.StatusRange{{Min: 429, Max: 429}}}, Outcome{Status: 500}, false},
		{exchange.BreakerRule{Statuses: []exchange.StatusRange{{Min: 429, Max: 429}}}, Outcome{Reason: "Timeout"}, false},
		{exchange.BreakerRule{Statuses: serverRange}, Outcome{Reason: "BackendConnectionFailure"}, true},
		{exchange.BreakerRule{Reasons: []string{"timeout"}}, Outcome{Reason: "Timeout"}, true},
		{exchange.BreakerRule{Reasons: []string{"timeout"}}, Outcome{Reason: "BackendConnectionFailure"}, false},
		{exchange.BreakerRule{Reasons: []string{"Server errors"}}, Outcome{Status: 502}, true},
		{exchange.BreakerRule{Reasons: []string{"Server errors"}}, Outcome{Status: 404}, false},
	} {
		if got := failed(&x.rule, x.o); got != x.want {
			t.Errorf("%+v of %+v is %v", x.o, x.rule, got)
		}
	}
	if KnownReason("quota") || !KnownReason("server Errors") {
		t.Error("known reasons")
	}
}

// TestTurns: in every stretch of the sum of weights, each member of the first group
// that may be called is chosen as often as its weight, and no other.
func TestTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var members []exchange.Member
		closed := map[int]bool{}
		for i := range rapid.IntRange(1, 6).Draw(t, "members") {
			members = append(members, exchange.Member{Backend: exchange.Backend{ID: fmt.Sprint(i)},
				Priority: rapid.IntRange(0, 2).Draw(t, "priority"), Weight: rapid.IntRange(0, 4).Draw(t, "weight")})
			closed[i] = rapid.IntRange(0, 3).Draw(t, "open") > 0
		}
		group, total, zero := 99, 0, true
		for i, m := range members {
			if closed[i] && m.Priority < group {
				group = m.Priority
			}
		}
		want := map[int]int{}
		for i, m := range members {
			if closed[i] && m.Priority == group {
				want[i], total, zero = m.Weight, total+m.Weight, zero && m.Weight == 0
			}
		}
		if zero {
			total = len(want)
			for i := range want {
				want[i] = 1
			}
		}
		var turns Turns
		may := func(i int) bool { return closed[i] }
		if group == 99 {
			if turns.Next(members, may) != -1 {
				t.Fatal("a member was chosen that may not be called")
			}
			return
		}
		for range 3 {
			got := map[int]int{}
			for range total {
				got[turns.Next(members, may)]++
			}
			for i := range members {
				if got[i] != want[i] {
					t.Fatalf("chosen %v, want %v", got, want)
				}
			}
		}
	})
}

// TestMemory: many callers at once; each member's circuit opens on its own, and what
// is gone is forgotten.
func TestMemory(t *testing.T) {
	entity := func(id string) *exchange.Entity {
		return &exchange.Entity{ID: id, Rules: []exchange.BreakerRule{{Name: "r", Count: 3, Interval: time.Minute, Trip: time.Minute, Statuses: serverRange}}}
	}
	pool := &exchange.Entity{ID: "pool"}
	for _, id := range []string{"a", "b"} {
		pool.Pool = append(pool.Pool, exchange.Member{Backend: exchange.Backend{ID: id, Entity: entity(id)}, Priority: 1, Weight: 1})
	}
	var m Memory
	var calls [2]atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				at, call, _, _ := m.Choose(pool, epoch)
				calls[at].Add(1)
				status := 200
				if at == 0 {
					status = 500
				}
				call.Done(Outcome{Status: status}, epoch)
			}
		})
	}
	wg.Wait()
	if n := calls[0].Load(); n < 3 || n > 10 { // those under way when the third failed
		t.Errorf("the failing member was called %d times", n)
	}
	holding := m.Holding(epoch)
	if len(holding) != 1 || holding[0].ID != "a" {
		t.Errorf("open are %v", holding)
	}
	call, _, _ := m.Enter(pool.Pool[1].Backend.Entity, epoch)
	for range 3 {
		call.Done(Outcome{Status: 500}, epoch.Add(time.Second))
	}
	if at, _, open, first := m.Choose(pool, epoch.Add(2*time.Second)); at != -1 || first != 0 || !open.Until.Equal(epoch.Add(time.Minute)) {
		t.Errorf("member %d, first to close %d until %v", at, first, open.Until)
	}
	m.Forget(func(id string) bool { return id == "a" })
	if at, _, _, _ := m.Choose(pool, epoch.Add(2*time.Second)); at != 0 {
		t.Errorf("member %d after a was forgotten", at)
	}
}
