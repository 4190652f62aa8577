package sfn

// Error is a refusal with AWS's code and text, ready for the wire.
type Error struct {
	Code, Message string
	// Reason is ValidationException's reason member; empty for none.
	Reason string
}

// Error gives "Code: Message".
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ExecutionDoesNotExist for an ARN that names no execution.
func ExecutionDoesNotExist(arn string) *Error {
	return &Error{Code: "ExecutionDoesNotExist", Message: "Execution Does Not Exist: '" + arn + "'"}
}

// StateMachineDoesNotExist for an ARN that names no state machine.
func StateMachineDoesNotExist(arn string) *Error {
	return &Error{Code: "StateMachineDoesNotExist", Message: "State Machine Does Not Exist: '" + arn + "'"}
}

// ActivityDoesNotExist for an ARN that names no activity.
func ActivityDoesNotExist(arn string) *Error {
	return &Error{Code: "ActivityDoesNotExist", Message: "Activity Does Not Exist: '" + arn + "'"}
}

// ExecutionAlreadyExists for a name that another execution has.
func ExecutionAlreadyExists(arn string) *Error {
	return &Error{Code: "ExecutionAlreadyExists", Message: "Execution Already Exists: '" + arn + "'"}
}

// ExecutionNotDeletable for one that cannot be deleted, or not yet. It is a refusal of
// ours: AWS deletes no executions by request.
func ExecutionNotDeletable(why string) *Error {
	return &Error{Code: "ConflictException", Message: why}
}

// StateMachineAlreadyExists for a name taken by a different definition.
func StateMachineAlreadyExists(arn string) *Error {
	return &Error{Code: "StateMachineAlreadyExists", Message: "State Machine Already Exists: '" + arn + "'"}
}

// StateMachineDeleting for a state machine that is being deleted.
func StateMachineDeleting(arn string) *Error {
	return &Error{Code: "StateMachineDeleting", Message: "State Machine Is Deleting: '" + arn + "'"}
}

// InvalidDefinition wraps AWS's list of faults (asl.WireMessage).
func InvalidDefinition(faults string) *Error {
	return &Error{Code: "InvalidDefinition", Message: "Invalid State Machine Definition: '" + faults + "'"}
}

// InvalidToken for a task token or page token that does not open.
func InvalidToken() *Error {
	return &Error{Code: "InvalidToken", Message: "Invalid Token: 'Invalid token'"}
}

// TaskDoesNotExist for a task token whose task has ended.
func TaskDoesNotExist() *Error {
	return &Error{Code: "TaskDoesNotExist", Message: "Task Does Not Exist"}
}

// TaskTimedOut for a task token whose task has timed out, or is closed.
func TaskTimedOut(why string) *Error {
	return &Error{Code: "TaskTimedOut", Message: "Task Timed Out: '" + why + "'"}
}
