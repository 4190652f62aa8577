package policy

import (
	"context"
	"sync"
	"time"
)

// Wait waits for a time. The error is a *Failure where ctx ended before.
func (e *Env) Wait(ctx context.Context, d time.Duration) error {
	defer e.laid()()
	err := ctx.Err()
	switch {
	case err != nil || d <= 0:
	case e.Sleep != nil:
		err = e.Sleep(ctx, d)
	default:
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		return &Failure{Reason: ReasonClient, Message: err.Error()}
	}
	return nil
}

// laid lays down what keeps other runs of the exchange waiting; the function that it
// gives takes it up.
func (e *Env) laid() (up func()) {
	if e.run == nil {
		return func() {}
	}
	return e.run.baton.down()
}

// Beside starts f beside the exchange, which it outlives; ok is false where too many
// are under way already. f must share nothing with the exchange that either changes.
func (e *Env) Beside(ctx context.Context, f func(ctx context.Context)) (ok bool) {
	if e.Background == nil {
		f(context.WithoutCancel(ctx))
		return true
	}
	return e.Background(f)
}

// Flights are values that are being made, by key: one exchange makes a value, and
// those that need it meanwhile wait for it. The zero Flights is ready; it is safe for
// concurrent use.
type Flights struct {
	mu    sync.Mutex
	under map[string]*Flight
}

// Flight is one value that is being made.
type Flight struct {
	of    *Flights
	key   string
	done  chan struct{}
	value any
	err   error
}

// Begin gives the flight of a key; first says that it is the caller's to make the
// value and to call Land, whatever happens.
func (f *Flights) Begin(key string) (flight *Flight, first bool) {
	if f == nil {
		return &Flight{done: make(chan struct{})}, true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if under := f.under[key]; under != nil {
		return under, false
	}
	if f.under == nil {
		f.under = map[string]*Flight{}
	}
	made := &Flight{of: f, key: key, done: make(chan struct{})}
	f.under[key] = made
	return made, true
}

// Land ends the flight with what all who wait get; they must not change it.
func (f *Flight) Land(value any, err error) {
	f.value, f.err = value, err
	if f.of != nil {
		f.of.mu.Lock()
		delete(f.of.under, f.key)
		f.of.mu.Unlock()
	}
	close(f.done)
}

// Join waits for a flight that another exchange began. Where ctx ends first the
// error is a *Failure; landed is false then.
func (e *Env) Join(ctx context.Context, f *Flight) (value any, landed bool, err error) {
	defer e.laid()()
	select {
	case <-f.done:
		return f.value, true, f.err
	case <-ctx.Done():
		return nil, false, &Failure{Reason: ReasonClient, Message: context.Cause(ctx).Error()}
	}
}

// Apart gives an Env for what runs beside the exchange and touches nothing of it.
func (e *Env) Apart() *Env {
	out := *e
	if e.run != nil && e.run.plain != nil {
		out = *e.run.plain
	}
	out.run = nil
	return &out
}
