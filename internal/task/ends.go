package task

import (
	"sync"

	"stile/internal/sfn"
)

// Ends tells who waits for the end of an execution. It is fed with the engine's
// notices and misses none, and a wait costs one channel, however many there are.
type Ends struct {
	mu      sync.Mutex
	waiting map[string]map[*ending]bool // by execution
}

type ending struct{ c chan struct{} }

// NewEnds makes an Ends that nobody waits on.
func NewEnds() *Ends { return &Ends{waiting: map[string]map[*ending]bool{}} }

// Notice takes a durable change of an execution. It does not block.
func (e *Ends) Notice(n sfn.Notice) {
	if n.Status == sfn.Running {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for w := range e.waiting[n.ExecutionARN] {
		close(w.c)
	}
	delete(e.waiting, n.ExecutionARN)
}

// Ended gives a channel that closes when the execution ends; one that has ended
// already must be asked for. The function ends the wait.
func (e *Ends) Ended(arn string) (<-chan struct{}, func()) {
	w := &ending{make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting[arn] == nil {
		e.waiting[arn] = map[*ending]bool{}
	}
	e.waiting[arn][w] = true
	return w.c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.waiting[arn], w)
		if len(e.waiting[arn]) == 0 {
			delete(e.waiting, arn)
		}
	}
}
