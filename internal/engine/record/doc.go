// Package record is what the engine stores: the records of executions, due work,
// deliveries and Map Runs with their bytes, and the spaces and keys of all rows.
//
// It is pure: it opens no store, knows no time and no goroutine. internal/engine alone
// calls it, and writes what it makes in the group of what the record tells of.
//
// Invariants: bytes that were written once are read for ever; a record that gets more
// to say has a later format byte, or the new texts behind the old ones, and one that
// has nothing of it keeps the old bytes; a damaged record is codec.ErrRecord, never a
// panic.
package record
