// Package dataset reads the items that a distributed Map maps over out of objects
// in buckets, and is the seam behind which those objects are.
//
// It knows the formats (JSON, JSON Lines, CSV, manifests, listings) and the folders
// of a project that stand for buckets; an object store joins behind Store. It is not
// the Map Run: which items become which child, and when, is the engine's, which
// calls it. Results are written through Store as well, but made there.
//
// Invariants: a Reader holds one item at a time, of at most MaxItem bytes, whatever
// the object's size; the same objects give the same items in the same order, and
// Identity tells whether they are the same; a key never leaves its bucket's folder;
// what is put appears whole or not at all. Errors for users are *Error.
package dataset

import (
	"context"
	"io"
	"time"
)

// MaxItem is how long one item's text may be, in bytes (Step Functions' quota).
const MaxItem = 8 << 20

// Error is why a dataset cannot be read, or an object not written, in words for the
// state's Cause.
type Error struct{ Cause string }

// Error gives the cause.
func (e *Error) Error() string { return e.Cause }

func fault(cause string) error { return &Error{cause} }

// Info is what a store tells of an object. Key is its name in the bucket; ETag
// changes when the object does.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time
	ETag     string
}

// Store is where objects are.
type Store interface {
	// Open opens an object for reading from its beginning.
	Open(ctx context.Context, bucket, key string) (io.ReadCloser, Info, error)
	// List calls f with the objects whose keys begin with prefix, in the order of their
	// keys' bytes, until f gives an error, which List gives back.
	List(ctx context.Context, bucket, prefix string, f func(Info) error) error
	// Put makes an object of what fill writes, or replaces it: whole, or where fill
	// fails not at all. It gives the object's size.
	Put(ctx context.Context, bucket, key string, fill func(io.Writer) error) (size int64, err error)
}
