//go:build race

package gateway

// raced says that the race detector watches, under which allocations are its own affair.
const raced = true
