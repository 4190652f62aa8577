package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"stile/policy/exchange"
)

// Reasons of LastError that the pipeline itself gives, in APIM's spelling.
const (
	ReasonExpression = "ExpressionValueEvaluationFailure"
	ReasonBackend    = "BackendConnectionFailure"
	ReasonClient     = "ClientConnectionFailure"
	ReasonTimeout    = "Timeout"
	// ReasonInternal is ours: a policy broke an invariant, or a service behind Env failed.
	ReasonInternal = "InternalError"
)

// Failure is an error of a policy that is no refusal: an expression without a
// value, a backend without an answer. The pipeline goes to on-error.
type Failure struct {
	Reason, Message string
	// Status of the default answer; 0 is 500.
	Status int
	// Public is the client's message; empty is "Internal server error".
	Public string
	// Part names the part of the policy that failed, as LastError.Path spells it:
	// choose's when[2].
	Part string
	// Keep leaves the response as it stands (fail-on-error-status-code).
	Keep bool
}

// Error gives reason and message.
func (f *Failure) Error() string { return f.Reason + ": " + f.Message }

// FailValue is the error of a policy whose value, as an expression gave it,
// cannot be used.
func FailValue(message string) error { return &Failure{Reason: ReasonExpression, Message: message} }

// answer is what the client gets for an error unless on-error changes it.
type answer struct {
	status  int
	message string
	header  []exchange.Param
	keep    bool
}

// explain turns a policy's error into its last error (without place) and answer.
func explain(ctx context.Context, err error) (exchange.LastError, answer) {
	var denied *Denied
	if errors.As(err, &denied) {
		a := answer{status: denied.Status, message: denied.Public, header: denied.Header}
		if a.message == "" {
			a.message = denied.Message
		}
		return exchange.LastError{Reason: denied.Reason, Message: denied.Message}, a
	}
	var failure *Failure
	if !errors.As(err, &failure) {
		failure = &Failure{Reason: ReasonInternal, Message: err.Error()}
		if ctx.Err() != nil {
			failure.Reason = ReasonClient
		}
	}
	a := answer{status: failure.Status, message: failure.Public, keep: failure.Keep}
	if a.status == 0 {
		a.status = 500
	}
	if a.message == "" {
		a.message = "Internal server error"
	}
	return exchange.LastError{Reason: failure.Reason, Message: failure.Message, Path: failure.Part}, a
}

// ErrorBody is APIM's body of an error answer, application/json.
func ErrorBody(status int, message string) []byte {
	var quoted bytes.Buffer
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(message); err != nil {
		panic(err) // a string always encodes
	}
	b := append([]byte(`{ "statusCode": `), strconv.Itoa(status)...)
	b = append(b, `, "message": `...)
	b = append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
	return append(b, " }"...)
}

// Answer makes APIM's error answer: status, Content-Type, further fields, body.
// The gateway uses it for its own refusals too (no operation, no key).
func Answer(status int, message string, header ...exchange.Param) exchange.Response {
	res := exchange.Response{StatusCode: status, Body: exchange.Bytes(ErrorBody(status, message))}
	for _, h := range header {
		res.Header.Add(h.Name, h.Value)
	}
	res.Header.Add("Content-Type", "application/json")
	return res
}
