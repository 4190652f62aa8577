package interp

import (
	"stile/asl"
	"stile/asl/history"
	"stile/jsonval"
)

// Blob is a payload to store: key (execution, ID), written once, never changed.
type Blob struct {
	ID    uint64
	Value jsonval.Value
}

// EventKind is what happened.
type EventKind uint8

// The events that a host feeds to Apply. The numbers are part of the journal's
// format: never renumber.
const (
	// EventStarted is the first event; see Start.
	EventStarted EventKind = 1
	// EventContinue resumes a slice that set Changes.More.
	EventContinue EventKind = 2
	// EventTimer says that timer Timer (of a StartTimer command) came due.
	EventTimer EventKind = 3
	// EventTaskSucceeded and EventTaskFailed end an attempt of a Task. For
	// .waitForTaskToken they come from the token, after EventTaskSubmitted.
	EventTaskSucceeded EventKind = 4
	EventTaskFailed    EventKind = 5
	// EventTaskSubmitted says that the request of a token or .sync Task was
	// accepted; Output is the answer.
	EventTaskSubmitted EventKind = 6
	// EventHeartbeat is a SendTaskHeartbeat.
	EventHeartbeat EventKind = 7
	// EventStop is StopExecution, with Error and Cause.
	EventStop EventKind = 8
	// EventTaskStarted says that a worker took an activity's task; WorkerName is
	// its name. A host that skips it loses only the worker's name: the attempt's
	// end implies it.
	EventTaskStarted EventKind = 9
	// EventMapRunEnded is the end of the Map Run of command Command: Output where it
	// succeeded, else Error and Cause (with Aborted, nothing but that it was stopped).
	EventMapRunEnded EventKind = 10
	// EventRedriven is RedriveExecution of one that ended otherwise than well; see
	// Execution.Redrivable.
	EventRedriven EventKind = 11
)

// Event is one thing that happened to an execution. All that is not determined
// by the execution itself — time, randomness, answers — is in it, so that the
// same events give the same Changes for ever.
type Event struct {
	Kind EventKind
	// Time is Unix milliseconds; every history event of one Apply has it.
	Time int64
	// Seed feeds UUIDs, States.MathRandom and jitter.
	Seed uint64

	Start *Start // EventStarted only

	// Command and Attempt name the Task attempt that task events and heartbeats are for.
	Command uint64
	Attempt uint32
	// Timer is the id of the timer that came due.
	Timer uint64

	Output jsonval.Value
	// OutputBlob, where not 0, is the blob that holds Output (or Start.Input): Append
	// then writes the number instead of the text, and a decoded event without the
	// text is read back by Apply through Env.LoadBlob. A host copies it from
	// Changes.EventBlob after Apply and before Append.
	OutputBlob   uint64
	Error, Cause string
	WorkerName   string // EventTaskStarted
	// Uncatchable marks an error that Retry and Catch do not see (States.Runtime is
	// so by its name and needs no mark).
	Uncatchable bool
	// Definite says that the callee's answer was seen, whatever it was: the next
	// attempt then gets a new idempotency key.
	Definite bool
	// Verdict is opaque to interp and host: the gateway's words on the call.
	Verdict []byte
	// RetryAfterMillis is how long a limit holds, 0 where unknown.
	RetryAfterMillis int64
	// Delivery fields of a callback, kept with the token's record by the host.
	DeliveryID, DeliveryDigest string
	// Override, where not nil, is how a fork differs from the execution that it repeats.
	Override *Override
	// Missing are the ARNs of those activities of the program (Activities) that do not
	// exist at Time: a Task of one is not scheduled, and fails.
	Missing []string
}

// Override changes the input of the first state of a name that one event has entered.
type Override struct {
	// State is the state's name.
	State string
	// Input takes the place of the state's input, absent: the input stays. The members of
	// Set, an object or absent, then take the place of its members of their names.
	Input, Set jsonval.Value
}

// apply gives the input that the state gets.
func (o *Override) apply(input jsonval.Value) jsonval.Value {
	if o.Input.Exists() {
		input = o.Input
	}
	if !o.Set.Exists() {
		return input
	}
	var out jsonval.Object
	if input.Kind() == jsonval.ObjectKind {
		for _, m := range input.Members() {
			if !o.Set.Get(m.Name).Exists() {
				out.Add(m.Name, m.Value)
			}
		}
	}
	for _, m := range o.Set.Members() {
		out.Add(m.Name, m.Value)
	}
	return out.Value()
}

