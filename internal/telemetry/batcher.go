package telemetry

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Delivery is what became of a batch that was sent.
type Delivery[T any] struct {
	// Retry are the items to send again; the others are delivered or refused.
	Retry []T
	// After is how long the receiver asks to wait before that; 0: it does not say.
	After time.Duration
	// Refused counts the items that the receiver will never take.
	Refused int
}

// BatcherConfig says how a Batcher works. Send is required; zero values of the
// others mean 512 items, 16,384 items, 2 s and 8 attempts.
type BatcherConfig[T any] struct {
	// Size bounds a batch, Queue what waits beside the batch under way.
	Size, Queue int
	// Bytes bounds what waits by the bytes that Length counts of an item; 0: by number
	// alone.
	Bytes  int64
	Length func(T) int
	// Wait is how long the first item of a batch waits for others.
	Wait time.Duration
	// Attempts is how often a batch is sent before its rest is dropped.
	Attempts int
	// Send delivers a batch; ctx ends it at a stop.
	Send func(ctx context.Context, batch []T) Delivery[T]
}

// Backoff between attempts: doubled from the first, up to the last.
const (
	firstBackoff = time.Second
	lastBackoff  = 30 * time.Second
	// longestAfter bounds what a receiver may ask for.
	longestAfter = 5 * time.Minute
)

// Batcher gathers items and delivers them in batches.
//
// Task: take items from many goroutines without making them wait, deliver them in
// order of arrival, try again what can be tried again, lose the rest countably.
// Invariants: Add never blocks and never touches the network; memory is bounded by
// Queue and Size; every item added is delivered, refused or dropped, and counted.
type Batcher[T any] struct {
	cfg    BatcherConfig[T]
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{} // one token: the queue grew to a batch, or a stop
	ended  chan struct{}

	mu        sync.Mutex
	queue     []T
	bytes     int64 // of queue, where Length counts them
	closing   bool
	delivered uint64
	dropped   uint64
}

// NewBatcher starts a Batcher; Close ends it.
func NewBatcher[T any](cfg BatcherConfig[T]) *Batcher[T] {
	set := func(to *int, n int) {
		if *to == 0 {
			*to = n
		}
	}
	set(&cfg.Size, 512)
	set(&cfg.Queue, 16_384)
	set(&cfg.Attempts, 8)
	if cfg.Wait == 0 {
		cfg.Wait = 2 * time.Second
	}
	b := &Batcher[T]{cfg: cfg, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	go b.work()
	return b
}

// Add queues items; those that find the queue full, or the batcher closed, are
// dropped and counted.
func (b *Batcher[T]) Add(items ...T) {
	b.mu.Lock()
	room := b.cfg.Queue - len(b.queue)
	if b.closing {
		room = 0
	}
	taken := 0
	for taken < min(room, len(items)) && b.take(items[taken], 1) {
		taken++
	}
	first := len(b.queue) == 0 && taken > 0
	b.queue = append(b.queue, items[:taken]...)
	b.dropped += uint64(len(items) - taken)
	full := len(b.queue) >= b.cfg.Size
	b.mu.Unlock()
	if first || full {
		b.nudge()
	}
}

// take counts an item's bytes in, or with -1 out again; false where there is no room.
func (b *Batcher[T]) take(item T, sign int64) bool {
	if b.cfg.Bytes <= 0 {
		return true
	}
	n := b.bytes + sign*int64(b.cfg.Length(item))
	if n > b.cfg.Bytes {
		return false
	}
	b.bytes = n
	return true
}

func (b *Batcher[T]) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Counts gives how many items were delivered and how many are lost: dropped for
// want of room or attempts, or refused by the receiver.
func (b *Batcher[T]) Counts() (delivered, dropped uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.delivered, b.dropped
}

// Close delivers what waits until ctx ends, one attempt for each batch, and counts
// the rest as dropped.
func (b *Batcher[T]) Close(ctx context.Context) {
	b.mu.Lock()
	b.closing = true
	b.mu.Unlock()
	b.nudge()
	stop := context.AfterFunc(ctx, b.cancel)
	defer stop()
	<-b.ended
	b.cancel()
}

func (b *Batcher[T]) work() {
	defer close(b.ended)
	for {
		batch, ok := b.gather()
		if !ok {
			return
		}
		b.deliver(batch)
	}
}

// gather waits for a batch: until it is full, its first item is old enough, or a
// stop. ok is false after the last one.
func (b *Batcher[T]) gather() (batch []T, ok bool) {
	for b.waiting() == 0 {
		if b.isClosing() {
			return nil, false
		}
		<-b.wake
	}
	timer := time.NewTimer(b.cfg.Wait)
	defer timer.Stop()
	for b.waiting() < b.cfg.Size && !b.isClosing() {
		select {
		case <-b.wake:
			continue
		case <-timer.C:
		}
		break
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.queue), b.cfg.Size)
	batch = append(batch, b.queue[:n]...)
	for _, item := range batch {
		b.take(item, -1)
	}
	b.queue = append(b.queue[:0], b.queue[n:]...)
	clear(b.queue[len(b.queue) : len(b.queue)+n]) // what was taken must not be kept alive
	return batch, true
}

func (b *Batcher[T]) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)
}

func (b *Batcher[T]) isClosing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closing
}

func (b *Batcher[T]) deliver(batch []T) {
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		d := Delivery[T]{Retry: batch}
		if b.ctx.Err() == nil {
			d = b.cfg.Send(b.ctx, batch)
		}
		b.mu.Lock()
		b.delivered += uint64(max(0, len(batch)-len(d.Retry)-d.Refused))
		b.dropped += uint64(d.Refused)
		last := attempt >= b.cfg.Attempts || b.closing
		if last {
			b.dropped += uint64(len(d.Retry))
		}
		b.mu.Unlock()
		if last || len(d.Retry) == 0 {
			return
		}
		batch = d.Retry
		if !b.pause(max(min(d.After, longestAfter), jitter(backoff))) {
			b.mu.Lock()
			b.dropped += uint64(len(batch))
			b.mu.Unlock()
			return
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// jitter spreads the attempts of many senders over the second half of d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// pause waits before an attempt; false where the batcher's time is over. A stop
// ends the wait early, for one last attempt.
func (b *Batcher[T]) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true
		case <-b.ctx.Done():
			return false
		case <-b.wake:
			if b.isClosing() {
				return true
			}
		}
	}
}
