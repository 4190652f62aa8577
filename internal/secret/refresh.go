package secret

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Run refreshes what is due until ctx ends.
func (s *Store) Run(ctx context.Context) {
	for {
		s.RefreshDue()
		timer := time.NewTimer(s.rest())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// RefreshDue begins the fetches that are due and forgets what nobody has read or
// watched for as long as a value may live. It does not wait for them. Run calls it; a test with a clock of its own
// may.
func (s *Store) RefreshDue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for ref, e := range s.entries {
		switch {
		case e.flight != nil:
		case len(e.watchers) == 0 && now.Sub(e.used) > s.maxAge:
			delete(s.entries, ref)
			s.mask.Drop(ref.String())
		case e.due() && !now.Before(e.next):
			s.fetch(e)
		}
	}
}

// due reports whether the secret is to be fetched at e.next: all but pinned
// versions that were fetched once.
func (e *entry) due() bool { return !e.next.IsZero() || !e.have }

// rest is how long nothing is due.
func (s *Store) rest() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, rest := s.now(), longestRest
	for _, e := range s.entries {
		if e.flight == nil && e.due() {
			rest = min(rest, e.next.Sub(now))
		}
	}
	return max(rest, time.Millisecond)
}

// Refresh asks the sources of refs now, those of pinned versions that are known
// aside, and returns when all are settled or ctx ends. Several at once are one
// fetch each.
func (s *Store) Refresh(ctx context.Context, refs ...Ref) {
	var all []*flight
	s.mu.Lock()
	for _, ref := range refs {
		if e := s.entry(ref); !ref.Pinned() || !e.have {
			all = append(all, s.fetch(e))
		}
	}
	s.mu.Unlock()
	for _, f := range all {
		if f.wait(ctx) != nil {
			return
		}
	}
}

// nudge makes Run look again at what is due.
func (s *Store) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Condition is how a secret stands.
type Condition string

// Conditions of a secret.
const (
	// Fresh: the last fetch gave a value.
	Fresh Condition = "fresh"
	// Stale: the last fetch failed, and the last good value serves.
	Stale Condition = "stale"
	// Expired: the last good value is too old to serve.
	Expired Condition = "expired"
	// Absent: there never was a value.
	Absent Condition = "missing"
	// Unread: nobody has asked for it yet.
	Unread Condition = "unread"
)

// State is how a secret stands, for pages and commands. It holds no value.
type State struct {
	Ref       string    `json:"ref"`
	Condition Condition `json:"condition"`
	// Age is how long ago the value was fetched last; 0 where there is none.
	Age time.Duration `json:"age"`
	// Fetched is when; Since is when the fetches began to fail. Either may be zero.
	Fetched time.Time `json:"fetched,omitzero"`
	Since   time.Time `json:"since,omitzero"`
	Reason  string    `json:"reason,omitempty"`
	// Next is when it is fetched again; zero for a pinned version.
	Next time.Time `json:"next,omitzero"`
}

// States lists every secret in use, sorted by reference.
func (s *Store) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]State, 0, len(s.entries))
	for _, e := range s.entries {
		out = append(out, e.state(s.now(), s.maxAge))
	}
	slices.SortFunc(out, func(a, b State) int { return cmp.Compare(a.Ref, b.Ref) })
	return out
}

// State tells how one secret stands; ok is false where it is not in use.
func (s *Store) State(ref Ref) (st State, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[ref]
	if e == nil {
		return State{Ref: ref.String(), Condition: Unread}, false
	}
	return e.state(s.now(), s.maxAge), true
}

func (e *entry) state(now time.Time, maxAge time.Duration) State {
	st := State{Ref: e.ref.String(), Fetched: e.fetched, Since: e.failing, Reason: e.reason, Next: e.next}
	if e.have {
		st.Age = now.Sub(e.fetched)
	}
	switch {
	case !e.have && e.reason == "":
		st.Condition = Unread
	case !e.have:
		st.Condition = Absent
	case !e.good(now, maxAge):
		st.Condition = Expired
	case e.failing.IsZero():
		st.Condition = Fresh
	default:
		st.Condition = Stale
	}
	return st
}
