package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

// simPlant is a bug that the simulation must catch.
type simPlant struct {
	plant
	noSync bool
	jumpy  bool // the engine's time is the machine's clock, jumps and all
}

// simulation is the world of one seed, over all lives of its host. First the faults:
// definitions, clients, workers, clock and crashes as the seed has them, with all that
// must never happen looked for at every step (safety). Then the faults are off, and
// all must come to its end within a bound (liveness).
//
// The same seed gives the same histories where no definition has a distributed Map,
// whose feed reads beside its shard's worker: then plan and checks are the same, and
// what the feed is just ahead of is not.
type simulation struct {
	seed    uint64
	rng     *rand.Rand
	planted simPlant
	model   *simModel
	life    *simLife
	lives   int
	keep    int // percent of unsynced groups that survive the next crash

	monotonic, wall atomic.Int64 // ms that have passed; and what the machine's clock says more
	mono            int64        // monotonic, when a life begins
	slack           int64        // ms that passed while something waited for its turn

	mu      sync.Mutex
	agenda  simAgenda
	seq     int
	results []simResult

	spread             bool // definitions may have distributed Maps
	distributed        bool // one has
	healthy            bool
	machines, most     int
	maxHistory         int
	steps, crashesLeft int
	names              []simName
	tokens             map[string]*simTok
	toks               []*simTok
	open               map[simCommand]*simOpen
	opened             []*simOpen

	calls, marks, deliveries, refusals, redrives, crashes, jumps int
}

func newSimulation(seed uint64, p simPlant) *simulation {
	rng := rand.New(rand.NewPCG(seed, 7))
	s := &simulation{seed: seed, rng: rng, planted: p, tokens: map[string]*simTok{}, open: map[simCommand]*simOpen{}}
	s.spread = rng.IntN(4) == 0
	s.machines, s.most = 1+rng.IntN(3), 4+rng.IntN(12)
	s.steps, s.crashesLeft = 300+rng.IntN(1200), rng.IntN(5)
	if rng.IntN(8) == 0 {
		s.maxHistory = 25 + rng.IntN(60)
	}
	s.wall.Store(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC).UnixMilli())
	s.model = newSimModel(s.monotonic.Load)
	return s
}

func (s *simulation) fault(format string, args ...any) {
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	s.model.fault(format, args...)
}

func (s *simulation) faulty() bool {
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	return len(s.model.faults) > 0
}

// cutAt plans the store call at which the next life loses its power; 0: none.
func (s *simulation) cutAt() int {
	s.keep = s.rng.IntN(3) * 50
	if s.healthy || s.crashesLeft == 0 {
		return 0
	}
	s.crashesLeft--
	if s.rng.IntN(4) == 0 {
		return 1 + s.rng.IntN(560) // while it opens: 256 shards' timers are read
	}
	return 560 + s.rng.IntN(1500)
}

// run is the whole of it; what it found stands in the model's faults.
func (s *simulation) run() {
	left := memkv.New(nil)
	definitions := make([]string, s.machines)
	for i := range definitions {
		var spread bool
		definitions[i], spread = simDefinition(s.rng, s.spread)
		s.distributed = s.distributed || spread
	}
	for {
		s.mono = s.monotonic.Load()
		if !s.begin(left) || !s.create(definitions) || !s.faults() {
			left = s.life.end()
			s.pause()
			continue
		}
		break
	}
	s.healthy = true
	s.life.cutAt.Store(0)
	if s.rng.IntN(2) == 0 { // a restart in good order
		s.drain()
		left = s.life.end()
		s.mono = s.monotonic.Load()
		s.begin(left)
	}
	s.live()
	if !s.faulty() {
		s.final()
	}
	s.life.end().Close()
}

// pause is the time until the next life: the machine's clock may be another one then.
func (s *simulation) pause() {
	s.monotonic.Add(s.rng.Int64N(3_600_000))
	s.jump()
}

// jump sets the machine's clock, by up to a year.
func (s *simulation) jump() {
	if s.rng.IntN(3) > 0 {
		return
	}
	const year = 365 * 24 * 3600 * 1000
	s.jumps++
	s.wall.Add([...]int64{-year, -3_600_000, -1500, 700, 60_000, year}[s.rng.IntN(6)])
}

