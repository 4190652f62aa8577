package task

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"stile/internal/reach"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// callTimeout is http:invoke's hard limit on AWS; a Task's own timeout may end it sooner.
const callTimeout = 60 * time.Second

// keyHeaders are the headers that would carry a subscription key: a step counts
// against its role's subscription, so a key among its headers is a mistake.
var keyHeaders = []string{"Ocp-Apim-Subscription-Key", "api-key"}

// fault is an error of the Task's own: nothing was sent, so nothing definite is
// known of what an earlier attempt sent.
func fault(name, cause string) sfn.TaskResult {
	return sfn.TaskResult{Error: name, Cause: cause}
}

// request is what an integration has read out of a Task's parameters.
type request struct {
	target string // what Map is asked for: URL origin or host
	url    exchange.URL
	method string
	header []exchange.Param
	query  []exchange.Param
	body   []byte
	// contentType is used where no header says otherwise; empty: no body.
	contentType string
	// authorize is the connection's, for a call past the gateway; nil for none. encode
	// then writes the body again, with the connection's secret members.
	authorize  func(ctx context.Context) (Credentials, error)
	connection string
	// reason is why stile.yaml leads it past the gateway; empty: map does.
	reason string
	encode func(q *request, more []Secret) sfn.TaskResult
}

// send makes the exchange, lets it through and gives it back. A non-empty
// result.Error says that no answer was had.
func (r *Runner) send(ctx context.Context, call sfn.TaskCall, q request) (*exchange.Exchange, sfn.TaskResult) {
	to, mapped := r.cfg.Map(q.target)
	switch {
	case !mapped:
		return r.leave(ctx, call, q, "")
	case !to.Gateway:
		return r.leave(ctx, call, q, strings.TrimRight(to.URL, "/"))
	}
	if name, bad := hasKey(q.header); bad {
		return nil, fault("States.Runtime", "The header '"+name+
			"' must not be set: a state counts against its role's subscription.")
	}
	ex := r.exchange(call, q)
	r.identify(ex, call)
	return ex, r.deliver(ctx, call, ex, r.cfg.Gateway)
}

// deliver has the exchange answered, the answer's whole body included. A non-empty
// result.Error says that no answer was had.
func (r *Runner) deliver(ctx context.Context, call sfn.TaskCall, ex *exchange.Exchange, to exchange.Caller) sfn.TaskResult {
	r.traceSent(ctx, call, ex)
	err := to.Do(ctx, ex)
	if err == nil {
		if _, err = ex.Response.Body.Bytes(); err == nil {
			traceAnswered(ctx, ex)
			return sfn.TaskResult{}
		}
	}
	return r.broken(call, ex, err)
}

// broken is the result of a call that had no answer.
func (r *Runner) broken(call sfn.TaskCall, ex *exchange.Exchange, err error) sfn.TaskResult {
	var denied *exchange.PermissionDenied
	if errors.As(err, &denied) {
		res := fault("States.Permissions", denied.Error())
		res.Call = record(call, ex, denied)
		return res
	}
	var unreachable *reach.Refused
	if errors.As(err, &unreachable) {
		cause := "Nothing was sent: " + unreachable.Error() + "."
		if unreachable.Level == reach.Public {
			cause += " Write private: true in the host's egress entry of stile.yaml if that is meant."
		}
		res := fault("States.Permissions", cause)
		res.Call = record(call, ex, nil)
		return res
	}
	return sfn.TaskResult{Error: noAnswer(call.Resource, err), Cause: "No answer was had: " + err.Error() + ".",
		Call: record(call, ex, nil)}
}

func hasKey(header []exchange.Param) (string, bool) {
	for _, h := range header {
		for _, k := range keyHeaders {
			if strings.EqualFold(h.Name, k) {
				return h.Name, true
			}
		}
	}
	return "", false
}

