package sfn

import (
	"strings"
	"time"
)

// MapRun is a Map Run as DescribeMapRun shows it.
type MapRun struct {
	ARN, ExecutionARN string
	// StateMachineARN is the labelled one of the children.
	StateMachineARN     string
	Status              string    // RUNNING, SUCCEEDED, FAILED, ABORTED
	StartDate, StopDate time.Time // StopDate zero while it runs
	MapRunBounds
	Items, Executions MapRunCounts
	// RedriveCount is how often it was redriven, RedriveDate when last; zero for never.
	RedriveCount int64
	RedriveDate  time.Time
}

// MapRunBounds are what UpdateMapRun changes. MaxConcurrency 0 is the host's greatest.
type MapRunBounds struct {
	MaxConcurrency             int64
	ToleratedFailureCount      int64
	ToleratedFailurePercentage float64
}

// MapRunCounts count the items, or the child executions, of a Map Run.
type MapRunCounts struct {
	Pending, Running, Succeeded, Failed, TimedOut, Aborted, Total, ResultsWritten int64
	// PendingRedrive are those that did not succeed and wait to run again.
	PendingRedrive int64
}

// MapRunUpdate is UpdateMapRun's input; nil keeps what is.
type MapRunUpdate struct {
	MaxConcurrency, ToleratedFailureCount *int64
	ToleratedFailurePercentage            *float64
}

// MapRunDoesNotExist for an ARN that names no Map Run.
func MapRunDoesNotExist(arn string) *Error {
	return &Error{Code: "ResourceNotFound", Message: "Resource not found: '" + arn + "'"}
}

// MapRunCompleted for a change of a Map Run that has ended.
func MapRunCompleted(arn string) *Error {
	return &Error{Code: "ValidationException", Reason: "CANNOT_UPDATE_COMPLETED_MAP_RUN",
		Message: "Map Run cannot be updated because it is completed: '" + arn + "'"}
}

// MapRunResources are the names of a Map Run in roles: its ARN, and its state
// machine's stateMachine/NAME.
func MapRunResources(arn string) []string { return MachineResources(arn) }

// unlabelled is a state machine's name without the label of a Map behind it.
func unlabelled(name string) string {
	name, _, _ = strings.Cut(name, "/")
	return name
}
