package observe

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/internal/backend"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// permissionPolicy is the verdict's policy where a role's permission was missing:
// decided before any policy ran.
const permissionPolicy = "permission"

// AccessRecord is a finished exchange as the access log, metrics and exporters take
// it. denied is the permission that was missing; nil where none was.
func AccessRecord(ex *exchange.Exchange, end time.Time, denied *exchange.PermissionDenied) *telemetry.Exchange {
	x := &telemetry.Exchange{Time: ex.Started.UTC(), TraceID: ex.Trace.TraceID, SpanID: ex.Trace.SpanID, ParentID: ex.Trace.ParentID,
		ID: ex.ID, Via: telemetry.ViaEdge, Method: ex.Request.Method, Path: shownPath(ex), Status: ex.Response.StatusCode, Revision: ex.Revision,
		RequestBytes: length(ex.Request.Body), ResponseBytes: length(ex.Response.Body), Durations: durations(ex, end)}
	if ex.API != nil {
		x.API = ex.API.ID
	}
	if ex.Operation != nil {
		x.Operation = ex.Operation.ID
	}
	if ex.Subscription != nil {
		x.Subscription = ex.Subscription.ID
	}
	if ex.Request.Client.IsValid() {
		x.Client = ex.Request.Client.String()
	}
	if ex.Principal != nil {
		x.Subject = ex.Principal.Claims().Subject
	}
	if c := ex.State; c != nil {
		x.Via, x.Subject, x.Host = telemetry.ViaState, c.Execution+"/"+c.State, c.Host
		x.StateMachine, x.Execution, x.State, x.Attempt = c.StateMachine, c.Execution, c.State, c.Attempt
		if c.Host != "" {
			x.Via = telemetry.ViaEgress
		}
	}
	switch {
	case denied != nil:
		x.Verdict = &telemetry.Verdict{Policy: permissionPolicy, Scope: "role/" + denied.Role, At: place(denied.File, denied.Line),
			Reason: denied.Action + " on " + denied.Resource}
	case ex.Verdict != nil:
		v := ex.Verdict
		x.Verdict = &telemetry.Verdict{Policy: v.Policy, Scope: v.Scope, At: place(v.File, v.Line), Reason: v.Reason}
	case ex.LastError != nil:
		x.Error = ex.LastError.Reason
	}
	for _, c := range ex.Calls {
		x.Calls = append(x.Calls, telemetry.BackendCall{Backend: backendName(ex, c), Status: c.Status, Duration: c.Duration})
	}
	return x
}

// callerAttributes join an exchange's span to the state that called.
func callerAttributes(ex *exchange.Exchange) telemetry.Attributes {
	c := ex.State
	if c == nil {
		if ex.Principal == nil {
			return nil
		}
		return telemetry.Attributes{{Name: "stile.subject", Value: ex.Principal.Claims().Subject}}
	}
	return telemetry.Attributes{{Name: "stile.subject", Value: c.Execution + "/" + c.State}, {Name: telemetry.AttrStateMachine, Value: c.StateMachine},
		{Name: telemetry.AttrExecution, Value: c.Execution}, {Name: telemetry.AttrState, Value: c.State},
		{Name: telemetry.AttrAttempt, Value: strconv.Itoa(c.Attempt)}}
}

func place(file string, line int) string {
	if file == "" {
		return ""
	}
	return file + ":" + strconv.Itoa(line)
}

// length is a body's, nil where a stream did not say.
func length(b *exchange.Body) *int64 {
	n := b.Length()
	if n < 0 {
		return nil
	}
	return &n
}

// backendName is a backend by its name in the configuration, else its host. A host
// that an expression made is not told apart from others: data must not make series.
func backendName(ex *exchange.Exchange, c exchange.Call) string {
	if c.Backend != "" {
		return c.Backend
	}
	if local, ok := strings.CutPrefix(c.URL, backend.Scheme); ok {
		host, _, _ := strings.Cut(local, "/")
		return host
	}
	u, err := url.Parse(c.URL)
	if err != nil || ex.Backend.Tainted {
		return telemetry.Other
	}
	return u.Host
}

// span of time, from and to in nanoseconds.
type interval struct{ from, to int64 }

// durations splits an exchange's time. Policies nest and calls happen inside them,
// so their times are joined before they are measured.
func durations(ex *exchange.Exchange, end time.Time) telemetry.Durations {
	calls := make([]interval, 0, len(ex.Calls))
	for _, c := range ex.Calls {
		calls = append(calls, interval{c.Start.UnixNano(), c.Start.Add(c.Duration).UnixNano()})
	}
	all := slices.Clone(calls)
	for _, d := range ex.Decisions {
		all = append(all, interval{d.Start.UnixNano(), d.Start.Add(d.Duration).UnixNano()})
	}
	called := covered(calls)
	total := telemetry.Millis(max(0, end.Sub(ex.Started)))
	if ex.Started.IsZero() {
		total = 0
	}
	return telemetry.Durations{Total: total, Backend: telemetry.Millis(called), Policies: telemetry.Millis(covered(all) - called)}
}

// covered is the length of what the intervals cover, each moment once. It sorts them.
func covered(list []interval) (sum int64) {
	slices.SortFunc(list, func(a, b interval) int { return int(min(1, max(-1, a.from-b.from))) })
	var until int64
	for _, i := range list {
		if from := max(i.from, until); i.to > from {
			sum += i.to - from
		}
		until = max(until, i.to)
	}
	return sum
}
