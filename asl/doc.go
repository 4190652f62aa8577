// Package asl reads definitions in the Amazon States Language, reports every
// fault with its place, and compiles them into a Program: immutable states whose
// paths, payload templates, intrinsic functions, JSONata expressions and choice
// rules can be evaluated against a Scope.
//
// It does not run anything: the order of states, retries, catches and histories
// are asl/interp's. It does not know HTTP or JSON files in folders either. The
// callers are asl/interp, asl/graph, internal/engine, internal/console and internal/app.
//
// A state is in JSONPath or in JSONata: its Template then holds paths and calls, or
// "{% … %}". Faults have AWS's codes and, where AWS's answers are known, its words;
// what AWS does not look for has codes of our own (STL-A…).
//
// Invariants: Parse never panics and reports all the faults of a document, not
// the first; a Program is never changed after Parse; evaluation touches no
// clock, randomness or state beyond its Scope and gives an *EvalError, never a
// panic, for bad data.
package asl
