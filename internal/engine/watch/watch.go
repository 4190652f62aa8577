// Package watch hands the notices of durable changes to those who watch. It keeps
// nothing: who is behind is cut off. The engine alone uses it.
package watch

import (
	"sync"
	"sync/atomic"

	"stile/internal/sfn"
)

// Buffer is how many notices a watcher may be behind.
const Buffer = 256

// Hub hands durable notices to those who watch. A watcher that falls behind
// is cut off: its channel closes, and it reads what stands and watches again.
type Hub struct {
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
func (ws *Hub) Watch(executionARN string) (<-chan sfn.Notice, func()) {
	w := &watcher{c: make(chan sfn.Notice, Buffer)}
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

func (ws *Hub) drop(arn string, w *watcher) {
	w.once.Do(func() {
		close(w.c)
		delete(ws.byARN[arn], w)
		if len(ws.byARN[arn]) == 0 {
			delete(ws.byARN, arn)
		}
		ws.count.Add(-1)
	})
}

// CloseAll ends every watch.
func (ws *Hub) CloseAll() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for arn, all := range ws.byARN {
		for w := range all {
			ws.drop(arn, w)
		}
	}
}

// Notify tells of a durable change.
func (ws *Hub) Notify(n sfn.Notice) {
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

// Count says how many watch.
func (ws *Hub) Count() int { return int(ws.count.Load()) }
