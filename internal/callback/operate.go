package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Ways by which a delivery comes: the callback URL, the control API, the page.
const (
	ViaURL  = "url"
	ViaAPI  = "api"
	ViaPage = "page"
)

// Open is one callback that waits. URL is a secret: who has it can use it.
type Open struct {
	Ref                                 sfn.CallbackRef
	URL, Execution, StateMachine, State string
	Since, Expires                      time.Time
	// Revoked says that the URL is worth nothing any more.
	Revoked bool
}

// Expired says that the URL has ended at a time; an operator may still answer.
func (o Open) Expired(now time.Time) bool { return now.After(o.Expires) }

func (c *Callbacks) opened(tokens []sfn.OpenToken) []Open {
	out := make([]Open, len(tokens))
	for i, t := range tokens {
		out[i] = Open{Ref: t.Ref(), URL: c.URL(t.TaskToken), Execution: t.ExecutionName, StateMachine: t.StateMachineName,
			State: t.State, Since: t.Since, Expires: t.Expires, Revoked: t.Revoked}
	}
	return out
}

// List gives every open callback, as the host orders them.
func (c *Callbacks) List(ctx context.Context) ([]Open, error) {
	tokens, err := c.host.OpenTokens(ctx)
	return c.opened(tokens), err
}

// Of gives those of one execution; none where it is not there.
func (c *Callbacks) Of(ctx context.Context, executionARN string) ([]Open, error) {
	tokens, err := c.host.OpenTokensOf(ctx, executionARN)
	return c.opened(tokens), err
}

// Inputs gives the state inputs of an execution's Tasks that wait, by command.
func (c *Callbacks) Inputs(ctx context.Context, executionARN string) (map[uint64]sfn.TaskInput, error) {
	return c.host.TaskInputs(ctx, executionARN)
}

// Deliveries gives what happened on the callbacks of an execution.
func (c *Callbacks) Deliveries(ctx context.Context, executionARN string) (sfn.Deliveries, error) {
	return c.host.Deliveries(ctx, executionARN)
}

// RefOf names the attempt that a callback URL is of, whether or not it waits. ok is
// false for what is no URL of ours.
func (c *Callbacks) RefOf(url string) (ref sfn.CallbackRef, ok bool) {
	_, token, found := strings.Cut(url, "/callbacks/")
	token = strings.TrimSuffix(strings.TrimSuffix(token, "/"), "/fail")
	t, ok := sfn.OpenTask(token, c.host.TokenKeys())
	return sfn.CallbackRef{ExecutionARN: t.ExecutionARN, Command: t.Command, Attempt: t.Attempt}, found && ok
}

// Answer is what an operator says in a waiting service's place.
type Answer struct {
	Fail         bool
	Output       jsonval.Value
	Error, Cause string
}

// Complete answers an attempt for an operator. The same answer by the same sender
// again is Repeated.
func (c *Callbacks) Complete(ctx context.Context, ref sfn.CallbackRef, a Answer, by sfn.Sender) (sfn.DeliveryAnswer, error) {
	d := sfn.Delivery{Fail: a.Fail, Output: a.Output, Error: a.Error, Cause: a.Cause, Sender: by}
	body := []byte(a.Error + "\x00" + a.Cause)
	if !a.Fail {
		body = a.Output.Raw()
	}
	// Another sender's equal words are another delivery.
	sum := sha256.Sum256([]byte(by.Via + "\x00" + by.Subject + "\x00" + digest(a.Fail, body)))
	d.Digest = hex.EncodeToString(sum[:])
	return c.host.CompleteCallback(ctx, ref, d)
}

// Revoke makes the attempt's URL worth nothing; the Task waits on.
func (c *Callbacks) Revoke(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) error {
	return c.host.RevokeCallback(ctx, ref, by)
}

// Resend sends the Task's request once more, so that its receiver gets a URL that
// works.
func (c *Callbacks) Resend(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) (sfn.Resent, error) {
	return c.host.ResendCallback(ctx, ref, by)
}

// Problem says why an answer is none that a task can have; empty where it is one.
func (a Answer) Problem() string {
	switch {
	case a.Fail && (utf8.RuneCountInString(a.Error) > sfn.MaxError || utf8.RuneCountInString(a.Cause) > sfn.MaxCause):
		return "error has at most " + strconv.Itoa(sfn.MaxError) + " characters, cause " + strconv.Itoa(sfn.MaxCause) + "."
	case !a.Fail && len(a.Output.Raw()) > sfn.MaxData:
		return "An output has at most " + strconv.Itoa(sfn.MaxData) + " bytes."
	}
	return ""
}