// Start is the first event's content: everything about an execution that never
// changes afterwards.
type Start struct {
	// Semantics is the number under which the execution runs for its whole life.
	Semantics        uint32
	ExecutionARN     string
	Name             string
	StateMachineARN  string
	StateMachineName string
	RoleARN          string
	// Type is STANDARD or EXPRESS.
	Type  string
	Input jsonval.Value
	// TokenKey names the key that makes this execution's task tokens.
	TokenKey string
	// Owner is the APIM subscription id that started it; empty for none.
	Owner string
	// Subject is who started it, as the host spells callers; empty for nobody known.
	Subject string
	// TraceID (32 hex) and ParentSpan (16 hex or empty) join it to a trace.
	TraceID, ParentSpan string
	TraceHeader         string
	// Account and Region stand in history details ("us-east-1").
	Account, Region string
	// Mocks are the answers of a mock test case: an object of state names, each with
	// an object of attempt ranges ("0", "1-2") to {"Return": …} or {"Throw": {"Error",
	// "Cause"}} (Step Functions Local's MockConfigFile, resolved). Absent for none.
	Mocks jsonval.Value
	// MapRunARN is set of a child execution of a distributed Map.
	MapRunARN string
	// VersionARN and AliasARN are what the start named, where it named one.
	VersionARN, AliasARN string
	// MaxPayload (bytes) and MaxHistory (events) are the execution's limits for its
	// whole life where they are not Env's; 0: those.
	MaxPayload, MaxHistory int
}

// CommandKind is what a host must do.
type CommandKind uint8

// The commands that Apply gives. Numbers are part of stored records.
const (
	// ScheduleTask: call the resource; answer with EventTask… for (ID, Attempt).
	ScheduleTask CommandKind = 1
	// StartTimer: feed EventTimer with this Timer at At or later.
	StartTimer CommandKind = 2
	// CancelTimer: forget the timer; a late EventTimer changes nothing anyway.
	CancelTimer CommandKind = 3
	// CancelTask: the attempt's answer no longer matters; stop it where possible.
	CancelTask CommandKind = 4
	// StartMapRun: make the Map Run of MapRun and run its children; answer with
	// EventMapRunEnded for ID.
	StartMapRun CommandKind = 5
	// StopMapRun: the Map Run of ID no longer matters; abort its open children.
	StopMapRun CommandKind = 6
	// RedriveMapRun: the Map Run of MapRun, which ended or was stopped, goes on with
	// the children that did not succeed; Attempt counts its redrives. The answer is
	// EventMapRunEnded for ID.
	RedriveMapRun CommandKind = 7
)

// Command is one duty of the host, to be carried out only after the group that
// holds its Apply's changes is durable. IDs come from a counter in the execution
// that never restarts.
type Command struct {
	Kind CommandKind
	// ID is the Task visit's command id: all attempts of one visit share it. Of a
	// StartTimer it is set for a Task's back-off alone: another attempt follows.
	ID      uint64
	Attempt uint32 // from 1
	// KeyID goes into the Idempotency-Key: kept while the last attempt ended with
	// no definite answer, new after one.
	KeyID uint64
	Timer uint64 // StartTimer, CancelTimer
	At    int64  // StartTimer: Unix ms

	State    string // ScheduleTask: state name
	Resource string // ScheduleTask: the ARN as written, pattern included
	// Entered is the history id of the state's Entered event.
	Entered    int64
	Parameters Payload
	// NamedValues are the places of Parameters where the definition's own text has
	// {{name}}: the Program's, never stored. A host may resolve them on the way out.
	NamedValues []asl.NamedValueRef
	// TaskToken is set for .waitForTaskToken and activities.
	TaskToken string
	// TimeoutAt is when the attempt times out (Unix ms), 0 for never; the host need
	// not enforce it: a timer does.
	TimeoutAt int64
	// Frame is the key of the frame whose Task this is: 0 for the top level, else a
	// branch's or an iteration's; for spans and health only.
	Frame uint32
	// Submitted, from Outstanding alone, says that the request of a .sync Task was
	// accepted before the restart: watch the job, do not start another.
	Submitted bool
	// MapRun is set of StartMapRun.
	MapRun *MapRunSpec
	// Mock is the answer that a mock test case has for this attempt, {"Return": …} or
	// {"Throw": …}; absent where there is none and the resource is called.
	Mock jsonval.Value
}

