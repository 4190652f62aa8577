// Package engine is the embedded durable host of executions: it feeds events to
// asl/interp, commits what follows from them, and only then acts on it.
//
// An execution lives in one of 256 shards, by the hash of its ARN. A shard's
// worker applies events in memory, one after another; each turn's writes (journal
// event, changed frames, blobs, history, timers, due work, visibility, side
// journal, token records, deliveries) go to the one committer, which gathers turns into
// groups: while group k syncs, k+1 gathers. Replies, task dispatches, timers and
// notices of a turn leave only after its group is durable; reads wait for the
// group that was under way when they looked.
//
// A distributed Map's Map Run belongs to the shard of its parent: a feed beside the
// worker reads the items, children are executions in shards of their own, and what is
// kept of the run is how far all of them have ended (see maprun below this package).
//
// What is stored, and under which keys, is record's, below this package.
//
// It is not a wire (internal/sfnapi), not a caller of tasks (internal/task, behind
// Tasks), and it opens no store (app hands it one). It does not know the gateway.
//
// Invariants: one store has one Host; an event is applied once, in the order of
// its execution's journal; what Apply gave is in exactly one group; an execution
// that waits holds no goroutine and, once evicted from the bounded cache, no
// memory but its timers that come due within the horizon; a panic in interp
// quarantines its execution and nothing else, and so do records that are absent or
// damaged; a read that failed says nothing of an execution, and what the host owes it
// is done again later; a store that failed ends the host.
package engine
