// Package gatetrace keeps traces of requests in the gate: what came, what every
// policy did and changed, what was answered.
//
// It is not the recorder (package policy writes an exchange.Recording while a
// pipeline runs) and not the store of spans (internal/telemetry): a trace here is one
// document of one exchange, for a person who asks what a policy did. internal/app
// hands it recordings; the console and the command line show what it keeps.
//
// Invariants: secrets are hidden before anything is stored, those of the project and
// the credentials that the exchange itself carried; keeping a trace never makes an
// exchange wait; what is kept is bounded in number and bytes, the oldest goes first.
package gatetrace

import (
	"encoding/json"
	"time"

	"stile/policy/exchange"
)

// Trace is what is kept of one exchange.
type Trace struct {
	Summary
	// Revision names the snapshot of configuration that it ran on.
	Revision string `json:"revision,omitempty"`
	// APIRevision is the API's.
	APIRevision string `json:"apiRevision,omitempty"`
	// APIPath, ServiceURL and Template are the API's path and backend, and the
	// operation's URL template.
	APIPath    string `json:"apiPath,omitempty"`
	ServiceURL string `json:"serviceUrl,omitempty"`
	Template   string `json:"urlTemplate,omitempty"`
	// TraceID and Span join it to the spans of /-/v1/traces.
	TraceID      string `json:"traceId,omitempty"`
	Span         string `json:"span,omitempty"`
	Product      string `json:"product,omitempty"`
	Subscription string `json:"subscription,omitempty"`
	// Execution and State name the state that called.
	Execution string  `json:"execution,omitempty"`
	State     string  `json:"state,omitempty"`
	Request   Message `json:"request"`
	Response  Message `json:"response"`
	Steps     []Step  `json:"steps"`
	// Error is context.LastError at the end.
	Error *Fault `json:"error,omitempty"`
	// Denied is the permission that the caller lacked.
	Denied string          `json:"denied,omitempty"`
	Calls  []exchange.Call `json:"calls,omitempty"`
	// Omitted counts texts that found no room.
	Omitted int `json:"omitted,omitempty"`
}

// Summary is a trace's line in a list.
type Summary struct {
	ID       string        `json:"id"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration"` // ns
	Method   string        `json:"method"`
	// Path is what was asked for, without query.
	Path      string `json:"path"`
	API       string `json:"api,omitempty"`
	Operation string `json:"operation,omitempty"`
	Status    int    `json:"status"`
	Policies  int    `json:"policies"`
	// Reason is that of the error or denial; empty where there was none.
	Reason string `json:"reason,omitempty"`
	// Size is how many bytes the trace takes in the store.
	Size int64 `json:"size"`
}

// Message is a request or an answer.
type Message struct {
	Method  string  `json:"method,omitempty"`
	URL     string  `json:"url,omitempty"`
	Status  int     `json:"status,omitempty"`
	Headers []Field `json:"headers"`
	Body    *Body   `json:"body,omitempty"`
}

// Field is a header field.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Body is as much of a body as is kept.
type Body struct {
	// Text are its first 8 KiB where it is UTF-8 text that is not compressed.
	Text string `json:"text,omitempty"`
	// Length counts the bytes that passed; Partial says that there were more.
	Length  int64 `json:"length"`
	Partial bool  `json:"partial,omitempty"`
	// Digest is the SHA-256 in hex of a whole body in which nothing was hidden.
	Digest string `json:"sha256,omitempty"`
	// Hidden says that secrets were taken out of Text, and Cut that Text is not all.
	Hidden bool `json:"hidden,omitempty"`
	Cut    bool `json:"cut,omitempty"`
}

// Step is what one policy did.
type Step struct {
	exchange.Decision
	// Depth counts the policies around it.
	Depth    int                `json:"depth,omitempty"`
	Changes  []Change           `json:"changes,omitempty"`
	Counters []exchange.Counter `json:"counters,omitempty"`
	Values   []Evaluated        `json:"values,omitempty"`
	Lines    []string           `json:"lines,omitempty"`
}

// Change is one thing that a policy changed; see exchange.Change. A body's side has
// its text, or its length and digest.
type Change struct {
	What   string  `json:"what"`
	Name   string  `json:"name,omitempty"`
	Type   string  `json:"type,omitempty"`
	Before *string `json:"before"`
	After  *string `json:"after"`
}

// Evaluated is an expression with what it gave.
type Evaluated struct {
	Expression string `json:"expression"`
	Type       string `json:"type"`
	Value      string `json:"value"`
}

// Fault is context.LastError.
type Fault struct {
	Source   string `json:"source,omitempty"`
	Reason   string `json:"reason"`
	Message  string `json:"message"`
	Scope    string `json:"scope,omitempty"`
	Section  string `json:"section,omitempty"`
	Path     string `json:"path,omitempty"`
	PolicyID string `json:"policyId,omitempty"`
}

// Raw is a recorded exchange with its secrets in it, on its way to the store.
type Raw struct {
	rec  *exchange.Recording
	head Trace
	// key and names are the caller's subscription key and what it is called.
	key             string
	header, query   string
	client          string
	callbacks, lost bool
}

// Take takes what is kept of a finished exchange that was recorded. It copies what
// others may still change.
func Take(ex *exchange.Exchange, end time.Time) Raw {
	r := Raw{rec: ex.Recording, lost: ex.Operation == nil}
	t := &r.head
	t.ID, t.Start, t.Duration = ex.ID, ex.Started.UTC(), max(0, end.Sub(ex.Started))
	t.Method, t.Path, t.Status = ex.Request.Method, ex.Request.OriginalURL.Path, ex.Response.StatusCode
	t.Revision, t.TraceID, t.Span = ex.Revision, ex.Trace.TraceID, ex.Trace.SpanID
	t.Policies, t.Omitted, t.Denied = len(r.rec.Steps), r.rec.Omitted, r.rec.Denied
	t.Calls = append([]exchange.Call(nil), ex.Calls...)
	if a := ex.API; a != nil {
		t.API, t.APIRevision, t.APIPath, t.ServiceURL = a.ID, a.Revision, a.Path, a.ServiceURL
		r.header, r.query, r.callbacks = a.KeyHeader, a.KeyQuery, a.ID == exchange.CallbacksAPI
	}
	if o := ex.Operation; o != nil {
		t.Operation, t.Template = o.ID, o.URLTemplate
	}
	if ex.Product != nil {
		t.Product = ex.Product.ID
	}
	if s := ex.Subscription; s != nil {
		t.Subscription, r.key = s.ID, s.Key.Reveal()
	}
	if c := ex.State; c != nil {
		t.Execution, t.State = c.Execution, c.State
	}
	if e := ex.LastError; e != nil {
		t.Error, t.Reason = &Fault{Source: e.Source, Reason: e.Reason, Message: e.Message, Scope: e.Scope, Section: e.Section, Path: e.Path, PolicyID: e.PolicyID}, e.Reason
	}
	return r
}

// size is about how many bytes a recording holds in memory.
func (r *Raw) size() int64 { return int64(r.rec.Room() + 2048 + 512*len(r.rec.Steps)) }

// encode writes the stored form.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("gatetrace: " + err.Error()) // plain data
	}
	return append([]byte{storedFormat}, b...)
}