// MapRunSpec is all that a host needs to run a distributed Map: evaluated once,
// when the state is entered. Payloads over 256 bytes may be their numbers alone:
// in Outstanding they are.
type MapRunSpec struct {
	// ARN is the Map Run's: …:mapRun:MACHINE/LABEL:UUID, the UUID from the event's seed.
	ARN, Label string
	// State is the Map's name, by which Program.States has its fields and ChildInput
	// its ItemSelector.
	State string
	// Items is the array or object to map over; absent with a Reader.
	Items Payload
	// Reader is the ItemReader's evaluated Arguments, with ItemsPointer and MaxItems
	// (0: all); absent without one.
	Reader       Payload
	ItemsPointer string
	MaxItems     int64
	// MaxItemsPerBatch and MaxInputBytesPerBatch are 0 where not given; with one of
	// them items are grouped, see Batcher. BatchInput is absent without one.
	MaxItemsPerBatch, MaxInputBytesPerBatch int64
	BatchInput                              Payload
	// MaxConcurrency 0 is the host's greatest.
	MaxConcurrency             int64
	ToleratedFailureCount      int64
	ToleratedFailurePercentage float64
	// Writer is the ResultWriter's evaluated Arguments; absent without one.
	Writer Payload
	// Input, Context and Variables are what ItemSelector reads: the Map's effective
	// input, its context object without Map.Item, and the variables that it names.
	Input, Context Payload
	Variables      []Variable
	// Time and Seed are those of the event that started the Map Run, for clock and
	// random numbers of ItemSelector.
	Time int64
	Seed uint64
}

// FrameChange is one frame's record: Data nil means that the frame ended and its
// key is deleted. Key 0 is the root.
type FrameChange struct {
	Key  uint32
	Data []byte
}

// Outcome is how an execution ended.
type Outcome struct {
	// Status is SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
	Status       string
	Output       Payload
	Error, Cause *string
}

// Changes is everything that one Apply did. The host puts all of it into one
// commit group, then carries out Commands and sends replies.
type Changes struct {
	Frames   []FrameChange
	Blobs    []Blob
	History  []HistoryEvent
	Commands []Command
	// More says that a slice ended early: the host journals EventContinue and applies it later.
	More bool
	// EventBlob is the blob that was made of the event's Output (or Start.Input), 0
	// where it is inline or unused; see Event.OutputBlob.
	EventBlob uint64
	// Done is set when the execution ended in this Apply.
	Done *Outcome
	// State is the root frame's current state after this Apply ("" after the end).
	State string
	// Stray says that the event changed nothing (late, double, unknown); nothing
	// else is set then and nothing need be journalled.
	Stray bool
	// Waiting tells what the execution waits for, for health: "task" (or a Map Run),
	// "token", "timer", "retry", or "".
	Waiting string
}

// Env is what an execution reaches outside its frames. All functions are pure.
type Env struct {
	// Token makes the task token of an attempt; see sfn's codec. expiry is Unix ms.
	Token func(key string, executionARN string, command uint64, attempt uint32, expiry int64) string
	// LoadBlob reads a payload back (after Restore); an error quarantines the execution.
	LoadBlob func(id uint64) (jsonval.Value, error)
	// CheckParameters says what is wrong with the parameters of an integration
	// before its Task is scheduled, in AWS's words ("The value of the field 'Headers'
	// has an invalid format"), or "". nil checks nothing.
	CheckParameters func(resource string, parameters jsonval.Value) string
	// Inspect, where set, is told each stage of a state's data flow as TestState
	// names it ("afterInputPath", "afterParameters", "result", …). Only TestState
	// sets it: it changes nothing.
	Inspect func(stage string, v jsonval.Value)
	// Sync is set of what StartSyncExecution starts: its context object was recorded
	// without RedriveCount. Nothing of it is ever restored.
	Sync bool
	// Limits; zero values mean AWS's: 262144 bytes, 25000 events, and slices of 512
	// transitions or 256 KiB of output.
	MaxPayload, MaxHistory, SliceTransitions, SliceBytes int
}

// What histories are made of has a package of its own, so that who only shows them
// needs no interpreter.
type (
	// Payload is a value that passes through an execution.
	Payload = history.Payload
	// HistoryEvent is one event of GetExecutionHistory.
	HistoryEvent = history.Event
	// Details is the union of all history details.
	Details = history.Details
	// Variable is an assigned variable.
	Variable = history.Variable
)
