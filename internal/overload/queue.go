package overload

import (
	"context"
	"time"
)

// waiter is a request that waits for a place.
type waiter struct {
	class        Class
	since, until int64
	before, next *waiter
	queued       bool      // guarded by the gate
	answer       chan bool // whether it may enter
	timer        *time.Timer
}

// queue are those of a class that wait, oldest first. Its zero value is empty.
type queue struct{ oldest, newest *waiter }

func (q *queue) push(w *waiter) {
	w.before, w.next = q.newest, nil
	if q.newest != nil {
		q.newest.next = w
	} else {
		q.oldest = w
	}
	q.newest = w
}

func (q *queue) remove(w *waiter) {
	if w.before != nil {
		w.before.next = w.next
	} else {
		q.oldest = w.next
	}
	if w.next != nil {
		w.next.before = w.before
	} else {
		q.newest = w.before
	}
	w.before, w.next = nil, nil
}

// first is who is let in next. In a burst that is the oldest. Where the oldest has
// waited an eighth of its time, more come than ever get in: then it is the newest, whose
// client still waits, and the others get their refusals. (Facebook's adaptive LIFO.)
func (q *queue) first(now int64) *waiter {
	if w := q.oldest; w == nil || now-w.since < (w.until-w.since)/8 {
		return w
	}
	return q.newest
}

// wait has a request wait for a place.
func (g *Gate) wait(ctx context.Context, c Class) bool {
	g.bound.Store(true)
	now := g.now()
	if now >= g.next.Load() {
		g.step(now)
	}
	patience := int64(g.config.Patience)
	if c == Finishing {
		patience *= 3
	}
	w := g.waiter(time.Duration(patience))
	w.class, w.since, w.until = c, now, now+patience
	g.mu.Lock()
	if g.queued.Add(1) > int64(g.config.Queue) && !g.makeRoom(c) {
		g.queued.Add(-1)
		g.mu.Unlock()
		g.keep(w)
		return false
	}
	w.queued = true
	g.queues[c].push(w)
	g.give() // a place may have been left since the request found none
	g.mu.Unlock()
	var in bool
	select {
	case in = <-w.answer:
	case <-w.timer.C:
		in = g.giveUp(w)
	case <-ctx.Done():
		in = g.giveUp(w)
	}
	g.keep(w)
	return in
}

// makeRoom refuses the one who waits longest of the last class that waits, unless all
// who wait are before c.
func (g *Gate) makeRoom(c Class) bool {
	for last := int(classes) - 1; last >= int(c); last-- {
		if w := g.queues[last].oldest; w != nil {
			g.tell(w, false)
			return true
		}
	}
	return false
}

// giveUp ends a wait, unless the request was let in meanwhile.
func (g *Gate) giveUp(w *waiter) bool {
	g.mu.Lock()
	if w.queued {
		w.queued = false
		g.queues[w.class].remove(w)
		g.queued.Add(-1)
		g.mu.Unlock()
		return false
	}
	g.mu.Unlock()
	return <-w.answer
}

// tell ends a wait; a request that may enter has its place.
func (g *Gate) tell(w *waiter, in bool) {
	w.queued = false
	g.queues[w.class].remove(w)
	g.queued.Add(-1)
	w.answer <- in
}

// give lets in who waits, as far as there are places.
func (g *Gate) give() {
	now := g.now()
	for g.queued.Load() > 0 {
		favoured := (g.turn+1)%favour == 0 && g.under.Load() < g.limit.Load()
		w := g.waiting(now, favoured)
		switch {
		case now >= w.until:
			g.tell(w, false)
			continue
		case favoured:
			g.under.Add(1) // beyond what its class may fill
		case !g.take(w.class):
			return // those behind it may fill less
		}
		if g.turn++; g.turn%favour == 0 && !favoured {
			g.turn-- // the favour is still owed
		}
		g.tell(w, true)
	}
}

// waiting is who of those that wait is let in next: of the first class, or of the last
// one where it is favoured.
func (g *Gate) waiting(now int64, favoured bool) (w *waiter) {
	for i := range classes {
		c := i
		if favoured {
			c = classes - 1 - i
		}
		if w = g.queues[c].first(now); w != nil {
			return w
		}
	}
	return nil
}

// waiter gives one whose timer runs.
func (g *Gate) waiter(patience time.Duration) *waiter {
	if w, _ := g.idle.Get().(*waiter); w != nil {
		w.timer.Reset(patience)
		return w
	}
	return &waiter{answer: make(chan bool, 1), timer: time.NewTimer(patience)}
}

func (g *Gate) keep(w *waiter) {
	w.timer.Stop()
	g.idle.Put(w)
}
