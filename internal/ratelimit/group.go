package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// Groups counts fixed windows in this process. The counters of one group are
// counted together or not at all; callers of one group wait for each other.
type Groups struct {
	seed   maphash.Seed
	limit  int // groups in a shard
	shards [shards]groupShard
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
	g.with(name, now, func(c *group) {
		for i := range bounds {
			ok, rest := c.meter(bounds[i].Key).Room(&bounds[i], now)
			if !ok {
				res = FixedResult{Refused: i, RetryAfter: rest}
				return
			}
		}
		c.add(bounds, now)
		res = FixedResult{Allowed: true, Used: make([]int64, len(bounds))}
		for i := range bounds {
			res.Used[i] = c.meter(bounds[i].Key).Used()
		}
	})
	return res, nil
}

// Add counts N in every bound of a group. It never fails.
func (g *Groups) Add(_ context.Context, name string, bounds []Bound, now time.Time) error {
	g.with(name, now, func(c *group) { c.add(bounds, now) })
	return nil
}

// with calls f while the group is the caller's alone.
func (g *Groups) with(name string, now time.Time, f func(*group)) {
	s := &g.shards[maphash.String(g.seed, name)%shards]
	for {
		c := s.find(name, g.limit, now)
		c.mu.Lock()
		if c.dropped {
			c.mu.Unlock()
			continue
		}
		defer c.mu.Unlock()
		f(c)
		return
	}
}

func (s *groupShard) find(name string, room int, now time.Time) *group {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.all[name]; c != nil {
		return c
	}
	if len(s.all) >= room && now.Sub(s.swept) >= sweepEvery {
		s.sweep(now)
	}
	if len(s.all) >= room {
		name = overflow
		if c := s.all[name]; c != nil {
			return c
		}
	}
	c := &group{meters: map[string]*Meter{}}
	s.all[name] = c
	return c
}

// sweep forgets the groups whose windows are all over.
func (s *groupShard) sweep(now time.Time) {
	s.swept = now
	for name, c := range s.all {
		c.mu.Lock()
		if c.idle(now) {
			c.dropped = true
			delete(s.all, name)
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

func (c *group) add(bounds []Bound, now time.Time) {
	for i := range bounds {
		if bounds[i].N > 0 {
			c.meter(bounds[i].Key).Add(&bounds[i], now)
		}
	}
}
