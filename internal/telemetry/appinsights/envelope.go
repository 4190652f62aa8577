package appinsights

import (
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"stile/internal/telemetry"
)

// envelope is one item of the ingestion endpoint's Breeze protocol.
type envelope struct {
	Ver  int               `json:"ver"`
	Name string            `json:"name"`
	Time string            `json:"time"`
	Key  string            `json:"iKey"`
	Tags map[string]string `json:"tags"`
	Data envelopeData      `json:"data"`
}

type envelopeData struct {
	BaseType string `json:"baseType"`
	BaseData any    `json:"baseData"`
}

type properties map[string]string

type requestData struct {
	Ver          int        `json:"ver"`
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Duration     string     `json:"duration"`
	Success      bool       `json:"success"`
	ResponseCode string     `json:"responseCode"`
	URL          string     `json:"url,omitempty"`
	Source       string     `json:"source,omitempty"`
	Properties   properties `json:"properties,omitempty"`
}

type dependencyData struct {
	Ver        int        `json:"ver"`
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Duration   string     `json:"duration"`
	Success    bool       `json:"success"`
	ResultCode string     `json:"resultCode,omitempty"`
	Data       string     `json:"data,omitempty"`
	Target     string     `json:"target,omitempty"`
	Type       string     `json:"type"`
	Properties properties `json:"properties,omitempty"`
}

type exceptionData struct {
	Ver        int                `json:"ver"`
	Exceptions []exceptionDetails `json:"exceptions"`
	Severity   string             `json:"severityLevel"`
	ProblemID  string             `json:"problemId,omitempty"`
	Properties properties         `json:"properties,omitempty"`
}

type exceptionDetails struct {
	TypeName     string `json:"typeName"`
	Message      string `json:"message"`
	HasFullStack bool   `json:"hasFullStack"`
	Stack        string `json:"stack,omitempty"`
}

type messageData struct {
	Ver        int        `json:"ver"`
	Message    string     `json:"message"`
	Severity   string     `json:"severityLevel"`
	Properties properties `json:"properties,omitempty"`
}

type eventData struct {
	Ver        int        `json:"ver"`
	Name       string     `json:"name"`
	Properties properties `json:"properties,omitempty"`
}

type metricData struct {
	Ver        int          `json:"ver"`
	Metrics    []metricItem `json:"metrics"`
	Properties properties   `json:"properties,omitempty"`
}

type metricItem struct {
	Namespace string  `json:"ns,omitempty"`
	Name      string  `json:"name"`
	Value     float64 `json:"value"`
	Count     uint64  `json:"count"`
}

// Lengths that the endpoint's schema allows, in characters.
const (
	maxName     = 1024
	maxURL      = 2048
	maxText     = 8192
	maxMessage  = 32_768
	maxProperty = 150
)

// maker makes envelopes that name the sender.
type maker struct {
	key, role, instance, version string
}

// wrap makes an envelope; the ids may be empty.
func (m maker) wrap(kind, baseType string, at time.Time, trace, parent, operation string, data any) envelope {
	tags := map[string]string{"ai.cloud.role": m.role, "ai.cloud.roleInstance": m.instance, "ai.internal.sdkVersion": "stile:" + m.version}
	for name, value := range map[string]string{"ai.operation.id": trace, "ai.operation.parentId": parent, "ai.operation.name": cut(operation, maxName)} {
		if value != "" {
			tags[name] = value
		}
	}
	return envelope{Ver: 1, Name: "Microsoft.ApplicationInsights." + kind, Time: at.UTC().Format("2006-01-02T15:04:05.0000000Z"), Key: m.key,
		Tags: tags, Data: envelopeData{BaseType: baseType, BaseData: data}}
}

// exchange gives the request, and an exception where a policy denied or failed.
func (m maker) exchange(x *telemetry.Exchange) []envelope {
	name := x.Method + " " + x.API + "/" + x.Operation
	if x.API == "" || x.Operation == "" {
		name = x.Method + " (no operation)" // the path would make a name of each scan
	}
	p := properties{}
	p.set("via", x.Via, "api", x.API, "operation", x.Operation, "subscription", x.Subscription, "subject", x.Subject, "state_machine", x.StateMachine,
		"execution", x.Execution, "state", x.State, "revision", x.Revision, "request_id", x.ID)
	if x.Attempt > 0 {
		p.set("attempt", strconv.Itoa(x.Attempt))
	}
	if v := x.Verdict; v != nil {
		p.set("verdict", v.Policy, "verdict_scope", v.Scope, "verdict_at", v.At, "verdict_reason", v.Reason)
	}
	out := []envelope{m.wrap("Request", "RequestData", x.Time, x.TraceID, x.ParentID, name, requestData{Ver: 2, ID: x.SpanID, Name: cut(name, maxName),
		Duration: timeSpan(time.Duration(x.Durations.Total)), Success: x.Status > 0 && x.Status < 400, ResponseCode: strconv.Itoa(x.Status),
		URL: cut(x.Path, maxURL), Properties: p})}
	if x.Client != "" {
		out[0].Tags["ai.location.ip"] = x.Client
	}
	failure := exceptionData{Ver: 2, Severity: "Error", Properties: p}
	switch {
	case x.Verdict != nil:
		v := x.Verdict
		failure.Severity, failure.ProblemID = "Warning", cut(v.Policy+" at "+v.At, maxName)
		failure.Exceptions = []exceptionDetails{{TypeName: cut(v.Reason, maxName), Message: cut("denied by "+v.Policy+" at "+v.At+": "+v.Reason, maxMessage)}}
	case x.Error != "":
		failure.ProblemID = cut(x.Error, maxName)
		failure.Exceptions = []exceptionDetails{{TypeName: cut(x.Error, maxName), Message: cut("the exchange failed: "+x.Error, maxMessage)}}
	default:
		return out
	}
	return append(out, m.wrap("Exception", "ExceptionData", x.Time.Add(time.Duration(x.Durations.Total)), x.TraceID, x.SpanID, name, failure))
}

