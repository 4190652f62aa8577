// Package interp runs a compiled state machine: Execution.Apply takes one event
// and gives back everything that follows from it — changed frames, blobs, history
// events and commands — and does nothing else.
//
// It is not an engine: it owns no clock, store, network or goroutine, and it
// calls no Task. A host (internal/engine today) journals each event, commits the
// Changes in one group, and only then carries out the commands; what comes back
// is the next event. The tests of this package are another host.
//
// The words: a frame is one thread of states — the top level, a branch of a
// Parallel, an iteration of a Map — with its own record under its own key. A
// blob is a payload over 256 bytes, stored once under a counter. A slice is the
// part of the work that one Apply does before it sets Changes.More. A Map Run is
// what a distributed Map waits for: its items run as executions of their own, which
// are the host's; the Map's frame holds what was asked for, and nothing per item.
//
// Invariants, held by tests:
//   - the same events give the same frames, history, commands and blobs, whether
//     the execution lives in memory from the start or is restored from its frames
//     before each event;
//   - history ids are 1, 2, 3 … without a gap, and nothing follows a terminal event;
//   - an Apply writes the frames it changed and no other, so that a Map of n items
//     costs O(n) in all;
//   - a late, double or unknown event is a Stray and changes nothing.
//
// Sources: the Amazon States Language specification for meaning; histories
// recorded on AWS for event order, previousEventId and the texts of causes.
package interp

// Semantics is the number of the rules this package implements. A change that
// would alter the commands, history or budgets of an open execution adds a
// number, and executions started under an older one keep it for life.
const Semantics = 1
