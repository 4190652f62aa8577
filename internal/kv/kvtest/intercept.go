package kvtest

import (
	"errors"
	"fmt"
	"sync"

	"stile/internal/kv"
)

// ErrPower is what a store gives after its power was cut.
var ErrPower = errors.New("kvtest: power is off")

// Place is where in a store call the caller stands.
type Place string

// The places of every call. Inside is, for Commit, after the group was handed
// over and before it is known durable; for reads, after the inner store answered
// (GetMany) or at the first pair (Iterate).
const (
	Before Place = "before"
	Inside Place = "inside"
	After  Place = "after"
)

// Point is one place in one call.
type Point struct {
	N     int // counted from 1 over the store's life
	Call  string
	Place Place
}

// String gives "12 inside Commit".
func (p Point) String() string { return fmt.Sprintf("%d %s %s", p.N, p.Place, p.Call) }

// Store passes calls on to another store and names every point that they pass.
// Once Cut, it answers ErrPower, and calls that were under way end so too.
type Store struct {
	inner kv.Store
	hook  func(Point)

	mu  sync.Mutex
	n   int
	off bool
}

var _ kv.Store = (*Store)(nil)

// Intercept makes a Store; hook is called at every point, on the goroutine that
// passes it, and may call Cut.
func Intercept(inner kv.Store, hook func(Point)) *Store { return &Store{inner: inner, hook: hook} }

// Cut ends the store: no call that is under way or comes later succeeds.
func (s *Store) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = true
}

// Points is how many points were passed so far.
func (s *Store) Points() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// Pass passes a point that the caller names, for places inside a store that it
// can reach (a file's sync); false where the power is off.
func (s *Store) Pass(call string, p Place) bool {
	s.mu.Lock()
	if s.off {
		s.mu.Unlock()
		return false
	}
	s.n++
	point := Point{s.n, call, p}
	s.mu.Unlock()
	s.hook(point)
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.off
}

// GetMany passes three points.
func (s *Store) GetMany(space kv.Space, keys [][]byte) ([][]byte, error) {
	if !s.Pass("GetMany", Before) {
		return nil, ErrPower
	}
	got, err := s.inner.GetMany(space, keys)
	if !s.Pass("GetMany", Inside) || !s.Pass("GetMany", After) {
		return nil, ErrPower
	}
	return got, err
}

// Iterate passes three points, the middle one only where there is a pair.
func (s *Store) Iterate(space kv.Space, r kv.Range, f func(key, value []byte) bool) error {
	if !s.Pass("Iterate", Before) {
		return ErrPower
	}
	first, on := true, true
	err := s.inner.Iterate(space, r, func(k, v []byte) bool {
		if first {
			first, on = false, s.Pass("Iterate", Inside)
		}
		return on && f(k, v)
	})
	if !on || !s.Pass("Iterate", After) {
		return ErrPower
	}
	return err
}

// Commit passes Before and Inside on the caller's goroutine and After on the
// store's, before done.
func (s *Store) Commit(g kv.Group, done func(error)) {
	if !s.Pass("Commit", Before) {
		go done(ErrPower)
		return
	}
	s.inner.Commit(g, func(err error) {
		if !s.Pass("Commit", After) {
			err = ErrPower
		}
		done(err)
	})
	s.Pass("Commit", Inside)
}

// Close leaves the inner store to its owner.
func (s *Store) Close() error { return nil }
