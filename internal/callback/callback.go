// Package callback is the signed one-time URL by which a service outside answers
// a waiting Task: it mints the URL, answers deliveries on it, lists what is open,
// and lets operators answer, revoke and send it again. It holds what an approval
// page shows of a state.
//
// It is not the gateway's operation (API `callbacks` is built into the gateway,
// so that policies apply to it; its backend is this package's Caller) and not the
// place where a task completes (the host's Deliver is). task mints, the gateway
// calls, the console lists and answers.
//
// Invariants: a URL is `{public-url}/callbacks/{task token}` and carries no other
// secret; what it answers to one delivery it answers to the same delivery for
// ever; an altered URL learns nothing but 401 and is recorded with no execution; every other
// delivery, refused ones too, is recorded with its execution.
package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// BackendURL is the backend that the gateway's built-in API `callbacks` has.
const BackendURL = "stile://callbacks"

// Deliveries completes tasks by their tokens and keeps what became of it.
type Deliveries interface {
	Deliver(ctx context.Context, d sfn.Delivery) (sfn.DeliveryAnswer, error)
	RecordDelivery(ctx context.Context, d sfn.Delivery, r sfn.DeliveryRecord) error
	Deliveries(ctx context.Context, executionARN string) (sfn.Deliveries, error)
}

// Inventory is what waits.
type Inventory interface {
	OpenTokens(ctx context.Context) ([]sfn.OpenToken, error)
	OpenTokensOf(ctx context.Context, executionARN string) ([]sfn.OpenToken, error)
	TaskInputs(ctx context.Context, executionARN string) (map[uint64]sfn.TaskInput, error)
	TokenKeys() func(id string) []byte
}

// Operations are what an operator does to an attempt that waits.
type Operations interface {
	CompleteCallback(ctx context.Context, ref sfn.CallbackRef, d sfn.Delivery) (sfn.DeliveryAnswer, error)
	RevokeCallback(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) error
	ResendCallback(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) (sfn.Resent, error)
}

// Host is a host with all of it.
type Host interface {
	Deliveries
	Inventory
	Operations
}

// Callbacks answers deliveries; it is an exchange.Caller.
type Callbacks struct {
	host   Host
	public string // the gateway as outsiders see it, without trailing slash
}

// New makes Callbacks for a host; publicURL is the gateway's address for outsiders.
func New(host Host, publicURL string) *Callbacks {
	return &Callbacks{host: host, public: strings.TrimRight(publicURL, "/")}
}

// URL is the callback URL of a task token. Task tokens are base64url text, so
// the token stands in the path as it is.
func (c *Callbacks) URL(taskToken string) string { return c.public + "/callbacks/" + taskToken }

// Do answers one delivery: POST /callbacks/TOKEN completes with the body's JSON,
// POST /callbacks/TOKEN/fail fails with {"error","cause"}.
func (c *Callbacks) Do(ctx context.Context, ex *exchange.Exchange) error {
	d, status, problem := read(ex)
	if problem != "" {
		return c.invalid(ctx, ex, d, status, problem)
	}
	got, err := c.host.Deliver(ctx, d)
	var refused *sfn.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "InvalidToken":
		answer(ex, http.StatusUnauthorized, "The callback URL is not valid.")
	case errors.As(err, &refused) && (refused.Code == "TaskDoesNotExist" || refused.Code == "TaskTimedOut"):
		answer(ex, http.StatusGone, "The task no longer waits for this callback.")
	case errors.As(err, &refused) && (refused.Code == "ServiceUnavailable" || refused.Code == "ThrottlingException"):
		// A sender takes 4xx for the last word, and the delivery would be lost.
		answer(ex, http.StatusServiceUnavailable, refused.Message)
		ex.Response.Header.Set("Retry-After", "1")
	case errors.As(err, &refused) && refused.Code == "InternalFailure":
		answer(ex, http.StatusInternalServerError, "The task cannot be completed now.")
	case errors.As(err, &refused):
		answer(ex, http.StatusBadRequest, refused.Message)
	case err != nil:
		return err
	case got == sfn.Accepted || got == sfn.Repeated:
		answer(ex, http.StatusOK, "")
	case got == sfn.Revoked:
		answer(ex, http.StatusGone, "The callback URL was revoked.")
	case got == sfn.Conflict:
		answer(ex, http.StatusGone, "The callback was answered before, by another delivery.")
	default:
		answer(ex, http.StatusGone, "The task no longer waits for this callback.")
	}
	return nil
}

