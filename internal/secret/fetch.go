package secret

import (
	"context"
	"errors"
	"hash/fnv"
	"maps"
	"slices"
	"time"
)

var (
	errEmpty   = errors.New("is not set or empty")
	errNoKind  = errors.New("secrets of this kind are not read here")
	errNothing = errors.New("an empty reference names nothing")
)

// fetch asks the source, or joins who asks already. The lock is held. The fetch
// belongs to the Store, not to the caller that happens to be first.
func (s *Store) fetch(e *entry) *flight {
	if e.flight != nil {
		return e.flight
	}
	f := &flight{make(chan struct{})}
	e.flight = f
	source := s.sources[e.ref.kind]
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		defer cancel()
		v, err := ask(ctx, source, e.ref)
		s.mu.Lock()
		e.flight = nil
		tell := s.settle(e, v, err)
		s.mu.Unlock()
		// The watchers go first: who waits for the flight sees what they did.
		for _, w := range tell {
			w.changed()
		}
		close(f.done)
		s.nudge()
	}()
	return f
}

func ask(ctx context.Context, source Source, ref Ref) (Value, error) {
	switch {
	case ref.IsZero():
		return Value{}, errNothing
	case source == nil:
		return Value{}, errNoKind
	}
	v, err := source.Fetch(ctx, ref)
	if err == nil && v.Empty() {
		err = errEmpty
	}
	return v, err
}

// settle writes the outcome of a fetch and gives the watchers to tell.
func (s *Store) settle(e *entry, v Value, err error) []*watcher {
	now, changed := s.now(), false
	if err == nil {
		changed = !e.have || !e.value.Equal(v)
		s.narrate(e, now, changed)
		s.mask.Keep(e.ref.String(), v)
		e.value, e.have, e.fetched = v, true, now
		e.failing, e.reason, e.failures, e.next = time.Time{}, "", 0, time.Time{}
		if !e.ref.Pinned() {
			e.next = now.Add(s.refresh - spread(e.ref, s.refresh/10))
		}
	} else {
		e.reason = err.Error()
		if e.failing.IsZero() {
			e.failing = now
			s.log.Warn("a secret cannot be fetched", "secret", e.ref.String(), "reason", e.reason, "kept", e.have)
		}
		e.next = now.Add(min(firstRetry<<min(e.failures, 16), s.refresh))
		e.failures++
	}
	usable := e.good(now, s.maxAge)
	if changed, e.usable = changed || usable != e.usable, usable; !changed {
		return nil
	}
	return slices.Collect(maps.Keys(e.watchers))
}

func (s *Store) narrate(e *entry, now time.Time, changed bool) {
	switch {
	case e.have && changed:
		s.log.Info("a secret has a new value", "secret", e.ref.String())
	case !e.failing.IsZero():
		s.log.Info("a secret is fresh again", "secret", e.ref.String(), "failed-for", now.Sub(e.failing).String())
	}
}

// spread sets the secrets of one vault apart, so that they are not all fetched in
// the same instant.
func spread(ref Ref, within time.Duration) time.Duration {
	if within <= 0 {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(ref.String()))
	return time.Duration(h.Sum32()) * time.Microsecond % within
}
