package sfn

import (
	"time"

	"stile/asl"
	"stile/asl/interp"
	"stile/jsonval"
)

// Execution statuses (AWS's ExecutionStatus).
const (
	Running   = "RUNNING"
	Succeeded = "SUCCEEDED"
	Failed    = "FAILED"
	TimedOut  = "TIMED_OUT"
	Aborted   = "ABORTED"
)

// MaxData is how long an input or output may be as JSON text, in bytes, and
// MaxError and MaxCause an error's name and cause, in characters (AWS's API).
const (
	MaxData  = 262144
	MaxError = 256
	MaxCause = 32768
)

// State machine types.
const (
	Standard = "STANDARD"
	Express  = "EXPRESS"
)

// StateMachine is a state machine as it stands now, or as one execution took it.
type StateMachine struct {
	ARN, Name, RoleARN, Type string
	Definition               string // the document as it was given
	// RevisionID is empty for the first revision (AWS leaves it out).
	RevisionID       string
	Created, Updated time.Time
	Status           string // ACTIVE, DELETING
	Tags             []Tag
	// Logging, Tracing and Encryption are kept as they were given, JSON objects.
	Logging, Tracing, Encryption jsonval.Value
	// File is where the definition was loaded from in a project; empty over the wire.
	File string
}

// Tag of a resource.
type Tag struct{ Key, Value string }

// NewStateMachine is CreateStateMachine's input.
type NewStateMachine struct {
	Name, RoleARN, Type, Definition string
	Tags                            []Tag
	Logging, Tracing, Encryption    jsonval.Value
	File                            string
}

// StateMachineUpdate is UpdateStateMachine's input; nil keeps what is.
type StateMachineUpdate struct {
	Definition, RoleARN          *string
	Logging, Tracing, Encryption jsonval.Value
	File                         string
}

// Start is StartExecution's input.
type Start struct {
	StateMachineARN string
	Name            string        // empty: a UUID is made
	Input           jsonval.Value // absent: {}
	TraceHeader     string
	// Owner is the APIM subscription id of the caller; empty for none.
	Owner string
	// Subject is who starts it: a Caller's String, or the subject that the gate
	// knows; empty for nobody.
	Subject string
	// TraceID and ParentSpan join the execution to a trace; empty: a new trace.
	TraceID, ParentSpan string
}

// Started is StartExecution's answer.
type Started struct {
	ExecutionARN string
	StartDate    time.Time
}

// Execution is one execution as Describe and List show it.
type Execution struct {
	ARN, Name, StateMachineARN string
	Status                     string
	StartDate, StopDate        time.Time // StopDate zero while running
	Input, Output              jsonval.Value
	Error, Cause               *string
	TraceHeader                string
	// State is the root frame's current state, empty after the end.
	State string
	// Owner is the APIM subscription id at start; Subject who started it.
	Owner, Subject string
	// TraceID is the trace that the execution belongs to, Span its own span, and
	// ParentSpan that of whoever started it (empty where the execution is the root).
	TraceID, Span, ParentSpan string
	// Waiting is what it waits for: task, token, timer, retry or empty.
	Waiting string
	RoleARN string
	// Health says how it fares; zero for one that has ended.
	Health Health
	// Quarantine is why it was taken out of service; empty: it was not.
	Quarantine string
}

// Page is a paging request: Max 0 means the default of 100.
type Page struct {
	Max   int
	Token string
}

// ListExecutions is a listing's filter; StateMachineARN empty means all (console and CLI only).
type ListExecutions struct {
	StateMachineARN, Status string
	// Health, where not empty, leaves only open executions that fare so.
	Health HealthStatus
	Page
}

// HistoryPage is GetExecutionHistory's input.
type HistoryPage struct {
	ExecutionARN string
	Reverse      bool
	Page
}

// TaskCall is one dispatch of a Task attempt: what the host hands to a task
// integration after the group with its ScheduleTask is durable.
type TaskCall struct {
	ExecutionARN, ExecutionName       string
	StateMachineARN, StateMachineName string
	RoleARN                           string
	State                             string
	Command                           uint64
	Attempt                           uint32
	// Send counts dispatches of this command over crashes and attempts, from 1.
	Send uint32
	// IdempotencyKey is hex of HMAC(execution ARN, command, keyID).
	IdempotencyKey string
	Resource       string // the ARN as written, pattern included
	Parameters     jsonval.Value
	// NamedValues are the strings of Parameters that the definition wrote with
	// {{name}} in them, by JSON pointer. Parameters hold the unresolved text.
	NamedValues []asl.NamedValueRef
	TaskToken   string
	Deadline    time.Time // zero: none
	// Owner and Subject are those of the execution's start.
	Owner, Subject string
	// TraceID and Span (the state visit's span) are the parent of the call's spans.
	TraceID, Span string
}

// TaskResult is a dispatch's answer.
type TaskResult struct {
	// Submitted: a token task's request was accepted (Output is the answer); the
	// task itself ends by its token.
	Submitted bool
	Output    jsonval.Value
	// Error is empty on success.
	Error, Cause string
	// Definite: the callee's answer was seen, whatever it was; the next attempt
	// gets a new key.
	Definite    bool
	Uncatchable bool
	// Call is the side-journal record: JSON of the gateway's decisions and verdict.
	Call       jsonval.Value
	RetryAfter time.Duration
	// NoSecret says that nothing was sent because a secret has no value, for health.
	NoSecret bool
}

// CallRecord is one entry of an execution's side journal.
type CallRecord struct {
	State   string
	Command uint64
	Attempt uint32
	Send    uint32
	Time    time.Time
	Call    jsonval.Value
}

// Delivery is one POST on a callback URL.
type Delivery struct {
	TaskToken string
	// ID is the sender's webhook id, empty for none; Digest is hex SHA-256 of kind and body.
	ID, Digest string
	// Fail: Error and Cause; else Output.
	Fail         bool
	Output       jsonval.Value
	Error, Cause string
	Sender       Sender
}

// DeliveryAnswer says what became of a delivery.
type DeliveryAnswer uint8

// The answers: the first delivery, the same one again, another one after the
// first (410), no such task any more (410), a URL that was revoked (410).
const (
	Accepted DeliveryAnswer = iota + 1
	Repeated
	Conflict
	Gone
	Revoked
)

// OpenToken is a task token that waits.
type OpenToken struct {
	TaskToken, ExecutionARN, ExecutionName, StateMachineName, State string
	Command                                                         uint64
	Attempt                                                         uint32
	Since, Expires                                                  time.Time
	// Revoked says that its callback URL is worth nothing; the Task waits on.
	Revoked bool
}

// Ref names the attempt that waits.
func (t OpenToken) Ref() CallbackRef { return CallbackRef{t.ExecutionARN, t.Command, t.Attempt} }

// Notice tells a watcher that an execution changed: its new history events.
type Notice struct {
	ExecutionARN string
	Status       string
	State        string
	Events       []interp.HistoryEvent
	// TraceID and ParentSpan are the execution's; empty where Events is.
	TraceID, ParentSpan string
}
