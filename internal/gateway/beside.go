package gateway

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// MaxBeside bounds what runs beside the exchanges at one time: requests that nobody
// waits for, and cached values that are made anew.
const MaxBeside = 1024

// beside runs what exchanges leave behind, until the gateway closes.
type beside struct {
	mu      sync.Mutex
	running sync.WaitGroup
	closed  bool
	ctx     context.Context
	end     context.CancelFunc
	under   atomic.Int64
	started atomic.Int64
	dropped atomic.Int64
	// panicked is told of a panic, which ends what panicked and nothing else.
	panicked func(v any, stack []byte)
}

func newBeside(panicked func(v any, stack []byte)) *beside {
	b := &beside{panicked: panicked}
	b.ctx, b.end = context.WithCancel(context.Background())
	return b
}

// start is policy.Env.Background.
func (b *beside) start(f func(ctx context.Context)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.under.Load() >= MaxBeside {
		b.dropped.Add(1)
		return false
	}
	b.under.Add(1)
	b.started.Add(1)
	b.running.Go(func() {
		defer b.under.Add(-1)
		defer func() {
			if v := recover(); v != nil {
				b.panicked(v, debug.Stack())
			}
		}()
		f(b.ctx)
	})
	return true
}

// close waits for what runs until ctx ends, then ends it.
func (b *beside) close(ctx context.Context) {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	done := make(chan struct{})
	go func() {
		b.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	b.end()
	<-done
}

// Beside is what was left to run beside the exchanges: how many are under way, how
// many were ever started, and how many were dropped because too many ran already.
type Beside struct{ Under, Started, Dropped int64 }

// Beside counts.
func (g *Gateway) Beside() Beside {
	return Beside{g.beside.under.Load(), g.beside.started.Load(), g.beside.dropped.Load()}
}

// Close waits for what runs beside the exchanges; when ctx ends, its calls end too.
// Nothing new is started from now on; exchanges still run.
func (g *Gateway) Close(ctx context.Context) { g.beside.close(ctx) }