// create makes the state machines; false where the power went.
func (s *simulation) create(definitions []string) bool {
	for i, d := range definitions {
		var failed error
		if !s.await(func(h *Host) func() {
			_, err := h.CreateStateMachine(context.Background(), sfn.NewStateMachine{Name: fmt.Sprint("m", i), RoleARN: role, Definition: d})
			return func() { failed = err }
		}) {
			return false
		}
		if failed != nil {
			if !unknown(failed) {
				s.fault("definition %d: %v\n%s", i, failed, d)
			}
			return false
		}
	}
	return true
}

// await makes a call and lets nothing but the host's own work go on until its answer.
func (s *simulation) await(f func(h *Host) func()) bool {
	answered := false
	s.call(func(h *Host) func() {
		check := f(h)
		return func() {
			answered = true
			check()
		}
	})
	for !answered {
		s.settle()
		if s.life.isCut() {
			return false
		}
		if !answered && !s.progress() {
			s.fault("a call is not answered, and nothing is left to do")
			return false
		}
	}
	return true
}

// progress lets the host do one thing that it has to do; false where there is none.
func (s *simulation) progress() bool {
	l := s.life
	var can [3]func()
	n := 0
	l.mu.Lock()
	jobs := len(l.jobs)
	l.mu.Unlock()
	if jobs > 0 {
		can[n] = func() { l.next(s.rng)() }
		n++
	}
	if l.mayCommit() {
		can[n] = func() { l.gate <- struct{}{} }
		n++
	}
	if l.inGap.Load() {
		can[n] = func() { l.gap <- struct{}{} }
		n++
	}
	if n == 0 {
		return false
	}
	can[s.rng.IntN(n)]()
	return true
}

func (s *simulation) drain() {
	for s.settle(); s.progress(); s.settle() {
	}
}

// faults is the phase of safety; false where the power went.
func (s *simulation) faults() bool {
	for ; s.steps > 0 && !s.faulty(); s.steps-- {
		s.settle()
		if s.life.isCut() {
			return false
		}
		switch n := s.rng.IntN(100); {
		case n < 6:
			s.client()
		case n == 6 && s.rng.IntN(5) == 0:
			s.jump()
		case n == 7 && s.crashesLeft > 0 && s.rng.IntN(20) == 0:
			s.crashesLeft--
			s.life.cut()
			return false
		case n < 10:
			s.hurry()
		case s.progress():
		default:
			s.slack = 0
			if _, ok := s.due(); ok {
				s.tick()
			}
		}
	}
	s.settle()
	return !s.life.isCut() // the last step may have met the end
}

// hurry lets time pass while the host has not done yet what it has to do, for half a
// second in all.
func (s *simulation) hurry() {
	at, ok := s.due()
	if wait := max(0, at-s.monotonic.Load()); ok && s.slack+wait <= 500 {
		s.slack += wait
		s.tick()
	}
}

// live is the phase of liveness: everything ends within the bound.
func (s *simulation) live() {
	// Waits may be until a day that the machine's clock says is far ahead.
	ahead := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC).UnixMilli() - s.life.h.now()
	bound := s.monotonic.Load() + 60*24*3600*1000 + max(0, ahead)
	swept := false
	for n := 0; !s.faulty(); n++ {
		s.settle()
		if s.progress() {
			continue
		}
		s.slack = 0
		open := s.running()
		if len(open) == 0 {
			return
		}
		_, busy := s.due()
		switch {
		case n > 400_000, s.monotonic.Load() > bound:
			s.fault("after the faults, %s is not at its end: %s", open[0].arn, s.why(open[0]))
			return
		case !swept:
			s.sweep(open)
			swept = true
		case busy:
			s.tick()
			swept = n%64 != 0
		default:
			s.fault("nothing can end %s: %s", open[0].arn, s.why(open[0]))
			return
		}
	}
}

