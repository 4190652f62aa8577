package engine

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The power-loss figures: chains of crashes on Pebble over a file system that
// forgets what was not synced.
const (
	chain     = 4        // crashes in one tale
	tableSize = 64 << 10 // Pebble's memory table: the orders' groups are larger
)

// soak is how many seeds a test runs: most with STILE_SOAK=1, else few; they begin at
// STILE_SEED.
func soak(t *testing.T, few, most uint64) (first, n uint64) {
	t.Helper()
	if s := os.Getenv("STILE_SEED"); s != "" {
		var err error
		if first, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("STILE_SEED: %v", err)
		}
	}
	if os.Getenv("STILE_SOAK") == "1" {
		return first, most
	}
	return first, few
}

// chained plans four crashes: at a store call's point, or at a time; two of them in
// a row strike while the host opens or just after, before a memory table is flushed.
func chained(rng *rand.Rand, percent int) []blackout {
	plans := make([]blackout, chain)
	quick := rng.IntN(chain - 1)
	for i := range plans {
		b := &plans[i]
		b.percent, b.seed = percent, rng.Uint64()
		switch {
		case (i == quick || i == quick+1) && i > 0:
			if rng.IntN(2) == 0 {
				b.point = 1 + rng.IntN(300) // of the opening
			} else {
				b.opened = 1 + rng.IntN(4)
			}
		case rng.IntN(3) == 0:
			b.after = time.Duration(rng.Int64N(int64(1500 * time.Millisecond)))
		default:
			b.opened = 1 + rng.IntN(60)
		}
	}
	return plans
}

// largeOrders is a world whose orders' payloads do not fit Pebble's memory table.
func largeOrders(seed uint64, rng *rand.Rand) *world {
	w := newWorld(seed)
	for i := range w.orders {
		pad := strings.Repeat(string(rune('a'+rng.IntN(26))), tableSize+rng.IntN(2*tableSize))
		w.orders[i].input = strings.Replace(w.orders[i].input, `{"sku"`, `{"large":"`+pad+`","sku"`, 1)
	}
	return w
}

// losses is what the chains of a test did.
type losses struct {
	chains, short, crashes, opened   int
	starts, histories, events, calls int
	executions                       int // looked at for torn groups
}

// lose runs the chain of one seed, again where the story ended before its crashes.
func (l *losses) lose(t *testing.T, seed uint64, p plant, lie bool) (bad []string) {
	rng := rand.New(rand.NewPCG(seed, 11))
	for {
		w, table := newWorld(seed), uint64(0)
		if seed%2 == 0 {
			w, table = largeOrders(seed, rng), tableSize
		}
		s := &tale{world: w, disk: &pebbleDisk{ignoreSync: lie, memTable: table}, plant: p, plans: chained(rng, int(seed%3)*50)}
		bad = tell(t, s)
		l.crashes += int(s.crashes.Load())
		l.starts, l.histories, l.executions = l.starts+len(w.started), l.histories+len(w.shown), l.executions+s.looked
		for _, lines := range w.shown {
			l.events += len(lines)
		}
		for _, calls := range w.calls {
			l.calls += len(calls)
		}
		if len(bad) > 0 || s.crashes.Load() == chain {
			l.chains++
			return bad
		}
		l.short++
	}
}

// TestPowerLoss cuts the power four times in a row for each seed: with 0, 50 or 100 %
// of what was not synced surviving, every other with groups larger than Pebble's
// memory table, and two quick restarts in a row. What anyone was shown must be there in every life,
// and no execution may hold a part of a group.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	first, n := soak(t, 45, 300)
	var l losses
	for seed := first; seed < first+n; seed++ {
		for _, b := range l.lose(t, seed, plant{}, false) {
			t.Errorf("seed %d: %s", seed, b)
		}
	}
	t.Logf("figure: power loss: %d seeds from %d, chains of %d, %d crashes (%d chains that ended early were told again); %d starts, %d calls, %d histories of %d events, %d looks for torn groups: lost 0, torn 0",
		n, first, chain, l.crashes, l.short, l.starts, l.calls, l.histories, l.events, l.executions)
}

// TestPowerLossPlanted shows that those chains catch the bugs they are there for, and
// at which share of seeds.
func TestPowerLossPlanted(t *testing.T) {
	t.Parallel()
	first, n := soak(t, 9, 99)
	for _, bug := range []struct {
		name string
		p    plant
		lie  bool
	}{
		{"no sync", plant{}, true},
		{"answer before fsync", plant{answerEarly: true}, false},
		{"dispatch before commit", plant{dispatchEarly: true}, false},
	} {
		t.Run(bug.name, func(t *testing.T) {
			caught := 0
			example := ""
			for seed := first; seed < first+n; seed++ {
				var l losses
				if bad := l.lose(t, seed, bug.p, bug.lie); len(bad) > 0 {
					caught++
					example = bad[0]
				}
			}
			t.Logf("figure: planted %s: caught at %d of %d seeds: %.150s", bug.name, caught, n, example)
			if caught == 0 {
				t.Error("no chain catches it")
			}
		})
	}
}
