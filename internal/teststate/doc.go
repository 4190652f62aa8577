// Package teststate tests one state apart from any execution: AWS's TestState.
// It reads a definition (of one state, or a whole one with the state's name),
// checks the mock, the context object and the configuration against it in AWS's
// words, visits the state with asl/interp's Trial and tells how that ended, with
// what each stage of its data flow gave.
//
// It is not a host: nothing is stored, no history is kept, no token is waited for,
// no Wait is waited out and no back-off slept. It calls nothing itself: a Task
// without a mock goes to Calls, which internal/app gives. internal/sfnapi calls it.
//
// Invariants: with a mock a test is a pure function of its request, of now and of
// NewID; nothing is called before everything was checked; refusals are *sfn.Error
// with AWS's code.
package teststate

import (
	"context"
	"time"

	"stile/asl"
	"stile/asl/interp"
	"stile/diag"
	"stile/internal/sfn"
	"stile/jsonval"
)

// MaxDuration is how long a test may take; what takes longer fails with
// States.Timeout (AWS API reference, TestState).
const MaxDuration = 5 * time.Minute

// Calls makes the call of a Task that has no mock.
type Calls interface {
	// Try makes one call and waits for its answer. The trace is that of an HTTP Task;
	// reveal lets it hold the secrets of the request.
	Try(ctx context.Context, call sfn.TaskCall, reveal bool) (sfn.TaskResult, *sfn.HTTPTrace)
	// CheckParameters says what is wrong with a Task's parameters before it is
	// scheduled, in AWS's words, or "".
	CheckParameters(resource string, parameters jsonval.Value) string
}

// Config is what tests reach outside. Now and NewID are required.
type Config struct {
	// Calls nil lets no Task be tested without a mock.
	Calls           Calls
	Account, Region string
	Now             func() time.Time
	// NewID makes a random UUID.
	NewID func() string
}

// Tester tests states. It is safe for concurrent use.
type Tester struct{ cfg Config }

// New makes a Tester.
func New(cfg Config) *Tester { return &Tester{cfg} }

// Request is a test: TestState's parameters, decoded.
type Request struct {
	Definition string
	// StateName says that Definition is a whole one, and which state is meant.
	StateName string
	RoleARN   string
	// Input is absent where none was given.
	Input jsonval.Value
	// Variables is an object; Context the context object. Absent where not given.
	Variables, Context jsonval.Value
	Mock               *Mock
	Configuration      Configuration
	// Level is INFO, DEBUG or TRACE.
	Level  string
	Reveal bool
	// Subject is who asks.
	Subject string
}

// Mock stands in for what the state would do. One of the two is set in a good one.
type Mock struct {
	Result *string
	Error  *MockError
	// Mode is STRICT, PRESENT or NONE.
	Mode string
}

// MockError is a mocked error.
type MockError struct{ Error, Cause string }

// Configuration is TestStateConfiguration.
type Configuration struct {
	RetrierRetryCount        int64
	ErrorCausedByState       string
	MapIterationFailureCount *int64
	MapItemReaderData        *string
}

// Result is how a test ended.
type Result struct {
	interp.TrialEnd
	// Inspection is nil at INFO.
	Inspection *Inspection
	// Unchecked says that no model of the mocked service is at hand, so that the
	// mock's fields were not checked.
	Unchecked bool
	// Called is the resource that was really called, "" where none was.
	Called string
}

// subject is the state under test.
type subject struct {
	program *asl.Program
	state   *asl.State
	// inside says that it stands in a Map.
	inside bool
}

// find reads the definition and finds the state.
func find(r *Request) (subject, error) {
	src := diag.NewSource("", r.Definition)
	if r.StateName == "" {
		p, faults := asl.ParseState(src)
		if p == nil {
			return subject{}, sfn.InvalidDefinition(asl.WireMessage(faults))
		}
		return subject{program: p, state: p.Body.StartAt}, nil
	}
	p, faults := asl.Parse(src)
	if p == nil {
		return subject{}, sfn.InvalidDefinition(asl.WireMessage(faults))
	}
	st := p.States[r.StateName]
	if st == nil {
		return subject{}, invalid("State '" + r.StateName + "' is not in the definition")
	}
	return subject{program: p, state: st, inside: insideMap(p, st)}, nil
}

// insideMap says that a state stands in the item processor of a Map.
func insideMap(p *asl.Program, st *asl.State) bool {
	for _, s := range p.Ordered {
		if s.Map != nil && contains(s.Map.Processor, st) {
			return true
		}
	}
	return false
}

// contains looks for a state in a body and in the bodies inside it.
func contains(b *asl.Body, st *asl.State) bool {
	if b == nil {
		return false
	}
	for _, s := range b.States {
		if s == st || s.Map != nil && contains(s.Map.Processor, st) {
			return true
		}
		for _, branch := range s.Parallel {
			if contains(branch, st) {
				return true
			}
		}
	}
	return false
}

func invalid(message string) *sfn.Error {
	return &sfn.Error{Code: "ValidationException", Message: message}
}
