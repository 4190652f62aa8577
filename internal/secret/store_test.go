package secret

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// place is a source that a test moves.
type place struct {
	mu     sync.Mutex
	value  string
	err    error
	asked  int
	hold   chan struct{} // where set, a fetch waits for it
	active atomic.Int32
}

func (p *place) Fetch(ctx context.Context, _ Ref) (Value, error) {
	p.active.Add(1)
	defer p.active.Add(-1)
	p.mu.Lock()
	p.asked++
	v, err, hold := p.value, p.err, p.hold
	p.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return Value{}, errors.New(Reason(ctx.Err()))
		}
	}
	return NewValue(v), err
}

func (p *place) set(value string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.value, p.err = value, err
}

func (p *place) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// narration is a log that may be read while it is written.
type narration struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *narration) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *narration) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// running makes a store over a place, whose Run goes on until the test ends. It is
// called in a bubble.
func running(t *testing.T, p *place) (*Store, *narration) {
	t.Helper()
	log := &narration{}
	s := NewStore(Config{Sources: map[string]Source{KeyVault: p, Vault: p}, Log: slog.New(slog.NewJSONHandler(log, nil))})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return s, log
}

var errDown = errors.New("Key Vault: it cannot be reached")

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: "one"}
		s, log := running(t, p)
		ref := parsed(t, "kv://acme/token")
		var told atomic.Int32
		stop := s.Watch(ref, func() { told.Add(1) })
		if v, err := s.Get(t.Context(), ref); err != nil || v.Reveal() != "one" {
			t.Fatal(err)
		}
		p.set("two", nil)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if v, _ := s.Peek(ref); v.Reveal() != "two" || told.Load() != 2 || p.count() != 2 {
			t.Errorf("told %d, asked %d", told.Load(), p.count())
		}
		time.Sleep(5 * time.Minute)
		if n := p.count(); n < 11 || n > 14 {
			t.Errorf("%d fetches in 5 minutes", n)
		}
		stop()
		p.set("three", nil)
		time.Sleep(time.Minute)
		if told.Load() != 2 {
			t.Error("told after stop")
		}
		if !strings.Contains(log.String(), `"a secret has a new value","secret":"kv://acme/token"`) {
			t.Error(log.String())
		}
		time.Sleep(26 * time.Hour)
		synctest.Wait()
		if n := len(s.States()); n != 0 {
			t.Errorf("%d secrets that nobody uses are kept", n)
		}
	})
}

// TestTheLastGoodValueServes while the source is down, its age is told, and it
// fails closed when it is too old.
func TestTheLastGoodValueServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: "one"}
		s, log := running(t, p)
		s.Tune(0, time.Hour)
		ref := parsed(t, "kv://acme/token")
		var told atomic.Int32
		defer s.Watch(ref, func() { told.Add(1) })()
		if _, err := s.Get(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		p.set("", errDown)
		time.Sleep(10 * time.Minute)
		v, err := s.Get(t.Context(), ref)
		st, ok := s.State(ref)
		if err != nil || v.Reveal() != "one" || !ok || st.Condition != Stale || st.Age != 10*time.Minute || st.Reason != errDown.Error() ||
			st.Since.IsZero() || st.Since.After(st.Fetched.Add(31*time.Second)) || told.Load() != 1 {
			t.Errorf("%v, %+v, told %d", err, st, told.Load())
		}
		time.Sleep(51 * time.Minute)
		synctest.Wait()
		_, err = s.Get(t.Context(), ref)
		var missing *Missing
		if st, _ = s.State(ref); !errors.As(err, &missing) || st.Condition != Expired || told.Load() != 2 || !strings.Contains(err.Error(), "too old") {
			t.Errorf("%v, %+v, told %d", err, st, told.Load())
		}
		p.set("one", nil)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if v, err := s.Peek(ref); err != nil || v.Reveal() != "one" || told.Load() != 3 {
			t.Errorf("after it came back: %v, told %d", err, told.Load())
		}
		if !strings.Contains(log.String(), "a secret is fresh again") {
			t.Error(log.String())
		}
	})
}

// TestDownAtTheStart: there is no value until the source is up, and it is not
// asked by each caller anew.
func TestDownAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{err: errDown}
		s, _ := running(t, p)
		ref := parsed(t, "kv://acme/token")
		for range 100 {
			if _, err := s.Get(t.Context(), ref); err == nil || err.Error() != "secret kv://acme/token: Key Vault: it cannot be reached" {
				t.Fatal(err)
			}
		}
		if p.count() != 1 {
			t.Errorf("asked %d times", p.count())
		}
		if st, _ := s.State(ref); st.Condition != Absent || st.Age != 0 {
			t.Errorf("%+v", st)
		}
		p.set("one", nil)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if v, err := s.Peek(ref); err != nil || v.Reveal() != "one" {
			t.Error(err)
		}
	})
}

func TestPeekMakesRunFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := running(t, &place{value: "one"})
		synctest.Wait()
		ref := parsed(t, "kv://acme/token")
		if _, err := s.Peek(ref); err == nil {
			t.Fatal("there is a value before any fetch")
		}
		synctest.Wait()
		if v, err := s.Peek(ref); err != nil || v.Reveal() != "one" {
			t.Error(err)
		}
	})
}

func TestOneFetchForAllWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: "one", hold: make(chan struct{})}
		s, _ := running(t, p)
		ref := parsed(t, "kv://acme/token")
		var good atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if v, err := s.Get(t.Context(), ref); err == nil && v.Reveal() == "one" {
					good.Add(1)
				}
			})
		}
		// One gives up; the fetch is not its own.
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Get(ended, ref); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		synctest.Wait()
		close(p.hold)
		all.Wait()
		if good.Load() != 50 || p.count() != 1 {
			t.Errorf("%d values of %d fetches", good.Load(), p.count())
		}
	})
}

func TestAFetchHasATimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: "one", hold: make(chan struct{})}
		s, _ := running(t, p)
		begun := time.Now()
		s.Load(t.Context(), parsed(t, "kv://acme/a"), parsed(t, "kv://acme/b"))
		if d := time.Since(begun); d != DefaultTimeout {
			t.Errorf("it took %v", d)
		}
		_, err := s.Peek(parsed(t, "kv://acme/a"))
		if err == nil || !strings.Contains(err.Error(), "did not answer in time") {
			t.Error(err)
		}
		close(p.hold)
	})
}

// TestRefetch: after a refusal the source is asked at once, but once in 10 s.
func TestRefetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: "one"}
		s, _ := running(t, p)
		ref := parsed(t, "kv://acme/token")
		one, err := s.Get(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		p.set("two", nil)
		two, changed := s.Refetch(t.Context(), ref, one)
		if !changed || two.Reveal() != "two" || p.count() != 2 {
			t.Fatalf("changed %v, asked %d", changed, p.count())
		}
		// Another call that used the old value gets the new one without asking.
		if v, changed := s.Refetch(t.Context(), ref, one); !changed || !v.Equal(two) || p.count() != 2 {
			t.Errorf("changed %v, asked %d", changed, p.count())
		}
		p.set("three", nil)
		for range 10 {
			if _, changed := s.Refetch(t.Context(), ref, two); changed {
				t.Error("changed within 10 s")
			}
		}
		if p.count() != 2 {
			t.Errorf("asked %d times within 10 s", p.count())
		}
		time.Sleep(RefetchEvery)
		if v, changed := s.Refetch(t.Context(), ref, two); !changed || v.Reveal() != "three" {
			t.Error("not asked after 10 s")
		}
		time.Sleep(RefetchEvery)
		three, _ := s.Peek(ref)
		p.set("", errDown)
		if v, changed := s.Refetch(t.Context(), ref, three); changed || !v.Equal(three) {
			t.Error("a source that is down changed the value")
		}
	})
}

func TestHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: "one"}
		s, _ := running(t, p)
		ref, pinned := parsed(t, "kv://acme/token"), parsed(t, "kv://acme/token/1")
		s.Load(t.Context(), ref, pinned)
		for range 100 {
			s.Hurry(ref, pinned)
		}
		synctest.Wait()
		if p.count() != 3 {
			t.Errorf("asked %d times, want 3", p.count())
		}
		time.Sleep(RefetchEvery)
		s.Hurry(ref, pinned)
		synctest.Wait()
		if p.count() != 4 {
			t.Errorf("asked %d times after 10 s, want 4", p.count())
		}
	})
}

func TestAPinnedVersionIsFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: "one"}
		s, _ := running(t, p)
		s.Tune(0, time.Hour)
		ref := parsed(t, "kv://acme/token/1")
		defer s.Watch(ref, func() {})()
		s.Load(t.Context(), ref)
		p.set("", errDown)
		time.Sleep(5 * time.Hour)
		if v, err := s.Get(t.Context(), ref); err != nil || v.Reveal() != "one" || p.count() != 1 {
			t.Errorf("%v, asked %d", err, p.count())
		}
	})
}
