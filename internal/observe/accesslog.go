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
	x := &telemetry.Exchange{}
	MeterRecord(x, ex, end, denied)
	x.TraceID, x.SpanID, x.ParentID, x.ID, x.Revision = ex.Trace.TraceID, ex.Trace.SpanID, ex.Trace.ParentID, ex.ID, ex.Revision
	x.Method, x.Path, x.RequestBytes, x.ResponseBytes = ex.Request.Method, shownPath(ex), length(ex.Request.Body), length(ex.Response.Body)
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
		x.Subject, x.Host = c.Execution+"/"+c.State, c.Host
		x.StateMachine, x.Execution, x.State, x.Attempt = c.StateMachine, c.Execution, c.State, c.Attempt
	}
	if x.Verdict == nil && ex.LastError != nil {
		x.Error = ex.LastError.Reason
	}
	return x
}

// MeterRecord makes x as much of an AccessRecord as metrics are counted from, in the
// room that x has.
func MeterRecord(x *telemetry.Exchange, ex *exchange.Exchange, end time.Time, denied *exchange.PermissionDenied) {
	*x = telemetry.Exchange{Time: ex.Started.UTC(), Via: telemetry.ViaEdge, Status: ex.Response.StatusCode,
		Durations: durations(ex, end), Calls: x.Calls[:0]}
	if ex.API != nil {
		x.API = ex.API.ID
	}
	if ex.Operation != nil {
		x.Operation = ex.Operation.ID
	}
	if c := ex.State; c != nil {
		x.Via = telemetry.ViaState
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
	}
	for _, c := range ex.Calls {
		x.Calls = append(x.Calls, telemetry.BackendCall{Backend: backendName(ex, c), Status: c.Status, Duration: c.Duration})
	}
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
	var room [2][24]interval // for an ordinary exchange
	calls, all := room[0][:0], room[1][:0]
	for i := range ex.Calls {
		c := &ex.Calls[i]
		calls = append(calls, interval{c.Start.UnixNano(), c.Start.Add(c.Duration).UnixNano()})
	}
	all = append(all, calls...)
	for i := range ex.Decisions {
		d := &ex.Decisions[i]
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
