package console

import (
	"context"
	"net/http"
	"strings"

	"stile/internal/callback"
	"stile/internal/sfn"
	"stile/jsonval"
)

// The actions of callbacks, on the state that waits.
const (
	completeTask = "states:SendTaskSuccess" // also: see its URL, send it again
	failTask     = "states:SendTaskFailure" // also: revoke its URL
)

// Callbacks is the inventory of callbacks that wait, and what happened on them.
type Callbacks interface {
	List(ctx context.Context) ([]callback.Open, error)
	Of(ctx context.Context, executionARN string) ([]callback.Open, error)
	Inputs(ctx context.Context, executionARN string) (map[uint64]sfn.TaskInput, error)
	Deliveries(ctx context.Context, executionARN string) (sfn.Deliveries, error)
	// RefOf names the attempt that a callback URL is of.
	RefOf(url string) (sfn.CallbackRef, bool)
	CallbackOperations
}

// CallbackOperations are what a caller may do to one.
type CallbackOperations interface {
	Complete(ctx context.Context, ref sfn.CallbackRef, a callback.Answer, by sfn.Sender) (sfn.DeliveryAnswer, error)
	Revoke(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) error
	Resend(ctx context.Context, ref sfn.CallbackRef, by sfn.Sender) (sfn.Resent, error)
}

func (c *console) callbacksAPI(mux *http.ServeMux) {
	if c.Callbacks == nil {
		return
	}
	mux.HandleFunc("GET /-/v1/executions/{id}/callbacks", c.execution(c.showCallbacks))
	mux.HandleFunc("POST /-/v1/callbacks/complete", c.onCallback(completeTask, c.completeCallback))
	mux.HandleFunc("POST /-/v1/callbacks/fail", c.onCallback(failTask, c.failCallback))
	mux.HandleFunc("POST /-/v1/callbacks/revoke", c.onCallback(failTask, c.revokeCallback))
	mux.HandleFunc("POST /-/v1/callbacks/resend", c.onCallback(completeTask, c.resendCallback))
}

func noCallback() error {
	return &sfn.Error{Code: "NotFound", Message: "no such callback"}
}

func callbackOver() error {
	return &sfn.Error{Code: "CallbackGone", Message: "The task no longer waits for this callback."}
}

// sender is who calls, as the execution's timeline shows them.
func (c *console) sender(r *http.Request, via string) sfn.Sender {
	host, _, _ := strings.Cut(r.RemoteAddr, "%")
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = strings.Trim(host[:i], "[]")
	}
	return sfn.Sender{Via: via, Client: host, Subject: c.Permissions.Subject(r.Context())}
}

// onCallback finds the callback that the body names and asks for the permission. One
// on whose state the caller may not do this is not there.
func (c *console) onCallback(action string, next func(w http.ResponseWriter, r *http.Request, o callback.Open, in jsonval.Value)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, ok := body(w, r)
		if !ok {
			return
		}
		t, ok := texts(w, in, "callback")
		if !ok {
			return
		}
		o, err := c.findCallback(r.Context(), t[0], action)
		if err != nil {
			c.fail(w, r, err)
			return
		}
		next(w, r, o, in)
	}
}

// findCallback reads a callback as people name it: its id, its URL, or
// EXECUTION/STATE. One that is over is told apart from one that is not there only
// to who may do the action on any state of its state machine.
func (c *console) findCallback(ctx context.Context, text, action string) (callback.Open, error) {
	if text == "" {
		return callback.Open{}, &sfn.Error{Code: "MissingCallback", Message: "name the callback: its id, its URL, or EXECUTION/STATE"}
	}
	ref, ok := sfn.ParseCallbackID(c.Region, c.Account, text)
	if !ok {
		ref, ok = c.Callbacks.RefOf(text)
	}
	if !ok {
		return c.findByState(ctx, text, action)
	}
	open, err := c.Callbacks.Of(ctx, ref.ExecutionARN)
	if err != nil {
		return callback.Open{}, err
	}
	for _, o := range open {
		if o.Ref == ref {
			return o, c.allowed(ctx, o, action)
		}
	}
	names := sfn.StateResources(ref.ExecutionARN, "")
	if !c.may(ctx, action, names...) {
		c.hidden(ctx, action, names...) // as of one that is there: the record takes time, too
		return callback.Open{}, noCallback()
	}
	if _, err := c.Host.DescribeExecution(ctx, ref.ExecutionARN); err != nil {
		return callback.Open{}, noCallback()
	}
	return callback.Open{}, callbackOver()
}

// findByState finds EXECUTION/STATE; a state that waits several times is asked for by id.
func (c *console) findByState(ctx context.Context, text, action string) (callback.Open, error) {
	execution, state, ok := strings.Cut(text, "/")
	if !ok || strings.Contains(text, "://") {
		return callback.Open{}, noCallback()
	}
	open, err := c.Callbacks.List(ctx)
	if err != nil {
		return callback.Open{}, err
	}
	var found []callback.Open
	var ids []string
	for _, o := range open {
		if o.State == state && (o.Execution == execution || o.Ref.ExecutionARN == execution) &&
			c.may(ctx, action, sfn.StateResources(o.Ref.ExecutionARN, o.State)...) {
			found, ids = append(found, o), append(ids, o.Ref.ID())
		}
	}
	switch len(found) {
	case 0:
		// What is not there, and what is not theirs, leave the same record.
		if names := []string{"callback/" + text}; !c.may(ctx, action, names...) {
			c.hidden(ctx, action, names...)
		}
		return callback.Open{}, noCallback()
	case 1:
		return found[0], nil
	}
	return callback.Open{}, &sfn.Error{Code: "ConflictException",
		Message: text + " waits more than once; name one by its id: " + strings.Join(ids, ", ")}
}

