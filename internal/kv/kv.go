// Package kv is the one seam to durable storage: ordered bytes in named spaces,
// read by key or range, changed by atomic groups.
//
// It is not an interface per table and knows nothing of executions: the engine,
// telemetry and identity each build their records on it. Implementations:
// Pebble (internal/kv/pebblekv, the product's store) and memkv (in memory; loses
// unsynced groups on demand, for crash tests). All pass kvtest.Conformance.
//
// Invariants: a Group is atomic, in order of Commit calls, and durable when its
// done is called with nil; an error given to done means that the store has
// stopped for good: the process ends, nothing is retried. Values returned belong
// to the caller.
package kv

// Space is a named region of keys; a store keeps them apart by a one-byte prefix.
type Space byte

// Write kinds of an Op.
const (
	Set OpKind = iota + 1
	Delete
	// DeleteRange removes all keys in [Key, End).
	DeleteRange
)

// OpKind says what an Op does.
type OpKind byte

// Op is one write.
type Op struct {
	Kind       OpKind
	Space      Space
	Key, Value []byte
	End        []byte // DeleteRange only
}

// ShardWrites are the writes of one shard, made under its epoch: a networked
// store refuses them where another process has taken a newer epoch. Embedded
// stores ignore the epoch.
type ShardWrites struct {
	Shard uint16
	Epoch uint64
	Ops   []Op
}

// Group is what commits together: many shards and spaces, all or nothing.
type Group struct{ Writes []ShardWrites }

// Range bounds an iteration to [Lower, Upper); nil Upper means the space's end.
type Range struct {
	Lower, Upper []byte
	Reverse      bool
}

// Store is the seam. All methods are safe for concurrent use.
type Store interface {
	// GetMany gives the values of keys in order; nil for a key that is absent (a
	// present empty value is a non-nil empty slice).
	GetMany(space Space, keys [][]byte) ([][]byte, error)
	// Iterate calls f with each pair of the range in key order, over one consistent
	// view, until f returns false. Key and value are valid only during the call.
	Iterate(space Space, r Range, f func(key, value []byte) bool) error
	// Commit takes a group and returns at once; done is called exactly once, from
	// another goroutine, when the group is durable or the store has failed. Groups
	// become durable in the order of Commit calls, and readers may see a group before
	// it is durable, never after done without it. The caller gives the group away.
	Commit(g Group, done func(error))
	// Close waits for committed groups.
	Close() error
}
