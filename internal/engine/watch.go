package engine

import "stile/internal/sfn"

// Watch gives the notices of one execution, or with "" of all, from now on. The
// channel closes when the watcher was too slow or the host closes. The function
// ends the watch; it may be called more than once.
func (h *Host) Watch(executionARN string) (<-chan sfn.Notice, func()) {
	return h.watchers.Watch(executionARN)
}

// notify tells of a durable change.
func (h *Host) notify(n sfn.Notice) {
	if h.observe != nil {
		h.observe(n)
	}
	h.watchers.Notify(n)
}
