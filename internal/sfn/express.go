package sfn

// ExpressSeconds is how long an EXPRESS execution may take.
const ExpressSeconds = 300

// ExpressARN names an EXPRESS execution: names may repeat, so id, a UUID, tells it
// from others of its name.
func ExpressARN(region, account, machine, name, id string) string {
	return ARN{Partition: "aws", Region: region, Account: account, Kind: "express", Name: machine, Sub: name + ":" + id}.String()
}

// TypeNotSupported refuses an action that state machines of a type do not have.
func TypeNotSupported() *Error {
	return &Error{Code: "StateMachineTypeNotSupported", Message: "This operation is not supported by this type of state machine"}
}

// SyncExecution is StartSyncExecution's answer: an execution that has ended, and what
// AWS would bill for it, rounded as AWS does.
type SyncExecution struct {
	Execution
	BilledMilliseconds, BilledMegabytes int64
}

// Billed rounds a duration and a size as EXPRESS executions are billed: up to the next
// 100 ms and 64 MB, and no less than one of each. bytes is what the execution held
// beside what every one needs.
func Billed(milliseconds, bytes int64) (billedMilliseconds, megabytes int64) {
	const base, step = 50 << 20, 64 << 20
	return max(1, (milliseconds+99)/100) * 100, (base + bytes + step - 1) / step * 64
}
