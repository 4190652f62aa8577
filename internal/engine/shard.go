package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"stile/internal/engine/codec"
	"stile/internal/engine/recent"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// shard is a 256th of all executions. Its worker runs one job after another; a
// shard without jobs has no goroutine.
type shard struct {
	h     *Host
	n     uint16
	epoch uint64

	mu      sync.Mutex
	idle    sync.Cond
	jobs    []func()
	working bool
	closed  bool
	answers map[record.ID][]outcome // results that wait for a turn

	// erasures counts deletions that were made, erased those of them that are durable.
	erasures, erased atomic.Uint64

	// Of the worker alone.
	cache recent.Cache[record.ID, *live]
	runs  map[record.ID]map[uint64]*openRun // Map Runs by parent and command
}

func newShard(h *Host, n uint16, epoch uint64, maxLive int) *shard {
	s := &shard{h: h, n: n, epoch: epoch, answers: map[record.ID][]outcome{}}
	// One whose last turn is not durable must stay: the store may not show it yet.
	s.cache = recent.New[record.ID](maxLive, func(l *live) bool { return l.unsettled.Load() == 0 })
	s.idle.L = &s.mu
	return s
}

// do queues a job behind all that wait; jobs run one at a time. It reports false
// where the shard takes no more.
func (s *shard) do(job func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if jobs := s.h.committer.plant.jobs; jobs != nil {
		jobs(s.n, job)
		return true
	}
	s.jobs = append(s.jobs, job)
	if !s.working {
		s.working = true
		s.h.crew.Do(s.work)
	}
	return true
}

// doNow does a job on the caller's goroutine where the shard is idle, and else queues
// it: who waits for the answer saves two switches of goroutines. What has come
// meanwhile is the crew's. Where the committer makes workers wait it queues too: a
// caller does not wait longer than its patience.
func (s *shard) doNow(job func()) bool {
	s.mu.Lock()
	if s.closed || s.working || s.h.committer.plant.jobs != nil || s.h.committer.crowded() {
		s.mu.Unlock()
		return s.do(job)
	}
	s.working = true
	s.mu.Unlock()
	job()
	s.cache.Trim()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) > 0 {
		s.h.crew.Do(s.work)
		return true
	}
	s.working = false
	s.idle.Broadcast()
	return true
}

func (s *shard) work() {
	for {
		s.mu.Lock()
		jobs := s.jobs
		s.jobs = nil
		if len(jobs) == 0 {
			s.working = false
			s.idle.Broadcast()
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, job := range jobs {
			job()
		}
		s.cache.Trim()
	}
}

// close takes no more jobs and waits for those that were queued.
func (s *shard) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for s.working {
		s.idle.Wait()
	}
}

// turnOps is how many writes a Task's answer and the next Task make.
const turnOps = 10

// turn starts a turn of the shard; l is nil where it concerns no execution.
func (s *shard) turn(l *live) *turn {
	if l != nil {
		l.unsettled.Add(1)
	}
	return &turn{h: s.h, shard: s.n, epoch: s.epoch, live: l, ops: make([]kv.Op, 0, turnOps)}
}

// end hands a turn to the committer, or drops it where there is nothing to do.
func (s *shard) end(t *turn) {
	if t.live != nil && t.live.unread != nil {
		s.unread(t)
		return
	}
	if t.changed {
		t.judge()
		t.putState()
	}
	for _, f := range t.joins {
		f()
	}
	if len(t.ops)+len(t.replies)+len(t.after)+len(t.events) == 0 {
		t.release()
		return
	}
	s.h.committer.submit(t)
}

// unread drops a turn in which the store could not be read: nothing of it is
// written, who asked is told, and what the host owes the execution is done again in
// a while.
func (s *shard) unread(t *turn) {
	s.h.log.Error("the store cannot be read", "execution", t.live.arn(), "error", t.live.unread)
	t.fail(t.live.unread)
	if t.again != nil {
		s.later(t.again)
	}
}

// rereadAfter is how long what could not be read is left alone.
const rereadAfter = time.Second

// later does a job once more, where the store could not be read for it.
func (s *shard) later(job func()) {
	if s.h.Failed() == nil && !s.h.closing.Load() {
		s.h.clock.AfterFunc(rereadAfter, func() { s.do(job) })
	}
}

// missed says what could not be done for an execution that is not to be had, and
// does it later where that is for the store's sake: not where a record is damaged,
// or a definition is refused.
func (s *shard) missed(what string, id record.ID, err error, job func()) {
	s.h.told(what, id, err)
	var refused *sfn.Error
	if err != nil && !errors.Is(err, codec.ErrRecord) && !errors.As(err, &refused) {
		s.later(job)
	}
}

// answer is a call's result on its way to the caller.
type answer[T any] struct {
	value T
	err   error
}

// ask runs job on the shard's worker and waits for what it replies, at most as long as
// the disk lets it hope. job must see to it that reply is called once, whatever happens.
// A ctx that is over asks nothing; one that ends later is not heeded: what has been asked
// for happens, and who has it recorded must learn of it though nobody waits any more.
func ask[T any](ctx context.Context, s *shard, job func(reply func(T, error))) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	begun, stands := s.h.committer.stall.now()
	if stands {
		return none, errStuck
	}
	done := make(chan answer[T], 1)
	if !s.doNow(func() { job(func(v T, err error) { done <- answer[T]{v, err} }) }) {
		return none, errClosed
	}
	lost := errUnknown
	select {
	case a := <-done:
		return a.value, a.err
	case <-begun:
	case <-s.h.ctx.Done():
		lost = errClosed
	}
	select { // it may have come just now
	case a := <-done:
		return a.value, a.err
	default:
		return none, lost
	}
}
