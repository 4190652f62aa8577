// Package memkv is kv.Store in memory: an ordered map whose groups become
// durable a moment after they were committed, and which loses the ones that were
// not durable yet when a test cuts its power.
//
// It is for tests; the product's store is pebblekv. The engine's crash tests and
// every package that needs a store in a test use it.
//
// Invariants: as with the real store, a group is visible to readers as soon as
// it is committed, before it is durable, so a caller that shows what it read
// before the group is durable is caught. Crash keeps every durable group and a
// prefix of the others, each whole.
package memkv
