// Package cache keeps values for a time: the rule as a pure type (Shelf), and a
// cache in memory for many callers (Memory).
//
// It knows no policies and no HTTP: a caller names a key, says how large a value is
// and how long it lasts, and brings the time. The composition root owns the one
// Memory of a node; the cache policies reach it through policy.Cache.
//
// Invariants: the sizes of all values together, and their number, never go over
// what the cache was made for; a value is never given after its end; what was used
// longest ago goes first; a value that is too large, or lasts no time, is not taken
// and takes the place of nothing but the old value of its key.
package cache

import (
	"container/list"
	"time"
)

// overhead is what an entry costs beside its value and key, in bytes.
const overhead = 256

// Shelf is the rule: a bounded set of values that end. It is not safe for use by
// several goroutines; NewShelf makes one.
type Shelf struct {
	bytes, entries int64
	used           int64
	byKey          map[string]*list.Element
	order          *list.List // of *item; front: used last
}

type item struct {
	key     string
	value   any
	size    int64
	expires time.Time
}

// NewShelf makes an empty Shelf for so many bytes and entries.
func NewShelf(bytes, entries int64) *Shelf {
	return &Shelf{bytes: bytes, entries: entries, byKey: map[string]*list.Element{}, order: list.New()}
}

// Get gives a value that has not ended, and its end.
func (s *Shelf) Get(key string, now time.Time) (value any, expires time.Time, ok bool) {
	e := s.byKey[key]
	if e == nil {
		return nil, time.Time{}, false
	}
	it := e.Value.(*item)
	if !now.Before(it.expires) {
		s.drop(e)
		return nil, time.Time{}, false
	}
	s.order.MoveToFront(e)
	return it.value, it.expires, true
}

// Put keeps a value of about size bytes until now + ttl, in place of an older one,
// and reports whether it took it.
func (s *Shelf) Put(key string, value any, size int64, ttl time.Duration, now time.Time) bool {
	if e := s.byKey[key]; e != nil {
		s.drop(e)
	}
	if size < 0 || size > s.bytes {
		return false
	}
	size += int64(len(key)) + overhead
	if ttl <= 0 || size > s.bytes || s.entries < 1 {
		return false
	}
	for s.used+size > s.bytes || int64(s.order.Len()) >= s.entries {
		s.drop(s.order.Back())
	}
	s.byKey[key] = s.order.PushFront(&item{key, value, size, now.Add(ttl)})
	s.used += size
	return true
}

// Remove forgets a value and reports whether there was one.
func (s *Shelf) Remove(key string) bool {
	e := s.byKey[key]
	if e != nil {
		s.drop(e)
	}
	return e != nil
}

func (s *Shelf) drop(e *list.Element) {
	it := s.order.Remove(e).(*item)
	delete(s.byKey, it.key)
	s.used -= it.size
}

// Len counts the values, those included that have ended and were not asked for.
func (s *Shelf) Len() int { return s.order.Len() }

// Used is the size of all values with their keys, in bytes.
func (s *Shelf) Used() int64 { return s.used }
