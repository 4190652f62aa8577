// Package syntax reads the text of a policy expression: C# 7's lexer and parser for
// the expressions and statements that policies use. Its tree keeps byte offsets, and
// every fault goes to a Report with its place in the policy document.
//
// It knows no types and no members beyond the names of C#'s own: package expr binds
// the tree. Only package expr calls it.
//
// Invariants: Parse ends for every text, however hostile, because nesting is
// bounded; after a syntax error the rest of the text is not guessed at.
package syntax