// allowed hides a callback from who may not do the action on its state.
func (c *console) allowed(ctx context.Context, o callback.Open, action string) error {
	names := sfn.StateResources(o.Ref.ExecutionARN, o.State)
	if c.may(ctx, action, names...) {
		return nil
	}
	c.hidden(ctx, action, names...)
	return noCallback()
}

// mine leaves the callbacks that the caller may complete.
func (c *console) mine(ctx context.Context, open []callback.Open) (out []callback.Open) {
	for _, o := range open {
		if c.may(ctx, completeTask, sfn.StateResources(o.Ref.ExecutionARN, o.State)...) {
			out = append(out, o)
		}
	}
	return out
}

func (c *console) completeCallback(w http.ResponseWriter, r *http.Request, o callback.Open, in jsonval.Value) {
	output := in.Get("output")
	switch {
	case !output.Exists():
		failure(w, http.StatusBadRequest, "MissingOutput", "give the task's output, any JSON, in output")
	case len(output.Raw()) > sfn.MaxData:
		failure(w, http.StatusRequestEntityTooLarge, "BodyTooLarge", "a task's output has at most 262144 bytes")
	default:
		c.answerCallback(w, r, o, callback.Answer{Output: output})
	}
}

func (c *console) failCallback(w http.ResponseWriter, r *http.Request, o callback.Open, in jsonval.Value) {
	t, ok := texts(w, in, "error", "cause")
	if !ok {
		return
	}
	a := callback.Answer{Fail: true, Error: t[0], Cause: t[1]}
	if problem := a.Problem(); problem != "" {
		failure(w, http.StatusBadRequest, "BadFailure", problem)
		return
	}
	c.answerCallback(w, r, o, a)
}

func (c *console) answerCallback(w http.ResponseWriter, r *http.Request, o callback.Open, a callback.Answer) {
	got, err := c.Callbacks.Complete(r.Context(), o.Ref, a, c.sender(r, callback.ViaAPI))
	if err == nil && got != sfn.Accepted && got != sfn.Repeated {
		err = callbackOver()
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var out jsonval.Object
	answer(w, http.StatusOK, out.AddString("callback", o.Ref.ID()).AddString("status", got.String()).Value())
}

func (c *console) revokeCallback(w http.ResponseWriter, r *http.Request, o callback.Open, _ jsonval.Value) {
	if err := c.Callbacks.Revoke(r.Context(), o.Ref, c.sender(r, callback.ViaAPI)); err != nil {
		c.fail(w, r, err)
		return
	}
	var out jsonval.Object
	answer(w, http.StatusOK, out.AddString("callback", o.Ref.ID()).AddString("status", "revoked").Value())
}

func (c *console) resendCallback(w http.ResponseWriter, r *http.Request, o callback.Open, _ jsonval.Value) {
	sent, err := c.Callbacks.Resend(r.Context(), o.Ref, c.sender(r, callback.ViaAPI))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	status := "sent"
	if sent.Error != "" {
		status = "failed"
	}
	var out jsonval.Object
	out.AddString("callback", o.Ref.ID()).AddString("status", status).AddInt("send", int64(sent.Send))
	out.Add("newUrl", jsonval.OfBool(sent.NewURL)).Add("error", textOrNull(sent.Error)).Add("cause", textOrNull(sent.Cause))
	answer(w, http.StatusOK, out.Value())
}

func (c *console) listCallbacks(w http.ResponseWriter, r *http.Request) {
	var list jsonval.Array
	open, err := c.openFor(r.Context(), r.URL.Query().Get("execution"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	for _, o := range open { // a URL is a credential: for who may complete the state
		at := o.URL
		if o.Revoked {
			at = ""
		}
		list.Add(openJSON(o).Add("url", textOrNull(at)).Value())
	}
	answer(w, http.StatusOK, wrap("callbacks", list))
}

// openFor gives the callbacks that the caller may complete, of one execution or all.
func (c *console) openFor(ctx context.Context, execution string) ([]callback.Open, error) {
	if c.Callbacks == nil {
		return nil, nil
	}
	if execution == "" {
		open, err := c.Callbacks.List(ctx)
		return c.mine(ctx, open), err
	}
	x, err := c.findFor(ctx, execution, describeExecution)
	if err != nil {
		return nil, err
	}
	open, err := c.Callbacks.Of(ctx, x.ARN)
	return c.mine(ctx, open), err
}

func openJSON(o callback.Open) *jsonval.Object {
	var out jsonval.Object
	out.AddString("id", o.Ref.ID()).AddString("execution", o.Execution).AddString("stateMachine", o.StateMachine)
	out.AddString("state", o.State).AddInt("attempt", int64(o.Ref.Attempt))
	out.Add("since", instantOrNull(o.Since)).Add("expires", instantOrNull(o.Expires)).Add("revoked", jsonval.OfBool(o.Revoked))
	return &out
}

// showCallbacks is what waits and what happened, without any URL.
func (c *console) showCallbacks(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	v, err := c.callbacksOf(r.Context(), x.ARN)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var open, deliveries jsonval.Array
	for _, o := range v.open {
		open.Add(openJSON(o).Value())
	}
	for _, d := range v.Deliveries {
		deliveries.Add(d.json())
	}
	var out jsonval.Object
	out.Add("open", open.Value()).Add("deliveries", deliveries.Value()).AddInt("notKept", int64(v.NotKept))
	answer(w, http.StatusOK, out.Value())
}
