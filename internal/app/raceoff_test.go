//go:build !race

package app

// raced says that the race detector watches, under which allocations are its own affair.
const raced = false
