package gatetrace

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Azure is a trace as API Management's listTrace answers it
// (https://learn.microsoft.com/rest/api/apimanagement/gateway/list-trace).
type Azure struct {
	ServiceName  string                  `json:"serviceName"`
	TraceID      string                  `json:"traceId"`
	TraceEntries map[string][]AzureEntry `json:"traceEntries"`
}

// AzureEntry is one entry: Elapsed is hh:mm:ss.fffffff since the request came.
type AzureEntry struct {
	Source    string `json:"source"`
	Timestamp string `json:"timestamp"`
	Elapsed   string `json:"elapsed"`
	Data      any    `json:"data"`
}

// ticks is how .NET writes times and spans: seven digits behind the point.
const ticks = "2006-01-02T15:04:05.0000000Z"

// inspector is the source of what no policy said.
const inspector = "api-inspector"

// Azure gives the trace in that form: the request and the configuration first, an
// entry for each policy in its section, the answer last.
func (t *Trace) Azure(service string) Azure {
	out := Azure{ServiceName: service, TraceID: t.ID, TraceEntries: map[string][]AzureEntry{}}
	add := func(section, source string, at time.Time, data any) {
		out.TraceEntries[section] = append(out.TraceEntries[section],
			AzureEntry{source, at.UTC().Format(ticks), span(at.Sub(t.Start)), data})
	}
	add("inbound", inspector, t.Start, map[string]any{"request": map[string]any{
		"method": t.Request.Method, "url": t.Request.URL, "headers": t.Request.Headers}})
	if t.API != "" {
		add("inbound", inspector, t.Start, map[string]any{"configuration": t.configuration()})
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		add(s.Section, s.Policy, s.Start.Add(s.Duration), s.data())
	}
	end := t.Start.Add(t.Duration)
	if t.Error != nil {
		add("on-error", inspector, end, map[string]any{"error": t.Error})
	}
	add("outbound", inspector, end, map[string]any{"response": map[string]any{
		"status": map[string]any{"code": strconv.Itoa(t.Response.Status)}, "headers": t.Response.Headers}})
	add("outbound", "transfer-response", end, map[string]any{"message": "Response has been sent to the caller."})
	return out
}

// configuration is what the request reached.
func (t *Trace) configuration() map[string]any {
	or := func(text string) string {
		if text == "" {
			return "-"
		}
		return text
	}
	return map[string]any{
		"api":       map[string]any{"from": "/" + t.APIPath, "to": target(t.ServiceURL), "version": nil, "revision": t.APIRevision},
		"operation": map[string]any{"method": t.Method, "uriTemplate": t.Template},
		"user":      "-", "product": or(t.Product), "subscription": or(t.Subscription)}
}

// target is a backend's URL in parts; nil where there is none.
func target(text string) any {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil
	}
	port, standard := 80, true
	if u.Scheme == "https" {
		port = 443
	}
	if n, err := strconv.Atoi(u.Port()); err == nil {
		port, standard = n, n == port
	}
	return map[string]any{"scheme": u.Scheme, "host": u.Hostname(), "port": port, "path": u.Path, "queryString": "", "query": map[string]any{},
		"isDefaultPort": standard}
}

// data is what a policy did, as lines and as what it decided.
func (s *Step) data() map[string]any {
	message := []string{}
	for _, c := range s.Changes {
		message = append(message, c.Sentence())
	}
	message = append(message, s.Lines...)
	if s.Detail != "" {
		message = append(message, s.Detail)
	}
	for _, c := range s.Counters {
		message = append(message, c.Name+": "+strconv.FormatInt(c.Value, 10))
	}
	out := map[string]any{"message": message, "scope": s.Scope, "decision": s.Outcome, "location": place(s)}
	if len(s.Values) > 0 {
		out["expressions"] = s.Values
	}
	return out
}

// Sentence says what was changed in a line.
func (c Change) Sentence() string {
	what := strings.TrimSpace(strings.ReplaceAll(c.What, ".", " ") + " " + c.Name)
	switch {
	case c.Before == nil && c.After == nil:
		return what + " is gone"
	case c.Before == nil:
		return what + " is " + strconv.Quote(*c.After)
	case c.After == nil:
		return what + " was " + strconv.Quote(*c.Before) + ", is gone"
	}
	return what + " was " + strconv.Quote(*c.Before) + ", is " + strconv.Quote(*c.After)
}

// span writes a duration as .NET does, to 100 ns.
func span(d time.Duration) string {
	d = max(0, d)
	return fmt.Sprintf("%02d:%02d:%02d.%07d", int(d/time.Hour), int(d/time.Minute)%60, int(d/time.Second)%60, int(d%time.Second)/100)
}
