package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// shelf is what was saved, by id.
type shelf map[[32]byte][]byte

func (s shelf) write(changed []Kept) error {
	for _, k := range changed {
		if s[k.ID] = k.Data; k.Data == nil {
			delete(s, k.ID)
		}
	}
	return nil
}

// reopen makes groups of what is on the shelf.
func (s shelf) reopen(t rapid.TB, now time.Time) *Groups {
	g := NewGroups(0)
	for id, data := range s {
		if live, err := g.Restore(Kept{id, data}, now); err != nil {
			t.Fatal(err)
		} else if !live {
			delete(s, id)
		}
	}
	g.Keep()
	return g
}

// TestQuotasGoOnAfterARestart: whatever is asked, in whatever order, groups that are
// saved and restored in between answer as those do that are not.
func TestQuotasGoOnAfterARestart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_700_000_000, 0)
		kept := shelf{}
		lasting, other := NewGroups(0), kept.reopen(t, now)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			name := fmt.Sprint("group ", rapid.IntRange(0, 3).Draw(t, "group"))
			var bounds []Bound
			for i := range rapid.IntRange(1, 3).Draw(t, "bounds") {
				bounds = append(bounds, Bound{Key: fmt.Sprint("/", i), N: int64(rapid.IntRange(0, 3).Draw(t, "n")), Limit: 6, Period: time.Duration(i) * time.Minute})
			}
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				if err := other.Save(kept.write); err != nil {
					t.Fatal(err)
				}
				other = kept.reopen(t, now)
			case 1:
				_, _ = lasting.Add(context.Background(), name, bounds, now), other.Add(context.Background(), name, bounds, now)
			default:
				want, _ := lasting.Take(context.Background(), name, bounds, now)
				got, _ := other.Take(context.Background(), name, bounds, now)
				if d := cmp.Diff(want, got); d != "" {
					t.Fatal(d)
				}
			}
		}
	})
}

// TestWhatIsSaved: only what counted, once, again after a failure, and never a name.
func TestWhatIsSaved(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	g, one := NewGroups(0), []Bound{{Key: "/calls", N: 1, Limit: 2, Period: time.Hour}}
	ctx := context.Background()
	_ = g.Add(ctx, "before", one, now)
	g.Keep()
	save := func(fails error) (n int) {
		err := g.Save(func(k []Kept) error { n = len(k); return fails })
		if !errors.Is(err, fails) {
			t.Errorf("%v", err)
		}
		return n
	}
	if n := save(nil); n != 0 {
		t.Errorf("%d groups that counted before they were to be kept", n)
	}
	for range 5 {
		_, _ = g.Take(ctx, "a", one, now) // the last ones are refused
	}
	_, _ = g.Take(ctx, "b", []Bound{{Key: "/calls", Limit: 2}}, now) // looks only
	if n := save(errors.ErrUnsupported); n != 1 {
		t.Errorf("%d groups", n)
	}
	if n := save(nil); n != 1 {
		t.Errorf("%d groups after a failure", n)
	}
	_, _ = g.Take(ctx, "a", one, now)
	if n := save(nil); n != 0 {
		t.Errorf("%d groups that did not count", n)
	}
}

// TestForgottenGroupsAreNotKept: what is swept is given once more, without data.
func TestForgottenGroupsAreNotKept(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	g := NewGroups(1) // one group in a shard
	g.Keep()
	kept := shelf{}
	for i := range 3000 {
		_ = g.Add(context.Background(), fmt.Sprint(i), []Bound{{Key: "k", N: 1, Limit: 1, Period: time.Second}}, now.Add(time.Duration(i)*10*time.Second))
		if err := g.Save(kept.write); err != nil {
			t.Fatal(err)
		}
	}
	if len(kept) > shards || len(kept) == 0 {
		t.Errorf("%d groups are kept", len(kept))
	}
}

func TestDamagedCounters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := append([]byte{keptFormat}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
		_, _ = NewGroups(0).Restore(Kept{Data: b}, time.Now())
	})
	for _, b := range []string{"", "\x02", "\x01\x05ab", "\x01\x01a\x01"} {
		if _, err := NewGroups(0).Restore(Kept{Data: []byte(b)}, time.Unix(0, 0)); err == nil {
			t.Errorf("%q is taken", b)
		}
	}
}
