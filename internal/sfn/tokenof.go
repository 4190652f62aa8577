package sfn

// TokenOf says what a task token stands for: the execution, and the state where it
// is still known.
type TokenOf struct{ ExecutionARN, State string }
