// Package near orders the timers that come due soon. The engine alone uses it.
package near

import "container/heap"

// Heap orders timers by due time and finds them by their name.
type Heap[K comparable] struct {
	items []Timer[K]
	at    map[K]int
}

// Timer is one of them; Due is Unix ms.
type Timer[K comparable] struct {
	ID  K
	Due int64
}

// Add puts a timer in, unless it is there.
func (h *Heap[K]) Add(due int64, id K) {
	if h.at == nil {
		h.at = map[K]int{}
	}
	if _, known := h.at[id]; !known {
		heap.Push(h, Timer[K]{id, due})
	}
}

// Cancel takes a timer out.
func (h *Heap[K]) Cancel(id K) {
	if i, known := h.at[id]; known {
		heap.Remove(h, i)
	}
}

// Len is container/heap's, as are Less, Swap, Push and Pop.
func (h *Heap[K]) Len() int { return len(h.items) }

// Less orders by time.
func (h *Heap[K]) Less(i, j int) bool { return h.items[i].Due < h.items[j].Due }

// Swap keeps the places.
func (h *Heap[K]) Swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	h.at[h.items[i].ID], h.at[h.items[j].ID] = i, j
}

// Push appends.
func (h *Heap[K]) Push(x any) {
	t := x.(Timer[K])
	h.at[t.ID] = len(h.items)
	h.items = append(h.items, t)
}

// Pop takes the last.
func (h *Heap[K]) Pop() any {
	last := len(h.items) - 1
	t := h.items[last]
	h.items = h.items[:last]
	delete(h.at, t.ID)
	return t
}

// Next gives the time of the earliest timer; false where there is none.
func (h *Heap[K]) Next() (due int64, ok bool) {
	if len(h.items) == 0 {
		return 0, false
	}
	return h.items[0].Due, true
}

// Take takes the earliest timer out.
func (h *Heap[K]) Take() Timer[K] { return heap.Pop(h).(Timer[K]) }
