// Package crew runs functions on goroutines that are used again: a call through the
// gateway grows its stack, and growing a new one for each call costs more than the
// call's own work.
//
// A Crew is no bound: where nobody is idle another goroutine begins. A Burst before it
// is one, for functions that are quick. The engine dispatches task calls on them; they
// do not know what they run.
//
// Invariants: a Crew's function begins at once, on a goroutine of its own while it
// runs; at most the given number of goroutines are idle; after End none is. A Burst's
// functions begin in their order, and none waits for more than the first moments of
// those before it.
package crew

import "sync"

// Crew is made by New. Its methods may be called from any goroutine.
type Crew struct {
	jobs chan func()
	ends chan struct{}
	once sync.Once
	most int

	mu   sync.Mutex
	idle int
}

// New makes a crew of which at most the given number is kept idle.
func New(most int) *Crew {
	return &Crew{jobs: make(chan func()), ends: make(chan struct{}), most: most}
}

// Do runs f beside the caller.
func (c *Crew) Do(f func()) {
	select {
	case c.jobs <- f:
	default:
		go c.work(f)
	}
}

// End lets idle goroutines end; those at work end with it. Do works on as before.
func (c *Crew) End() { c.once.Do(func() { close(c.ends) }) }

func (c *Crew) work(f func()) {
	for {
		f()
		if !c.rest(1) {
			return
		}
		select {
		case f = <-c.jobs:
			c.rest(-1)
		case <-c.ends:
			c.rest(-1)
			return
		}
	}
}

// rest counts who is idle; false where enough are.
func (c *Crew) rest(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle+n > c.most {
		return false
	}
	c.idle += n
	return true
}
