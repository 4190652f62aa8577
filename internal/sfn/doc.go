// Package sfn holds the nouns of the workflow half: ARNs, statuses, state
// machines and executions as Describe and List show them, the calls and answers
// between a host and its task integrations, errors with AWS's codes and texts,
// and the codec of task tokens.
//
// It is not a host (see internal/engine) and not a wire (see internal/sfnapi):
// it does no I/O. engine, sfnapi, task, workflow, callback, console and app use it.
//
// Invariants: an Error's code and message go to the wire as they are; a task
// token is a pure function of its content and a key, and opens only under that key.
package sfn
