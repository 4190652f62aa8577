// Package browser walks the pages of the control listener in a real browser,
// headless Chromium, against the real binary: it logs in, follows a live order,
// approves it, and reads why another one was denied.
//
// It holds tests alone and knows the product by its addresses and pages. The
// identity provider is played on loopback.
//
// Invariants: nothing sleeps for a while, everything polls with a deadline; a page
// that loads anything from another host, or breaks its own content security policy,
// fails the test that saw it.
package browser
