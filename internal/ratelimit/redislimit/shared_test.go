package redislimit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/ratelimit"
	"stile/internal/redis"
	"stile/internal/redis/redistest"
)

var began = time.Unix(1_700_000_000, 0)

// TestNodesShareExactly by the server's clock: of all calls that many nodes let
// through, no window, wherever it lies, holds more than the limit.
func TestNodesShareExactly(t *testing.T) {
	server := redistest.Start(t)
	const limit, window, nodes, callers, calls = 25, 40 * time.Millisecond, 3, 4, 400
	var mu sync.Mutex
	var let []time.Time
	var wg sync.WaitGroup
	for range nodes {
		l := NewLimits(Config{Link: server.Link()}, open{})
		for range callers {
			wg.Go(func() {
				for range calls {
					res, at, err := l.ask(context.Background(), "shared", 1, limit, window, began)
					if err != nil {
						t.Error(err)
						return
					}
					if res.Allowed {
						mu.Lock()
						let = append(let, at)
						mu.Unlock()
					}
				}
			})
		}
	}
	wg.Wait()
	slices.SortFunc(let, time.Time.Compare)
	if len(let) < limit {
		t.Fatalf("%d let through", len(let))
	}
	for i := limit; i < len(let); i++ {
		if d := let[i].Sub(let[i-limit]); d < window {
			t.Fatalf("%d calls within %s", limit+1, d)
		}
	}
}

