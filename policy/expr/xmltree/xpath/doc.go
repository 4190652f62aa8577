// Package xpath is XPath 1.0 over the trees of package xmltree: all axes but
// namespace, predicates, operators and the function library but id() and lang().
//
// It knows no .NET: package library/xlinq shows its results to expressions. It has
// no variables and no functions of a host's.
//
// Invariants: an expression compiles once and never changes; every node that is
// visited and every text that is made charges the Budget; nesting of an expression
// is bounded when it compiles.
package xpath
