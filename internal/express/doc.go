// Package express is the host of EXPRESS executions: it runs them in memory, with
// asl/interp, as internal/engine runs STANDARD ones on disk.
//
// What is kept of an execution that StartExecution began is its start, from before
// the answer until the end: after a crash it starts over from its input, under the
// same ARN. Of one that StartSyncExecution began nothing is kept; its caller learns
// from the answer how it ended, and from the lost connection that the process did.
//
// An execution is an actor: whoever brings it an event while nobody is at work on it
// works off its inbox, one event after another. What it waits for are timers of the
// clock and calls on goroutines of their own; a wait holds no goroutine otherwise.
//
// It is not a wire (internal/sfnapi), not a registry of state machines (the engine,
// behind Machines), not a caller of tasks (behind Tasks), and keeps no history: what
// happens is told to Observe, and forgotten. internal/app opens it and joins it with
// the engine by the state machine's type.
//
// Invariants: a start that was answered is durable until its execution has ended; no
// more executions are open at once than Config allows; an execution ends at most
// 5 minutes after it began; a panic of interp takes one execution out of service and
// nothing else; a store that failed ends the process.
package express