// quick is below what an undisturbed policy is worth sending.
const quick = time.Millisecond

// span gives a span's envelope. ok is false for an exchange's, which went out as a
// request, and for a policy that passed in no time.
func (m maker) span(sp *telemetry.Span) (out envelope, ok bool) {
	took := sp.End.Sub(sp.Start)
	p := properties{}
	for _, a := range sp.Attributes {
		p.set(a.Name, a.Value)
	}
	success := sp.Status != "error"
	d := dependencyData{Ver: 2, ID: sp.SpanID, Name: cut(sp.Name, maxName), Duration: timeSpan(took), Success: success, Type: "InProc", Properties: p}
	switch sp.Kind {
	case telemetry.KindExchange:
		return out, false
	case telemetry.KindExecution:
		code := sp.Attributes.Get(telemetry.AttrExecutionStatus)
		return m.wrap("Request", "RequestData", sp.Start, sp.TraceID, sp.ParentID, sp.Name, requestData{Ver: 2, ID: sp.SpanID, Name: cut(sp.Name, maxName),
			Duration: timeSpan(took), Success: success, ResponseCode: code, Source: "stile", Properties: p}), true
	case telemetry.KindBackend:
		d.Data, d.ResultCode = cut(sp.Name, maxText), sp.Attributes.Get(telemetry.AttrStatusCode)
		if u, err := url.Parse(sp.Attributes.Get(telemetry.AttrURL)); err == nil {
			d.Target = cut(u.Host, maxName)
			if u.Scheme == "http" || u.Scheme == "https" {
				d.Type = "HTTP"
			}
		}
	case telemetry.KindState:
		d.Target, d.ResultCode = cut(sp.Attributes.Get(telemetry.AttrStateMachine), maxName), sp.Status
	case telemetry.KindPolicy:
		if d.ResultCode = sp.Attributes.Get(telemetry.AttrPolicyOutcome); success && took < quick {
			return out, false
		}
	}
	return m.wrap("RemoteDependency", "RemoteDependencyData", sp.Start, sp.TraceID, sp.ParentID, "", d), true
}

// record gives a line of the log: a panic's as an exception, others as traces.
func (m maker) record(r telemetry.Record) envelope {
	p := properties{}
	var what, stack string
	for _, a := range r.Attributes {
		switch a.Name {
		case "panic":
			what = a.Value
		case "stack":
			stack = a.Value
		default:
			p.set(a.Name, a.Value)
		}
	}
	if what != "" {
		return m.wrap("Exception", "ExceptionData", r.Time, r.TraceID, r.SpanID, "", exceptionData{Ver: 2, Severity: "Critical", ProblemID: "panic", Properties: p,
			Exceptions: []exceptionDetails{{TypeName: "panic", Message: cut(r.Message+": "+what, maxMessage), HasFullStack: stack != "", Stack: cut(stack, maxMessage)}}})
	}
	return m.wrap("Message", "MessageData", r.Time, r.TraceID, r.SpanID, "", messageData{Ver: 2, Message: cut(r.Message, maxMessage), Severity: severity(r.Level), Properties: p})
}

func (m maker) event(e telemetry.Event) envelope {
	p := properties{}
	for _, a := range e.Attributes {
		p.set(a.Name, a.Value)
	}
	return m.wrap("Event", "EventData", e.Time, e.TraceID, e.SpanID, "", eventData{Ver: 2, Name: cut(e.Name, 512), Properties: p})
}

// set adds pairs of name and value, those without a value left out.
func (p properties) set(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			p[cut(pairs[i], maxProperty)] = cut(pairs[i+1], maxText)
		}
	}
}

func severity(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "Verbose"
	case l < slog.LevelWarn:
		return "Information"
	case l < slog.LevelError:
		return "Warning"
	}
	return "Error"
}

// timeSpan writes d.hh:mm:ss.fffffff; the endpoint takes less than 1,000 days.
func timeSpan(d time.Duration) string {
	const day = 24 * time.Hour
	d = min(max(d, 0), 1000*day-100)
	return fmt.Sprintf("%d.%02d:%02d:%02d.%07d", d/day, d%day/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second, d%time.Second/100)
}

// cut shortens s to at most n bytes, whole characters only.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
