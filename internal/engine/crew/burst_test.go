package crew

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestABurstBeginsAFewAtATime has functions that end at once, and functions that
// take long: the former are never many at a time, the latter hold nobody up.
func TestABurstBeginsAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(4)
		b := NewBurst(c, 3)
		var now, most, done atomic.Int64
		quick := func() {
			n := now.Add(1)
			for {
				m := most.Load()
				if n <= m || most.CompareAndSwap(m, n) {
					break
				}
			}
			time.Sleep(time.Millisecond)
			now.Add(-1)
			done.Add(1)
		}
		for range 100 {
			b.Do(quick)
		}
		time.Sleep(time.Second)
		if done.Load() != 100 || most.Load() != 3 {
			t.Errorf("%d of 100 are done, at most %d at a time, want 3", done.Load(), most.Load())
		}
		began := time.Now()
		var last atomic.Int64
		for range 12 {
			b.Do(func() {
				last.Store(max(last.Load(), int64(time.Since(began))))
				time.Sleep(time.Hour)
				done.Add(1)
			})
		}
		b.Do(quick)
		time.Sleep(time.Second)
		if done.Load() != 101 {
			t.Error("functions that take an hour hold up one that is quick")
		}
		if d := time.Duration(last.Load()); d > 4*2*young {
			t.Errorf("the last of twelve began after %v", d)
		}
		time.Sleep(time.Hour)
		b.mu.Lock()
		defer b.mu.Unlock()
		if done.Load() != 113 || b.begun != [2]int{} || b.ticking {
			t.Errorf("%d are done, %v counted as young, ticking %v", done.Load(), b.begun, b.ticking)
		}
		c.End()
	})
}
