// Package syntax reads the text of a JSONata 2 expression and gives its tree, with
// paths flattened, predicates and stages attached, parents (%) resolved and tail
// calls marked, so that the evaluator has nothing left to work out about shape.
//
// It follows the reference implementation, jsonata-js 2.0.6, to the token: what it
// reads after a bracket as a regular expression, where a position points, which
// errors it sees first. The operators ?: and ?? of 2.2 are read as well. It knows
// nothing of values, functions or regular expressions beyond their text. The
// packages jsonata and jsonata/library call it.
//
// Invariants: a tree never changes after Parse; Parse ends on every text, within
// MaxSource, MaxNesting and MaxHeight, with a tree or an *Error and never a panic.
// Strings are UTF-8, in which an unpaired surrogate from an escape is three bytes
// (ED A0 80 to ED BF BF), so that nothing of JavaScript's strings is lost.
package syntax
