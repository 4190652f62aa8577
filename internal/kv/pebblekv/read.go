package pebblekv

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"stile/internal/kv"
)

func spaced(space kv.Space, key []byte) []byte {
	return append(append(make([]byte, 0, len(key)+1), byte(space)), key...)
}

// upper is the exclusive end of a range in Pebble's keys; nil is the space's end.
func upper(space kv.Space, key []byte) []byte {
	if key != nil {
		return spaced(space, key)
	}
	if space == 0xff {
		return nil
	}
	return []byte{byte(space) + 1}
}

// GetMany reads the latest applied values. A store that failed reads nothing
// more: what it holds in memory may be gone from the disk.
func (s *Store) GetMany(space kv.Space, keys [][]byte) ([][]byte, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	out := make([][]byte, len(keys))
	for i, k := range keys {
		v, closer, err := s.db.Get(spaced(space, k))
		if errors.Is(err, pebble.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[i] = append(make([]byte, 0, len(v)), v...)
		if err := closer.Close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Iterate walks one snapshot of the range.
func (s *Store) Iterate(space kv.Space, r kv.Range, f func(key, value []byte) bool) (err error) {
	if err := s.readable(); err != nil {
		return err
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: spaced(space, r.Lower), UpperBound: upper(space, r.Upper)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	first, next := it.First, it.Next
	if r.Reverse {
		first, next = it.Last, it.Prev
	}
	for ok := first(); ok; ok = next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if !f(it.Key()[1:], v) {
			break
		}
	}
	return it.Error()
}

func (s *Store) readable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	return s.failed
}
