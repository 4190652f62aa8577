// Package observe turns what happened into what is told of it: histories of
// executions into spans, finished exchanges into spans and records of the access
// log.
//
// It is not a store and not an exporter (internal/telemetry has both), and it makes
// nobody wait: the engine's notices are queued. internal/app hands it the engine's
// notices and the gateway's exchanges.
//
// Invariants: the spans of an execution have the same ids whenever they are told, so
// that telling twice replaces; each is exported once; the path of a callback URL,
// which is a secret, is in none of them.
package observe
