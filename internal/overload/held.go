package overload

import (
	"sync/atomic"
	"time"
)

// Where a request stands that waits on others.
const (
	counted = iota
	gone    // it gave its place back and is away
	left
)

// held is the place of a request that waits on others.
//
// It is given back by a timer, and by the same timer one sees whether the process is
// behind: a workflow that computes looks like one that waits, but where many do, no
// timer comes on time, and the places stay taken.
type held struct {
	g     *Gate
	state atomic.Int32
	due   atomic.Int64
	timer *time.Timer
}

func (g *Gate) hold() *held {
	h := &held{g: g}
	h.due.Store(g.now() + int64(hold))
	h.timer = time.AfterFunc(hold, h.end)
	return h
}

func (h *held) end() {
	g := h.g
	if now := g.now(); now-h.due.Load() > int64(late) {
		if h.state.Load() == counted {
			h.due.Store(now + int64(hold))
			time.AfterFunc(hold, h.end) // finds out by itself that the request has left
		}
		return
	}
	if h.state.CompareAndSwap(counted, gone) {
		g.away.Add(1)
		g.release()
	}
}

// leave says whether the place is still to be given back.
func (h *held) leave() bool {
	h.timer.Stop()
	if h.state.Swap(left) == gone {
		h.g.away.Add(-1)
		return false
	}
	return true
}
