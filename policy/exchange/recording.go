package exchange

import (
	"slices"
	"strings"
)

// Bounds of a Recording, in bytes. Texts are kept with TextMargin more than is shown
// of them, so that what hides secrets in them sees those whole that the cut goes
// through.
const (
	BodyShown  = 8 << 10
	TextShown  = 2 << 10
	TextMargin = 4 << 10
	// RecordingRoom bounds all texts of one recording but the bodies', and
	// RecordedBodies the bodies that are kept.
	RecordingRoom  = 512 << 10
	RecordedBodies = 16
	// RecordedSteps bounds the policies that are told of in full.
	RecordedSteps = 1000
)

// Recording is what happened to one exchange, policy by policy, as it was: no secret
// is hidden in it yet. Who makes one puts it into Exchange.Recording before the
// pipeline runs; without one nothing is recorded, and nothing is paid for it.
type Recording struct {
	// Came is the request before any policy, Went the answer after all.
	Came, Went Message
	// Steps has one entry for each of Exchange.Decisions, in the same order; those of
	// refusals, which no policy made, have none.
	Steps []Step
	// Omitted counts the texts that found no room.
	Omitted int
	// Denied says why the exchange never came to a policy, where its caller lacks a
	// permission.
	Denied string
	// Secrets are the texts of secret named values in the documents that ran.
	Secrets []string

	room   int // of texts, that is taken
	bodies []*Print
}

// Message is one message as it was: a request has Method and URL, an answer Status.
type Message struct {
	Method, URL string
	Status      int
	Header      []Param
	Body        *Print // nil: none
}

// Step is what one policy did, beside its Decision.
type Step struct {
	Decision
	// Depth counts the policies around it: 0 at the top of a section. Column is where
	// the policy begins on its line.
	Depth    int
	Column   int
	Changes  []Change
	Counters []Counter
	// Values are what the policy's expressions gave, in order.
	Values []Evaluated
	// Lines are what context.Trace and the trace policy said.
	Lines []string
}

// What a Change is of.
const (
	OfMethod         = "method"
	OfURL            = "url"
	OfBackend        = "backend"
	OfRequestHeader  = "request.header"
	OfRequestBody    = "request.body"
	OfVariable       = "variable"
	OfStatus         = "status"
	OfResponseHeader = "response.header"
	OfResponseBody   = "response.body"
)

// Change is one thing that a policy changed. Values of a header that stands several
// times are joined by ", ".
type Change struct {
	What string
	// Name of a header or variable, empty for others.
	Name string
	// Type is a variable's, as C# names it, after the change.
	Type string
	// Before and After are nil where there was nothing, or is nothing now.
	Before, After *string
	// OldBody and NewBody stand for them where bodies changed.
	OldBody, NewBody *Print
}

// Counter is a number that a policy told, such as what a rate limit has left.
type Counter struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
}

// Evaluated is an expression with what it gave.
type Evaluated struct{ Expression, Type, Value string }

// Counter notes a number for the step at an index; a nil Recording notes nothing.
func (r *Recording) Counter(step int, name string, value int64) {
	if s := r.step(step); s != nil && len(s.Counters) < 64 {
		s.Counters = append(s.Counters, Counter{name, value})
	}
}

// Line notes what was traced.
func (r *Recording) Line(step int, text string) {
	if s := r.step(step); s != nil {
		if text, ok := r.Keep(text); ok {
			s.Lines = append(s.Lines, text)
		}
	}
}

// Evaluated notes what an expression gave.
func (r *Recording) Evaluated(step int, e Evaluated) {
	s := r.step(step)
	if s == nil {
		return
	}
	var ok bool
	if e.Expression, ok = r.Keep(e.Expression); ok {
		if e.Value, ok = r.Keep(e.Value); ok {
			s.Values = append(s.Values, e)
		}
	}
}

// Changed notes a change.
func (r *Recording) Changed(step int, c Change) {
	s := r.step(step)
	if s == nil {
		return
	}
	for _, text := range []*string{c.Before, c.After} {
		if text == nil {
			continue
		}
		var ok bool
		if *text, ok = r.Keep(*text); !ok {
			return
		}
	}
	s.Changes = append(s.Changes, c)
}

func (r *Recording) step(at int) *Step {
	if r == nil || at < 0 || at >= len(r.Steps) {
		return nil
	}
	return &r.Steps[at]
}

// Keep takes room for a text and gives as much of it as is kept; ok is false where
// no room is left.
func (r *Recording) Keep(text string) (kept string, ok bool) {
	if len(text) > TextShown+TextMargin {
		text = text[:TextShown+TextMargin]
	}
	if r.room += len(text); r.room > RecordingRoom {
		r.Omitted++
		return "", false
	}
	return strings.Clone(text), true
}

// Room is how many bytes of texts and bodies are kept, about.
func (r *Recording) Room() int {
	return min(r.room, RecordingRoom) + len(r.bodies)*(BodyShown+TextMargin)
}

// Body gives the print of a body, the same for the same one; nil for none. A stream
// is printed as it passes.
func (r *Recording) Body(b *Body) *Print {
	if b == nil || b.length == 0 && b.stream == nil {
		return nil
	}
	if b.print != nil {
		return b.print
	}
	if len(r.bodies) >= RecordedBodies {
		r.Omitted++
		return omitted
	}
	b.print = printOf(b)
	r.bodies = append(r.bodies, b.print)
	return b.print
}

// Headers copies the fields that have been made, as far as there is room.
func (r *Recording) Headers(h *Header) []Param {
	out := make([]Param, 0, h.Len())
	h.EachMade(func(name, value string) {
		if value, ok := r.Keep(value); ok {
			out = append(out, Param{name, value})
		}
	})
	return out
}

// Arrive keeps the request as it came.
func (r *Recording) Arrive(ex *Exchange) {
	url, _ := r.Keep(ex.Request.URL.String())
	r.Came = Message{Method: ex.Request.Method, URL: url, Header: r.Headers(&ex.Request.Header), Body: r.Body(ex.Request.Body)}
}

// Leave keeps the answer as it goes, after every policy.
func (r *Recording) Leave(ex *Exchange) {
	r.Went = Message{Status: ex.Response.StatusCode, Header: r.Headers(&ex.Response.Header), Body: r.Body(ex.Response.Body)}
	for i := range min(len(r.Steps), len(ex.Decisions)) {
		r.Steps[i].Decision = ex.Decisions[i]
	}
}

// Join adds the steps of another recording behind those of this one, as of policies
// that ran beside it. Where there is no room for their texts, numbers alone stay.
func (r *Recording) Join(o *Recording) {
	r.Omitted += o.Omitted
	if r.room+o.room > RecordingRoom {
		for i := range o.Steps {
			s := &o.Steps[i]
			r.Omitted += len(s.Changes) + len(s.Values) + len(s.Lines)
			s.Changes, s.Values, s.Lines = nil, nil, nil
		}
	} else {
		r.room += o.room
	}
	r.bodies = append(r.bodies, o.bodies...)
	r.Hide(o.Secrets)
	r.Steps = append(r.Steps, o.Steps...)
}

// Hide adds the texts of secrets, each once; a nil Recording has none to hide.
func (r *Recording) Hide(secrets []string) {
	if r == nil {
		return
	}
	for _, s := range secrets {
		if s != "" && !slices.Contains(r.Secrets, s) {
			r.Secrets = append(r.Secrets, s)
		}
	}
}
