// Package clock is the engine's time: the machine's clock, and one that never jumps.
// The engine alone uses it; tests put their own Clock in its place.
package clock

import (
	"sync"
	"time"
)

// Clock is the engine's time. Tests put their own in its place. One that also has
// Elapsed() time.Duration, the time since some moment that never jumps, is read once
// when a host opens and goes on by that: see Steady.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once on its own goroutine after d; stop prevents it if it
	// has not begun.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// machine is the machine's clock.
type machine struct {
	began time.Time

	mu            sync.Mutex
	looked        time.Duration
	before, slept time.Duration
}

// Machine is the machine's clock.
func Machine() Clock {
	before := asleep()
	return &machine{began: time.Now(), before: before}
}

func (*machine) Now() time.Time { return time.Now() }

func (*machine) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// Elapsed counts the time in which the machine slept, which Go's clock does not.
func (c *machine) Elapsed() time.Duration {
	awake := time.Since(c.began)
	c.mu.Lock()
	defer c.mu.Unlock()
	if awake-c.looked >= time.Second {
		c.looked = awake
		if slept := asleep() - c.before; slept > c.slept+time.Second { // less is how long looking took
			c.slept = slept
		}
	}
	return awake + c.slept
}

// steady is a clock that never jumps: the machine's time when the host opened, and
// what has elapsed since. So a wait takes as long as it says, whatever is done to the
// machine's clock meanwhile. Where that clock is behind the time that the last host
// had, the new one goes on from there: else all that waits would wait until it is.
type steady struct {
	Clock
	elapsed     func() time.Duration
	start       time.Time
	startedWith time.Duration
}

// Steady gives c itself where it cannot tell what has elapsed. last is the time of
// the last host, Unix ms.
func Steady(c Clock, last int64) Clock {
	e, ok := c.(interface{ Elapsed() time.Duration })
	if !ok {
		return c
	}
	start := c.Now()
	if at := time.UnixMilli(last); at.After(start) {
		start = at
	}
	return &steady{Clock: c, elapsed: e.Elapsed, start: start, startedWith: e.Elapsed()}
}

// Now is the engine's time.
func (c *steady) Now() time.Time { return c.start.Round(0).Add(c.elapsed() - c.startedWith) }
