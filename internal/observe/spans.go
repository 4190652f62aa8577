package observe

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"stile/internal/apim"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// ExchangeSpans are the spans of one finished exchange: its own, one for each
// policy that ran, one for each backend call.
func ExchangeSpans(ex *exchange.Exchange, end time.Time) []telemetry.Span {
	t := ex.Trace
	status := func(code int) string {
		if code >= 500 || code == 0 {
			return "error"
		}
		return "ok"
	}
	path := shownPath(ex)
	name, attrs := ex.Request.Method+" "+path, telemetry.Attributes{}
	if ex.API != nil && ex.Operation != nil {
		name = ex.Request.Method + " " + ex.API.ID + "/" + ex.Operation.ID
		attrs = append(attrs, telemetry.Attribute{Name: "stile.api", Value: ex.API.ID},
			telemetry.Attribute{Name: "stile.operation", Value: ex.Operation.ID})
	}
	attrs = append(attrs, telemetry.Attribute{Name: "http.request.method", Value: ex.Request.Method},
		telemetry.Attribute{Name: "url.path", Value: path},
		telemetry.Attribute{Name: "http.response.status_code", Value: strconv.Itoa(ex.Response.StatusCode)})
	if ex.Subscription != nil {
		attrs = append(attrs, telemetry.Attribute{Name: "stile.subscription", Value: ex.Subscription.ID})
	}
	attrs = append(attrs, callerAttributes(ex)...)
	spans := []telemetry.Span{{TraceID: t.TraceID, SpanID: t.SpanID, ParentID: t.ParentID, Name: name,
		Kind: telemetry.KindExchange, Start: ex.Started, End: end, Status: status(ex.Response.StatusCode), Attributes: attrs}}
	for i := range ex.Decisions {
		d := &ex.Decisions[i]
		if d.Span == "" {
			d.Span = NewSpanID()
		}
		st := "ok"
		if d.Outcome == "failed" || d.Outcome == "denied" {
			st = "error"
		}
		spans = append(spans, telemetry.Span{TraceID: t.TraceID, SpanID: d.Span, ParentID: t.SpanID, Name: d.Policy,
			Kind: telemetry.KindPolicy, Start: d.Start, End: d.Start.Add(d.Duration), Status: st,
			Attributes: telemetry.Attributes{{Name: "stile.policy.scope", Value: d.Scope},
				{Name: "stile.policy.section", Value: d.Section},
				{Name: "code.filepath", Value: d.File}, {Name: "code.lineno", Value: strconv.Itoa(d.Line)},
				{Name: "stile.policy.outcome", Value: d.Outcome}}})
	}
	for _, c := range ex.Calls {
		spans = append(spans, telemetry.Span{TraceID: t.TraceID, SpanID: c.Span, ParentID: t.SpanID,
			Name: c.Method + " " + c.URL, Kind: telemetry.KindBackend, Start: c.Start, End: c.Start.Add(c.Duration),
			Status: status(c.Status), Attributes: telemetry.Attributes{{Name: "url.full", Value: c.URL},
				{Name: "http.response.status_code", Value: strconv.Itoa(c.Status)}, {Name: "error.type", Value: c.Error}}})
	}
	return spans
}

// shownPath is the path as traces and logs show it. A callback URL's is a secret:
// who has it can answer the Task, whether or not this request found its way, also
// behind a prefix that a proxy should have taken off.
func shownPath(ex *exchange.Exchange) string {
	switch {
	case ex.Operation == nil:
		return withoutCallback(ex.Request.OriginalURL.Path)
	case ex.API != nil && ex.API.ID == apim.CallbacksID:
		return "/" + ex.API.Path + ex.Operation.URLTemplate
	}
	return ex.Request.OriginalURL.Path
}

// withoutCallback hides what stands behind a segment that is named as the API of the
// callbacks.
func withoutCallback(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, _, _ := strings.Cut(part, ";"); i+1 < len(parts) && strings.EqualFold(name, apim.CallbacksID) {
			return strings.Join(parts[:i+1], "/") + "/***"
		}
	}
	return path
}

// NewSpanID makes a span id: 16 hex digits at random.
func NewSpanID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return hex.EncodeToString(b[:])
}
