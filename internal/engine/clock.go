package engine

import "time"

// Clock is the engine's time. Tests put their own in its place.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once on its own goroutine after d; stop prevents it if it
	// has not begun.
	AfterFunc(d time.Duration, f func()) (stop func())
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}
