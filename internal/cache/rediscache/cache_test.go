package rediscache

import (
	"context"
	"testing"
	"time"

	"stile/internal/redis/redistest"
)

// TestLock: one has it, until he gives it back.
func TestLock(t *testing.T) {
	mini, link := redistest.Mini(t)
	a, b := New(link), New(redistest.Open(t, redistest.Config(mini.Addr())))
	leave, ok, err := a.Lock(t.Context(), "k")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, ok, err := b.Lock(t.Context(), "k"); err != nil || ok {
		t.Error("two have it", err)
	}
	other, ok, err := b.Lock(t.Context(), "other")
	if err != nil || !ok {
		t.Fatal("the lock of another key", err)
	}
	other()
	leave()
	leave()
	if again, ok, err := b.Lock(t.Context(), "k"); err != nil || !ok {
		t.Error("it was given back", ok, err)
	} else {
		again()
	}
	if len(mini.Keys()) != 1 { // the epoch
		t.Errorf("%v", mini.Keys())
	}
}

// TestLockOfTheGone: whoever is gone holds others up for Hold and no longer, and gives
// nothing back that another has by then.
func TestLockOfTheGone(t *testing.T) {
	mini, link := redistest.Mini(t)
	gone, other := New(link), New(redistest.Open(t, redistest.Config(mini.Addr())))
	ctx, crash := context.WithCancel(t.Context())
	leave, ok, err := gone.Lock(ctx, "k")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	crash()
	mini.FastForward(Hold - time.Millisecond)
	if _, ok, _ := other.Lock(t.Context(), "k"); ok {
		t.Error("it ended early")
	}
	mini.FastForward(time.Millisecond)
	mine, ok, err := other.Lock(t.Context(), "k")
	if err != nil || !ok {
		t.Fatal("it did not end", err)
	}
	leave()
	if _, ok, _ := gone.Lock(t.Context(), "k"); ok {
		t.Error("the one that was gone gave back another's lock")
	}
	mine()
}

// TestLockIsProlonged while its holder works.
func TestLockIsProlonged(t *testing.T) {
	mini, link := redistest.Mini(t)
	c := New(link)
	c.hold = 30 * time.Millisecond // by its own clock; the server's stands still
	leave, ok, err := c.Lock(t.Context(), "k")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	key := link.Key("lock", "k")
	mini.SetTTL(key, time.Millisecond)
	for deadline := time.Now().Add(20 * time.Second); mini.TTL(key) != c.hold; {
		if time.Now().After(deadline) {
			t.Fatal("the lock was not prolonged")
		}
	}
	leave()
	if mini.Exists(key) {
		t.Error("the lock stands on")
	}
}

// TestAway: every answer is an error, and at once.
func TestAway(t *testing.T) {
	mini, link := redistest.Mini(t)
	c := New(link)
	mini.Close()
	for range 5 {
		if _, _, ok, err := c.Get(t.Context(), "k"); err == nil || ok {
			t.Error("found")
		}
		if c.Put(t.Context(), "k", []byte("v"), time.Minute) == nil || c.Remove(t.Context(), "k") == nil {
			t.Error("no error")
		}
		if _, ok, err := c.Lock(t.Context(), "k"); err == nil || ok {
			t.Error("locked")
		}
	}
	if link.State().Up {
		t.Error("it counts as up")
	}
}
