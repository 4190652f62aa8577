package activity

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"stile/internal/sfn"
)

// key names a Task visit: its attempts follow one another.
type key struct {
	execution string
	command   uint64
}

// attempt is one that a worker may take: it waits in its activity's line, or is with
// one worker (at < 0), who asks the engine for it.
type attempt struct {
	call   sfn.TaskCall
	serial uint64 // in the order of arrival
	at     int    // place in its line's heap
	// gone says that nobody waits for it any more; of one that is with a worker.
	gone bool
}

func (t *attempt) key() key { return key{t.call.ExecutionARN, t.call.Command} }

// line is what waits of one activity: attempts, oldest first, or workers, in the order
// of their coming; never both. polls counts the calls under way.
type line struct {
	attempts oldestFirst
	workers  []*worker
	polls    int
}

// worker is a poll that waits. ready is closed when it got an attempt, or is to look
// around.
type worker struct {
	ready chan struct{}
	got   *attempt
}

func (w *worker) wake(t *attempt) {
	w.got = t
	close(w.ready)
}

func (a *Activities) line(arn string) *line {
	l := a.lines[arn]
	if l == nil {
		l = &line{}
		a.lines[arn] = l
	}
	return l
}

// tidy forgets a line that holds nothing.
func (a *Activities) tidy(arn string) {
	if l := a.lines[arn]; l != nil && l.polls == 0 && len(l.attempts) == 0 && len(l.workers) == 0 {
		delete(a.lines, arn)
	}
}

// enter counts a poll; leave ends it.
func (a *Activities) enter(arn string) (leave func(), err error) {
	if !a.Exists(arn) {
		return nil, sfn.ActivityDoesNotExist(arn)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.line(arn)
	if l.polls >= sfn.MaxActivityWorkers {
		return nil, sfn.ActivityWorkerLimitExceeded(arn)
	}
	l.polls++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		l.polls--
		a.tidy(arn)
	}, nil
}

// next gives a poll the oldest attempt, or lets it wait for one.
func (a *Activities) next(arn string) *worker {
	a.mu.Lock()
	defer a.mu.Unlock()
	w, l := &worker{ready: make(chan struct{})}, a.line(arn)
	switch {
	case !a.Exists(arn): // deleted since it entered
		w.wake(nil)
	case len(l.attempts) > 0:
		w.wake(heap.Pop(&l.attempts).(*attempt))
	default:
		l.workers = append(l.workers, w)
	}
	return w
}

// quit takes a poll out of its line; what it was given meanwhile is its own.
func (a *Activities) quit(arn string, w *worker) *attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.line(arn)
	l.workers = slices.DeleteFunc(l.workers, func(o *worker) bool { return o == w })
	return w.got
}

// giveBack lets an attempt that its worker did not take wait again, where its age puts it.
func (a *Activities) giveBack(t *attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.gone {
		return
	}
	a.offer(t)
}

// settled forgets an attempt that is its worker's, or nobody's.
func (a *Activities) settled(t *attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.queued[t.key()] == t {
		delete(a.queued, t.key())
	}
}

// offer hands an attempt to the worker that waits longest, or lets it wait for one.
func (a *Activities) offer(t *attempt) {
	l := a.line(t.call.Resource)
	if len(l.workers) > 0 && a.Exists(t.call.Resource) {
		w := l.workers[0]
		l.workers = slices.Delete(l.workers, 0, 1)
		w.wake(t)
		return
	}
	heap.Push(&l.attempts, t)
}

// Queue takes an attempt that was dispatched; its call's TaskToken ends it. Of two of
// one visit the one that was sent last counts. ctx is that of the dispatch: where it
// has ended nobody waits for the attempt any more.
func (a *Activities) Queue(ctx context.Context, call sfn.TaskCall) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := key{call.ExecutionARN, call.Command}
	old := a.queued[k]
	// Who cancels ends ctx first and withdraws then: one of the two is seen here.
	if ctx.Err() != nil || old != nil && old.call.Send > call.Send {
		return
	}
	if old != nil {
		a.drop(old)
	}
	a.serial++
	t := &attempt{call: call, serial: a.serial, at: -1}
	a.queued[k] = t
	a.offer(t)
}

// Withdraw says that nobody waits for a visit's attempt any more.
func (a *Activities) Withdraw(executionARN string, command uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.queued[key{executionARN, command}]; t != nil {
		a.drop(t)
	}
}

// drop takes an attempt out. A worker that has it just now asks the engine, which knows.
func (a *Activities) drop(t *attempt) {
	delete(a.queued, t.key())
	t.gone = true
	if l := a.lines[t.call.Resource]; l != nil && t.at >= 0 {
		heap.Remove(&l.attempts, t.at)
	}
	a.tidy(t.call.Resource)
}

// oldestFirst is a heap by the time at which attempts were scheduled.
type oldestFirst []*attempt

// Len, Less, Swap, Push and Pop are container/heap's.
func (h oldestFirst) Len() int { return len(h) }
func (h oldestFirst) Less(i, j int) bool {
	return cmp.Or(h[i].call.Scheduled.Compare(h[j].call.Scheduled), cmp.Compare(h[i].serial, h[j].serial)) < 0
}

func (h oldestFirst) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push appends.
func (h *oldestFirst) Push(x any) {
	t := x.(*attempt)
	t.at = len(*h)
	*h = append(*h, t)
}

// Pop takes the last.
func (h *oldestFirst) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h, t.at = (*h)[:last], -1
	return t
}
