// Package notify tells others what happened: it delivers the durable outbox's
// records to webhooks, as CloudEvents signed by Standard Webhooks, and to sinks in
// this process.
//
// It is not the outbox: the engine writes a record in the commit group of the
// change that it tells of, and Store gives it back. internal/app makes a Notifier
// from stile.yaml and runs it.
//
// Invariants: a record reaches each target that wants its type at least once,
// under the same id, or is counted as dropped a day after it was made; a target
// gets records in their order, but for those that it refuses one by one; a target
// that is down holds up no other; memory is bounded, whatever waits; a secret is
// asked for at each delivery and kept nowhere.
package notify
