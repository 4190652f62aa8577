package crew

import (
	"sync"
	"time"
)

// young is how long a function counts as one that may end at any moment: up to twice
// as long, since ages are counted by ticks.
const young = 10 * time.Millisecond

// Burst begins many functions a few at a time, as long as they are quick. A Map of a
// thousand calls to a backend that answers in a millisecond needs no thousand
// connections; where the backend takes its time, each call's first moments are all
// that others wait for.
//
// It is made by NewBurst. Its methods may be called from any goroutine.
type Burst struct {
	crew *Crew
	most int

	mu      sync.Mutex
	begun   [2]int // of those that began in this tick and in the one before, how many are at work
	tick    uint64
	waiting []func()
	ticking bool
}

// NewBurst makes a Burst that lets the given number of functions be young at a time,
// and runs them on the crew.
func NewBurst(c *Crew, most int) *Burst { return &Burst{crew: c, most: most} }

// Do runs f beside the caller, behind all that wait to begin.
func (b *Burst) Do(f func()) {
	b.mu.Lock()
	if len(b.waiting) > 0 || b.begun[0]+b.begun[1] >= b.most {
		b.waiting = append(b.waiting, f)
		if !b.ticking {
			b.ticking = true
			time.AfterFunc(young, b.age)
		}
		b.mu.Unlock()
		return
	}
	at := b.begin()
	b.mu.Unlock()
	b.crew.Do(func() { b.work(f, at) })
}

// begin counts one more that is young. The lock is held.
func (b *Burst) begin() (at uint64) {
	b.begun[b.tick%2]++
	return b.tick
}

// work runs a function, and after it those that waited for its end.
func (b *Burst) work(f func(), at uint64) {
	for f != nil {
		f()
		b.mu.Lock()
		if at+1 >= b.tick {
			b.begun[at%2]--
		}
		f, at = b.next()
		b.mu.Unlock()
	}
}

// next takes the first that waits, where there is room. The lock is held.
func (b *Burst) next() (f func(), at uint64) {
	if len(b.waiting) == 0 || b.begun[0]+b.begun[1] >= b.most {
		return nil, 0
	}
	f = b.waiting[0]
	b.waiting[0] = nil
	if b.waiting = b.waiting[1:]; len(b.waiting) == 0 {
		b.waiting = nil
	}
	return f, b.begin()
}

// age makes room for those that wait: what began two ticks ago is young no more.
func (b *Burst) age() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tick++
	b.begun[b.tick%2] = 0
	for {
		f, at := b.next()
		if f == nil {
			break
		}
		b.crew.Do(func() { b.work(f, at) })
	}
	if b.ticking = len(b.waiting) > 0; b.ticking {
		time.AfterFunc(young, b.age)
	}
}
