// Package policy reads policy documents of Azure API Management, checks them
// against a table of policies, compiles them once, and runs them over an
// exchange.
//
// It is not an XML library: a policy document may hold C# with bare quotes and
// angle brackets, so the package has a scanner of its own (scan.go) that keeps
// every byte, and it is not the policies themselves: those are literals in
// internal/policies, handed in as a Table. The gateway links and runs pipelines,
// and checks single documents for the command line.
//
// A text passes through: named values are put in (expand.go) → Tree (scan.go) →
// checks against the table's schemas (schema.go) → Document, a list of compiled
// steps per section (document.go) → Pipeline, spans over the documents of the
// scopes (link.go) → Run (run.go).
//
// Invariants: Parse, Compile and Link touch nothing outside their arguments; a
// Tree prints the bytes it was read from; a Document and a Pipeline never change
// and may run on many goroutines; one Run stays on its caller's goroutine and
// reaches the world through its Env alone; all faults of a document are reported
// at their places in the files that the user wrote, and text that came from a
// secret named value is in none of them.
package policy
