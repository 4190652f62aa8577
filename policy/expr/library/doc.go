// Package library is the allow-list of policy expressions: every .NET type and member
// that an expression may name, each a line of a table with its C# signature and the
// Go function that runs it, and the values behind them (JSON tokens, collections,
// LINQ, regular expressions, hashes, context).
//
// It is no reflection over Go and has no way to reach anything that a table does not
// name. Package expr looks names up in it and runs its natives on a clr.Machine.
//
// Invariants: a signature that does not parse is a broken invariant and panics when
// the table is built; natives keep nothing of their argument slice; whatever loops or
// grows charges the machine.
package library
