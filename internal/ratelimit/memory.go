package ratelimit

import (
	"context"
	"hash/maphash"
	"strconv"
	"sync"
	"time"
)

// Source counts calls by key.
type Source interface {
	// Take asks for n calls under key within limit calls per window; see Window.Take.
	// Several windows under one key share their calls. An error means that nothing
	// was counted and nothing is known.
	Take(ctx context.Context, key string, n, limit int64, window time.Duration, now time.Time) (Result, error)
}

const shards = 256

// DefaultKeys is how many keys a Memory remembers at least.
const DefaultKeys = 1 << 20

// Memory is a Source in this process. Callers of one key wait for each other;
// callers of different keys share only a shard's map, which they read.
type Memory struct {
	seed   maphash.Seed
	limit  int // keys in a shard
	shards [shards]shard
}

type shard struct {
	mu   sync.RWMutex
	keys map[string]*counter
	// swept is when the shard was last searched for keys to forget.
	swept time.Time
}

type counter struct {
	mu      sync.Mutex
	window  Window
	dropped bool
}

// sweepEvery bounds the work that callers with ever new keys can cause.
const sweepEvery = time.Second

// NewMemory makes a Memory for about so many keys; 0 is DefaultKeys. Beyond, keys
// whose calls are all over are forgotten, and while none is, new keys of the same
// limit share counters: a caller may then wait longer, but never gets through too
// early.
func NewMemory(keys int) *Memory {
	if keys <= 0 {
		keys = DefaultKeys
	}
	m := &Memory{seed: maphash.MakeSeed(), limit: (keys + shards - 1) / shards}
	for i := range m.shards {
		m.shards[i].keys = make(map[string]*counter)
	}
	return m
}

// Take counts; it never fails.
func (m *Memory) Take(_ context.Context, key string, n, limit int64, window time.Duration, now time.Time) (Result, error) {
	s := &m.shards[maphash.String(m.seed, key)%shards]
	for {
		c := s.find(key)
		if c == nil {
			c = s.make(key, m.limit, limit, window, now)
		}
		c.mu.Lock()
		if c.dropped {
			c.mu.Unlock()
			continue
		}
		res := c.window.Take(n, limit, window, now)
		c.mu.Unlock()
		return res, nil
	}
}

// Keys counts the keys that are remembered.
func (m *Memory) Keys() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.RLock()
		n += len(s.keys)
		s.mu.RUnlock()
	}
	return n
}

func (s *shard) find(key string) *counter {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.keys[key]
}

// make gives the counter of a new key.
func (s *shard) make(key string, room int, limit int64, window time.Duration, now time.Time) *counter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.keys[key]; c != nil {
		return c
	}
	if len(s.keys) >= room && now.Sub(s.swept) >= sweepEvery {
		s.sweep(now)
	}
	if len(s.keys) >= room {
		key = "shared " + strconv.FormatInt(limit, 10) + " " + window.String()
		if c := s.keys[key]; c != nil {
			return c
		}
	}
	c := &counter{}
	s.keys[key] = c
	return c
}

// sweep forgets the counters whose calls are all over.
func (s *shard) sweep(now time.Time) {
	s.swept = now
	for key, c := range s.keys {
		c.mu.Lock()
		if c.window.Idle(now) {
			c.dropped = true
			delete(s.keys, key)
		}
		c.mu.Unlock()
	}
}
