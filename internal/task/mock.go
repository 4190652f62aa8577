package task

import (
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
)

// mocked answers a call from its test case; nothing is called and nothing is
// resolved. A Task that ends by a token or by a job ends at once: its request is
// said to be accepted with the same answer, and then the answer is the Task's. A
// Throw is the failure of the request itself.
func mocked(call sfn.TaskCall, done func(sfn.TaskResult)) {
	text := func(v jsonval.Value) string { s, _ := v.Str(); return s }
	if throw := call.Mock.Get("Throw"); throw.Exists() {
		name := text(throw.Get("Error"))
		if name == "" { // an empty name is a success to the engine
			name = "States.TaskFailed"
		}
		done(sfn.TaskResult{Error: name, Cause: text(throw.Get("Cause")), Definite: true})
		return
	}
	answer := call.Mock.Get("Return")
	if isFunction(call.Resource) {
		// A function's ARN gives what the function returned, where the API that
		// lambda:invoke calls gives that under Payload: one mock serves both.
		if payload := answer.Get("Payload"); payload.Exists() {
			answer = payload
		}
	}
	if submits(call.Resource) {
		done(sfn.TaskResult{Submitted: true, Output: answer, Definite: true})
		done(sfn.TaskResult{Output: answer, Definite: true})
		return
	}
	done(sfn.TaskResult{Output: answer, Definite: true})
}

// isFunction says that a resource is the ARN of a Lambda function.
func isFunction(resource string) bool {
	rest := resource
	for i := range 6 {
		part, behind, more := strings.Cut(rest, ":")
		if !more || i == 2 && part != "lambda" || i == 5 && part != "function" {
			return false
		}
		rest = behind
	}
	return true
}

// submits says that a Task of this resource has a TaskSubmitted in its history.
func submits(resource string) bool {
	for _, pattern := range []string{".sync", ".sync:2", ".waitForTaskToken"} {
		if strings.HasSuffix(resource, pattern) {
			return strings.Contains(resource, ":states:") // no function is named so
		}
	}
	return false
}
