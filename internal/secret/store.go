package secret

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// Defaults of Config.
const (
	DefaultRefresh = 30 * time.Second
	DefaultMaxAge  = 24 * time.Hour
	DefaultTimeout = 10 * time.Second
)

// Limits of a Store.
const (
	// RefetchEvery is how often at most one secret is fetched because a backend
	// refused it.
	RefetchEvery = 10 * time.Second
	// firstRetry is when a failed fetch is tried again; the wait doubles up to the
	// refresh interval.
	firstRetry = 2 * time.Second
	// longestRest is how long Run sleeps at most.
	longestRest = time.Hour
	// together is how many fetches Load has under way at once.
	together = 8
)

// Config of a Store. All may be left out.
type Config struct {
	// Sources by kind of reference; those of env and file are built in.
	Sources map[string]Source
	// Refresh is how often a secret that is not pinned to a version is fetched.
	Refresh time.Duration
	// MaxAge is how old a last good value may be and still serve.
	MaxAge time.Duration
	// Timeout ends one fetch.
	Timeout time.Duration
	Now     func() time.Time
	// Log is told when a secret changes, goes stale, and is fresh again.
	Log *slog.Logger
	// Mask is told every value that is fetched, before anybody gets it.
	Mask *Masker
}

// Store keeps secrets by reference: it fetches each once for all who ask at the
// same time, again on a schedule, and keeps the last good value where the source
// fails. It is safe for concurrent use. Run must go on beside it, or nothing is
// refreshed.
type Store struct {
	sources map[string]Source
	now     func() time.Time
	log     *slog.Logger
	mask    *Masker
	timeout time.Duration

	mu              sync.Mutex
	refresh, maxAge time.Duration
	entries         map[Ref]*entry
	wake            chan struct{} // tells Run that something is due earlier
}

// entry is one secret. All fields are under the Store's lock.
type entry struct {
	ref      Ref
	value    Value
	have     bool
	fetched  time.Time // last success
	failing  time.Time // first failure since then; zero where it is fresh
	reason   string    // of the last failure
	failures int
	next     time.Time // when it is due; zero: never
	refetch  time.Time // last Refetch that asked the source
	used     time.Time
	usable   bool // as watchers know it
	flight   *flight
	watchers map[*watcher]struct{}
}

type watcher struct{ changed func() }

// flight is one fetch under way; done is closed when the entry has its outcome.
type flight struct{ done chan struct{} }

// NewStore makes an empty Store.
func NewStore(cfg Config) *Store {
	s := &Store{sources: map[string]Source{Env: environment{}, File: files{}}, now: cfg.Now, log: cfg.Log, mask: cfg.Mask, timeout: cfg.Timeout,
		entries: map[Ref]*entry{}, wake: make(chan struct{}, 1)}
	maps.Copy(s.sources, cfg.Sources)
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.timeout <= 0 {
		s.timeout = DefaultTimeout
	}
	s.Tune(cfg.Refresh, cfg.MaxAge)
	return s
}

// Tune sets the refresh interval and the greatest age of a last good value; 0 is
// the default. It holds for fetches that end afterwards.
func (s *Store) Tune(refresh, maxAge time.Duration) {
	if refresh <= 0 {
		refresh = DefaultRefresh
	}
	if maxAge <= 0 {
		maxAge = DefaultMaxAge
	}
	s.mu.Lock()
	s.refresh, s.maxAge = refresh, max(maxAge, refresh)
	s.mu.Unlock()
}

// Get gives a secret's value: the one that is kept, else it waits for the source.
// After a failure the source is not asked again before the next retry is due. The
// error is a *Missing, or ctx's.
func (s *Store) Get(ctx context.Context, ref Ref) (Value, error) {
	s.mu.Lock()
	e, now := s.entry(ref), s.now()
	if e.good(now, s.maxAge) || e.flight == nil && now.Before(e.next) {
		defer s.mu.Unlock()
		return e.get(now, s.maxAge)
	}
	f := s.fetch(e)
	s.mu.Unlock()
	if err := f.wait(ctx); err != nil {
		return Value{}, err
	}
	return s.Peek(ref)
}

