// Package cachecodec turns what the cache policies keep into bytes and back, so that
// a cache outside the process can have it, and makes such a cache the policies'.
//
// It is no cache: internal/cache/rediscache is one. internal/policies keeps its two
// kinds of entries, Value and Response, in every cache; app gives New the store.
//
// Invariants: what comes back has the types that went in, or nothing comes back; bytes
// that are damaged, foreign or of a later version are a miss, never an error.
package cachecodec

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// Value is a value of an expression in a cache. Nothing changes it: what goes in and
// what comes out is a copy, so that exchanges never share an object.
type Value struct {
	Value any
	// Refresh is from when on cache-value makes the value anew; zero: never.
	Refresh time.Time
}

// Response is an answer in a cache. It never changes.
type Response struct {
	Status int
	Reason string
	Header exchange.Header
	Body   []byte
}

// format is the first byte of what is stored, and entries begin with one of two more.
// Four bytes of checksum are the last.
const (
	format        = 1
	entryValue    = 'v'
	entryResponse = 'r'
	sum           = 4
)

// MaxBytes is how long an entry may be: a body of 2 MiB with its header fields.
const MaxBytes = 2<<20 + 64<<10

var polynomial = crc32.MakeTable(crc32.Castagnoli)

// Encode writes a Value or *Response; ok is false for a value whose type has no form in
// bytes, and for what is too long.
func Encode(v any) (b []byte, ok bool) {
	w := &writer{b: []byte{format}}
	switch v := v.(type) {
	case Value:
		w.tag(entryValue)
		if w.signed(0); !v.Refresh.IsZero() {
			w.b = w.b[:len(w.b)-1]
			w.signed(v.Refresh.UnixMilli())
		}
		w.value(v.Value, 0)
	case *Response:
		w.tag(entryResponse)
		w.response(v)
	default:
		return nil, false
	}
	b = checked(w.b)
	return b, !w.lacking && len(b) <= MaxBytes
}

// checked adds the checksum.
func checked(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, polynomial))
}

// Decode reads what Encode wrote.
func Decode(b []byte) (v any, ok bool) {
	if len(b) < 2+sum || len(b) > MaxBytes || b[0] != format {
		return nil, false
	}
	body := b[:len(b)-sum]
	if crc32.Checksum(body, polynomial) != binary.LittleEndian.Uint32(b[len(body):]) {
		return nil, false
	}
	r := &reader{b: body[2:]}
	switch body[1] {
	case entryValue:
		var out Value
		if ms := r.signed(); ms != 0 {
			out.Refresh = time.UnixMilli(ms)
		}
		out.Value = r.value(0)
		v = out
	case entryResponse:
		v = r.response()
	default:
		return nil, false
	}
	return v, !r.bad && len(r.b) == 0
}

func (w *writer) response(v *Response) {
	w.signed(int64(v.Status))
	w.text(v.Reason)
	w.number(uint64(v.Header.Len()))
	v.Header.Each(func(name, value string) {
		w.text(name)
		w.text(value)
	})
	w.bytes(v.Body)
}

func (r *reader) response() *Response {
	out := &Response{Status: int(r.between(0, 999)), Reason: r.text()}
	n := r.number()
	for i := uint64(0); i < n && !r.bad; i++ {
		name := r.text()
		out.Header.Add(name, r.text())
	}
	out.Body = append([]byte{}, r.take(r.number())...)
	return out
}

// Store keeps bytes for many nodes.
type Store interface {
	// Get gives a value and how long it lasts.
	Get(ctx context.Context, key string) (value []byte, left time.Duration, ok bool, err error)
	// Put keeps a value for a time.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Remove forgets a value.
	Remove(ctx context.Context, key string) error
	// Lock takes the lock of a key over all nodes; ok is false while another has it.
	Lock(ctx context.Context, key string) (leave func(), ok bool, err error)
}

// Cache is policy.Cache and policy.CacheLocks over a Store.
type Cache struct{ store Store }

var _ interface {
	policy.Cache
	policy.CacheLocks
} = (*Cache)(nil)

// New makes a Cache.
func New(s Store) *Cache { return &Cache{s} }

// Get gives a value that is still fresh; what cannot be read is not there.
func (c *Cache) Get(ctx context.Context, key string, now time.Time) (value any, expires time.Time, ok bool, err error) {
	b, left, ok, err := c.store.Get(ctx, key)
	if err != nil || !ok {
		return nil, time.Time{}, false, err
	}
	v, ok := Decode(b)
	if !ok {
		return nil, time.Time{}, false, nil
	}
	return v, now.Add(left), true, nil
}

// Put keeps a value. One that has no form in bytes is not kept, and takes an older one
// away; the error says so.
func (c *Cache) Put(ctx context.Context, key string, value any, _ int64, ttl time.Duration, _ time.Time) error {
	b, ok := Encode(value)
	if !ok {
		if err := c.store.Remove(ctx, key); err != nil {
			return err
		}
		return policy.ErrNotKept
	}
	return c.store.Put(ctx, key, b, ttl)
}

// Remove forgets a value.
func (c *Cache) Remove(ctx context.Context, key string) error { return c.store.Remove(ctx, key) }

// Lock takes the lock of a key over all nodes.
func (c *Cache) Lock(ctx context.Context, key string) (leave func(), ok bool, err error) {
	return c.store.Lock(ctx, key)
}
