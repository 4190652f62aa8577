package overload

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fixed is a gate whose limit stays; 8 let 7 starts in.
func fixed(c Config) *Gate {
	c.Least, c.Most = 8, 8
	return New(c)
}

// fill takes every place that a class may have.
func fill(t *testing.T, g *Gate, c Class) (taken []Pass) {
	t.Helper()
	for range c.room(8) - int64(g.State().UnderWay) {
		p, in := g.Enter(t.Context(), Work{Class: c})
		if !in {
			t.Fatal("refused while there is a place")
		}
		taken = append(taken, p)
	}
	return taken
}

// TestThoseBeforeGoFirst: places that come free go to who finishes work, then to who
// reads, then to who starts, and in a burst to the oldest.
func TestThoseBeforeGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := fixed(Config{})
		taken := append(fill(t, g, Starting), fill(t, g, Finishing)...)
		var mu sync.Mutex
		var order []string
		for _, w := range []struct {
			name  string
			class Class
		}{{"list", Listing}, {"start 1", Starting}, {"start 2", Starting}, {"read", Reading}, {"finish", Finishing}} {
			go func() {
				p, in := g.Enter(t.Context(), Work{Class: w.class})
				mu.Lock()
				defer mu.Unlock()
				if order = append(order, w.name); !in {
					t.Errorf("%s is refused", w.name)
				}
				p.Leave()
			}()
			synctest.Wait()
		}
		if s := g.State(); s.UnderWay != 16 || s.Queued != 5 {
			t.Fatalf("%+v", s)
		}
		for _, p := range taken {
			p.Leave()
			synctest.Wait()
		}
		if want := []string{"finish", "read", "start 1", "start 2", "list"}; !slices.Equal(order, want) {
			t.Errorf("let in: %v", order)
		}
		if s := g.State(); s.UnderWay != 0 || s.Queued != 0 {
			t.Errorf("at the end: %+v", s)
		}
	})
}

// TestWhoWaitedTooLongIsRefused, even where its timer is late: nobody gets a place
// whose time is over; and who finishes work waits longer.
func TestWhoWaitedTooLongIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		refused, begun := map[Class]int{}, 0
		count := func(c Class) { mu.Lock(); refused[c]++; mu.Unlock() }
		g := fixed(Config{Refused: count, Begun: func(Class, State) { mu.Lock(); begun++; mu.Unlock() }})
		fill(t, g, Starting)
		taken := fill(t, g, Finishing)
		began := time.Now()
		for _, c := range []Class{Starting, Finishing} {
			want := g.config.Patience
			if c == Finishing {
				want *= 3
			}
			go func() {
				if _, in := g.Enter(t.Context(), Work{Class: c}); in || time.Since(began) != want {
					t.Errorf("%v: let in %v after %v", c, in, time.Since(began))
				}
			}()
		}
		time.Sleep(4 * g.config.Patience)
		synctest.Wait()
		w := g.waiter(time.Hour) // its timer will not come
		g.mu.Lock()
		w.class, w.until, w.queued = Starting, g.now()-1, true
		g.queues[Starting].push(w)
		g.queued.Add(1)
		g.mu.Unlock()
		taken[0].Leave()
		if <-w.answer {
			t.Error("a place went to one whose time is over")
		}
		if refused[Starting] != 1 || refused[Finishing] != 1 || begun != 1 {
			t.Errorf("refused %v, told of %d overloads", refused, begun)
		}
	})
}

// TestTheQueueIsBounded: of a full queue the oldest of the last class goes, for one
// that is not behind it.
func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := fixed(Config{Queue: 3})
		fill(t, g, Starting)
		fill(t, g, Finishing)
		var mu sync.Mutex
		gone := map[string]bool{}
		for _, w := range []struct {
			name  string
			class Class
		}{{"start 1", Starting}, {"start 2", Starting}, {"read 1", Reading}, {"start 3", Starting}, {"read 2", Reading}, {"read 3", Reading}, {"list", Listing}} {
			go func() {
				if _, in := g.Enter(t.Context(), Work{Class: w.class}); in {
					t.Errorf("%s is let in", w.name)
				}
				mu.Lock()
				gone[w.name] = true
				mu.Unlock()
			}()
			synctest.Wait()
			if n := g.State().Queued; n > 3 {
				t.Fatalf("%d wait", n)
			}
		}
		mu.Lock()
		if !gone["start 1"] || !gone["start 2"] || !gone["start 3"] || !gone["list"] || len(gone) != 4 {
			t.Errorf("gone: %v", gone)
		}
		mu.Unlock()
		time.Sleep(2 * time.Second)
	})
}

// TestWhoLeavesWhileWaiting takes no place and is no refusal.
func TestWhoLeavesWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := fixed(Config{Refused: func(Class) { t.Error("it was counted as refused") }})
		taken := fill(t, g, Starting)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan bool)
		go func() { _, in := g.Enter(ctx, Work{Class: Starting}); ended <- in }()
		synctest.Wait()
		cancel()
		if <-ended {
			t.Error("let in")
		}
		for _, p := range taken {
			p.Leave()
		}
		if s := g.State(); s != (State{Limit: 8}) {
			t.Errorf("%+v", s)
		}
	})
}

