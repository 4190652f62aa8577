package telemetry

import (
	"encoding/json"
	"log/slog"
	"math"
	"time"
)

// Exchange is one finished exchange as the access log shows it: its JSON form is
// the schema of docs/logs.md. It holds no header, query, body or key.
type Exchange struct {
	// Time is when the exchange began.
	Time time.Time `json:"time"`
	// TraceID, SpanID and ParentID are W3C ids in hex; ParentID is empty where the
	// exchange began the trace.
	TraceID  string `json:"trace"`
	SpanID   string `json:"span"`
	ParentID string `json:"parent,omitempty"`
	// ID is the request's own id, a GUID.
	ID string `json:"id"`
	// Via is ViaEdge, ViaState or ViaEgress.
	Via string `json:"via"`
	// API and Operation are empty where the router found none.
	API          string `json:"api,omitempty"`
	Operation    string `json:"operation,omitempty"`
	Subscription string `json:"subscription,omitempty"`
	// Subject is who calls, where Stile itself knows it.
	Subject string `json:"subject,omitempty"`
	// Client is the caller's address.
	Client string `json:"client,omitempty"`
	// Host is where a call past the gateway went, host[:port]; empty for all others.
	Host   string `json:"host,omitempty"`
	Method string `json:"method"`
	// Path is the path that was asked for, without query and with tokens masked.
	Path string `json:"path"`
	// Status is 0 where no answer was made: a permission was missing, or the caller left.
	Status int `json:"status"`
	// Verdict is the denial that ended the exchange; nil where none did.
	Verdict *Verdict `json:"verdict,omitempty"`
	// Error is the reason of a failure that is no denial.
	Error         string    `json:"error,omitempty"`
	Durations     Durations `json:"durations_ms"`
	RequestBytes  *int64    `json:"request_bytes,omitempty"`
	ResponseBytes *int64    `json:"response_bytes,omitempty"`
	// StateMachine, Execution, State and Attempt are set where a state called.
	StateMachine string `json:"state_machine,omitempty"`
	Execution    string `json:"execution,omitempty"`
	State        string `json:"state,omitempty"`
	Attempt      int    `json:"attempt,omitempty"`
	Revision     string `json:"revision,omitempty"`

	// Calls are the backend calls, for metrics; the access log sums them up.
	Calls []BackendCall `json:"-"`
}

// Who made an exchange: a client on the wire, a state of an execution, or a state
// past the gateway, where no policy rules.
const (
	ViaEdge   = "edge"
	ViaState  = "state"
	ViaEgress = "egress"
)

// Verdict names the policy that denied, and its place.
type Verdict struct {
	Policy string `json:"policy"`
	Scope  string `json:"scope,omitempty"`
	// At is file:line of the policy, or of the role's statement.
	At     string `json:"at,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Durations split an exchange's time. Total runs to the last byte of the answer;
// Backend is the time in which a backend call was under way, Policies that in which
// a policy ran and no backend call was.
type Durations struct {
	Total    Millis `json:"total"`
	Backend  Millis `json:"backend"`
	Policies Millis `json:"policies"`
}

// Millis is a duration that JSON shows as milliseconds with three digits.
type Millis time.Duration

// MarshalJSON writes milliseconds.
func (m Millis) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(float64(m)/1e3) / 1e3)
}

// BackendCall is one call of an exchange to a backend.
type BackendCall struct {
	// Backend is a name from configuration, never an address from data.
	Backend string
	// Status is 0 where no answer came.
	Status   int
	Duration time.Duration
}

// Record is one line of the server's own log.
type Record struct {
	Time       time.Time
	Level      slog.Level
	Message    string
	Attributes Attributes
	// TraceID and SpanID are empty where the line belongs to no trace.
	TraceID, SpanID string
}

// Event is something that happened at one time and that people wait for, such as
// the end of an execution.
type Event struct {
	Time            time.Time
	Name            string
	TraceID, SpanID string
	Attributes      Attributes
}

// Sink takes what was seen: an exporter, the access log, the metrics. No method
// may block or fail: what a sink cannot take it drops and counts.
type Sink interface {
	// Exchange takes one finished exchange; the sink must not change it.
	Exchange(x *Exchange)
	// Spans takes finished spans; the sink must not change them.
	Spans(spans []Span)
	Log(r Record)
	Event(e Event)
}

// Fan passes everything on to each of its sinks, in order.
type Fan []Sink

// Exchange passes x on.
func (f Fan) Exchange(x *Exchange) {
	for _, s := range f {
		s.Exchange(x)
	}
}

// Spans passes spans on.
func (f Fan) Spans(spans []Span) {
	for _, s := range f {
		s.Spans(spans)
	}
}

// Log passes r on.
func (f Fan) Log(r Record) {
	for _, s := range f {
		s.Log(r)
	}
}

// Event passes e on.
func (f Fan) Event(e Event) {
	for _, s := range f {
		s.Event(e)
	}
}
