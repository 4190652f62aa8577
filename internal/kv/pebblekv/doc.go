// Package pebblekv is kv.Store on Pebble, the product's store.
//
// A data folder holds FORMAT (one line: name and number of the folder's format),
// LOCK, and log/ (Pebble's files). Spaces are one-byte prefixes of Pebble's keys.
//
// It is not a cache and not a queue: groups come formed, from one committer per
// store (the engine's, or a small user's own). app opens the stores; nothing else
// names Pebble.
//
// Invariants: a folder is open in one process at most; a folder of a newer format
// is refused before anything in it is touched; a group is one batch and one sync
// of the write-ahead log; a failed write or sync ends the store for good (Fatal,
// by default the process), because after a failed sync nobody knows what the disk
// holds, and trying again would only hide it.
package pebblekv
