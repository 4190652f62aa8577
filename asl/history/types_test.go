package history

import "testing"

// TestDetailsMember names the members of the wire for types without recordings.
func TestDetailsMember(t *testing.T) {
	for typ, want := range map[string]string{
		"ExecutionAborted": "executionAbortedEventDetails", "ExecutionTimedOut": "executionTimedOutEventDetails",
		"TaskSubmitFailed": "taskSubmitFailedEventDetails", "LambdaFunctionScheduled": "lambdaFunctionScheduledEventDetails",
		"MapIterationAborted": "mapIterationAbortedEventDetails", "ActivityTimedOut": "activityTimedOutEventDetails",
		"FailStateEntered": "stateEnteredEventDetails", "MapStateExited": "stateExitedEventDetails",
		"WaitStateAborted": "", "LambdaFunctionStarted": "", "MapRunSucceeded": "", "Unheard": "",
	} {
		if got := DetailsMember(typ); got != want {
			t.Errorf("%s: %q, want %q", typ, got, want)
		}
	}
}

// TestNumbersOfTypes: a number that was given stands for its type for ever.
func TestNumbersOfTypes(t *testing.T) {
	for i, name := range typeNames {
		typ, ok := TypeOf(uint64(i))
		if i == 0 && ok || i > 0 && (typ != name || Code(name) != i) {
			t.Errorf("%d stands for %q, and %q has %d", i, typ, name, Code(name))
		}
	}
	if Code("ExecutionStarted") != 1 || Code("EvaluationFailed") != 62 || Code("Later") != 0 {
		t.Errorf("numbers moved: %d, %d", Code("ExecutionStarted"), Code("EvaluationFailed"))
	}
}
