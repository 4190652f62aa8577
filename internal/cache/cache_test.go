package cache

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Unix(1000, 0)

// TestShelfAgainstModel: a value is found until its end and while nothing drove it
// out; the bounds hold at every step.
func TestShelfAgainstModel(t *testing.T) {
	type kept struct {
		value   int
		expires time.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.Int64Range(0, 20*overhead).Draw(t, "bytes")
		entries := rapid.Int64Range(0, 12).Draw(t, "entries")
		s, model, now := NewShelf(bytes, entries), map[string]kept{}, start
		for i := range rapid.IntRange(1, 100).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "wait")) * time.Second)
			key := fmt.Sprint(rapid.IntRange(0, 15).Draw(t, "key"))
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				s.Remove(key)
				delete(model, key)
			case 1:
				ttl := time.Duration(rapid.IntRange(-1, 9).Draw(t, "ttl")) * time.Second
				delete(model, key)
				if s.Put(key, i, rapid.Int64Range(-1, 2*overhead).Draw(t, "size"), ttl, now) {
					model[key] = kept{i, now.Add(ttl)}
					if v, _, ok := s.Get(key, now); !ok || v != i {
						t.Fatalf("what was just put is %v, %v", v, ok)
					}
				}
			default:
				v, expires, ok := s.Get(key, now)
				m, there := model[key]
				if ok && (!there || v != m.value || !expires.Equal(m.expires) || !now.Before(expires)) {
					t.Fatalf("found %v until %v, model %+v %v", v, expires, m, there)
				}
			}
			if s.Used() > bytes || s.Used() < 0 || int64(s.Len()) > entries || s.Len() != len(s.byKey) {
				t.Fatalf("%d bytes of %d, %d entries of %d, %d keys", s.Used(), bytes, s.Len(), entries, len(s.byKey))
			}
		}
	})
}

// TestOldestGoesFirst: what was used longest ago makes room.
func TestOldestGoesFirst(t *testing.T) {
	s := NewShelf(1<<20, 2)
	s.Put("a", 1, 1, time.Minute, start)
	s.Put("b", 2, 1, time.Minute, start)
	s.Get("a", start)
	s.Put("c", 3, 1, time.Minute, start)
	for key, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if _, _, ok := s.Get(key, start); ok != want {
			t.Errorf("%s: %v, want %v", key, ok, want)
		}
	}
}

// TestEnds: a value is gone at the very moment of its end, and a value that cannot
// be kept takes the old one away.
func TestEnds(t *testing.T) {
	s := NewShelf(1<<10, 10)
	s.Put("a", 1, 1, time.Second, start)
	if _, _, ok := s.Get("a", start.Add(time.Second-1)); !ok {
		t.Error("gone too early")
	}
	if _, _, ok := s.Get("a", start.Add(time.Second)); ok || s.Used() != 0 {
		t.Errorf("still there, %d bytes", s.Used())
	}
	s.Put("a", 1, 1, time.Second, start)
	if s.Put("a", 2, 1<<20, time.Second, start) {
		t.Error("a value larger than the cache was taken")
	}
	if _, _, ok := s.Get("a", start); ok {
		t.Error("the old value is still there")
	}
}

// TestMemory: many callers at once, within the bounds.
func TestMemory(t *testing.T) {
	m, ctx := NewMemory(1<<20, 1<<10), context.Background()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				key := fmt.Sprint(i % 300)
				if err := m.Put(ctx, key, key, 100, time.Minute, start); err != nil {
					t.Error(err)
				}
				if v, _, ok, err := m.Get(ctx, key, start); err != nil || ok && v != key {
					t.Errorf("%v, %v", v, err)
				}
				if i%7 == w {
					_ = m.Remove(ctx, key)
				}
			}
		})
	}
	wg.Wait()
	if err := m.Put(ctx, "k", 1, 1, 0, start); err != nil {
		t.Error(err)
	}
	if _, _, ok, _ := m.Get(ctx, "k", start); ok {
		t.Error("a value that lasts no time was kept")
	}
}

// TestDefaults: a response of 2 MiB fits.
func TestDefaults(t *testing.T) {
	m, ctx := NewMemory(0, 0), context.Background()
	if err := m.Put(ctx, "k", "v", 2<<20, time.Minute, start); err != nil {
		t.Fatal(err)
	}
	if v, expires, ok, err := m.Get(ctx, "k", start); v != "v" || !ok || err != nil || !expires.Equal(start.Add(time.Minute)) {
		t.Error(v, expires, ok, err)
	}
}
