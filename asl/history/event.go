// Package history is the events of an execution's history, as the API of Step
// Functions shows them: their types, ids and details, with payloads by reference.
//
// It is not what writes them (asl/interp, which also has their stored form) nor the
// wire (a server's). Who reads histories imports this and no interpreter.
//
// Invariants: a type's number in stored records never changes; a payload is inline
// or the number of a blob.
package history

import "stile/jsonval"

// Payload is a value that passes through an execution. Values over 256 bytes are
// blobs: Blob is the counter under which the host stores the value once, given
// when the value is first made and kept while it passes unchanged; frames,
// history and journal then hold the number alone. Blob 0 means inline.
type Payload struct {
	Blob  uint64
	Value jsonval.Value // for a blob loaded lazily from a store: absent until read by Execution
}

// Event is one event of GetExecutionHistory.
type Event struct {
	ID, Previous int64
	Time         int64  // Unix ms
	Type         string // AWS's HistoryEventType
	Details      Details
}

// Details is the union of all history details that interp writes; which member
// of the API's HistoryEvent carries it follows from Type (see DetailsMember). A
// nil or zero field is absent on the wire, except where DetailsMember's table says.
type Details struct {
	Name              string // StateEntered/Exited name; MapIteration name
	Input, Output     *Payload
	Error, Cause      *string
	Resource          string
	ResourceType      string
	Region            string
	Parameters        *Payload
	TimeoutSeconds    *int64
	HeartbeatSeconds  *int64
	Length, Index     *int64
	RoleARN           string
	State             string // EvaluationFailed
	Location          string
	AssignedVariables []Variable // in order of assignment
	WorkerName        string
	MapRunARN         string // MapRunStarted, MapRunRedriven
	RedriveCount      *int64 // ExecutionRedriven, MapRunRedriven
	// VersionARN and AliasARN are what the start named (ExecutionStarted).
	VersionARN, AliasARN string
}

// Variable is an assigned variable with its JSON text; Blob as in Payload.
type Variable struct {
	Name  string
	Value jsonval.Value
	Blob  uint64
}
