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
	b := []byte{'{'}
	for i, at := range a {
		if i > 0 {
			b = append(b, ',')
		}
		for j, s := range [2]string{at.Name, at.Value} {
			text, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			if j == 1 {
				b = append(b, ':')
			}
			b = append(b, text...)
		}
	}
	return append(b, '}'), nil
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
