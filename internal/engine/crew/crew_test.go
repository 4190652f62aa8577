package crew

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestGoroutinesAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(2)
		before := runtime.NumGoroutine()
		var done atomic.Int64
		hold := make(chan struct{})
		for range 5 {
			c.Do(func() { <-hold; done.Add(1) })
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n != 5 {
			t.Errorf("%d goroutines run five functions that wait", n)
		}
		close(hold)
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n != 2 || done.Load() != 5 {
			t.Errorf("%d are idle, %d done", n, done.Load())
		}
		for range 10 {
			c.Do(func() { done.Add(1) })
			synctest.Wait()
		}
		if n := runtime.NumGoroutine() - before; n != 2 || done.Load() != 15 {
			t.Errorf("%d are idle after ten more, %d done", n, done.Load())
		}
		c.End()
		c.End()
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n != 0 {
			t.Errorf("%d are left at the end", n)
		}
		c.Do(func() { done.Add(1) })
		synctest.Wait()
		if done.Load() != 16 {
			t.Error("nothing is done after the end")
		}
	})
}