// TestQuotaIsShared: two nodes take what there is, together, and each sees what the
// other has used.
func TestQuotaIsShared(t *testing.T) {
	server := redistest.Start(t)
	a := NewQuotas(Config{Link: server.Link()}, ratelimit.NewGroups(0))
	b := NewQuotas(Config{Link: server.Link()}, ratelimit.NewGroups(0))
	bound := []ratelimit.Bound{{Key: "calls", N: 1, Limit: 5, Period: 24 * time.Hour}, {Key: "bytes", Limit: 100}}
	for i := range 5 {
		res, err := []*Quotas{a, b}[i%2].Take(t.Context(), "g", bound, time.Now())
		if err != nil || !res.Allowed || res.Used[0] != int64(i+1) {
			t.Fatalf("call %d: %+v, %v", i, res, err)
		}
	}
	for _, q := range []*Quotas{a, b} {
		if res, err := q.Take(t.Context(), "g", bound, time.Now()); err != nil || res.Allowed || res.Refused != 0 || res.RetryAfter <= 0 || res.RetryAfter > 24*time.Hour {
			t.Errorf("%+v, %v", res, err)
		}
	}
	if err := a.Add(t.Context(), "g", []ratelimit.Bound{{Key: "bytes", N: 1000, Limit: 100}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if res, err := b.Take(t.Context(), "g", bound[1:], time.Now()); err != nil || res.Allowed || res.RetryAfter != 0 {
		t.Errorf("bytes: %+v, %v", res, err)
	}
}

// taken counts how many of calls are let through.
func taken(t *testing.T, src ratelimit.Source, calls int, now time.Time) (n int) {
	t.Helper()
	for range calls {
		res, err := src.Take(t.Context(), "k", 1, 10, time.Minute, now)
		if err != nil {
			t.Fatal(err)
		}
		if res.Allowed {
			n++
		}
	}
	return n
}

// changes is a Config whose changes are handed on.
func changes(address string) (redis.Config, chan redis.State) {
	cfg, seen := redistest.Config(address), make(chan redis.State, 100)
	cfg.Changed = func(s redis.State) { seen <- s }
	return cfg, seen
}

// TestKilled: while the server is away a node goes on by what it let through itself,
// and when it is back, empty, nobody gets a second limit from this node.
func TestKilled(t *testing.T) {
	server := redistest.Start(t)
	cfg, seen := changes(server.Address)
	link := redistest.Open(t, cfg)
	l, q := NewLimits(Config{Link: link}, ratelimit.NewMemory(0)), NewQuotas(Config{Link: link}, ratelimit.NewGroups(0))
	month := []ratelimit.Bound{{Key: "calls", N: 1, Limit: 3, Period: 30 * 24 * time.Hour}}
	quota := func() bool {
		res, err := q.Take(t.Context(), "g", month, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return res.Allowed
	}
	now := time.Now()
	if n := taken(t, l, 4, now); n != 4 || !quota() {
		t.Fatalf("%d before", n)
	}
	server.Kill()
	if n := taken(t, l, 4, now); n != 4 || !quota() {
		t.Errorf("%d while it is away", n)
	}
	if s := <-seen; s.Up || s.Reason == "" {
		t.Errorf("told %+v", s)
	}
	server.Restart()
	for s := range seen {
		if s.Up && !s.Lost {
			break
		}
	}
	if n := taken(t, l, 20, now); n != 2 {
		t.Errorf("%d afterwards, of 2 that are left", n)
	}
	if !quota() || quota() {
		t.Error("the quota began anew")
	}
	other := NewLimits(Config{Link: server.Link()}, ratelimit.NewMemory(0))
	if n := taken(t, other, 20, now); n > 10 {
		t.Errorf("another node let %d through", n)
	}
}

// TestSlow: a server that does not answer costs three timeouts and no more; then
// nobody waits until it is back.
func TestSlow(t *testing.T) {
	server := redistest.Start(t)
	cfg, seen := changes(server.Address)
	cfg.Timeout = 20 * time.Millisecond
	link := redistest.Open(t, cfg)
	l := NewLimits(Config{Link: link}, ratelimit.NewMemory(0))
	strict := NewLimits(Config{Link: link, Refuse: true}, ratelimit.NewMemory(0))
	now := time.Now()
	server.Pause()
	if n := taken(t, l, 15, now); n != 10 {
		t.Errorf("%d let through", n)
	}
	if s := link.State(); s.Up || s.Failures < 15 {
		t.Errorf("%+v", s)
	}
	if s := <-seen; s.Up {
		t.Errorf("told %+v", s)
	}
	if _, err := link.Run(t.Context(), strict.script, nil); !errors.Is(err, redis.ErrAway) {
		t.Errorf("a call is made: %v", err)
	}
	if _, err := strict.Take(t.Context(), "k", 1, 10, time.Minute, now); !errors.Is(err, ErrUncounted) {
		t.Errorf("refuse: %v", err)
	}
	server.Resume()
	for s := range seen {
		if s.Up {
			break
		}
	}
	if n := taken(t, l, 5, now); n != 0 {
		t.Errorf("%d more when it is back", n)
	}
}

// TestFlushed: a server that was emptied under a node is found out, once, and the
// node's own count holds.
func TestFlushed(t *testing.T) {
	server := redistest.Start(t)
	cfg, seen := changes(server.Address)
	// A clock by which the link is steady: an hour has passed since it was opened.
	clock := time.Now()
	cfg.Now = func() time.Time { return clock }
	link := redistest.Open(t, cfg)
	clock = clock.Add(time.Hour)
	l := NewLimits(Config{Link: link}, ratelimit.NewMemory(0))
	if n := taken(t, l, 7, clock); n != 7 || !link.Steady(time.Minute) {
		t.Fatalf("%d before", n)
	}
	redistest.Do(t, server.Address, "FLUSHALL")
	if n := taken(t, l, 20, clock); n != 3 || link.Steady(time.Minute) {
		t.Errorf("%d after, of 3 that are left", n)
	}
	if s := <-seen; !s.Lost || !s.Up || s.Losses != 1 || len(seen) > 0 {
		t.Errorf("told %+v, and %d more", s, len(seen))
	}
}

// TestKeysEnd: nothing stays on the server, and no key says what it is of.
func TestKeysEnd(t *testing.T) {
	mini, link := redistest.Mini(t)
	l, q := NewLimits(Config{Link: link}, open{}), NewQuotas(Config{Link: link}, openFixed{})
	mini.SetTime(began)
	if _, err := l.Take(t.Context(), "bob@example.com", 1, 10, 10*time.Second, began); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Take(t.Context(), "bob@example.com", 0, 10, 100*time.Second, began); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Take(t.Context(), "quota/bob", []ratelimit.Bound{{Key: "calls", N: 1, Limit: 10, Start: began, Period: time.Hour}}, began); err != nil {
		t.Fatal(err)
	}
	keys := mini.Keys()
	if len(keys) != 3 {
		t.Fatal(keys)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "test:") || strings.Contains(key, "bob") {
			t.Errorf("key %q", key)
		}
	}
	mini.FastForward(99 * time.Second)
	if len(mini.Keys()) != 3 {
		t.Errorf("gone too early: %v", mini.Keys())
	}
	mini.FastForward(time.Hour)
	if keys := mini.Keys(); len(keys) != 1 { // the epoch
		t.Errorf("still there: %v", keys)
	}
	if _, err := q.Take(t.Context(), "life", []ratelimit.Bound{{Key: "calls", N: 1, Limit: 10}, {Key: "hour", N: 1, Limit: 10, Period: time.Hour}}, began); err != nil {
		t.Fatal(err)
	}
	mini.FastForward(1000 * time.Hour)
	if len(mini.Keys()) != 2 {
		t.Error("a quota for a lifetime has ended")
	}
}

// TestDamagedCounters: what stands in a counter's place and is none is begun anew; the
// node's own count holds meanwhile.
func TestDamagedCounters(t *testing.T) {
	mini, link := redistest.Mini(t)
	l, q := NewLimits(Config{Link: link}, ratelimit.NewMemory(0)), NewQuotas(Config{Link: link}, ratelimit.NewGroups(0))
	one := []ratelimit.Bound{{Key: "calls", N: 1, Limit: 2}}
	for name, plant := range map[string]func(key string) error{
		"text":    func(key string) error { return mini.Set(key, "hello") },
		"members": func(key string) error { _, err := mini.ZAdd(key, 5, "a"); return err },
		"fields":  func(key string) error { mini.HSet(key, "calls", "x y z"); return nil },
	} {
		if err := errors.Join(plant(link.Key("limit", name)), plant(link.Key("quota", name))); err != nil {
			t.Fatal(err)
		}
		if res, err := l.Take(t.Context(), name, 1, 2, time.Minute, began); err != nil || !res.Allowed || res.Remaining != 1 {
			t.Errorf("%s: limit %+v, %v", name, res, err)
		}
		if res, err := q.Take(t.Context(), name, one, began); err != nil || !res.Allowed || res.Used[0] != 1 {
			t.Errorf("%s: quota %+v, %v", name, res, err)
		}
	}
	if link.State().Failures != 0 {
		t.Errorf("%+v", link.State())
	}
}