// read takes a delivery out of its request, or says why it is none. What is too
// large for a task's output is refused here: taken, it would fail the task.
func read(ex *exchange.Exchange) (d sfn.Delivery, status int, problem string) {
	d = envelope(ex)
	body, err := ex.Request.Body.Bytes()
	if err != nil {
		return d, http.StatusBadRequest, "The body could not be read."
	}
	d.Digest = digest(d.Fail, body)
	v := jsonval.EmptyObject
	if len(strings.TrimSpace(string(body))) > 0 {
		if v, err = jsonval.Parse(body); err != nil {
			return d, http.StatusBadRequest, "The body is not JSON: " + err.Error() + "."
		}
	}
	if !d.Fail {
		if len(v.Raw()) > sfn.MaxData {
			return d, http.StatusRequestEntityTooLarge, "The body is longer than " + strconv.Itoa(sfn.MaxData) + " bytes."
		}
		d.Output = v
		return d, 0, ""
	}
	return d, http.StatusBadRequest, readFailure(&d, v)
}

// envelope is a delivery without its body.
func envelope(ex *exchange.Exchange) (d sfn.Delivery) {
	for _, p := range ex.Request.Matched {
		if p.Name == "token" {
			d.TaskToken = p.Value
		}
	}
	d.Fail = ex.Operation != nil && ex.Operation.ID == "fail"
	d.ID = ex.Request.Header.Get("webhook-id")
	d.Sender.Via = ViaURL
	if ex.Request.Client.IsValid() {
		d.Sender.Client = ex.Request.Client.Unmap().String()
	}
	switch {
	case ex.Principal != nil:
		d.Sender.Subject = ex.Principal.Claims().Subject
	case ex.Subscription != nil:
		d.Sender.Subject = "subscription:" + ex.Subscription.ID
	}
	return d
}

// readFailure reads {"error","cause"}, both optional.
func readFailure(d *sfn.Delivery, v jsonval.Value) (problem string) {
	for _, name := range v.Names() {
		if name != "error" && name != "cause" {
			return "The body has an unknown member " + jsonval.Quote(name) + "; error and cause are known."
		}
	}
	var ok1, ok2 = true, true
	if m := v.Get("error"); m.Exists() {
		d.Error, ok1 = m.Str()
	}
	if m := v.Get("cause"); m.Exists() {
		d.Cause, ok2 = m.Str()
	}
	switch {
	case v.Kind() != jsonval.ObjectKind || !ok1 || !ok2:
		return "The body must be an object whose error and cause are strings."
	case utf8.RuneCountInString(d.Error) > sfn.MaxError || utf8.RuneCountInString(d.Cause) > sfn.MaxCause:
		return "error has at most " + strconv.Itoa(sfn.MaxError) + " characters, cause " + strconv.Itoa(sfn.MaxCause) + "."
	}
	return ""
}

// digest names a delivery that brings no id of its own: the same kind and bytes
// are the same delivery.
func digest(fail bool, body []byte) string {
	h := sha256.New()
	if fail {
		h.Write([]byte("fail\x00"))
	} else {
		h.Write([]byte("complete\x00"))
	}
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

func answer(ex *exchange.Exchange, status int, message string) {
	ex.Response = exchange.Response{StatusCode: status}
	ex.Response.Header.Set("Content-Type", "application/json")
	var o jsonval.Object
	if message == "" {
		o.AddString("status", "accepted")
	} else {
		o.AddInt("statusCode", int64(status)).AddString("message", message)
	}
	ex.Response.Body = exchange.Bytes(o.Value().Raw())
}
