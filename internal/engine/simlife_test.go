package engine

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"stile/internal/kv"
	"stile/internal/kv/kvtest"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

// simLife is one life of a host. Everything that its goroutines could do in more than
// one order waits for the driver: shards' jobs are run by it, the committer asks
// before each group, the store before each sync, the clock's functions are called by
// it. After each such step the driver waits until nothing in the bubble can go on.
type simLife struct {
	s     *simulation
	n     int
	mem   *memkv.Store
	store *kvtest.Store
	h     *Host
	rng   *rand.Rand // of the host's events

	over   chan struct{} // everything may go on as it likes
	gate   chan struct{}
	gap    chan struct{}
	atGate atomic.Bool
	inGap  atomic.Bool
	owed   atomic.Int64
	cutAt  atomic.Int64 // the store call's point at which the power goes

	mu       sync.Mutex
	jobs     []simTurn
	inbox    []simCall
	survivor *memkv.Store
	born     int64 // mono
}

type simTurn struct {
	shard uint16
	do    func()
}

// simCall is a call that a worker was given.
type simCall struct {
	call sfn.TaskCall
	done func(sfn.TaskResult)
}

// simStore tells the model of each group.
type simStore struct {
	*memkv.Store
	life *simLife
}

func (s simStore) Commit(g kv.Group, done func(error)) {
	s.life.s.model.commit(g)
	s.Store.Commit(g, func(err error) {
		if err == nil && !s.life.isCut() {
			s.life.s.model.synced()
		}
		done(err)
	})
}

// begin opens a host on what is left; false where the power went in between.
func (s *simulation) begin(left *memkv.Store) bool {
	l := &simLife{s: s, n: s.lives, over: make(chan struct{}), gate: make(chan struct{}), gap: make(chan struct{}), born: s.mono,
		rng: rand.New(rand.NewPCG(s.seed, uint64(1000+s.lives)))}
	s.lives++
	l.mem, s.life = left, l
	s.model.mu.Lock()
	s.model.life, s.model.since = l.n, 1<<62
	s.model.mu.Unlock()
	left.SetGap(func() {
		l.inGap.Store(true)
		select {
		case <-l.gap:
		case <-l.over:
		}
		l.inGap.Store(false)
	})
	if s.planted.noSync {
		left.IgnoreSync()
	}
	l.cutAt.Store(int64(s.cutAt()))
	l.store = kvtest.Intercept(simStore{left, l}, func(p kvtest.Point) {
		if int64(p.N) == l.cutAt.Load() {
			l.cut()
		}
	})
	p := s.planted.plant
	p.jobs, p.turn, p.inTurn = l.take, l.pass, true
	opened := make(chan error, 1)
	go func() {
		var err error
		l.h, err = openWith(Config{
			Store: l.store, Account: account, Region: region, Clock: s.clock(l), Fatal: func(error) {}, MaxLive: 256 * 2,
			Seed: func() uint64 { return l.rng.Uint64() }, Log: slog.New(simLog{Handler: slog.DiscardHandler, s: s}), MaxHistory: s.maxHistory,
		}, p)
		opened <- err
	}()
	for {
		synctest.Wait()
		select {
		case err := <-opened:
			if err != nil {
				if !errors.Is(err, kvtest.ErrPower) {
					s.fault("open: %v", err)
				}
				return false
			}
			s.model.mu.Lock()
			s.model.since = l.h.now()
			s.model.mu.Unlock()
			l.h.SetTasks(l)
			return true
		default:
			if l.inGap.Load() {
				l.gap <- struct{}{}
			}
		}
	}
}

// cut takes the power: what the store would hold now is what the next life finds.
func (l *simLife) cut() {
	l.store.Cut()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.survivor == nil {
		l.survivor = l.mem.Crash(float64(l.s.keep)/100, l.s.seed+uint64(l.n))
	}
}

func (l *simLife) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.survivor != nil
}

// end closes the life and gives the store of the next one.
func (l *simLife) end() *memkv.Store {
	crashed := l.isCut()
	if crashed {
		l.s.crashes++
	}
	close(l.over)
	if l.h != nil {
		l.h.Close(context.Background())
	}
	synctest.Wait()
	left := l.survivor
	if left == nil {
		left = l.mem.Crash(1, 0)
	}
	l.mem.Close()
	if err := l.s.model.survived(left); err != nil {
		l.s.fault("what is left cannot be read: %v", err)
	}
	l.s.answers() // what was answered in the last moment must be there
	l.s.life = nil
	return left
}

// take is the host's plant: a job waits for the driver.
func (l *simLife) take(shard uint16, job func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs = append(l.jobs, simTurn{shard, job})
}

// next takes a job out: the first of the shard that owns the chosen one.
func (l *simLife) next(rng *rand.Rand) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	shard := l.jobs[rng.IntN(len(l.jobs))].shard
	i := slices.IndexFunc(l.jobs, func(j simTurn) bool { return j.shard == shard })
	job := l.jobs[i].do
	l.jobs = slices.Delete(l.jobs, i, i+1)
	return job
}

// pass is the host's plant: the committer waits for the driver.
func (l *simLife) pass(owed int) {
	l.owed.Store(int64(owed))
	l.atGate.Store(true)
	select {
	case <-l.gate:
	case <-l.over:
	}
	l.atGate.Store(false)
}

