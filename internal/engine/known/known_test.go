package known

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"
)

func id(n int) (out [16]byte) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	sum := sha256.Sum256(b[:])
	copy(out[:], sum[:])
	return out
}

func TestNothingIsAbsentBeforeItIsReady(t *testing.T) {
	var s Set
	if s.Absent(id(1)) {
		t.Error("a set that is not ready calls an id absent")
	}
	s.Ready()
	if !s.Absent(id(1)) {
		t.Error("nothing was added, and an id is not absent")
	}
	s.Add(id(1))
	if s.Absent(id(1)) || !s.Absent(id(2)) {
		t.Error("the one that was added is absent, or the other is not")
	}
}

// TestWhatWasAddedIsNeverAbsent fills some filters from many goroutines.
func TestWhatWasAddedIsNeverAbsent(t *testing.T) {
	var s Set
	const each, goroutines = 50_000, 8
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for n := range each {
				s.Add(id(g*each + n))
			}
		})
	}
	wg.Wait()
	s.Ready()
	for n := range each * goroutines {
		if s.Absent(id(n)) {
			t.Fatalf("%d was added and is absent", n)
		}
	}
	wrong := 0
	for n := range 100_000 {
		if !s.Absent(id(each*goroutines + n)) {
			wrong++
		}
	}
	t.Logf("%d of 100000 new ids look known", wrong)
	if wrong > 1000 {
		t.Errorf("%d of 100000 new ids look known, want at most 1 in 100", wrong)
	}
}

func TestTooManyTellNothing(t *testing.T) {
	var s Set
	s.Ready()
	s.Add(id(1))
	s.count.Store(Most)
	s.Add(id(2))
	s.Ready()
	if s.Absent(id(3)) {
		t.Error("a set that was given up calls an id absent")
	}
}
