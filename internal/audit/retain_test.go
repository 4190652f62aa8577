package audit

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestDropKeepsTheChain: whatever was dropped, the rest verifies from the first one that
// is kept, in the same process and the next, and goes on.
func TestDropKeepsTheChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &space{}
		now := noon
		log, err := Open(s, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		var times []time.Time
		first := 0 // index of the oldest that is to be there
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				cut := noon.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "cut")) * time.Hour)
				was := first
				for first < len(times)-1 && times[first].Before(cut) {
					first++
				}
				if n, err := log.Drop(cut); err != nil || n != uint64(first-was) {
					t.Fatalf("dropped %d, %v, want %d", n, err, first-was)
				}
			case 1:
				if log, err = Open(s, func() time.Time { return now }); err != nil {
					t.Fatal(err)
				}
			default:
				now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hours")) * time.Hour)
				if _, err := log.Append(t.Context(), Entry{Actor: fmt.Sprint(len(times))}); err != nil {
					t.Fatal(err)
				}
				times = append(times, now.UTC().Truncate(time.Millisecond))
			}
			n, err := log.Verify()
			if err != nil || n != uint64(len(times)-first) || log.First() != uint64(first+1) {
				t.Fatalf("%d hold from %d, %v; want %d from %d", n, log.First(), err, len(times)-first, first+1)
			}
			if got, err := log.Read(1, 100); err != nil || len(got) != len(times)-first || len(got) > 0 && got[0].Actor != fmt.Sprint(first) {
				t.Fatalf("%d records, %v", len(got), err)
			}
		}
	})
}

// TestWhatIsTakenBehindACutShows: the start that is remembered hides nothing else.
func TestWhatIsTakenBehindACutShows(t *testing.T) {
	s := &space{}
	log := open(t, s)
	for range 6 {
		if _, err := log.Append(t.Context(), Entry{Actor: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := log.Drop(noon.Add(time.Hour)); n != 5 || err != nil {
		t.Fatalf("dropped %d, %v: the newest stays", n, err)
	}
	for range 2 {
		if _, err := log.Append(t.Context(), Entry{Actor: "b"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Cut(Pair{Key: []byte{0, 1}}, key(6), key(7)); err != nil { // a thief takes one more
		t.Fatal(err)
	}
	var broken *BrokenError
	if _, err := log.Verify(); !errors.As(err, &broken) || broken.Seq != 6 {
		t.Errorf("Verify: %v", err)
	}
	if n, err := log.Drop(noon.Add(time.Hour)); n != 0 || !errors.As(err, &broken) {
		t.Errorf("a broken chain is dropped: %d, %v", n, err)
	}
}
