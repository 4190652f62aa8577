package notify

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Times of delivery.
const (
	// Life is how long a record is tried before it counts as dropped.
	Life         = 24 * time.Hour
	firstBackoff = time.Second
	lastBackoff  = 10 * time.Minute
	// saveAfter is how long what was delivered may stay unsaved: after a crash it is
	// delivered again.
	saveAfter = time.Second
	saveMany  = 64
	// maxAside bounds the records that a target has refused and gets again later;
	// past it the next refused one holds up those behind it.
	maxAside = 256
)

// Outbox is where records are; the engine satisfies it.
type Outbox interface {
	// OutboxRecords gives up to most durable records behind a number, in order.
	OutboxRecords(ctx context.Context, after uint64, most int) ([]Record, error)
	// OutboxMarks gives what SaveOutbox kept, by target.
	OutboxMarks(ctx context.Context) (map[string][]byte, error)
	// SaveOutbox keeps marks (nil removes one) and removes records, atomically.
	SaveOutbox(ctx context.Context, marks map[string][]byte, gone []uint64) error
	// OutboxHead is the number of the last record.
	OutboxHead() uint64
}

// Target is one receiver.
type Target struct {
	// Name is the same at each start: what was delivered is kept under it.
	Name string
	// Kinds are those it wants.
	Kinds []string
	// Send delivers a record. An error is tried again later; *Refused says that this
	// record alone is not taken, ErrGone that nothing ever will be.
	Send func(ctx context.Context, r Record) error
	// Gather is how long a new record waits for others that are read together with it;
	// 0: not at all.
	Gather time.Duration
}

// Refused is an answer to one record that says nothing about the next.
type Refused struct{ Reason string }

// Error is the reason.
func (r *Refused) Error() string { return r.Reason }

// Later is a failure whose receiver says when to come again.
type Later struct {
	Reason string
	After  time.Duration
}

// Error is the reason.
func (l *Later) Error() string { return l.Reason }

// ErrGone says that a target takes nothing any more until the next start.
var ErrGone = errors.New("the receiver is gone (410)")

// Notifier delivers. Open makes it, Run works.
type Notifier struct {
	outbox  Outbox
	log     *slog.Logger
	targets []*target

	delivered, dropped atomic.Uint64

	mu    sync.Mutex
	floor uint64 // all records up to it are removed, but for those set aside
}

// Open reads how far each target is. One that is new begins with what happens from
// now on; what was kept for one that is no longer there is dropped.
func Open(ctx context.Context, outbox Outbox, targets []Target, log *slog.Logger) (*Notifier, error) {
	n := &Notifier{outbox: outbox, log: log}
	marks, err := outbox.OutboxMarks(ctx)
	if err != nil {
		return nil, err
	}
	change := map[string][]byte{}
	for name := range marks {
		change[name] = nil
	}
	n.floor = outbox.OutboxHead()
	for _, t := range targets {
		x := &target{Target: t, wake: make(chan struct{}, 1), mark: Mark{Done: outbox.OutboxHead()}, aside: map[uint64]*attempt{}}
		if b := marks[t.Name]; b != nil {
			if x.mark, err = DecodeMark(b); err != nil {
				return nil, err
			}
		}
		for _, seq := range x.mark.Aside {
			x.aside[seq] = &attempt{}
		}
		x.saved = x.mark.clone()
		change[t.Name] = x.mark.Encode()
		n.targets = append(n.targets, x)
		n.floor = min(n.floor, x.mark.Done)
	}
	return n, n.sweep(ctx, change)
}

// sweep removes what nobody waits for any more.
func (n *Notifier) sweep(ctx context.Context, marks map[string][]byte) error {
	for after := uint64(0); ; {
		list, err := n.outbox.OutboxRecords(ctx, after, 1000)
		if err != nil {
			return err
		}
		var gone []uint64
		for _, r := range list {
			after = r.Seq
			if r.Seq <= n.floor && !n.isAside(r.Seq) {
				gone = append(gone, r.Seq)
			}
		}
		if err := n.outbox.SaveOutbox(ctx, marks, gone); err != nil {
			return err
		}
		if marks = nil; len(list) == 0 || after >= n.floor {
			return nil
		}
	}
}

// Run delivers until ctx ends.
func (n *Notifier) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, t := range n.targets {
		all.Go(func() { n.run(ctx, t) })
	}
	all.Wait()
}

// Wake says that there are new records. It never blocks.
func (n *Notifier) Wake() {
	for _, t := range n.targets {
		select {
		case t.wake <- struct{}{}:
		default: // it is to look anyway
		}
	}
}

// Delivered and Dropped count records, once for each target.
func (n *Notifier) Delivered() uint64 { return n.delivered.Load() }

// Dropped counts the records that a target did not get in a day, or at all.
func (n *Notifier) Dropped() uint64 { return n.dropped.Load() }