// mayCommit says that the committer waits and has something to do.
func (l *simLife) mayCommit() bool {
	if !l.atGate.Load() {
		return false
	}
	m := l.h.committer
	m.mu.Lock()
	defer m.mu.Unlock()
	return l.owed.Load() > 0 || len(m.gathered) > 0
}

// Start is a worker's: it notes the call, which the driver answers.
func (l *simLife) Start(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
	l.s.model.dispatched(&c)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inbox = append(l.inbox, simCall{c, done})
}

func (l *simLife) Cancel(string, uint64) {}

// settle waits until nothing goes on by itself, and takes in what came of the step.
func (s *simulation) settle() {
	synctest.Wait()
	l := s.life
	l.mu.Lock()
	calls := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	if len(calls) > 1 {
		slices.SortFunc(calls, func(a, b simCall) int {
			return cmp.Or(strings.Compare(a.call.ExecutionARN, b.call.ExecutionARN), cmp.Compare(a.call.Command, b.call.Command), cmp.Compare(a.call.Send, b.call.Send))
		})
	}
	for _, c := range calls {
		s.deliveries++
		s.work(c)
	}
	s.answers()
}

// answers looks at what clients were answered.
func (s *simulation) answers() {
	s.mu.Lock()
	results := s.results
	s.results = nil
	s.mu.Unlock()
	slices.SortFunc(results, func(a, b simResult) int { return cmp.Compare(a.n, b.n) })
	for _, r := range results {
		r.check()
	}
}

// simResult is what a call's caller looks at once it has its answer.
type simResult struct {
	n     int
	check func()
}

// call makes a call of a client; check looks at its answer on the driver's goroutine.
func (s *simulation) call(f func(h *Host) (check func())) {
	n, h := s.calls, s.life.h
	s.calls++
	s.deliveries++
	go func() {
		check := f(h)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.results = append(s.results, simResult{n, check})
	}()
	synctest.Wait() // what it asks for stands before what the next one asks for
}

// simClock is the host's: it passes as the driver says. The machine's time jumps; what
// has elapsed does not.
type simClock struct {
	s *simulation
	l *simLife
}

func (s *simulation) clock(l *simLife) Clock {
	if s.planted.jumpy {
		return struct{ Clock }{simClock{s, l}} // without Elapsed
	}
	return simClock{s, l}
}

func (c simClock) Now() time.Time { return time.UnixMilli(c.s.wall.Load() + c.s.monotonic.Load()) }

// Elapsed is the time since the life began.
func (c simClock) Elapsed() time.Duration {
	return time.Duration(c.s.monotonic.Load()-c.l.born) * time.Millisecond
}

func (c simClock) AfterFunc(d time.Duration, f func()) func() {
	ms := (d + time.Millisecond - 1).Milliseconds()
	it := c.s.at(c.s.monotonic.Load()+ms, c.l, func() {
		c.s.deliveries++
		f()
	})
	return func() { c.s.forget(it) }
}

// simItem is something that happens at a time.
type simItem struct {
	at   int64
	seq  int
	life *simLife // nil: whatever life there is
	f    func()
	gone bool
}

type simAgenda []*simItem

func (a simAgenda) Len() int { return len(a) }
func (a simAgenda) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(a[i].at, a[j].at), cmp.Compare(a[i].seq, a[j].seq)) < 0
}
func (a simAgenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *simAgenda) Push(x any)   { *a = append(*a, x.(*simItem)) }
func (a *simAgenda) Pop() any {
	n := len(*a) - 1
	x := (*a)[n]
	*a = (*a)[:n]
	return x
}

func (s *simulation) at(mono int64, l *simLife, f func()) *simItem {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	it := &simItem{at: mono, seq: s.seq, life: l, f: f}
	heap.Push(&s.agenda, it)
	return it
}

func (s *simulation) forget(it *simItem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it.gone = true
}

// due gives the time of the next thing that happens, false where nothing does.
func (s *simulation) due() (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.agenda) > 0 && (s.agenda[0].gone || s.agenda[0].life != nil && s.agenda[0].life != s.life) {
		heap.Pop(&s.agenda)
	}
	if len(s.agenda) == 0 {
		return 0, false
	}
	return s.agenda[0].at, true
}

// tick goes to the next thing that happens and lets it happen.
func (s *simulation) tick() {
	s.mu.Lock()
	it := heap.Pop(&s.agenda).(*simItem)
	s.mu.Unlock()
	if it.at > s.monotonic.Load() {
		s.monotonic.Store(it.at)
	}
	it.f()
}

// simLog makes an execution in quarantine a fault.
type simLog struct {
	slog.Handler
	s *simulation
}

func (simLog) Enabled(context.Context, slog.Level) bool { return true }

func (g simLog) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "quarantine") {
		g.s.model.mu.Lock()
		defer g.s.model.mu.Unlock()
		text := r.Message
		r.Attrs(func(a slog.Attr) bool {
			text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
			return true
		})
		g.s.model.fault("%s", text)
	}
	return nil
}

func (g simLog) WithAttrs([]slog.Attr) slog.Handler { return g }
func (g simLog) WithGroup(string) slog.Handler      { return g }

// dice are a worker's for one call: the same whatever happened before it.
func (s *simulation) dice(parts ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, parts...)
	return rand.New(rand.NewPCG(s.seed, h.Sum64()))
}
