// Package mock reads the mock file of Step Functions Local, MockConfigFile.json,
// and gives the answers of one test case of one state machine.
//
//	{"StateMachines": {MACHINE: {"TestCases": {CASE: {STATE: RESPONSE}}}},
//	 "MockedResponses": {RESPONSE: {"0": {"Return": ANY}, "1-2": {"Throw": {"Error": "E", "Cause": "C"}}}}}
//
// It is neither what counts invocations (asl/interp does, from the answers that an
// execution began with) nor what answers a Task (internal/task). internal/app loads
// the file with the project and resolves the cases that starts name.
//
// Invariants: a File never changes; every fault is told with its place; what a
// file of Step Functions Local may leave out or add (a response without an
// invocation, a key that nothing reads) is a warning, so that its files work
// unchanged.
//
// Sources: Step Functions Developer Guide, "Configuration file for mocked service
// integrations"; tests of LocalStack's local mocking.
package mock

// Codes of this package's faults.
const (
	CodeRange    = "STL-M001" // a key that is no invocation, or one that stands twice
	CodeGap      = "STL-M002" // warning: an invocation without an answer
	CodeAnswer   = "STL-M003" // not exactly one of Return and Throw, or a Throw that is none
	CodeResponse = "STL-M004" // a response that is not there
	CodeState    = "STL-M005" // warning: a state machine or a Task that is not there
	CodeResult   = "STL-M006" // warning: a Return that the service would not give
)

// FileName is the name of a mock file, and DefaultPath its place in a project.
const (
	FileName    = "MockConfigFile.json"
	DefaultPath = "tests/" + FileName
)