// TestPollsDoNotCountWhileTheyWait: any number of them is under way, each has a place
// for a moment; their number is bounded, and each leaves once.
func TestPollsDoNotCountWhileTheyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := fixed(Config{Away: 50})
		var under []Pass
		for range 50 {
			p, in := g.Enter(t.Context(), Work{Class: Reading, Waits: true})
			if !in {
				t.Fatal("refused")
			}
			under = append(under, p)
		}
		time.Sleep(hold)
		synctest.Wait()
		if s := g.State(); s.UnderWay != 0 || s.Away != 50 {
			t.Errorf("%+v", s)
		}
		if _, in := g.Enter(t.Context(), Work{Class: Reading, Waits: true}); in {
			t.Error("more are away than may be")
		}
		for _, p := range under {
			p.Leave()
		}
		quick, _ := g.Enter(t.Context(), Work{Class: Reading, Waits: true})
		quick.Leave()
		time.Sleep(time.Minute)
		if s := g.State(); s != (State{Limit: 8}) {
			t.Errorf("%+v", s)
		}
	})
}

// TestPlacesStayTakenWhileTheProcessIsBehind: where timers are late, what seems to
// wait computes, and gives no place back before they are on time again.
func TestPlacesStayTakenWhileTheProcessIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var behind atomic.Int64
		g := fixed(Config{Now: func() time.Time { return time.Now().Add(time.Duration(behind.Load())) }})
		p, _ := g.Enter(t.Context(), Work{Class: Starting, Waits: true})
		behind.Store(int64(20 * time.Millisecond))
		time.Sleep(hold)
		synctest.Wait()
		if s := g.State(); s.UnderWay != 1 || s.Away != 0 {
			t.Errorf("behind: %+v", s)
		}
		time.Sleep(hold)
		synctest.Wait()
		if s := g.State(); s.UnderWay != 0 || s.Away != 1 {
			t.Errorf("on time again: %+v", s)
		}
		p.Leave()
		time.Sleep(time.Minute)
		if s := g.State(); s != (State{Limit: 8}) {
			t.Errorf("%+v", s)
		}
	})
}

// TestLargeBodiesAreBounded in bytes; one is taken however large it is.
func TestLargeBodiesAreBounded(t *testing.T) {
	g := fixed(Config{Bytes: 100})
	one, in := g.Enter(t.Context(), Work{Class: Starting, Bytes: 1000})
	if !in {
		t.Fatal("one body is refused")
	}
	if _, in := g.Enter(t.Context(), Work{Class: Starting, Bytes: 1}); in {
		t.Error("more bodies are let in than there is room for")
	}
	one.Leave()
	for range 2 {
		if _, in := g.Enter(t.Context(), Work{Class: Starting, Bytes: 50}); !in {
			t.Error("refused while there is room")
		}
	}
}

// TestWorkThatHangsIsBounded: where nothing ends, as on a disk that takes no writes,
// no more are under way or wait than may be.
func TestWorkThatHangsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{Queue: 100})
		hang := make(chan struct{})
		var let, refused atomic.Int64
		for range 10_000 {
			go func() {
				p, in := g.Enter(t.Context(), Work{Class: Starting, Measured: true})
				if !in {
					refused.Add(1)
					return
				}
				let.Add(1)
				<-hang
				p.Leave()
			}()
		}
		synctest.Wait()
		if s := g.State(); s.UnderWay != 112 || s.Queued != 100 || let.Load() != 112 || refused.Load() != 10_000-212 {
			t.Errorf("%+v, %d refused", s, refused.Load())
		}
		close(hang)
		time.Sleep(2 * time.Second)
		if s := g.State(); s.UnderWay != 0 || s.Queued != 0 || let.Load() != 212 {
			t.Errorf("%+v, %d were let in", s, let.Load())
		}
	})
}

// TestManyAtOnce: places are neither lost nor made where all happens at the same time.
func TestManyAtOnce(t *testing.T) {
	g := New(Config{Least: 4, Most: 8, Patience: time.Minute})
	var all sync.WaitGroup
	var under, most atomic.Int64
	for i := range 32 {
		all.Go(func() {
			for n := range 500 {
				w := Work{Class: Class((i + n) % int(classes)), Measured: n%2 == 0, Waits: n%3 == 0}
				p, in := g.Enter(context.Background(), w)
				if !in {
					t.Error("refused")
					return
				}
				if now := under.Add(1); now > most.Load() {
					most.Store(now)
				}
				under.Add(-1)
				p.Leave()
			}
		})
	}
	all.Wait()
	if s := g.State(); s.UnderWay != 0 || s.Queued != 0 || s.Away != 0 {
		t.Errorf("%+v", s)
	}
	if most.Load() > 16 {
		t.Errorf("%d were under way", most.Load())
	}
}

// TestTimesAreCounted: the counter of a time stands for one within an eighth of it.
func TestTimesAreCounted(t *testing.T) {
	for _, d := range []time.Duration{8, 100, 999, 12_345, time.Millisecond, 37 * time.Millisecond, time.Second, 9 * time.Second} {
		if got := timeOf(sizeOf(int64(d))); got < d*7/8 || got > d*9/8 {
			t.Errorf("%v is counted as %v", d, got)
		}
	}
	if sizeOf(-1) != 0 || sizeOf(1<<62) != 127 {
		t.Error("times beyond the counters are lost")
	}
}

// TestEnteringIsCheap: a request that finds a place costs no allocation.
func TestEnteringIsCheap(t *testing.T) {
	g := New(Config{})
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		p, _ := g.Enter(ctx, Work{Class: Starting, Measured: true})
		p.Leave()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkUnitEnter(b *testing.B) {
	g := New(Config{})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		p, _ := g.Enter(ctx, Work{Class: Starting, Measured: true})
		p.Leave()
	}
}

func BenchmarkUnitEnterAway(b *testing.B) {
	g := New(Config{})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		p, _ := g.Enter(ctx, Work{Class: Starting, Waits: true})
		p.Leave()
	}
}