// Peek gives the value that is kept and does not wait; Run then fetches one that
// nobody asked for before. The error is a *Missing.
func (s *Store) Peek(ref Ref) (Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[ref] == nil {
		s.nudge()
	}
	return s.entry(ref).get(s.now(), s.maxAge)
}

// Load fetches those of refs that have no value, and those of environment and
// files in any case, several at once, and returns when all are settled or ctx
// ends. What failed is told by Peek.
func (s *Store) Load(ctx context.Context, refs ...Ref) {
	slots := make(chan struct{}, together)
	var all sync.WaitGroup
	for _, ref := range refs {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s.mu.Lock()
			e := s.entry(ref)
			if e.good(s.now(), s.maxAge) && !ref.local() {
				s.mu.Unlock()
				return
			}
			f := s.fetch(e)
			s.mu.Unlock()
			// An error is ctx's: the secret then counts as missing until it comes.
			_ = f.wait(ctx)
		})
	}
	all.Wait()
}

// Refetch is for whoever used a value and was refused with it (a 401). It gives
// the value as the source has it now, and whether that differs from used, so that
// the call is worth sending again. A value that was changed in the meantime is
// given without asking; the source is asked at most once in RefetchEvery. Where it
// fails, the last good value stands and has not changed.
func (s *Store) Refetch(ctx context.Context, ref Ref, used Value) (v Value, changed bool) {
	s.mu.Lock()
	e, now := s.entry(ref), s.now()
	known := e.have && !e.value.Equal(used)
	if !known && e.flight == nil && !e.refetch.IsZero() && now.Sub(e.refetch) < RefetchEvery {
		known = true
	}
	if !known {
		if e.flight == nil {
			e.refetch = now
		}
		f := s.fetch(e)
		s.mu.Unlock()
		if f.wait(ctx) != nil {
			return used, false
		}
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if v, err := s.entry(ref).get(s.now(), s.maxAge); err == nil && !v.Equal(used) {
		return v, true
	}
	return used, false
}

// Hurry asks the sources of refs now and does not wait: a backend refused a call
// that carried one of them. Each is asked at most once in RefetchEvery, Refetch
// counted; who watches is told of a new value.
func (s *Store) Hurry(refs ...Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, ref := range refs {
		e := s.entry(ref)
		if ref.Pinned() && e.have || !e.refetch.IsZero() && now.Sub(e.refetch) < RefetchEvery {
			continue
		}
		e.refetch = now
		s.fetch(e)
	}
}

// Watch calls changed after the secret got another value, came, or became too old
// to use; never at once. changed must return soon and not call the Store's
// waiting methods. stop ends it.
func (s *Store) Watch(ref Ref, changed func()) (stop func()) {
	w := &watcher{changed}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entry(ref).watchers[w] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e := s.entries[ref]; e != nil {
			delete(e.watchers, w)
		}
	}
}

func (s *Store) entry(ref Ref) *entry {
	e := s.entries[ref]
	if e == nil {
		e = &entry{ref: ref, watchers: map[*watcher]struct{}{}}
		s.entries[ref] = e
	}
	e.used = s.now()
	return e
}

// good reports whether there is a value that may be used.
func (e *entry) good(now time.Time, maxAge time.Duration) bool {
	return e.have && (e.ref.Pinned() || now.Sub(e.fetched) <= maxAge)
}

func (e *entry) get(now time.Time, maxAge time.Duration) (Value, error) {
	switch {
	case e.good(now, maxAge):
		return e.value, nil
	case e.have:
		return Value{}, &Missing{e.ref, e.fetched.Add(maxAge), "the last good value is too old: " + e.reason}
	case e.reason == "":
		return Value{}, &Missing{e.ref, now, "was not fetched yet"}
	}
	return Value{}, &Missing{e.ref, e.failing, e.reason}
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
