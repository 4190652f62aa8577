package sfn

// Whether an execution can be redriven (DescribeExecution's redriveStatus).
const (
	Redrivable         = "REDRIVABLE"
	NotRedrivable      = "NOT_REDRIVABLE"
	RedrivableByMapRun = "REDRIVABLE_BY_MAP_RUN"
)

// ExecutionNotRedrivable for an execution that cannot be redriven; why is AWS's
// redriveStatusReason.
func ExecutionNotRedrivable(why string) *Error {
	return &Error{Code: "ExecutionNotRedrivable", Message: why}
}
