package sfn

import (
	"time"

	"stile/asl/history"
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
	// MapRunARN and Label are set of what a child execution of a Map Run took: ARN and
	// Definition are the item processor's then.
	MapRunARN, Label string
	// VersionARN is the version that a creation or an update published, or that this is;
	// Description is a version's own.
	VersionARN, Description string
	// Variables are those that each state reads, sorted; nil in lists, and where the
	// definition has neither variables nor JSONata, which AWS took before November 2024.
	Variables map[string][]string
}

// Tag of a resource.
type Tag struct{ Key, Value string }

// NewStateMachine is CreateStateMachine's input.
type NewStateMachine struct {
	Name, RoleARN, Type, Definition string
	Tags                            []Tag
	Logging, Tracing, Encryption    jsonval.Value
	File                            string
	// Publish makes the first version, VersionDescription describes it.
	Publish            bool
	VersionDescription string
}

// StateMachineUpdate is UpdateStateMachine's input; nil keeps what is.
type StateMachineUpdate struct {
	Definition, RoleARN          *string
	Logging, Tracing, Encryption jsonval.Value
	File                         string
	// Publish makes a version of what stands then, where there is none of it yet.
	Publish            bool
	VersionDescription string
}

// Start is StartExecution's input.
type Start struct {
	// StateMachineARN may name a version or an alias; what the host finds behind it is in
	// VersionARN and AliasARN, which callers leave empty.
	StateMachineARN, VersionARN, AliasARN string
	// TestCase is the case of the mock file that the start names (NAME#CASE); empty
	// for a start that mocks nothing.
	TestCase string
	// Mocks are the answers that the host found for TestCase; callers leave it absent.
	Mocks       jsonval.Value
	Name        string        // empty: a UUID is made
	Input       jsonval.Value // absent: {}
	TraceHeader string
	// Owner is the APIM subscription id of the caller; empty for none.
	Owner string
	// Subject is who starts it: a Caller's String, or the subject that the gate
	// knows; empty for nobody.
	Subject string
	// Awaited says that who starts it is going to wait for its end by describing it,
	// which EXPRESS executions refuse.
	Awaited bool
	// TraceID and ParentSpan join the execution to a trace; empty: a new trace.
	TraceID, ParentSpan string
	// Applied, where not nil, is called when a new execution is on its way to the disk,
	// before it is durable and before the answer: what belongs to it can be written at the
	// same time. It must not block. A start that finds its execution does not call it.
	Applied func(executionARN string)
}

// Started is StartExecution's answer.
type Started struct {
	ExecutionARN string
	StartDate    time.Time
}

// Execution is one execution as Describe and List show it.
type Execution struct {
	ARN, Name, StateMachineARN string
	// VersionARN and AliasARN are what the start named; an alias chose the version.
	VersionARN, AliasARN string
	// MapRunARN is set of a child execution of a Map Run, with the number of its items.
	MapRunARN           string
	ItemCount           int64
	Status              string
	StartDate, StopDate time.Time // StopDate zero while running
	Input, Output       jsonval.Value
	Error, Cause        *string
	TraceHeader         string
	// State is the root frame's current state, empty after the end.
	State string
	// Owner is the APIM subscription id at start; Subject who started it.
	Owner, Subject string
	// TestCase is the case of the mock file whose answers its Tasks get; empty: none.
	TestCase string
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
	// RedriveCount is how often it was redriven, RedriveDate when last; zero for never.
	RedriveCount int64
	RedriveDate  time.Time
	// RedriveStatus says whether it can be redriven, RedriveReason why not; DescribeExecution
	// alone fills them in.
	RedriveStatus, RedriveReason string
	// HistoryDropped says that the history is gone: retention keeps executions longer.
	HistoryDropped bool
	// ForkedFrom is the ARN of the execution that this one repeats, and ForkedAt the state
	// from which it went on by itself, empty for the beginning; both empty: it is no fork.
	ForkedFrom, ForkedAt string
}

// Page is a paging request: Max 0 means the default of 100.
type Page struct {
	Max   int
	Token string
}

// ListExecutions is a listing's filter; StateMachineARN empty means all (console and
// CLI only). That of a version or an alias gives what was started by it.
type ListExecutions struct {
	StateMachineARN, Status string
	// Health, where not empty, leaves only open executions that fare so.
	Health HealthStatus
	// MapRunARN, where not empty, lists the children of a Map Run instead.
	MapRunARN string
	// Redriven, where not nil, leaves those that were redriven, or those that were not.
	Redriven *bool
	// From and To, where not zero, leave those that started in [From, To).
	From, To time.Time
	// Fields leave those whose indexed field has the value, given as compact JSON; they
	// need a StateMachineARN.
	Fields map[string]string
	Page
}

// HistoryPage is GetExecutionHistory's input.
type HistoryPage struct {
	ExecutionARN string
	Reverse      bool
	Page
}

// NamedValueRef is a place of a Task's parameters that holds {{Name}}: asl's, for
// those who need no language. Pointer is RFC 6901's.
type NamedValueRef struct{ Pointer, Name string }

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
	NamedValues []NamedValueRef
	TaskToken   string
	// Mock is the answer that the execution's test case has for this attempt; see
	// interp.Command. Absent where there is none.
	Mock     jsonval.Value
	Deadline time.Time // zero: none
	// Scheduled is when the attempt was scheduled, whatever was sent of it since.
	Scheduled time.Time
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
	Events       []history.Event
	// TraceID and ParentSpan are the execution's; empty where Events is.
	TraceID, ParentSpan string
	// Redrives is how often the execution was redriven.
	Redrives int64
}
