package cache

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// What a Memory holds where its maker does not say.
const (
	DefaultBytes   = 128 << 20
	DefaultEntries = 1 << 16
)

// shards is how many parts a Memory has; each holds its share of bytes and entries.
const shards = 16

// Memory is a cache in this process. It is safe for concurrent use: callers of
// different keys rarely wait for each other.
type Memory struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu    sync.Mutex
	shelf *Shelf
}

// NewMemory makes an empty Memory for so many bytes and entries in all; 0 stands
// for the defaults. A value may take a sixteenth of the bytes.
func NewMemory(bytes, entries int64) *Memory {
	if bytes <= 0 {
		bytes = DefaultBytes
	}
	if entries <= 0 {
		entries = DefaultEntries
	}
	m := &Memory{seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].shelf = NewShelf(bytes/shards, max(entries/shards, 1))
	}
	return m
}

// with calls f with the shelf of a key, which is the caller's alone meanwhile.
func (m *Memory) with(key string, f func(*Shelf)) {
	s := &m.shards[maphash.String(m.seed, key)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.shelf)
}

// Get gives a value that has not ended, and its end. It never fails.
func (m *Memory) Get(_ context.Context, key string, now time.Time) (value any, expires time.Time, ok bool, err error) {
	m.with(key, func(s *Shelf) { value, expires, ok = s.Get(key, now) })
	return value, expires, ok, nil
}

// Put keeps a value of about size bytes for ttl, if it has room. It never fails.
func (m *Memory) Put(_ context.Context, key string, value any, size int64, ttl time.Duration, now time.Time) error {
	m.with(key, func(s *Shelf) { s.Put(key, value, size, ttl, now) })
	return nil
}

// Remove forgets a value. It never fails.
func (m *Memory) Remove(_ context.Context, key string) error {
	m.with(key, func(s *Shelf) { s.Remove(key) })
	return nil
}
