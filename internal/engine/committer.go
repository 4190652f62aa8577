package engine

import (
	"runtime"
	"sync"
	"sync/atomic"

	"stile/internal/kv"
)

// committer forms groups of turns and is the only one that writes to the store.
//
// Its task is to make the cost of a sync be shared by all who wait for one, and
// to let nothing leave the process before what it tells of is durable. One
// goroutine takes what has gathered, commits it as one group, and while that
// syncs runs the effects of the group before; then it waits for the sync.
//
// Invariants: turns commit in the order of submit, so an execution's turns are in
// the order of its journal; a turn's effects run once, after its group is
// durable, in the order of submit, on the one goroutine; after a failure no
// effect but the turns' fail runs, ever.
//
// The obvious way is to let each shard commit for itself and have the store join
// the syncs. It lost: 256 small batches cost more than one large, one group over
// many shards is what a networked store charges least for, and with one order of
// effects the promise above can be checked at one place.
type committer struct {
	store      kv.Store
	fatal      func(error)
	groupBytes int
	backlog    int

	mu       sync.Mutex
	work     sync.Cond // the goroutine waits for turns
	room     sync.Cond // submitters wait for room
	settled  sync.Cond // readers wait for a group
	gathered []*turn
	bytes    int
	closing  bool
	failed   error
	done     chan struct{}

	stall stall

	// submitted and durable count groups; a reader that sees them equal need not wait.
	submitted, durable atomic.Uint64

	// turns and written count for tests and metrics.
	turns, written atomic.Uint64

	// told is the number of the last outbox record: they are given out in the order of
	// submit, so that whoever has read one has seen all before it.
	told uint64

	clock   Clock // the host's
	stamped int64 // when the time was stored, Unix ms

	plant plant
}

func newCommitter(c Config, p plant) *committer {
	m := &committer{store: c.Store, fatal: c.Fatal, groupBytes: c.GroupBytes, backlog: c.BacklogBytes, done: make(chan struct{}), clock: c.Clock, stamped: c.Clock.Now().UnixMilli(), plant: p}
	m.work.L, m.room.L, m.settled.L = &m.mu, &m.mu, &m.mu
	go m.run()
	return m
}

// submit hands a turn over. It waits only where the backlog is full.
func (m *committer) submit(t *turn) {
	if m.plant.dispatchEarly {
		t.sendTasks()
	}
	m.mu.Lock()
	for m.bytes > m.backlog && m.failed == nil {
		m.room.Wait()
	}
	if err := m.refusal(); err != nil {
		m.mu.Unlock()
		t.fail(err)
		return
	}
	m.number(t)
	m.gathered = append(m.gathered, t)
	m.bytes += t.bytes
	m.work.Signal()
	m.mu.Unlock()
}

// crowded reports whether who submits may soon have to wait.
func (m *committer) crowded() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes > m.backlog/2
}

func (m *committer) refusal() error {
	if m.failed == nil && m.closing {
		return errClosed
	}
	return m.failed
}

func (m *committer) run() {
	defer close(m.done)
	var before []*turn // durable, effects not yet run
	for {
		group := m.take(len(before) == 0)
		if len(group) == 0 && len(before) == 0 {
			return
		}
		var synced chan error
		if len(group) > 0 {
			synced = m.commit(group)
		}
		for _, t := range before {
			t.settle()
		}
		before = nil
		if synced == nil {
			continue
		}
		if err := m.await(synced); err != nil {
			m.fail(err, group)
			return
		}
		m.mu.Lock()
		m.durable.Add(1)
		m.settled.Broadcast()
		m.mu.Unlock()
		before = group
	}
}

// take removes the next group; where wait is set it waits until there is one, or
// until the committer closes.
func (m *committer) take(wait bool) []*turn {
	m.mu.Lock()
	defer m.mu.Unlock()
	for wait && len(m.gathered) == 0 && !m.closing {
		m.work.Wait()
	}
	// Who is about to submit comes first: on a busy machine groups are larger so, and an
	// idle one goes on at once.
	m.mu.Unlock()
	runtime.Gosched()
	m.mu.Lock()
	n, size := 0, 0
	for n < len(m.gathered) && (n == 0 || size+m.gathered[n].bytes <= m.groupBytes) {
		size += m.gathered[n].bytes
		n++
	}
	group := m.gathered[:n:n]
	m.gathered = m.gathered[n:]
	m.bytes -= size
	m.room.Broadcast()
	return group
}

func (m *committer) commit(group []*turn) chan error {
	g := kv.Group{Writes: make([]kv.ShardWrites, 0, len(group))}
	for _, t := range group {
		if len(t.ops) > 0 {
			g.Writes = append(g.Writes, kv.ShardWrites{Shard: t.shard, Epoch: t.epoch, Ops: t.ops})
			m.written.Add(uint64(t.bytes))
		}
	}
	if len(g.Writes) > 0 {
		m.stamp(&g, group[0].epoch)
	}
	m.turns.Add(uint64(len(group)))
	synced := make(chan error, 1)
	m.submitted.Add(1)
	m.store.Commit(g, func(err error) { synced <- err })
	if m.plant.answerEarly {
		for _, t := range group {
			t.answer()
		}
	}
	return synced
}

// fail ends the committer: everything that waits is told, and so is the host.
func (m *committer) fail(err error, group []*turn) {
	m.mu.Lock()
	m.failed = err
	group = append(group, m.gathered...)
	m.gathered, m.bytes = nil, 0
	m.room.Broadcast()
	m.settled.Broadcast()
	m.mu.Unlock()
	for _, t := range group {
		t.fail(err)
	}
	m.fatal(err)
}

// barrier waits until the group that was under way when it was called is durable:
// what was read from the store before it may then be shown.
func (m *committer) barrier() error {
	n := m.submitted.Load()
	if m.durable.Load() >= n {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.durable.Load() < n && m.failed == nil {
		if _, stands := m.stall.now(); stands {
			return errStuck
		}
		m.settled.Wait()
	}
	return m.failed
}

// close commits what has gathered, runs its effects, and ends the goroutine.
func (m *committer) close() {
	m.mu.Lock()
	m.closing = true
	m.work.Signal()
	m.mu.Unlock()
	<-m.done
}