func (n *Notifier) run(ctx context.Context, t *target) {
	wait := firstBackoff
	for ctx.Err() == nil {
		list, err := n.outbox.OutboxRecords(ctx, t.mark.Done, saveMany)
		if err == nil {
			err = n.each(ctx, t, list)
		}
		if err == nil {
			err = n.again(ctx, t)
		}
		if err != nil {
			n.fails(ctx, t, err)
			n.save(context.WithoutCancel(ctx), t)
			t.pause(ctx, delay(err, wait))
			wait = min(2*wait, lastBackoff)
			continue
		}
		if wait, t.told = firstBackoff, false; t.many >= saveMany || !t.unsaved.IsZero() && time.Since(t.unsaved) >= saveAfter {
			n.save(ctx, t)
		}
		if len(list) == 0 {
			t.idle(ctx)
		}
	}
	n.save(context.WithoutCancel(ctx), t)
}

// fails tells once that a target does not take what it is sent.
func (n *Notifier) fails(ctx context.Context, t *target, err error) {
	if !t.told && ctx.Err() == nil {
		t.told = true
		n.log.Warn("notices are not delivered; they are tried for a day", "target", t.Name, "error", err.Error())
	}
}

func delay(err error, wait time.Duration) time.Duration {
	var later *Later
	if errors.As(err, &later) {
		return min(max(wait, later.After), lastBackoff)
	}
	return wait
}

// each delivers records in order; its error is the target's failure.
func (n *Notifier) each(ctx context.Context, t *target, list []Record) error {
	for _, r := range list {
		if !slices.Contains(t.Kinds, KindOf(r.Type)) {
			t.pass(r.Seq)
			continue
		}
		switch err := n.one(ctx, t, r); {
		case refused(err) && len(t.aside) < maxAside:
			t.aside[r.Seq] = &attempt{tries: 1, next: time.Now().Add(firstBackoff)}
			t.mark.Aside = append(t.mark.Aside, r.Seq)
			n.log.Warn("a notice is refused; it is tried for a day", "target", t.Name, "id", r.ID, "type", r.Type, "error", err.Error())
		case err != nil:
			return err
		}
		t.pass(r.Seq)
	}
	return nil
}

// one delivers a record, or drops it; an error means that it is to be tried again.
func (n *Notifier) one(ctx context.Context, t *target, r Record) error {
	if t.off || time.Since(r.At) >= Life {
		n.drop(t, r)
		return nil
	}
	err := t.Send(ctx, r)
	switch {
	case errors.Is(err, ErrGone):
		t.off = true
		n.log.Error("a receiver of notices is gone; it gets none until the next start", "target", t.Name)
		n.drop(t, r)
		return nil
	case err == nil:
		n.delivered.Add(1)
	}
	return err
}

func (n *Notifier) drop(t *target, r Record) {
	n.dropped.Add(1)
	n.log.Warn("a notice is dropped", "target", t.Name, "id", r.ID, "type", r.Type)
}

func refused(err error) bool {
	var r *Refused
	return errors.As(err, &r)
}

// again tries what was set aside and is due.
func (n *Notifier) again(ctx context.Context, t *target) error {
	for _, seq := range slices.Clone(t.mark.Aside) {
		a := t.aside[seq]
		if time.Now().Before(a.next) {
			continue
		}
		list, err := n.outbox.OutboxRecords(ctx, seq-1, 1)
		if err != nil {
			return err
		}
		if len(list) == 1 && list[0].Seq == seq {
			if err = n.one(ctx, t, list[0]); err != nil && !refused(err) {
				return err
			}
		}
		if err != nil {
			a.next = time.Now().Add(min(firstBackoff<<min(a.tries, 10), lastBackoff))
			a.tries++
			continue
		}
		delete(t.aside, seq)
		t.mark.Aside = slices.DeleteFunc(t.mark.Aside, func(s uint64) bool { return s == seq })
		t.dirty()
	}
	return nil
}

// save keeps how far the target is, and removes what no target waits for.
func (n *Notifier) save(ctx context.Context, t *target) {
	if t.unsaved.IsZero() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	before := t.saved
	t.saved = t.mark.clone()
	floor := t.saved.Done
	for _, o := range n.targets {
		floor = min(floor, o.saved.Done)
	}
	var gone []uint64
	for seq := n.floor + 1; seq <= floor; seq++ {
		if !n.isAside(seq) {
			gone = append(gone, seq)
		}
	}
	for _, seq := range before.Aside {
		if seq <= n.floor && !n.isAside(seq) {
			gone = append(gone, seq)
		}
	}
	if err := n.outbox.SaveOutbox(ctx, map[string][]byte{t.Name: t.saved.Encode()}, gone); err != nil {
		t.saved, t.unsaved = before, time.Now() // what was delivered is delivered again after a start
		return
	}
	n.floor, t.unsaved, t.many = max(n.floor, floor), time.Time{}, 0
}

// isAside says whether any target has set a record aside. n.mu is held, or nothing
// runs yet.
func (n *Notifier) isAside(seq uint64) bool {
	return slices.ContainsFunc(n.targets, func(t *target) bool {
		_, found := slices.BinarySearch(t.saved.Aside, seq)
		return found
	})
}

func (m Mark) clone() Mark { return Mark{m.Done, slices.Clone(m.Aside)} }
