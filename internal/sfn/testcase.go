package sfn

import "strings"

// SplitTestCase takes the name of a test case from behind a state machine's name
// or ARN (…:stateMachine:NAME#CASE, as Step Functions Local spells it); testCase is
// empty where the text has none.
func SplitTestCase(machine string) (base, testCase string) {
	base, testCase, _ = strings.Cut(machine, "#")
	if testCase == "" { // a name that ends with # is just not a legal one
		return machine, ""
	}
	return base, testCase
}

// NoTestCase refuses a start that names a test case. why says what it lacks.
func NoTestCase(machine, testCase, why string) *Error {
	return &Error{Code: "InvalidName", Message: "Invalid Name: '" + machine + "#" + testCase + "': " + why}
}
