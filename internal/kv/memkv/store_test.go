package memkv

import (
	"fmt"
	"strconv"
	"testing"

	"stile/internal/kv"
	"stile/internal/kv/kvtest"
)

func TestConformance(t *testing.T) {
	kvtest.Conformance(t, func(t *testing.T) kv.Store {
		s := New(nil)
		t.Cleanup(func() { s.Close() })
		return s
	})
}

// TestCrash holds groups between commit and sync and cuts the power.
func TestCrash(t *testing.T) {
	hold := make(chan struct{})
	s := New(func() { <-hold })
	set := func(i int) kv.Op {
		return kv.Op{Kind: kv.Set, Space: 1, Key: fmt.Appendf(nil, "%02d", i)}
	}
	acked := make(chan int, 20)
	for i := range 20 {
		s.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: []kv.Op{set(i), set(i + 50)}}}}, func(error) { acked <- i })
	}
	for range 5 {
		hold <- struct{}{}
		<-acked
	}
	count := func(keep float64, seed uint64) int {
		c := s.Crash(keep, seed)
		defer c.Close()
		n, prev := 0, -1
		if err := c.Iterate(1, kv.Range{}, func(k, _ []byte) bool {
			i, err := strconv.Atoi(string(k))
			if err != nil {
				t.Error(err)
			}
			if i < 50 {
				if i != prev+1 {
					t.Errorf("group %d after %d", i, prev)
				}
				prev = i
			}
			n++
			return true
		}); err != nil {
			t.Fatal(err)
		}
		if n%2 != 0 {
			t.Errorf("half a group: %d keys", n)
		}
		return n / 2
	}
	if n := count(0, 1); n != 5 {
		t.Errorf("nothing unsynced kept: %d groups, want 5", n)
	}
	if n := count(1, 1); n != 20 {
		t.Errorf("all kept: %d groups, want 20", n)
	}
	seen := map[int]bool{}
	for seed := range uint64(50) {
		seen[count(0.5, seed)] = true
	}
	if len(seen) < 3 {
		t.Errorf("half kept gives only %v", seen)
	}
	s.IgnoreSync()
	close(hold)
	for range 15 {
		<-acked
	}
	if n := count(0, 1); n > 6 {
		t.Errorf("IgnoreSync: %d groups durable, want the 5 before it and at most the one in work", n)
	}
	s.Close()
}
