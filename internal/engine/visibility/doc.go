// Package visibility is the pure part of how executions are found and how long they
// are kept: which values of an execution are indexed, the keys of the rows of each
// index, which index answers a listing, and what a sweep of retention does next.
//
// It is not a store and runs nothing: internal/engine alone calls it, writes the rows
// in the group of what they tell of, and deletes. app makes the Fields of a project.
//
// Invariants: a row's key is a function of the execution's start, id and of what it is
// listed by, so that whoever knows these finds the row; every index but that of ends
// has the newest start first; a Sweeper holds nothing that a restart must keep.
package visibility
