// Package awssdk drives a live server with AWS's SDK for Go v2, as a customer's
// program would: every action that the server has, the errors that the SDK knows
// by type, paging, and the fields of the history.
//
// It holds tests alone and is a module of its own, so that the SDK's tree is no
// part of the product's. The server is the one of STILE_ENDPOINT; without it the
// binary of STILE runs on testdata/project; without both, all is skipped.
//
// Invariants: every name is new in each run, so that a server may be used many
// times; nothing sleeps for a while, everything polls with a deadline.
package awssdk
