package overload

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what a gate works with; a zero field has the default that it names.
type Config struct {
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Least and Most bound how many requests may be under way; 64 and 1,024. With
	// fewer, the groups of a slow disk stay small.
	Least, Most int
	// Queue is how many requests may wait for a place in all; 4,096.
	Queue int
	// Patience is how long one waits before it is refused, one that finishes work three
	// times as long; 500 ms. Refusing costs too, a tenth of what a start does: a client that
	// waits for its refusal asks for nothing meanwhile.
	Patience time.Duration
	// Away is how many requests may be under way that wait on others; 32,768.
	Away int
	// Bytes is how much the large bodies of requests under way may have; 256 MiB.
	Bytes int64
	// Refused is told of each refusal, Begun of the first one after Calm without any; nil:
	// nobody is.
	Refused func(Class)
	Begun   func(Class, State)
}

// Calm is how long nothing is refused before an overload counts as over.
const Calm = 10 * time.Second

const (
	every = 50 * time.Millisecond // between steps of the rule, at least
	long  = time.Second           // a step comes after this, however few requests
	few   = 10                    // requests are too few for a median
	// hold is how long a request that waits on others keeps its place, and late how late
	// the timer may be for the process to count as on time.
	hold = 10 * time.Millisecond
	late = 5 * time.Millisecond
	// favour: of so many places that are given to those who wait, one goes to the last
	// class, so that an operator sees something during an overload.
	favour = 32
)

// Work is one request.
type Work struct {
	Class Class
	// Waits says that it waits on something else than this machine: a poll, a stream, a
	// call of a backend. After hold it gives its place back, unless the process is
	// behind.
	Waits bool
	// Measured says that how long it takes shows how the machine does.
	Measured bool
	// Bytes is the length of a body that is read once the request has entered.
	Bytes int64
}

// State is a gate as it stands.
type State struct{ Limit, UnderWay, Queued, Away int }

// Gate lets requests in. The nil gate lets everything in.
type Gate struct {
	config Config
	origin time.Time

	under  atomic.Int64
	rooms  [classes]atomic.Int64
	queued atomic.Int64
	away   atomic.Int64
	bytes  atomic.Int64

	over, bound atomic.Bool // of the window
	next        atomic.Int64
	took        [128]atomic.Uint32 // of the window: requests by the size of their time
	limit       atomic.Int64

	mu     sync.Mutex // guards queues and turn
	queues [classes]queue
	turn   int
	idle   sync.Pool // *waiter

	stepping sync.Mutex // guards rule and began
	rule     *Rule
	began    int64

	refusing atomic.Int64 // when the last refusal was; 0: never
}

// New makes a gate.
func New(c Config) *Gate {
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, d := range []struct {
		to *int
		n  int
	}{{&c.Least, 64}, {&c.Most, 1024}, {&c.Queue, 4096}, {&c.Away, 32 << 10}} {
		if *d.to <= 0 {
			*d.to = d.n
		}
	}
	if c.Patience <= 0 {
		c.Patience = 500 * time.Millisecond
	}
	if c.Bytes <= 0 {
		c.Bytes = 256 << 20
	}
	g := &Gate{config: c, origin: c.Now(), rule: NewRule(c.Least, c.Most)}
	g.next.Store(int64(every))
	g.allow(g.rule.Limit())
	return g
}

// State tells how the gate stands, in numbers that may be a moment apart.
func (g *Gate) State() State {
	if g == nil {
		return State{}
	}
	return State{int(g.limit.Load()), int(g.under.Load()), int(g.queued.Load()), int(g.away.Load())}
}

// now is the time since the gate was made.
func (g *Gate) now() int64 { return int64(g.config.Now().Sub(g.origin)) }

func (g *Gate) allow(limit int) {
	g.limit.Store(int64(limit))
	for c := range classes {
		g.rooms[c].Store(c.room(limit))
	}
}

// Pass is a request that was let in. Leave gives its place back, and is called once.
type Pass struct {
	g     *Gate
	work  Work
	since int64
	held  *held
}

