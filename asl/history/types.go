package history

// typeNames are AWS's types of history events. A type's place is its number in
// stored records: add at the end only. Place 0 stands for a type written out.
var typeNames = [...]string{
	"",
	"ExecutionStarted", "ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut", "ExecutionRedriven",
	"PassStateEntered", "PassStateExited", "ChoiceStateEntered", "ChoiceStateExited", "SucceedStateEntered", "SucceedStateExited",
	"FailStateEntered", "WaitStateEntered", "WaitStateExited", "WaitStateAborted",
	"TaskStateEntered", "TaskStateExited", "TaskStateAborted",
	"TaskScheduled", "TaskStarted", "TaskStartFailed", "TaskSubmitted", "TaskSubmitFailed", "TaskSucceeded", "TaskFailed", "TaskTimedOut",
	"LambdaFunctionScheduled", "LambdaFunctionScheduleFailed", "LambdaFunctionStarted", "LambdaFunctionStartFailed",
	"LambdaFunctionSucceeded", "LambdaFunctionFailed", "LambdaFunctionTimedOut",
	"ActivityScheduled", "ActivityScheduleFailed", "ActivityStarted", "ActivitySucceeded", "ActivityFailed", "ActivityTimedOut",
	"ParallelStateEntered", "ParallelStateStarted", "ParallelStateSucceeded", "ParallelStateFailed", "ParallelStateAborted", "ParallelStateExited",
	"MapStateEntered", "MapStateStarted", "MapStateSucceeded", "MapStateFailed", "MapStateAborted", "MapStateExited",
	"MapIterationStarted", "MapIterationSucceeded", "MapIterationFailed", "MapIterationAborted",
	"MapRunStarted", "MapRunSucceeded", "MapRunFailed", "MapRunAborted", "MapRunRedriven",
	"EvaluationFailed",
}

// Code is a type's number in stored records, 0 for one that is not AWS's.
func Code(typ string) int { return typeCodes[typ] }

// TypeOf is the type of a number, false for a number that no type has.
func TypeOf(code uint64) (string, bool) {
	if code == 0 || code >= uint64(len(typeNames)) {
		return "", false
	}
	return typeNames[code], true
}

// typeCodes finds a type's place; for look-ups only.
var typeCodes = func() map[string]int {
	m := make(map[string]int, len(typeNames))
	for i, name := range typeNames[1:] {
		m[name] = i + 1
	}
	return m
}()

// DetailsMember names the member of the API's HistoryEvent that carries the
// Details of a type ("taskScheduledEventDetails"), "" for a type that has none.
// Where it names one, the member is present even if all of its fields are absent
// (executionFailedEventDetails: {}). In the details of a …Scheduled type, RoleARN
// is taskCredentials.roleArn. Inputs and outputs carry {"truncated": false} beside
// them, assignedVariables too.
func DetailsMember(typ string) string {
	switch typ {
	case "LambdaFunctionStarted", "TaskStateAborted", "WaitStateAborted",
		"ParallelStateStarted", "ParallelStateSucceeded", "ParallelStateFailed", "ParallelStateAborted",
		"MapStateSucceeded", "MapStateFailed", "MapStateAborted", "MapRunSucceeded", "MapRunAborted":
		return ""
	}
	for _, family := range [...]struct{ suffix, member string }{
		{"StateEntered", "stateEnteredEventDetails"},
		{"StateExited", "stateExitedEventDetails"},
	} {
		if n := len(typ) - len(family.suffix); n > 0 && typ[n:] == family.suffix {
			return family.member
		}
	}
	if typeCodes[typ] == 0 {
		return ""
	}
	return string(typ[0]|0x20) + typ[1:] + "EventDetails"
}
