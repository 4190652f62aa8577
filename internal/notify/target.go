package notify

import (
	"context"
	"time"
)

// target is one receiver at work: its goroutine's, but for saved, which Notifier.mu guards.
type target struct {
	Target
	wake    chan struct{}
	mark    Mark
	saved   Mark
	unsaved time.Time // since when something is; zero: nothing is
	many    int
	off     bool
	aside   map[uint64]*attempt
	told    bool // that it fails
}

type attempt struct {
	tries int
	next  time.Time
}

func (t *target) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// idle waits for a new record, the next try of one that was set aside, or the time
// to save.
func (t *target) idle(ctx context.Context) {
	var due time.Time
	for _, a := range t.aside {
		if due.IsZero() || a.next.Before(due) {
			due = a.next
		}
	}
	if save := t.unsaved.Add(saveAfter); !t.unsaved.IsZero() && (due.IsZero() || save.Before(due)) {
		due = save
	}
	var c <-chan time.Time
	if !due.IsZero() {
		timer := time.NewTimer(max(time.Until(due), time.Millisecond))
		defer timer.Stop()
		c = timer.C
	}
	select {
	case <-t.wake:
		if t.Gather > 0 {
			t.pause(ctx, t.Gather)
		}
	case <-c:
	case <-ctx.Done():
	}
}

func (t *target) pass(seq uint64) {
	t.mark.Done = seq
	t.dirty()
}

func (t *target) dirty() {
	if t.many++; t.unsaved.IsZero() {
		t.unsaved = time.Now()
	}
}
