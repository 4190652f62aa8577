// Package workflow is the facade between the halves: a gateway operation whose
// backend is stile://workflows/NAME starts an execution of state machine NAME,
// and reads one back.
//
// It is not a wire (see internal/sfnapi for AWS's) and decides no HTTP shape
// beyond its own small answers: Location, status and body that clients see are
// the operation's policies. The gateway calls it as a backend, in process.
//
// Invariants: an execution belongs to the APIM subscription that started it; to
// anyone else, or to none, it does not exist (404); the callback URL of a task is
// never part of an answer.
package workflow

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// Prefix begins the backend URLs that this package answers.
const Prefix = "stile://workflows/"

// Host starts executions and tells of them.
type Host interface {
	StartExecution(ctx context.Context, s sfn.Start) (sfn.Started, error)
	DescribeExecution(ctx context.Context, arn string) (sfn.Execution, error)
}

// Config of a Facade.
type Config struct {
	Host Host
	// Sync runs an execution of an EXPRESS state machine until its end; is says whether
	// it is one, and nothing has begun where it is not. Nil: there are none.
	Sync            func(ctx context.Context, in sfn.Start) (x sfn.SyncExecution, is bool, err error)
	Account, Region string
	// NewName makes an execution's name, a UUID.
	NewName func() string
}

// Facade answers exchanges whose backend is a state machine; an exchange.Caller.
type Facade struct{ cfg Config }

// New makes a Facade.
func New(cfg Config) *Facade { return &Facade{cfg} }

// Do answers POST on stile://workflows/NAME, or NAME:VERSION or NAME:ALIAS, with 202 {"id"}
// (of an EXPRESS one with its output, see run), and GET on
// stile://workflows/NAME/executions/ID with 200 {"id","status","state","output"}
// (output at the end only, error and cause where it failed).
func (f *Facade) Do(ctx context.Context, ex *exchange.Exchange) error {
	name, rest, nested := strings.Cut(strings.TrimPrefix(ex.Backend.BaseURL, Prefix), "/")
	id, ok := strings.CutPrefix(rest, "executions/")
	switch {
	case !nested && ex.Request.Method == http.MethodPost:
		return f.start(ctx, ex, name)
	case nested && ok && ex.Request.Method == http.MethodGet:
		return f.describe(ctx, ex, name, id)
	case nested && !ok:
		refuse(ex, http.StatusNotFound, "Resource not found")
	default:
		refuse(ex, http.StatusMethodNotAllowed, "A state machine takes POST; one of its executions takes GET.")
	}
	return nil
}

func (f *Facade) start(ctx context.Context, ex *exchange.Exchange, machine string) error {
	body, err := ex.Request.Body.Bytes()
	if err != nil {
		return err
	}
	input := jsonval.EmptyObject
	if len(strings.TrimSpace(string(body))) > 0 {
		if input, err = jsonval.Parse(body); err != nil {
			refuse(ex, http.StatusBadRequest, "The body is not JSON: "+err.Error()+".")
			return nil
		}
	}
	if len(input.Raw()) > sfn.MaxData {
		refuse(ex, http.StatusRequestEntityTooLarge, "The body is longer than "+strconv.Itoa(sfn.MaxData)+" bytes.")
		return nil
	}
	name, once := f.name(ex, machine)
	s := sfn.Start{
		StateMachineARN: sfn.StateMachineARN(f.cfg.Region, f.cfg.Account, machine),
		Name:            name,
		Input:           input,
		TraceID:         ex.Trace.TraceID,
		ParentSpan:      ex.Trace.SpanID,
	}
	if n := len(ex.Calls); n > 0 && ex.Calls[n-1].Span != "" {
		s.ParentSpan = ex.Calls[n-1].Span
	}
	if ex.Subscription != nil {
		s.Owner = ex.Subscription.ID
	}
	s.Subject = subject(ex)
	if is, err := f.run(ctx, ex, s); is {
		return err
	}
	if _, err := f.cfg.Host.StartExecution(ctx, s); err != nil && !(once && alreadyExists(err)) {
		return refused(ex, err)
	}
	var o jsonval.Object
	reply(ex, http.StatusAccepted, o.AddString("id", s.Name).Value())
	return nil
}

