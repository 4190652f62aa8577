// Package machines is the registry of state machines: their records, revisions,
// published versions, aliases and tags, and the compiled definitions that executions
// run.
//
// It runs no execution and writes no store by itself: the engine, which alone uses it,
// commits its changes, tells it of ends, and counts what runs. Actions are AWS's
// actions on state machines, which the engine's Host has as its own methods.
//
// Invariants: changes are made one at a time and nobody sees one before it is durable;
// a machine's value is never altered but replaced; a revision's row is written once and
// stays; numbers of revisions and versions are given out once, also over a deletion;
// what a start looks up takes no lock.
package machines
