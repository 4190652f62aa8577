// Package clr is the ground that policy expressions stand on: .NET's types, the
// Go forms of their values, arithmetic, text and number formats, dates, exceptions,
// and the machine that counts what a run may still spend.
//
// It knows no syntax and no library: package syntax reads a text, package library
// holds the members that may be named, package expr binds one to the other. Hosts
// use package expr and see this one only through the aliases there.
//
// Invariants: nothing here reads a clock or a source of randomness but through
// Machine.Env; text is the invariant culture's; the server's zone is UTC; a fault
// that C# would throw is a panic with *Thrown, an empty budget one with Exhausted,
// and package expr catches both.
package clr
