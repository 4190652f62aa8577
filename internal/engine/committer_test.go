package engine

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
)

// groups records the sizes of groups.
type groups struct {
	kv.Store
	sizes []int
}

func (s *groups) Commit(g kv.Group, done func(error)) {
	n := 0
	for _, w := range g.Writes {
		for _, op := range w.Ops {
			n += len(op.Key) + len(op.Value)
		}
	}
	s.sizes = append(s.sizes, n)
	s.Store.Commit(g, done)
}

// TestGroups holds the first sync and looks at what gathers behind it.
func TestGroups(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		seen := &groups{Store: store}
		h := host(t, seen, nil, func(c *Config) { c.GroupBytes, c.BacklogBytes = 1000, 5000 })
		seen.sizes = nil
		hold := make(chan struct{})
		store.SetGap(func() { <-hold })
		var settled []int
		turn := func(i, size int) *turn {
			t := h.shards[i%256].turn(nil)
			t.set(record.SpaceMeta, fmt.Appendf(nil, "%03d", i), make([]byte, size-3))
			t.after = append(t.after, func() { settled = append(settled, i) })
			return t
		}
		submitted := make(chan int, 100)
		h.committer.submit(turn(0, 100))
		synctest.Wait()
		go func() {
			for i, size := range []int{400, 400, 400, 3000, 10, 10, 900, 900, 900} {
				h.committer.submit(turn(i+1, size))
				submitted <- i
			}
		}()
		synctest.Wait()
		// The first is under way; the others wait, and the last two for room.
		if len(seen.sizes) != 1 || len(settled) != 0 || len(submitted) != 7 {
			t.Errorf("groups %v, settled %v, %d submitted", seen.sizes, settled, len(submitted))
		}
		close(hold)
		synctest.Wait()
		if !slices.Equal(seen.sizes, []int{100, 800, 400, 3000, 920, 900, 900}) {
			t.Errorf("groups of %v bytes", seen.sizes)
		}
		if !slices.Equal(settled, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("settled in the order %v", settled)
		}
	})
}