// tell gives an execution's history, for who looks at a seed.
func (e *simExec) tell() string {
	var out strings.Builder
	for _, row := range e.rows {
		events, _ := record.DecodeHistory(row)
		for _, ev := range events {
			fmt.Fprintf(&out, "%d<%d %d %s %s", ev.ID, ev.Previous, ev.Time, ev.Type, ev.Details.Name)
			if ev.Details.Index != nil {
				fmt.Fprintf(&out, " index %d", *ev.Details.Index)
			}
			if ev.Details.Error != nil {
				fmt.Fprintf(&out, " error %s", *ev.Details.Error)
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func (s *simulation) why(e *simExec) string {
	x, err := s.life.h.DescribeExecution(context.Background(), e.arn)
	return fmt.Sprintf("%s in %s, waiting for %s, %v; work %v", x.Status, x.State, x.Waiting, err, e.work)
}

// running are the executions that have not ended.
func (s *simulation) running() (open []*simExec) {
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	for _, e := range s.model.order {
		if e.durable.status == sfn.Running {
			open = append(open, e)
		}
	}
	return open
}

// sweep has workers answer what they let lie.
func (s *simulation) sweep(open []*simExec) {
	for _, e := range open {
		for _, command := range sortedKeys(e.work) {
			w := e.work[command]
			o := s.open[simCommand{e.id, command}]
			if o == nil || o.call.Attempt != w.Attempt || w.Phase == record.Idle {
				continue
			}
			switch {
			case o.tok != nil && o.tok.activity && w.Phase == record.Dispatched:
				s.takeTask(o.tok)
				fallthrough
			case o.tok != nil:
				s.at(s.monotonic.Load()+20, nil, func() { s.complete(o.tok, 0) })
			case o.life == s.life:
				s.answer(o, 10, s.result(s.rng))
			}
		}
	}
}

// final looks at what is left when all has ended.
func (s *simulation) final() {
	s.drain()
	for _, o := range s.opened { // answers that come after all has ended change nothing
		if o.life == s.life {
			s.deliveries++
			o.done(s.result(s.rng))
		}
	}
	s.drain()
	for _, left := range []struct {
		space kv.Space
		what  string
	}{{record.SpaceWork, "due work"}, {record.SpaceTimer, "timers"}, {record.SpaceOpenRun, "open Map Runs"}} {
		n := 0
		if err := s.life.store.Iterate(left.space, kv.Range{}, func(_, _ []byte) bool {
			n++
			return true
		}); err != nil || n > 0 {
			s.fault("%d %s are left: %v", n, left.what, err)
		}
	}
	s.life.h.calls.Range(func(_, d any) bool {
		c := d.(*dispatch).call
		s.fault("%s: attempt %d of command %d at %s is under way and nobody waits for it", c.ExecutionARN, c.Attempt, c.Command, c.Resource)
		return true
	})
	listed := s.list()
	for _, e := range s.model.order {
		if len(e.rows) == 0 {
			continue
		}
		s.describe(e.arn)
		s.readHistory(e.arn)
		s.drain()
		if status, is := listed[e.arn]; is && status != e.status || !is && !s.distributed {
			s.fault("%s is listed as %q, and is %s", e.arn, status, e.status)
		}
	}
	s.model.checkKeys()
}

// list gives all executions that the listing has.
func (s *simulation) list() map[string]string {
	out := map[string]string{}
	token := ""
	for {
		next := ""
		s.await(func(h *Host) func() {
			page, more, err := h.ListExecutions(context.Background(), sfn.ListExecutions{Page: sfn.Page{Max: 7, Token: token}})
			return func() {
				next = more
				if err != nil {
					s.fault("a listing: %v", err)
				}
				for _, x := range page {
					out[x.ARN] = x.Status
				}
			}
		})
		if token = next; token == "" {
			return out
		}
	}
}

// simulate runs a seed in a bubble of its own.
func simulate(t *testing.T, seed uint64, p simPlant) (s *simulation) {
	synctest.Test(t, func(*testing.T) {
		s = newSimulation(seed, p)
		s.run()
	})
	return s
}

// simTotals add up what seeds did.
type simTotals struct {
	mu                                                                              sync.Mutex
	seeds, records, deliveries, lives, crashes, execs, calls, fired, refused, jumps int
	redrives                                                                        int
	late                                                                            int64
}

func (c *simTotals) add(s *simulation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seeds++
	c.records += s.model.records
	c.deliveries += s.deliveries
	c.lives += s.lives
	c.crashes += s.crashes
	c.execs += len(s.model.order)
	c.calls += s.calls
	c.fired += s.model.fired
	c.refused += s.refusals
	c.redrives += s.redrives
	c.jumps += s.jumps
	c.late = max(c.late, s.model.late)
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// soaking gives the first seed, and whether the tests run long.
func soaking() (first uint64, on bool) {
	first = 1
	if n, err := strconv.ParseUint(os.Getenv("STILE_SEED"), 10, 64); err == nil {
		first = n
	}
	return first, os.Getenv("STILE_SOAK") == "1"
}

// simBudget is how long seeds are run; STILE_SOAK_MINUTES is of a soak.
func simBudget() time.Duration {
	if _, on := soaking(); on {
		if n, err := strconv.Atoi(os.Getenv("STILE_SOAK_MINUTES")); err == nil {
			return time.Duration(n) * time.Minute
		}
		return 10 * time.Minute
	}
	if testing.Short() {
		return 2 * time.Second
	}
	return 8 * time.Second
}

// TestSimulation runs one seed after another for a time. A seed that fails prints
// itself: STILE_SEED=N runs it first.
func TestSimulation(t *testing.T) {
	first, _ := soaking()
	long := simBudget()
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	var totals simTotals
	var next atomic.Uint64
	next.Store(first)
	began, cpu := time.Now(), cpuTime()
	t.Run("seeds", func(t *testing.T) {
		for range max(2, runtime.GOMAXPROCS(0)) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for n := 0; (time.Since(began) < long || n < 3) && !t.Failed(); n++ {
					seed := next.Add(1) - 1
					s := simulate(t, seed, simPlant{})
					for _, f := range s.model.faults {
						t.Errorf("STILE_SEED=%d: %s", seed, f)
					}
					if t.Failed() && testing.Verbose() {
						for _, e := range s.model.order {
							if strings.Contains(strings.Join(s.model.faults, " "), e.arn+":") && e.arn != "" {
								t.Logf("%s\n%s", e.arn, e.tell())
							}
						}
					}
					totals.add(s)
				}
			})
		}
	})
	took, used := time.Since(began), cpuTime()-cpu
	events := totals.records + totals.deliveries
	t.Logf("figure: simulation: %d seeds from %d, %d events (%d journal records, %d deliveries), %d executions, %d lives, %d crashes, %d clock jumps, %d redrives, %d refusals",
		totals.seeds, first, events, totals.records, totals.deliveries, totals.execs, totals.lives, totals.crashes, totals.jumps, totals.redrives, totals.refused)
	t.Logf("figure: simulation: %.0f events a minute, %.0f a minute of CPU time; %d timers fired, none early, the latest %d ms late",
		float64(events)/took.Minutes(), float64(events)/used.Minutes(), totals.fired, totals.late)
	if totals.crashes == 0 || totals.fired == 0 || totals.refused == 0 {
		t.Error("a kind of fault did not happen")
	}
}

// TestSimulationIsDeterministic runs seeds twice: histories and journals are the same.
// Of seeds with a distributed Map that is counted and not asked.
func TestSimulationIsDeterministic(t *testing.T) {
	var ran, same [2]int // without a distributed Map, and with one
	for seed := uint64(1); ran[0] < 60; seed++ {
		a, b := simulate(t, seed, simPlant{}), simulate(t, seed, simPlant{})
		kind := 0
		if a.distributed {
			kind = 1
		}
		ran[kind]++
		if a.model.hash() == b.model.hash() && a.deliveries == b.deliveries && a.model.records == b.model.records {
			same[kind]++
		} else if kind == 0 {
			t.Errorf("seed %d: %x after %d deliveries, then %x after %d", seed, a.model.hash(), a.deliveries, b.model.hash(), b.deliveries)
		}
	}
	t.Logf("figure: simulation: run twice, the same histories: %d of %d seeds, and %d of %d with a distributed Map", same[0], ran[0], same[1], ran[1])
}

// TestSimulationCatches shows that it finds the bugs that it is there for.
func TestSimulationCatches(t *testing.T) {
	for _, bug := range []struct {
		name string
		simPlant
	}{
		{"no sync", simPlant{noSync: true}},
		{"answer before fsync", simPlant{plant: plant{answerEarly: true}}},
		{"dispatch before commit", simPlant{plant: plant{dispatchEarly: true}}},
		{"an attempt completes twice", simPlant{plant: plant{endTwice: true}}},
		{"a dead attempt's token", simPlant{plant: plant{anyAttempt: true}}},
		{"a start forgets the name", simPlant{plant: plant{forgetName: true}}},
		{"the engine's time jumps", simPlant{jumpy: true}},
		{"timers early", simPlant{plant: plant{earlyTimers: true}}},
		{"a key for each dispatch", simPlant{plant: plant{newKeys: true}}},
	} {
		t.Run(bug.name, func(t *testing.T) {
			for seed := uint64(1); seed <= 100; seed++ {
				if s := simulate(t, seed, bug.simPlant); len(s.model.faults) > 0 {
					t.Logf("figure: simulation: %s: caught by seed %d: %s", bug.name, seed, s.model.faults[0])
					return
				}
			}
			t.Error("no seed catches it")
		})
	}
}
