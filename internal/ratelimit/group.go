package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// FixedSource counts units in fixed windows, by group.
type FixedSource interface {
	// Take counts N in every bound of a group, or nothing in any where one has no room.
	// A bound with N of 0 needs room for 1 and counts nothing. An error means that
	// nothing is known.
	Take(ctx context.Context, name string, bounds []Bound, now time.Time) (FixedResult, error)
	// Add counts N in every bound of a group, whether there is room or not.
	Add(ctx context.Context, name string, bounds []Bound, now time.Time) error
}

// Groups counts fixed windows in this process. The counters of one group are
// counted together or not at all; callers of one group wait for each other.
type Groups struct {
	seed   maphash.Seed
	limit  int // groups in a shard
	shards [shards]groupShard
	kept   kept
}

type groupShard struct {
	mu    sync.Mutex
	all   map[string]*group
	swept time.Time
}

type group struct {
	mu      sync.Mutex
	meters  map[string]*Meter
	dropped bool
	// unsaved says that the group is among those to be saved.
	unsaved bool
}

// overflow is the group of all that have no room for one of their own: such
// callers share counters, so that nobody gets through too early.
const overflow = "\x00shared"

// NewGroups makes Groups for about so many groups; 0 is DefaultKeys. Beyond, groups
// whose windows are all over are forgotten, and while none is, new groups share
// their counters.
func NewGroups(groups int) *Groups {
	if groups <= 0 {
		groups = DefaultKeys
	}
	g := &Groups{seed: maphash.MakeSeed(), limit: (groups + shards - 1) / shards}
	for i := range g.shards {
		g.shards[i].all = map[string]*group{}
	}
	return g
}

// Take counts N in every bound of a group, or nothing in any where one has no room.
// A bound with N of 0 needs room for 1 and counts nothing. It never fails.
func (g *Groups) Take(_ context.Context, name string, bounds []Bound, now time.Time) (res FixedResult, err error) {
	g.with(name, now, func(name string, c *group) {
		for i := range bounds {
			ok, rest := c.meter(bounds[i].Key).Room(&bounds[i], now)
			if !ok {
				res = FixedResult{Refused: i, RetryAfter: rest}
				return
			}
		}
		g.add(name, c, bounds, now)
		res = FixedResult{Allowed: true, Used: make([]int64, len(bounds))}
		for i := range bounds {
			res.Used[i] = c.meter(bounds[i].Key).Used()
		}
	})
	return res, nil
}

// Add counts N in every bound of a group. It never fails.
func (g *Groups) Add(_ context.Context, name string, bounds []Bound, now time.Time) error {
	g.with(name, now, func(name string, c *group) { g.add(name, c, bounds, now) })
	return nil
}

// with calls f while the group is the caller's alone. f gets the name that it is
// kept under, which is another one where there was no room for it.
func (g *Groups) with(name string, now time.Time, f func(string, *group)) {
	s := g.shard(name)
	for {
		name, c := g.find(s, name, now)
		c.mu.Lock()
		if c.dropped {
			c.mu.Unlock()
			continue
		}
		defer c.mu.Unlock()
		f(name, c)
		return
	}
}

func (g *Groups) shard(name string) *groupShard {
	return &g.shards[maphash.String(g.seed, name)%shards]
}

func (g *Groups) find(s *groupShard, name string, now time.Time) (string, *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.all[name]; c != nil {
		return name, c
	}
	if len(s.all) >= g.limit && now.Sub(s.swept) >= sweepEvery {
		g.sweep(s, now)
	}
	if len(s.all) >= g.limit {
		name = overflow
		if c := s.all[name]; c != nil {
			return name, c
		}
	}
	c := &group{meters: g.kept.claim(name)}
	s.all[name] = c
	return name, c
}

// sweep forgets the groups whose windows are all over.
func (g *Groups) sweep(s *groupShard, now time.Time) {
	s.swept = now
	for name, c := range s.all {
		c.mu.Lock()
		if c.idle(now) {
			c.dropped = true
			delete(s.all, name)
			g.kept.note(name)
		}
		c.mu.Unlock()
	}
}

func (c *group) idle(now time.Time) bool {
	for _, m := range c.meters {
		if !m.Idle(now) {
			return false
		}
	}
	return true
}

func (c *group) meter(key string) *Meter {
	m := c.meters[key]
	if m == nil {
		m = &Meter{}
		c.meters[key] = m
	}
	return m
}

func (g *Groups) add(name string, c *group, bounds []Bound, now time.Time) {
	counted := false
	for i := range bounds {
		if bounds[i].N > 0 {
			c.meter(bounds[i].Key).Add(&bounds[i], now)
			counted = true
		}
	}
	if counted && !c.unsaved {
		c.unsaved = g.kept.note(name)
	}
}
