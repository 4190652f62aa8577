// Package callback is the signed one-time URL by which a service outside answers
// a waiting Task: it mints the URL, answers deliveries on it, and lists what is open.
//
// It is not the gateway's operation (API `callbacks` is built into the gateway,
// so that policies apply to it; its backend is this package's Caller) and not the
// place where a task completes (the host's Deliver is). task mints, the gateway
// calls, the console lists.
//
// Invariants: a URL is `{public-url}/callbacks/{task token}` and carries no other
// secret; what it answers to one delivery it answers to the same delivery for
// ever; an altered URL learns nothing but 401.
package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// BackendURL is the backend that the gateway's built-in API `callbacks` has.
const BackendURL = "stile://callbacks"

// Host completes tasks by their tokens.
type Host interface {
	Deliver(ctx context.Context, d sfn.Delivery) (sfn.DeliveryAnswer, error)
	OpenTokens(ctx context.Context) ([]sfn.OpenToken, error)
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

// Open is one entry of the operator's inventory.
type Open struct {
	URL, Execution, StateMachine, State string
	Since, Expires                      time.Time
}

// List gives every open callback, as the host orders them.
func (c *Callbacks) List(ctx context.Context) ([]Open, error) {
	tokens, err := c.host.OpenTokens(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Open, len(tokens))
	for i, t := range tokens {
		out[i] = Open{URL: c.URL(t.TaskToken), Execution: t.ExecutionName, StateMachine: t.StateMachineName,
			State: t.State, Since: t.Since, Expires: t.Expires}
	}
	return out, nil
}

// Do answers one delivery: POST /callbacks/TOKEN completes with the body's JSON,
// POST /callbacks/TOKEN/fail fails with {"error","cause"}.
func (c *Callbacks) Do(ctx context.Context, ex *exchange.Exchange) error {
	d, status, problem := read(ex)
	if problem != "" {
		answer(ex, status, problem)
		return nil
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
	for _, p := range ex.Request.Matched {
		if p.Name == "token" {
			d.TaskToken = p.Value
		}
	}
	d.Fail = ex.Operation != nil && ex.Operation.ID == "fail"
	body, err := ex.Request.Body.Bytes()
	if err != nil {
		return d, http.StatusBadRequest, "The body could not be read."
	}
	d.ID = ex.Request.Header.Get("webhook-id")
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