// subject is who starts it, so far as the gate knows: the subject behind the
// execution whose state calls, or that state where nobody is known; else the
// subject of a token that a policy verified. Without one the owner stands for it.
func subject(ex *exchange.Exchange) string {
	switch {
	case ex.Principal != nil && ex.Principal.Claims().Act != "":
		return ex.Principal.Claims().Act
	case ex.Principal != nil && ex.Principal.Claims().Execution != "":
		return "state:" + ex.Principal.Claims().Subject
	case ex.Principal != nil:
		return ex.Principal.Claims().Subject
	case ex.Subject != "":
		return "jwt:" + ex.Subject
	}
	return ""
}

// name is the new execution's. A state's call has an Idempotency-Key of our own
// making, and a crash or a retry may send it again: the same key on the same
// machine gives the same name, so that it starts one execution.
func (f *Facade) name(ex *exchange.Exchange, machine string) (name string, once bool) {
	key := ex.Request.Header.Get("Idempotency-Key")
	if ex.Principal == nil || key == "" {
		return f.cfg.NewName(), false
	}
	b := sha256.Sum256([]byte("stile start\x00" + machine + "\x00" + key))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // a UUID of version 8
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16]), true
}

func alreadyExists(err error) bool {
	var e *sfn.Error
	return errors.As(err, &e) && e.Code == "ExecutionAlreadyExists"
}

func (f *Facade) describe(ctx context.Context, ex *exchange.Exchange, machine, id string) error {
	machine, _, _ = strings.Cut(machine, ":") // whatever started it, it is the state machine's
	e, err := f.cfg.Host.DescribeExecution(ctx, sfn.ExecutionARN(f.cfg.Region, f.cfg.Account, machine, id))
	if err != nil {
		return refused(ex, err)
	}
	if e.Owner == "" || ex.Subscription == nil || ex.Subscription.ID != e.Owner {
		refuse(ex, http.StatusNotFound, "Resource not found")
		return nil
	}
	var o jsonval.Object
	o.AddString("id", e.Name).AddString("status", e.Status)
	if e.State == "" {
		o.Add("state", jsonval.NullValue)
	} else {
		o.AddString("state", e.State)
	}
	o.Add("output", e.Output)
	if e.Error != nil {
		o.AddString("error", *e.Error)
	}
	if e.Cause != nil {
		o.AddString("cause", *e.Cause)
	}
	reply(ex, http.StatusOK, o.Value())
	return nil
}

// retryAfter is how many seconds who was refused for a while should wait.
const retryAfter = "5"

// refused turns the host's refusals into statuses; anything else is an error.
func refused(ex *exchange.Exchange, err error) error {
	var e *sfn.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "ExecutionDoesNotExist", "StateMachineDoesNotExist", "InvalidArn":
		refuse(ex, http.StatusNotFound, "Resource not found")
	case "StateMachineDeleting", "ExecutionAlreadyExists":
		refuse(ex, http.StatusConflict, e.Message)
	case "ThrottlingException", "ExecutionLimitExceeded", "ServiceUnavailable":
		refuse(ex, http.StatusServiceUnavailable, e.Message)
		ex.Response.Header.Set("Retry-After", retryAfter)
	case "InternalFailure":
		refuse(ex, http.StatusInternalServerError, "Internal server error")
	default:
		refuse(ex, http.StatusBadRequest, e.Message)
	}
	return nil
}

func refuse(ex *exchange.Exchange, status int, message string) {
	var o jsonval.Object
	reply(ex, status, o.AddInt("statusCode", int64(status)).AddString("message", message).Value())
}

func reply(ex *exchange.Exchange, status int, v jsonval.Value) {
	ex.Response = exchange.Response{StatusCode: status, Body: exchange.Bytes(v.Raw())}
	ex.Response.Header.Set("Content-Type", "application/json")
}
