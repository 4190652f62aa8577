package session

import "context"

// use is a session with requests under way.
type use struct {
	ended    chan struct{} // closed by End
	requests int
}

// While gives a context that ends with ctx, and at once where the session of id is
// ended, which streams of events need not learn otherwise. The caller calls stop.
func (s *Sessions) While(ctx context.Context, id string) (out context.Context, stop context.CancelFunc) {
	out, cancel := context.WithCancel(ctx)
	key := keyOf(id)
	s.mu.Lock()
	u := s.used[key]
	if u == nil {
		u = &use{ended: make(chan struct{})}
		s.used[key] = u
	}
	u.requests++
	s.mu.Unlock()
	go func() {
		select {
		case <-u.ended:
			cancel()
		case <-out.Done():
		}
	}()
	// One that was ended after it was found, and before it stood in used.
	if _, err := s.get(key, s.now().UTC()); err != nil {
		cancel()
	}
	return out, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		if u.requests--; u.requests == 0 && s.used[key] == u {
			delete(s.used, key)
		}
	}
}

// cut ends the requests of a session.
func (s *Sessions) cut(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.used[key]; u != nil {
		close(u.ended)
		delete(s.used, key)
	}
}
