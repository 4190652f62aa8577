package engine

import (
	"sync"
	"sync/atomic"

	"stile/internal/sfn"
)

// watchBuffer is how many notices a watcher may be behind.
const watchBuffer = 256

// watchers hands durable notices to those who watch. A watcher that falls behind
// is cut off: its channel closes, and it reads what stands and watches again.
type watchers struct {
	count atomic.Int64
	mu    sync.Mutex
	byARN map[string]map[*watcher]bool // "" watches all
}

type watcher struct {
	c    chan sfn.Notice
	once sync.Once
}

// Watch gives the notices of one execution, or with "" of all, from now on. The
// channel closes when the watcher was too slow or the host closes. The function
// ends the watch; it may be called more than once.
func (h *Host) Watch(executionARN string) (<-chan sfn.Notice, func()) {
	w := &watcher{c: make(chan sfn.Notice, watchBuffer)}
	ws := &h.watchers
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.byARN == nil {
		ws.byARN = map[string]map[*watcher]bool{}
	}
	if ws.byARN[executionARN] == nil {
		ws.byARN[executionARN] = map[*watcher]bool{}
	}
	ws.byARN[executionARN][w] = true
	ws.count.Add(1)
	return w.c, func() {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		ws.drop(executionARN, w)
	}
}

func (ws *watchers) drop(arn string, w *watcher) {
	w.once.Do(func() {
		close(w.c)
		delete(ws.byARN[arn], w)
		if len(ws.byARN[arn]) == 0 {
			delete(ws.byARN, arn)
		}
		ws.count.Add(-1)
	})
}

func (ws *watchers) closeAll() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for arn, all := range ws.byARN {
		for w := range all {
			ws.drop(arn, w)
		}
	}
}

// notify tells of a durable change.
func (h *Host) notify(n sfn.Notice) {
	if h.observe != nil {
		h.observe(n)
	}
	ws := &h.watchers
	if ws.count.Load() == 0 {
		return
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, arn := range [2]string{n.ExecutionARN, ""} {
		for w := range ws.byARN[arn] {
			select {
			case w.c <- n:
			default:
				ws.drop(arn, w)
			}
		}
	}
}
