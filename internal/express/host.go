package express

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"stile/internal/sfn"
)

// errClosed is what starts get before SetTasks and after Close.
var errClosed = &sfn.Error{Code: "ServiceUnavailable", Message: "The service is starting or shutting down."}

// errBusy is what starts get beyond the bounds.
var errBusy = &sfn.Error{Code: "ThrottlingException",
	Message: "Rate exceeded: as many EXPRESS executions are open as this server runs at once"}

// Host runs EXPRESS executions. Its methods may be called at any time from any
// goroutine.
type Host struct {
	cfg    Config
	tasks  atomic.Pointer[Tasks]
	starts *starts
	failed atomic.Pointer[error]
	over   atomic.Bool // Close has cut what was open
	ctx    context.Context
	stop   context.CancelFunc

	mu      sync.Mutex
	open    int
	bytes   int64 // of the inputs of what is open
	closing bool
	idle    chan struct{} // closes once closing and nothing is open
	begun   bool
}

// Open opens the host. It goes on with what a crash has left once it has Tasks.
func Open(cfg Config) (*Host, error) {
	cfg = cfg.withDefaults()
	if cfg.Machines == nil || cfg.Store == nil || cfg.Account == "" || cfg.Region == "" {
		return nil, errors.New("express: Config needs Machines, Store, Account and Region")
	}
	h := &Host{cfg: cfg, idle: make(chan struct{})}
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.starts = newStarts(cfg.Store, cfg.Space, func(err error) {
		h.failed.Store(&err)
		cfg.Fatal(err)
	})
	return h, nil
}

// SetTasks gives the host what carries out its Tasks, and starts over what was open
// when the last process ended; once, before any start. Its error says that the store
// cannot be read.
func (h *Host) SetTasks(t Tasks) error {
	h.tasks.Store(&t)
	h.mu.Lock()
	h.begun = true
	h.mu.Unlock()
	return h.recover()
}

// Failed gives why the host has stopped for good, nil while it runs.
func (h *Host) Failed() error {
	if err := h.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// admit takes an execution in; owed says that it was promised before a restart, which
// no bound keeps out.
func (h *Host) admit(bytes int64, owed bool) error {
	if err := h.Failed(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closing || !h.begun:
		return errClosed
	case !owed && (h.open >= h.cfg.MaxOpen || h.bytes+bytes > h.cfg.MaxBytes):
		return errBusy
	}
	h.open++
	h.bytes += bytes
	return nil
}

// leave is the end of what admit took in.
func (h *Host) leave(bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
	h.bytes -= bytes
	if h.closing && h.open == 0 {
		close(h.idle)
	}
}

// Open gives how many executions are open.
func (h *Host) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

// Close takes no start any more and waits until what is open has ended, or ctx has.
// What is cut then is lost where it is synchronous, and else starts over at the next
// start of the server.
func (h *Host) Close(ctx context.Context) {
	h.mu.Lock()
	first := !h.closing
	h.closing = true
	if first && h.open == 0 {
		close(h.idle)
	}
	h.mu.Unlock()
	if !first {
		return
	}
	select {
	case <-h.idle:
	case <-ctx.Done():
	}
	h.over.Store(true)
	h.stop()
	h.starts.close()
}

// cut says that Close has given up what is open.
func (h *Host) cut() bool { return h.over.Load() }
