// Package known remembers which executions there may be: a start asks whether its
// name is new, and for most there is no need to ask the store.
//
// It is not a record of executions: it tells for sure what is not there, and of the
// others that they may be. The engine fills it from its store after it has opened, and
// adds each execution before its first row is written.
//
// Invariants: what was added is never called absent, from any goroutine that learned
// of the addition; until Ready, and once there are more than Most, nothing is.
package known

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// Most is how many ids are remembered, in two bytes each; with more than that the Set
// tells nothing.
const Most = 8 << 20

// first is how many ids the first filter holds.
const first = 1 << 16

// Set is a chain of Bloom filters, each twice as large as the one before. The zero
// value is empty and not ready.
type Set struct {
	ready   atomic.Bool
	filters atomic.Pointer[[]*filter]
	mu      sync.Mutex // of growth
	count   atomic.Int64
}

// filter has blocks of a cache line. An id sets eight bits of one block.
type filter struct {
	blocks []block
	room   int64 // ids that it still takes
}

type block [8]uint64

// Add remembers an id, whose 16 bytes are random or a digest.
func (s *Set) Add(id [16]byte) {
	if s.count.Add(1) > Most {
		s.ready.Store(false)
		s.filters.Store(nil)
		return
	}
	s.last().set(id)
}

// last gives the filter that takes one more id.
func (s *Set) last() *filter {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*filter
	if l := s.filters.Load(); l != nil {
		list = *l
	}
	if n := len(list); n > 0 && list[n-1].room > 0 {
		list[n-1].room--
		return list[n-1]
	}
	size := int64(first) << len(list)
	f := &filter{blocks: make([]block, size/32), room: size - 1} // 512 bits for 32 ids
	list = append(list[:len(list):len(list)], f)
	s.filters.Store(&list)
	return f
}

// Ready says that every id which was there before is added.
func (s *Set) Ready() {
	if s.count.Load() <= Most {
		s.ready.Store(true)
	}
}

// Absent reports that an id was surely not added.
func (s *Set) Absent(id [16]byte) bool {
	if !s.ready.Load() {
		return false
	}
	list := s.filters.Load()
	if list == nil {
		return s.count.Load() == 0
	}
	for _, f := range *list {
		if f.has(id) {
			return false
		}
	}
	return true
}

// bits gives an id's block and the eight bits in it, one in each word.
func (f *filter) bits(id [16]byte) (*block, uint64) {
	n := binary.LittleEndian.Uint64(id[:8])
	return &f.blocks[n%uint64(len(f.blocks))], binary.LittleEndian.Uint64(id[8:])
}

func (f *filter) set(id [16]byte) {
	b, h := f.bits(id)
	for i := range b {
		atomic.OrUint64(&b[i], 1<<(h>>(6*i)&63))
	}
}

func (f *filter) has(id [16]byte) bool {
	b, h := f.bits(id)
	for i := range b {
		if atomic.LoadUint64(&b[i])>>(h>>(6*i)&63)&1 == 0 {
			return false
		}
	}
	return true
}