// identify makes the exchange the state's own.
func (r *Runner) identify(ex *exchange.Exchange, call sfn.TaskCall) {
	id := r.cfg.Identify(call)
	ex.Principal, ex.SubscriptionID = id.Principal, id.SubscriptionID
	if id.Bearer != nil {
		ex.Request.Header.SetLazy("Authorization", func() string { return "Bearer " + id.Bearer() })
	}
	if call.TaskToken != "" {
		ex.Variables = map[string]any{"stile-callback-url": r.cfg.CallbackURL(call.TaskToken)}
	}
}

func (r *Runner) exchange(call sfn.TaskCall, q request) *exchange.Exchange {
	made := &struct {
		exchange.Exchange
		state exchange.StateCall
	}{state: exchange.StateCall{StateMachine: call.StateMachineName, Execution: call.ExecutionName, State: call.State, Attempt: int(call.Attempt)}}
	ex := &made.Exchange
	ex.ID, ex.Started, ex.Hops, ex.State = r.cfg.NewGUID(), r.cfg.Now(), 1, &made.state
	ex.Trace = exchange.Trace{TraceID: call.TraceID, ParentID: call.Span}
	req := &ex.Request
	req.Method, req.URL, req.OriginalURL = q.method, q.url, q.url
	req.URL.Query = append(req.URL.Query, q.query...)
	req.OriginalURL.Query = append([]exchange.Param(nil), req.URL.Query...)
	req.Client = r.cfg.Address
	if !req.Client.IsValid() {
		req.Client = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	req.Header.Grow(ownFields + len(q.header))
	req.Header.Set("Host", q.url.Authority())
	req.Header.Set("User-Agent", r.agent)
	if q.contentType != "" {
		req.Header.Set("Content-Type", q.contentType)
	}
	for i, h := range q.header {
		if slices.ContainsFunc(q.header[:i], func(o exchange.Param) bool { return strings.EqualFold(o.Name, h.Name) }) {
			req.Header.Add(h.Name, h.Value)
			continue
		}
		req.Header.Set(h.Name, h.Value)
	}
	req.Header.Set("Idempotency-Key", call.IdempotencyKey)
	if call.TraceID != "" {
		req.Header.Set("traceparent", exchange.Trace{TraceID: call.TraceID, SpanID: call.Span}.Traceparent())
	}
	if q.contentType != "" {
		req.Body = exchange.Bytes(q.body)
	}
	return ex
}

// ownFields is how many fields a call has beside those that its state writes.
const ownFields = 7

// params reads header and query parameters: an object whose values are strings
// (numbers and booleans too) or arrays of them. arrays says that single values
// are refused, as apigateway:invoke does.
func params(v jsonval.Value, field string, arrays bool) (out []exchange.Param, bad string) {
	if !v.Exists() || v.IsNull() {
		return nil, ""
	}
	if v.Kind() != jsonval.ObjectKind {
		return nil, field
	}
	v.EachMember(func(name string, m jsonval.Value) bool {
		if m.Kind() != jsonval.ArrayKind {
			text, ok := scalar(m)
			if !ok || arrays {
				bad = field
				return false
			}
			out = append(out, exchange.Param{Name: name, Value: text})
			return true
		}
		m.EachItem(func(item jsonval.Value) bool {
			text, ok := scalar(item)
			if !ok {
				bad = field
				return false
			}
			out = append(out, exchange.Param{Name: name, Value: text})
			return true
		})
		return bad == ""
	})
	return out, bad
}

func scalar(v jsonval.Value) (string, bool) {
	switch v.Kind() {
	case jsonval.String:
		return v.Str()
	case jsonval.Number, jsonval.True, jsonval.False:
		return v.Text(), true
	}
	return "", false
}

// invalid is AWS's refusal of a parameter that does not have its shape. The
// engine asks CheckParameters before it schedules, so this is met only where a
// definition's parameters were never checked.
func invalid(told jsonval.Value, field string) sfn.TaskResult {
	return fault("States.Runtime", "The Parameters '"+told.Compact().Text()+
		"' could not be used to start the Task: ["+invalidFormat(field)+"]")
}

func invalidFormat(field string) string {
	return "The value of the field '" + field + "' has an invalid format"
}
