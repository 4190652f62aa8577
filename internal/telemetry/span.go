// Package telemetry keeps spans: what an exchange, an execution, a state visit, a
// policy and a backend call did, and when, joined into traces by W3C ids. It counts
// and times in Meters, judges what is slow, and writes the access log.
//
// It is not a tracing library for the code that is traced: internal/app turns
// exchanges and history events into spans and hands them here. The console and
// the command line read them. Exporters join beside the store.
//
// Invariants: a span is known by (trace id, span id): recording it again replaces
// it, so that whoever tells the same story twice, after a crash, tells it once;
// the store forgets whole traces, oldest first, past its limits; it never shares
// the engine's log, and losing it loses no execution.
package telemetry

import (
	"encoding/json"
	"time"

	"stile/jsonval"
)

// Kinds of span, in the words of OpenTelemetry's span kinds where it has one and
// ours where not.
const (
	KindExchange  = "exchange"
	KindExecution = "execution"
	KindState     = "state"
	KindPolicy    = "policy"
	KindBackend   = "backend"
)

// Span is one finished piece of work in a trace.
type Span struct {
	TraceID  string    `json:"traceId"`            // 32 hex digits
	SpanID   string    `json:"spanId"`             // 16 hex digits
	ParentID string    `json:"parentId,omitempty"` // 16 hex digits; empty: a root
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	// Status is ok or error.
	Status     string     `json:"status"`
	Attributes Attributes `json:"attributes,omitempty"`
}

// Attributes are a span's details in order, written as one JSON object.
type Attributes []Attribute

// Attribute is a name with its text.
type Attribute struct{ Name, Value string }

// MarshalJSON writes an object in the order of the attributes.
func (a Attributes) MarshalJSON() ([]byte, error) {
	return a.append(nil), nil
}

func (a Attributes) append(b []byte) []byte {
	b = append(b, '{')
	for i := range a {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonval.AppendString(b, a[i].Name), ':')
		b = jsonval.AppendString(b, a[i].Value)
	}
	return append(b, '}')
}

// append appends the span's JSON, as encoding/json would write it but for what it
// escapes for HTML.
func (s *Span) append(b []byte) []byte {
	b = jsonval.AppendString(append(b, `{"traceId":`...), s.TraceID)
	b = jsonval.AppendString(append(b, `,"spanId":`...), s.SpanID)
	if s.ParentID != "" {
		b = jsonval.AppendString(append(b, `,"parentId":`...), s.ParentID)
	}
	b = jsonval.AppendString(append(b, `,"name":`...), s.Name)
	b = jsonval.AppendString(append(b, `,"kind":`...), s.Kind)
	b = s.Start.AppendFormat(append(b, `,"start":"`...), time.RFC3339Nano)
	b = s.End.AppendFormat(append(b, `","end":"`...), time.RFC3339Nano)
	b = jsonval.AppendString(append(b, `","status":`...), s.Status)
	if len(s.Attributes) > 0 {
		b = s.Attributes.append(append(b, `,"attributes":`...))
	}
	return append(b, '}')
}

// UnmarshalJSON reads what MarshalJSON wrote; order is by name.
func (a *Attributes) UnmarshalJSON(b []byte) error {
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	*a = nil
	for _, k := range sortedKeys(m) {
		*a = append(*a, Attribute{k, m[k]})
	}
	return nil
}
