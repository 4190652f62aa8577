// Package story walks the example project through the real binary: it places
// orders, approves them, kills the process, edits files and feeds it bad input,
// and looks at what a user, a caller or an operator would see.
//
// It holds tests alone and knows the product by its ports, files and exit codes,
// never by its packages. Each test runs a server of its own on free ports, with a
// copy of examples/orders and a fresh data folder.
//
// Invariants: nothing sleeps for a while, everything polls with a deadline; a
// server that is still running when its test ends is stopped; its log is shown
// where a test fails.
package story