// Enter lets a request in, at once or after it waited for a place. It gives false
// where the request is to be refused: it waited too long, too many wait, or ctx ended.
func (g *Gate) Enter(ctx context.Context, w Work) (Pass, bool) {
	if g == nil {
		return Pass{}, true
	}
	if w.Waits && g.away.Load() >= int64(g.config.Away) || w.Bytes > 0 && !g.carry(w.Bytes) {
		g.refuse(w.Class)
		return Pass{}, false
	}
	if (g.queued.Load() > 0 && w.Class != Finishing || !g.take(w.Class)) && !g.wait(ctx, w.Class) {
		g.bytes.Add(-w.Bytes)
		if ctx.Err() == nil { // else nobody is there to be refused
			g.refuse(w.Class)
		}
		return Pass{}, false
	}
	p := Pass{g: g, work: w}
	if w.Measured {
		p.since = g.now()
	}
	if w.Waits {
		p.held = g.hold()
	}
	return p, true
}

// carry takes room for a body; one is let in where there is none, however large.
func (g *Gate) carry(n int64) bool {
	if all := g.bytes.Add(n); all > g.config.Bytes && all > n {
		g.bytes.Add(-n)
		return false
	}
	return true
}

func (g *Gate) take(c Class) bool {
	n := g.under.Add(1)
	if n > g.rooms[c].Load() {
		g.under.Add(-1)
		return false
	}
	if g.isOver(n) && !g.over.Load() {
		g.over.Store(true)
	}
	return true
}

// isOver says that so many are clearly more than the least limit; what finishes work
// may go beyond it a little.
func (g *Gate) isOver(under int64) bool { return 4*under > 5*int64(g.config.Least) }

// Leave gives the place back. The zero Pass has none.
func (p Pass) Leave() {
	g := p.g
	if g == nil {
		return
	}
	if p.work.Bytes > 0 {
		g.bytes.Add(-p.work.Bytes)
	}
	if p.work.Measured {
		now := g.now()
		g.took[sizeOf(now-p.since)].Add(1)
		if now >= g.next.Load() {
			g.step(now)
		}
	}
	if p.held == nil || p.held.leave() {
		g.release()
	}
}

// release gives a place to who waits for one.
func (g *Gate) release() {
	g.under.Add(-1)
	if g.queued.Load() > 0 {
		g.mu.Lock()
		g.give()
		g.mu.Unlock()
	}
}

// step runs the rule over the window that ends now.
func (g *Gate) step(now int64) {
	if !g.stepping.TryLock() {
		return
	}
	defer g.stepping.Unlock()
	if now < g.next.Load() {
		return
	}
	g.next.Store(now + int64(every))
	var counts [len(g.took)]uint32
	n := uint32(0)
	for i := range g.took {
		counts[i] = g.took[i].Load()
		n += counts[i]
	}
	if n < few && now-g.began < int64(long) {
		return
	}
	for i, c := range counts {
		g.took[i].Add(-c)
	}
	g.began = now
	limit := g.rule.Step(Window{Now: time.Duration(now), Typical: median(counts[:], n), Bound: g.bound.Swap(false), Over: g.over.Swap(g.isOver(g.under.Load()))})
	if int64(limit) == g.limit.Load() {
		return
	}
	g.allow(limit)
	g.mu.Lock()
	g.give()
	g.mu.Unlock()
}

// sizeOf is which of the window's counters a time belongs to: four for each doubling.
func sizeOf(ns int64) int {
	if ns < 4 {
		return 0
	}
	b := bits.Len64(uint64(ns))
	return min((b-3)*4+int(ns>>(b-3)&3), 127)
}

// timeOf is the middle of what a counter counts.
func timeOf(size int) time.Duration {
	if size >= 127 {
		return time.Duration(9) << 31
	}
	return time.Duration((2*(4+int64(size)&3) + 1) << (size / 4) / 2)
}

// median is zero for fewer than two.
func median(counts []uint32, n uint32) time.Duration {
	if n < 2 {
		return 0
	}
	seen := uint32(0)
	for i, c := range counts {
		if seen += c; 2*seen >= n {
			return timeOf(i)
		}
	}
	return 0
}

// refuse counts a refusal, and tells of the first.
func (g *Gate) refuse(c Class) {
	if g.config.Refused != nil {
		g.config.Refused(c)
	}
	now := max(g.now(), 1)
	if last := g.refusing.Swap(now); g.config.Begun != nil && (last == 0 || now-last > int64(Calm)) {
		g.config.Begun(c, g.State())
	}
}
