package telemetry

import (
	"log/slog"
	"time"
)

// Attributes of spans that the meters and exporters read; internal/app writes them.
const (
	AttrStateMachine    = "stile.state_machine"
	AttrExecution       = "stile.execution"
	AttrExecutionStatus = "stile.execution.status"
	AttrState           = "stile.state"
	AttrAttempt         = "stile.attempt"
	AttrURL             = "url.full"
	AttrStatusCode      = "http.response.status_code"
	AttrErrorType       = "error.type"
	AttrPolicyOutcome   = "stile.policy.outcome"
	AttrPolicyScope     = "stile.policy.scope"
	AttrFile            = "code.filepath"
	AttrLine            = "code.lineno"
)

// Get gives an attribute's value, "" where there is none.
func (a Attributes) Get(name string) string {
	for _, at := range a {
		if at.Name == name {
			return at.Value
		}
	}
	return ""
}

// Meters count what passes by; it is a Sink. Its families are listed in docs/logs.md.
//
// Labels come from configuration (APIs, operations, state machines, states,
// backends, policies) or are one of a few words: never a path, a subject or an id.
type Meters struct {
	exchanges, calls, visits, executions, lines *Counter
	exchangeTime, policyTime, callTime          *Histogram
	visitTime, executionTime                    *Histogram
}

// NewMeters adds the families to m.
func NewMeters(m *Metrics) *Meters {
	// Answers take milliseconds; states and executions up to days.
	short := []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
	long := []float64{0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 604_800}
	return &Meters{
		exchanges:     m.Counter("stile.exchanges", "{exchange}", "Exchanges that ended, by the policy that denied them if any.", "api", "operation", "via", "status", "verdict"),
		exchangeTime:  m.Histogram("stile.exchange.duration", "s", "Time from an exchange's begin to the last byte of its answer.", short, "api", "operation", "via"),
		policyTime:    m.Histogram("stile.exchange.policies.duration", "s", "Time of an exchange in policies, backend calls left out.", short, "api", "operation"),
		calls:         m.Counter("stile.backend.calls", "{call}", "Calls to backends, by status class; none where no answer came.", "backend", "status"),
		callTime:      m.Histogram("stile.backend.call.duration", "s", "Time to the head of a backend's answer.", short, "backend"),
		visits:        m.Counter("stile.state.visits", "{visit}", "Visits of states that ended.", "state_machine", "state", "outcome"),
		visitTime:     m.Histogram("stile.state.duration", "s", "Time from a state's entry to its exit, waits and retries included.", long, "state_machine", "state"),
		executions:    m.Counter("stile.executions", "{execution}", "Executions that ended.", "state_machine", "status"),
		executionTime: m.Histogram("stile.execution.duration", "s", "Time from an execution's start to its end.", long, "state_machine"),
		lines:         m.Counter("stile.log.lines", "{line}", "Lines of the server's log.", "level"),
	}
}

// Exchange counts an exchange and its backend calls.
func (m *Meters) Exchange(x *Exchange) {
	api, operation := orNone(x.API), orNone(x.Operation)
	verdict := "none"
	if x.Verdict != nil {
		verdict = x.Verdict.Policy
	}
	m.exchanges.Add(1, api, operation, x.Via, StatusClass(x.Status), verdict)
	m.exchangeTime.Observe(time.Duration(x.Durations.Total).Seconds(), api, operation, x.Via)
	m.policyTime.Observe(time.Duration(x.Durations.Policies).Seconds(), api, operation)
	for _, c := range x.Calls {
		m.calls.Add(1, orNone(c.Backend), StatusClass(c.Status))
		m.callTime.Observe(c.Duration.Seconds(), orNone(c.Backend))
	}
}

// Spans counts state visits and executions.
func (m *Meters) Spans(spans []Span) {
	for i := range spans {
		sp := &spans[i]
		took := max(0, sp.End.Sub(sp.Start))
		switch machine := orNone(sp.Attributes.Get(AttrStateMachine)); sp.Kind {
		case KindState:
			m.Visit(&Visit{Machine: machine, State: sp.Name, Outcome: sp.Status, Took: took})
		case KindExecution:
			m.Execution(machine, orNone(sp.Attributes.Get(AttrExecutionStatus)), took)
		}
	}
}

// Visit is a visit of a state that ended.
type Visit struct {
	Machine, State string
	// Type is the state's, Task say; Outcome ok or error.
	Type, Outcome string
	End           time.Time
	// Took is the time from the entry to the exit, below zero where the entry was not
	// seen.
	Took time.Duration
	// Handed says that the visit waited for somebody else to end it.
	Handed bool
}

// Visit counts a visit of a state.
func (m *Meters) Visit(v *Visit) {
	m.visits.Add(1, v.Machine, v.State, v.Outcome)
	if v.Took >= 0 {
		m.visitTime.Observe(v.Took.Seconds(), v.Machine, v.State)
	}
}

// Execution counts an execution that ended; took is below zero where its start was
// not seen.
func (m *Meters) Execution(machine, status string, took time.Duration) {
	m.executions.Add(1, machine, status)
	if took >= 0 {
		m.executionTime.Observe(took.Seconds(), machine)
	}
}

// Log counts a line by its level.
func (m *Meters) Log(r Record) { m.lines.Add(1, levelName(r.Level)) }

// Event counts nothing: what an event tells is counted where it happens.
func (m *Meters) Event(Event) {}

// StatusClass gives 2xx and the like, none for no answer.
func StatusClass(status int) string {
	if status < 100 || status > 599 {
		return "none"
	}
	return [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}[status/100-1]
}

func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < slog.LevelWarn:
		return "info"
	case l < slog.LevelError:
		return "warn"
	}
	return "error"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
