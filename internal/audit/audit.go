// Package audit is the append-only record of who changed what: every mutation of
// executions and configuration, every refusal, every call past the gateway.
//
// It is not the log of exchanges (internal/telemetry) and not an execution's
// history. internal/app opens it on a space of its own and hands Append to who
// answers; the control API and `stile audit` read it.
//
// Invariants: a record is durable when Append returns; a record is never changed;
// each record holds the hash of the one before it, so that a gap or a change shows;
// no payload and no secret is in a record, digests alone.
package audit

import (
	"time"

	"stile/jsonval"
)

// Decisions of a record.
const (
	Allowed    = "allowed"
	Denied     = "denied"
	Ungoverned = "ungoverned" // a call past the gateway that `egress:` lets out
)

// Entry is what happened, told by who answers.
type Entry struct {
	// Actor is a Caller's String, or "state:EXECUTION/STATE", or "subscription:ID", or
	// "files" for a project that was taken up, "secrets" for new values of secrets.
	Actor string
	// Via is page, api, aws, gateway, engine or files.
	Via string
	// Action is one of the actions of roles, such as states:StopExecution; or
	// stile:Login, or stile:CallOutside for a call past the gateway.
	Action string
	// Resource is the ARN, or stateMachine/NAME, api/A/operation/O, named-value/N.
	Resource string
	Decision string
	// Role is "file:line" of the statement that decided; empty where none did.
	Role string
	// Verdict is what a pipeline said, or {} members that matter; may be absent.
	Verdict jsonval.Value
	Trace   string
	// Before and After are hex SHA-256 of what was changed; empty where nothing was.
	Before, After string
}

// Record is an entry as it is kept.
type Record struct {
	Seq  uint64
	Time time.Time
	Entry
	// Prev is the hex SHA-256 of the record before, empty for the first.
	Prev string
}
