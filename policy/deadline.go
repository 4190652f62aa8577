package policy

import (
	"context"
	"sync"
	"time"

	"stile/policy/exchange"
)

// deadline is the context of one backend call: it ends with its parent, with cancel, or
// when its time is over, then with exchange.ErrTimeout as its cause. A timer is set when
// somebody begins to wait: backends of this process mostly do not.
type deadline struct {
	context.Context // the parent
	ends            time.Time

	mu    sync.Mutex
	inner context.Context // nil until somebody waits
	end   context.CancelCauseFunc
	timer *time.Timer
	// met: the answer came in time, and only cancel and the parent end it now.
	met, over bool // over: cancel was called
}

func (d *deadline) begin(parent context.Context, after time.Duration) *deadline {
	d.Context, d.ends = parent, time.Now().Add(after)
	return d
}

// wait gives the context that is waited on.
func (d *deadline) wait() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inner == nil {
		inner, end := context.WithCancelCause(d.Context)
		d.inner, d.end = inner, end
		switch {
		case d.over:
			end(nil)
		case !d.met:
			d.timer = time.AfterFunc(time.Until(d.ends), func() { end(exchange.ErrTimeout) })
		}
	}
	return d.inner
}

// Done is closed when the call is to end.
func (d *deadline) Done() <-chan struct{} { return d.wait().Done() }

// Err says whether, and why, the call is to end.
func (d *deadline) Err() error {
	d.mu.Lock()
	waited, late := d.inner != nil || d.over, !d.met && !d.over && !time.Now().Before(d.ends)
	d.mu.Unlock()
	if !waited && !late {
		return d.Context.Err()
	}
	inner := d.wait()
	if late && inner.Err() == nil {
		d.end(exchange.ErrTimeout)
	}
	return inner.Err()
}

// Value is the parent's; the context package finds the one that is waited on through it.
func (d *deadline) Value(key any) any {
	d.mu.Lock()
	inner := d.inner
	d.mu.Unlock()
	if inner != nil {
		return inner.Value(key)
	}
	return d.Context.Value(key)
}

// timedOut reports whether the time was over.
func (d *deadline) timedOut() bool {
	return d.Err() != nil && context.Cause(d.wait()) == exchange.ErrTimeout
}

// answered stops the clock.
func (d *deadline) answered() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.met = true; d.timer != nil {
		d.timer.Stop()
	}
}

// cancel ends the call.
func (d *deadline) cancel() {
	d.mu.Lock()
	d.over = true
	end := d.end
	d.mu.Unlock()
	if end != nil {
		end(nil)
	}
}
