package ratelimit

import "sync"

// Slots counts what is under way under each key. The zero Slots is ready; it
// remembers only keys with something under way.
type Slots struct {
	mu    sync.Mutex
	taken map[string]int64
}

// Enter takes one of limit slots under a key; ok is false where none is free. The
// caller calls leave when it is done; a second call does nothing.
func (s *Slots) Enter(key string, limit int64) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[key] >= limit {
		return nil, false
	}
	if s.taken == nil {
		s.taken = map[string]int64{}
	}
	s.taken[key]++
	return sync.OnceFunc(func() { s.leave(key) }), true
}

func (s *Slots) leave(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[key]--; s.taken[key] == 0 {
		delete(s.taken, key)
	}
}
