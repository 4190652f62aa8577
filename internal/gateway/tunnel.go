package gateway

import (
	"context"
	"io"
	"sync"
	"time"
)

// tunnelIdle is how long a WebSocket connection may be silent in both directions.
// Peers ping each other more often than that.
const tunnelIdle = 10 * time.Minute

// tunnels are the connections that were switched to another protocol.
type tunnels struct {
	mu       sync.Mutex
	open     map[*tunnel]struct{}
	draining bool
	left     sync.WaitGroup
}

// tunnel is a WebSocket connection: the client's side and the backend's.
type tunnel struct {
	client, backend io.ReadWriteCloser
	idle            time.Duration
	timer           *time.Timer
	once            sync.Once
	// down is the way to the client: its frames are followed, so that a frame of ours
	// can be put between two of them.
	down framed
}

// run carries bytes both ways until one side ends, nothing came for the idle time, or
// the gateway drains. Both sides are closed when it returns.
func (ts *tunnels) run(client, backend io.ReadWriteCloser, first io.Reader, idle time.Duration) {
	t := &tunnel{client: client, backend: backend, idle: idle, down: framed{to: client}}
	t.timer = time.AfterFunc(idle, t.close)
	defer t.timer.Stop()
	if !ts.add(t) {
		t.goAway()
	}
	defer ts.remove(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.copy(t.backend, first)
	}()
	t.copy(&t.down, t.backend)
	<-done
}

func (t *tunnel) close() {
	t.once.Do(func() {
		_ = t.client.Close() // the connection is over in any case
		_ = t.backend.Close()
	})
}

// copy carries one direction; its end is the end of both: a WebSocket connection whose
// one side has closed says nothing more.
func (t *tunnel) copy(to io.Writer, from io.Reader) {
	defer t.close()
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := from.Read(*buf)
		if n > 0 {
			t.timer.Reset(t.idle)
			if _, werr := to.Write((*buf)[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// goAway tells the client that the server leaves (close code 1001) as soon as no frame
// is under way to it, and closes both sides. It does not wait for that.
func (t *tunnel) goAway() {
	go func() {
		if t.down.end() {
			t.close()
		}
	}()
}

func (ts *tunnels) add(t *tunnel) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.open == nil {
		ts.open = map[*tunnel]struct{}{}
	}
	ts.open[t] = struct{}{}
	ts.left.Add(1)
	return !ts.draining
}

func (ts *tunnels) remove(t *tunnel) {
	ts.mu.Lock()
	delete(ts.open, t)
	ts.mu.Unlock()
	ts.left.Done()
}

// drain sends all clients away.
func (ts *tunnels) drain() {
	ts.mu.Lock()
	ts.draining = true
	list := make([]*tunnel, 0, len(ts.open))
	for t := range ts.open {
		list = append(list, t)
	}
	ts.mu.Unlock()
	for _, t := range list {
		t.goAway()
	}
}

// CloseTunnels waits until the WebSocket connections that Drain sends away are over,
// and cuts those that are left when ctx ends.
func (g *Gateway) CloseTunnels(ctx context.Context) {
	over := make(chan struct{})
	go func() {
		g.tunnels.left.Wait()
		close(over)
	}()
	select {
	case <-over:
		return
	case <-ctx.Done():
	}
	g.tunnels.mu.Lock()
	for t := range g.tunnels.open {
		t.close()
	}
	g.tunnels.mu.Unlock()
	<-over
}
