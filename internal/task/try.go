package task

import (
	"context"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/policy/exchange"
)

// traceKey is the context's key of the trace that a call is recorded in.
type traceKey struct{}

// tracing is a trace under way.
type tracing struct {
	out *sfn.HTTPTrace
	// reveal says that the request is told as it is sent, with what the connection
	// adds; else as the state alone makes it.
	reveal bool
	mask   Masker
}

// Try makes one call at once and waits for its answer, for a state that is tested
// outside of any execution: nothing is journalled, no token is waited for and no
// job followed. The trace is that of an HTTP Task, nil of others and where nothing
// was sent; what a connection adds to the request and the secrets of named values
// stand in it only where reveal says so.
func (r *Runner) Try(ctx context.Context, call sfn.TaskCall, reveal bool) (sfn.TaskResult, *sfn.HTTPTrace) {
	in, ok := r.find(call.Resource)
	if !ok {
		return fault("States.Runtime", "The resource '"+call.Resource+"' has no integration here."), nil
	}
	t := &tracing{reveal: reveal, mask: r.cfg.Mask}
	if in.Resource == httpResource {
		ctx = context.WithValue(ctx, traceKey{}, t)
	}
	res := r.finished(call, r.attempt(ctx, in, call))
	return res, t.out
}

// traceSent notes the request of an exchange, where somebody asked for it.
func (r *Runner) traceSent(ctx context.Context, call sfn.TaskCall, ex *exchange.Exchange) {
	t, _ := ctx.Value(traceKey{}).(*tracing)
	if t == nil {
		return
	}
	if !t.reveal {
		own, bad := shapeHTTP(call.Parameters)
		if bad != "" || encodeBody(call.Parameters, call.Parameters, nil, nil, &own).Error != "" {
			return
		}
		ex = r.exchange(call, own)
	}
	req := &ex.Request
	body, _ := req.Body.Bytes() // made of bytes: it cannot fail
	t.out = &sfn.HTTPTrace{Request: sfn.HTTPRequest{
		Protocol: req.URL.Scheme, Method: req.Method, URL: req.URL.String(), Headers: headerText(&req.Header), Body: string(body)}}
	if !t.reveal && t.mask != nil {
		q := &t.out.Request
		q.URL, q.Headers, q.Body = t.mask.MaskString(q.URL), t.mask.MaskString(q.Headers), t.mask.MaskString(q.Body)
	}
}

// traceAnswered notes the answer.
func traceAnswered(ctx context.Context, ex *exchange.Exchange) {
	t, _ := ctx.Value(traceKey{}).(*tracing)
	if t == nil || t.out == nil {
		return
	}
	body, err := ex.Response.Body.Bytes()
	if err != nil {
		return
	}
	res := sfn.HTTPResponse{Protocol: ex.Request.OriginalURL.Scheme, StatusCode: strconv.Itoa(ex.Response.StatusCode),
		StatusMessage: statusText(ex), Headers: headerText(&ex.Response.Header), Body: string(body)}
	if !t.reveal && t.mask != nil {
		res.Headers, res.Body = t.mask.MaskString(res.Headers), t.mask.MaskString(res.Body)
	}
	t.out.Response = &res
}

// headerText writes fields as AWS does. A lazy field is the state's own token,
// which is nobody's to read.
func headerText(h *exchange.Header) string {
	var parts []string
	for _, name := range h.Names() {
		if h.Lazy(name) {
			continue
		}
		for _, v := range h.Values(name) {
			parts = append(parts, name+": "+v)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
