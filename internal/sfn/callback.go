package sfn

import (
	"strconv"
	"strings"
	"time"

	"stile/jsonval"
)

// CallbackRef names one attempt of a Task that waits, or waited, for its token.
// Unlike the token it is no secret: who has it can do nothing by it alone.
type CallbackRef struct {
	ExecutionARN string
	Command      uint64
	Attempt      uint32
}

// ID is the reference as people read and type it: MACHINE:EXECUTION:COMMAND:ATTEMPT.
// None of the names can hold a colon.
func (r CallbackRef) ID() string {
	a, _ := ParseARN(r.ExecutionARN)
	return strings.Join([]string{a.Name, a.Sub, strconv.FormatUint(r.Command, 10), strconv.FormatUint(uint64(r.Attempt), 10)}, ":")
}

// ParseCallbackID reads an ID; region and account complete the execution's ARN.
func ParseCallbackID(region, account, id string) (r CallbackRef, ok bool) {
	p := strings.Split(id, ":")
	if len(p) != 4 || p[0] == "" || p[1] == "" {
		return r, false
	}
	command, err1 := strconv.ParseUint(p[2], 10, 64)
	attempt, err2 := strconv.ParseUint(p[3], 10, 32)
	r = CallbackRef{ExecutionARN: ExecutionARN(region, account, p[0], p[1]), Command: command, Attempt: uint32(attempt)}
	return r, err1 == nil && err2 == nil && r.ID() == id
}

// Sender is who brought a delivery, as far as it is known.
type Sender struct {
	// Via is url, api, page or ViaAWS.
	Via string
	// Client is the sender's address, Subject who it proved to be; both may be empty.
	Client, Subject string
}

// ViaAWS is the Via of SendTaskSuccess and SendTaskFailure.
const ViaAWS = "aws"

// Kinds of a DeliveryRecord.
const (
	KindComplete = "complete"
	KindFail     = "fail"
	KindRevoke   = "revoke"
	KindResend   = "resend"
)

// Answers of a DeliveryRecord beside those of DeliveryAnswer.
const (
	AnswerInvalid  = "invalid"  // the body is no output: 400 or 413
	AnswerRefused  = "refused"  // by a policy
	AnswerAnswered = "answered" // a policy answered in the task's place
	AnswerFailed   = "failed"   // the server could not say
	AnswerDone     = "done"     // of revoke and resend
)

// String gives the answer as records spell it.
func (a DeliveryAnswer) String() string {
	switch a {
	case Accepted:
		return "accepted"
	case Repeated:
		return "repeated"
	case Conflict:
		return "conflict"
	case Gone:
		return "gone"
	case Revoked:
		return "revoked"
	}
	return AnswerFailed
}

// DeliveryRecord is what is kept of one delivery on an attempt's callback, and of
// what operators did to the URL. No body and no token is in it.
type DeliveryRecord struct {
	Time    time.Time
	State   string // empty where it is not known any more
	Command uint64
	Attempt uint32
	Kind    string
	Answer  string
	// Status is what the sender got; 0 where that was no HTTP answer.
	Status int
	Sender
	// ID is the sender's webhook id, Digest that of kind and body; either may be empty.
	ID, Digest string
	// Policy, At (file:line) and Reason say who refused it.
	Policy, At, Reason string
}

// Deliveries are the records of one execution in the order of time.
type Deliveries struct {
	Records []DeliveryRecord
	// NotKept counts older ones that made room.
	NotKept uint64
}

// Resent is what became of a Task's request that was sent once more.
type Resent struct {
	Send uint32
	// NewURL says that the receiver got another URL than before.
	NewURL bool
	// Error is empty where the request was accepted.
	Error, Cause string
}

// TaskInput is a waiting Task's state input, and when the state was entered.
type TaskInput struct {
	Entered time.Time
	Input   jsonval.Value
}
