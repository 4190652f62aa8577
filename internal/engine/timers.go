package engine

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"stile/internal/engine/near"
	"stile/internal/engine/record"
	"stile/internal/kv"
)

// timerID names a timer of an execution.
type timerID struct {
	id    record.ID
	timer uint64
}

// timerChange arms or cancels a timer whose group is durable.
type timerChange struct {
	timerID
	due int64
	on  bool
}

// horizon is how far ahead timers are held in memory; nearTimers bounds how many
// one reading of the index brings in for a shard.
const (
	horizon    = 60 * time.Second
	nearTimers = 4096
)

// timers wakes executions in time.
//
// Its task is to fire every durable timer at its time or a little later, never
// earlier, and to hold in memory only those that come due soon: the index in the
// store, ordered by shard and due time, holds all. Each shard keeps the timers
// due before its edge in a heap; far is a lower bound of the others, so that a
// shard whose next timer is next year is not read until then. One clock timer
// stands for the earliest of all.
//
// Invariants: a timer due before a shard's edge that was durable when the edge
// was set is in the heap; every other durable timer of the shard is due at far or
// later. Firing twice is harmless: the worker knows which timers are open.
type timers struct {
	h      *Host
	shards [256]timerShard

	next atomic.Int64 // when the clock timer goes off, Unix ms
	mu   sync.Mutex
	stop func()
	off  bool
	busy sync.WaitGroup
}

type timerShard struct {
	mu   sync.Mutex
	near near.Heap[timerID]
	edge int64
	far  int64
	lead int64 // how long before far the index is read again, ms
}

// begin reads what is due soon and sets the clock.
func (m *timers) begin() {
	m.next.Store(math.MaxInt64)
	m.wake()
}

// end lets nothing fire any more and waits for a firing that has begun.
func (m *timers) end() {
	m.mu.Lock()
	m.off = true
	if m.stop != nil {
		m.stop()
	}
	m.mu.Unlock()
	m.busy.Wait()
}

func (m *timers) change(shard uint16, changes []timerChange) {
	if len(changes) == 0 {
		return
	}
	s := &m.shards[shard]
	earliest := int64(math.MaxInt64)
	s.mu.Lock()
	for _, c := range changes {
		switch {
		case !c.on:
			s.near.Cancel(c.timerID)
		case c.due < s.edge:
			s.near.Add(c.due, c.timerID)
			earliest = min(earliest, c.due)
		default:
			s.far = min(s.far, c.due)
			earliest = min(earliest, s.lookAt())
		}
	}
	s.mu.Unlock()
	if earliest < m.next.Load() {
		m.set(earliest)
	}
}

// lookAt is when the index must be read again.
func (s *timerShard) lookAt() int64 {
	if s.far == math.MaxInt64 {
		return s.far
	}
	return s.far - s.lead
}

// set makes the clock go off at the given time, if that is sooner than it would.
func (m *timers) set(at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.off || at >= m.next.Load() {
		return
	}
	if m.stop != nil {
		m.stop()
	}
	m.next.Store(at)
	// Rounded up: the clock's fraction of a millisecond must not make a timer early.
	wait := max(0, time.UnixMilli(at).Sub(m.h.clock.Now()))
	m.stop = m.h.clock.AfterFunc(wait, m.wake)
}

// wake fires what is due and sets the clock anew.
func (m *timers) wake() {
	m.mu.Lock()
	if m.off {
		m.mu.Unlock()
		return
	}
	m.busy.Add(1)
	m.mu.Unlock()
	defer m.busy.Done()
	m.next.Store(math.MaxInt64)
	now, earliest := m.h.now(), int64(math.MaxInt64)
	if m.h.committer.plant.earlyTimers {
		now += time.Second.Milliseconds()
	}
	for n := range m.shards {
		earliest = min(earliest, m.fire(uint16(n), now))
	}
	m.set(earliest)
}

// fire takes the due timers of one shard and gives the time of its next look.
func (m *timers) fire(n uint16, now int64) int64 {
	s := &m.shards[n]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lookAt() <= now {
		if err := m.read(n, s, now); err != nil {
			m.h.log.Error("timers cannot be read", "error", err)
			return now + time.Second.Milliseconds()
		}
	}
	worker := m.h.shards[n]
	for due, ok := s.near.Next(); ok && due <= now; due, ok = s.near.Next() {
		item := s.near.Take()
		worker.do(func() { worker.timerDue(item.Due, item.ID.id, item.ID.timer) })
	}
	next := s.lookAt()
	if due, ok := s.near.Next(); ok {
		next = min(next, due)
	}
	return next
}

// read moves the edge ahead and brings in the timers before it.
func (m *timers) read(n uint16, s *timerShard, now int64) error {
	edge, far := now+horizon.Milliseconds(), int64(math.MaxInt64)
	s.lead = horizon.Milliseconds() / 2
	count, last := 0, int64(-1)
	err := m.h.store.Iterate(record.SpaceTimer, kv.Range{
		Lower: record.TimerKey(s.edge, record.ID{byte(n)}, 0)[:9], Upper: record.After([]byte{byte(n)}),
	}, func(k, _ []byte) bool {
		due, id, timer := record.OpenTimerKey(k)
		if count >= nearTimers && due != last {
			// A full heap is read on when it is nearly empty.
			edge, s.lead = min(edge, due), time.Second.Milliseconds()
		}
		if due >= edge {
			far = due
			return false
		}
		count, last = count+1, due
		s.near.Add(due, timerID{id, timer})
		return true
	})
	if err != nil {
		return err
	}
	s.edge, s.far = max(s.edge, edge), far
	return nil
}
