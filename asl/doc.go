// Package asl reads definitions in the Amazon States Language, reports every
// fault with its place, and compiles them into a Program: immutable states whose
// paths, payload templates, intrinsic functions and choice rules can be
// evaluated against a Scope.
//
// It does not run anything: the order of states, retries, catches and histories
// are asl/interp's. It does not know HTTP or JSON files in folders either. The
// callers are asl/interp, asl/graph, internal/engine, internal/console and internal/app.
//
// It takes JSONPath definitions only; JSONata, distributed Map and its reader,
// batcher and writer are refused with diagnostics of our own (STL-A…). All other
// faults have AWS's codes and, where AWS's answers are known, its words.
//
// Invariants: Parse never panics and reports all the faults of a document, not
// the first; a Program is never changed after Parse; evaluation touches no
// clock, randomness or state beyond its Scope and gives an *EvalError, never a
// panic, for bad data.
package asl
