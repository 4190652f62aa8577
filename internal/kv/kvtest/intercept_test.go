package kvtest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/kv"
	"stile/internal/kv/memkv"
)

func TestInterceptNamesEveryPoint(t *testing.T) {
	inner := memkv.New(nil)
	defer inner.Close()
	points := make(chan string, 20)
	s := Intercept(inner, func(p Point) { points <- fmt.Sprint(p.Place, " ", p.Call) })
	if err := Commit(s, set(1, "a", "1")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.GetMany(1, [][]byte{[]byte("a")}); err != nil {
		t.Fatal(err)
	}
	if got := list(t, s, 1, kv.Range{}); got != "a=1" {
		t.Error(got)
	}
	count := map[string]int{}
	for range 9 {
		count[<-points]++
	}
	want := map[string]int{}
	for _, call := range []string{"Commit", "GetMany", "Iterate"} {
		for _, place := range []Place{Before, Inside, After} {
			want[fmt.Sprint(place, " ", call)] = 1
		}
	}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Error(diff)
	}
}

// TestCut cuts the power at every point of one commit and of one read.
func TestCut(t *testing.T) {
	for n := 1; n <= 9; n++ {
		inner := memkv.New(nil)
		var s *Store
		s = Intercept(inner, func(p Point) {
			if p.N == n {
				s.Cut()
			}
		})
		committed := Commit(s, set(1, "a", "1"))
		_, read := s.GetMany(1, [][]byte{[]byte("a")})
		seen := s.Iterate(1, kv.Range{}, func(_, _ []byte) bool { return true })
		for i, err := range []error{committed, read, seen} {
			if dead := errors.Is(err, ErrPower); dead != (n <= 3*(i+1)) {
				t.Errorf("cut at %d: call %d gives %v", n, i+1, err)
			}
		}
		inner.Close()
	}
}
