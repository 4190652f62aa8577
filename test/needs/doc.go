// Package needs runs docs/needs.md: each command of the page against the real
// binary and a copy of examples/refunds, and holds what it prints against what the
// page says.
//
// It holds tests alone. The clouds that the page speaks of are played on loopback:
// a proxy, whose certificates the server trusts, answers in their names, so that
// the server under test is the product with nothing changed in it.
//
// Invariants: a command of the page that is not run, or whose output the page does
// not tell, fails; nothing sleeps for a while; nothing leaves loopback.
package needs
