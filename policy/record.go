package policy

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"stile/policy/exchange"
	"stile/policy/expr"
	"stile/policy/expr/clr"
)

// recorder writes down what the steps of one run change.
//
// Task: tell of each change which policy made it, also of policies inside others.
// Invariants: a change is told once, of the innermost policy; the exchange is only
// looked at, and no body is read. The obvious way, a copy of the exchange before and
// one after each policy, tells a change of an inner policy again with every policy
// around it. So there is one view, as the exchange was seen last: it is compared and
// renewed whenever a policy begins or ends, and what differs is the running one's.
type recorder struct {
	rec   *exchange.Recording
	depth int
	last  view
}

// maxVariables bounds the variables that are watched.
const maxVariables = 256

// view is what is compared of an exchange.
type view struct {
	method, url, backend          string
	requestHeader, responseHeader []exchange.Param
	requestBody, responseBody     *exchange.Body
	requestPrint, responsePrint   *exchange.Print
	requestConsumed, responseGone bool
	status                        int
	variables                     map[string]variable
}

// variable is one of context.Variables as it was seen.
type variable struct {
	value      any
	kind, text string
}

// record prepares the recording of a run; nil where nobody records.
func (r *run) record() {
	if r.ex.Recording == nil {
		return
	}
	r.rec = &recorder{rec: r.ex.Recording}
	for _, list := range r.p.sections {
		for _, st := range list {
			for i := range st.steps {
				r.rec.rec.Hide(st.steps[i].secrets)
			}
		}
	}
	r.rec.look(r.ex, -1)
}

// begin opens the entry of a step that begins inside another, whose index is outer,
// or -1.
func (c *recorder) begin(ex *exchange.Exchange, outer, column int) {
	c.look(ex, outer)
	c.rec.Steps = append(c.rec.Steps, exchange.Step{Depth: c.depth, Column: column})
	c.depth++
}

// end closes the entry of a step.
func (c *recorder) end(ex *exchange.Exchange, at int) {
	c.depth--
	c.look(ex, at)
}

// look compares the exchange with the view, notes what differs for the step at an
// index, and renews the view.
func (c *recorder) look(ex *exchange.Exchange, at int) {
	if len(c.rec.Steps) > exchange.RecordedSteps {
		return
	}
	v := &c.last
	c.text(at, exchange.OfMethod, &v.method, ex.Request.Method)
	c.text(at, exchange.OfURL, &v.url, ex.Request.URL.String())
	c.header(at, exchange.OfRequestHeader, &v.requestHeader, &ex.Request.Header)
	c.body(at, exchange.OfRequestBody, &v.requestBody, &v.requestPrint, &v.requestConsumed, ex.Request.Body)
	c.text(at, exchange.OfBackend, &v.backend, backendText(&ex.Backend))
	c.variables(at, ex.Variables)
	if v.status != ex.Response.StatusCode {
		before, after := statusText(v.status), statusText(ex.Response.StatusCode)
		c.rec.Changed(at, exchange.Change{What: exchange.OfStatus, Before: before, After: after})
		v.status = ex.Response.StatusCode
	}
	c.header(at, exchange.OfResponseHeader, &v.responseHeader, &ex.Response.Header)
	c.body(at, exchange.OfResponseBody, &v.responseBody, &v.responsePrint, &v.responseGone, ex.Response.Body)
}

func backendText(b *exchange.Backend) string {
	if b.ID == "" {
		return b.BaseURL
	}
	return b.ID + " " + b.BaseURL
}

// statusText is nil for "no answer yet".
func statusText(status int) *string {
	if status == 0 {
		return nil
	}
	text := strconv.Itoa(status)
	return &text
}

func (c *recorder) text(at int, what string, was *string, now string) {
	if *was == now {
		return
	}
	before := *was
	*was = now
	c.rec.Changed(at, exchange.Change{What: what, Before: &before, After: &now})
}

func (c *recorder) header(at int, what string, was *[]exchange.Param, h *exchange.Header) {
	i, same := 0, true
	h.EachMade(func(name, value string) {
		same = same && i < len(*was) && (*was)[i] == exchange.Param{Name: name, Value: value}
		i++
	})
	if same && i == len(*was) {
		return
	}
	before, now := *was, make([]exchange.Param, 0, i)
	h.EachMade(func(name, value string) { now = append(now, exchange.Param{Name: name, Value: value}) })
	*was = now
	for _, name := range fieldNames(before, now) {
		old, new := joined(before, name), joined(now, name)
		if old != nil && new != nil && *old == *new {
			continue
		}
		c.rec.Changed(at, exchange.Change{What: what, Name: name, Before: old, After: new})
	}
}

// fieldNames gives each name of both lists once.
func fieldNames(lists ...[]exchange.Param) (out []string) {
	for _, list := range lists {
		for _, f := range list {
			if !slices.ContainsFunc(out, func(n string) bool { return strings.EqualFold(n, f.Name) }) {
				out = append(out, f.Name)
			}
		}
	}
	return out
}

func joined(list []exchange.Param, name string) *string {
	var values []string
	for _, f := range list {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	if values == nil {
		return nil
	}
	text := strings.Join(values, ", ")
	return &text
}

// body tells of another body; one that was only buffered, or read away, is the same.
func (c *recorder) body(at int, what string, was **exchange.Body, print **exchange.Print, gone *bool, now *exchange.Body) {
	if *was == now && *gone == now.Consumed() {
		return
	}
	old := *print
	*was, *gone = now, now.Consumed()
	if *print = c.rec.Body(now); !exchange.Same(old, *print) {
		c.rec.Changed(at, exchange.Change{What: what, OldBody: old, NewBody: *print})
	}
}

func (c *recorder) variables(at int, now map[string]any) {
	if len(now) == 0 && len(c.last.variables) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.last.variables)) {
		if _, still := now[name]; !still {
			before := c.last.variables[name].text
			delete(c.last.variables, name)
			c.rec.Changed(at, exchange.Change{What: exchange.OfVariable, Name: name, Before: &before})
		}
	}
	if c.last.variables == nil {
		c.last.variables = map[string]variable{}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		old, known := c.last.variables[name]
		if known && identical(old.value, now[name]) {
			continue
		}
		if !known && len(c.last.variables) == maxVariables {
			c.rec.Omitted++
			continue
		}
		is := shownVariable(now[name])
		c.last.variables[name] = is
		change := exchange.Change{What: exchange.OfVariable, Name: name, Type: is.kind, After: &is.text}
		if known {
			if old.text == is.text && old.kind == is.kind {
				continue
			}
			change.Before = &old.text
		}
		c.rec.Changed(at, change)
	}
}

// identical reports whether two values are one, without looking into them: a value
// that can be compared, or the same object.
func identical(a, b any) bool {
	t := reflect.TypeOf(a)
	if t != reflect.TypeOf(b) {
		return false
	}
	return t == nil || t.Comparable() && reflect.ValueOf(a).Comparable() && a == b
}

// shownVariable writes a value as C# would. A verified token and what refuses to be
// printed stay hidden.
func shownVariable(value any) variable {
	v := variable{value: value}
	switch x := value.(type) {
	case *exchange.Response:
		v.kind, v.text = "IResponse", strconv.Itoa(x.StatusCode)
		return v
	case *expr.Jwt, exchange.Redacted:
		v.kind, v.text = typeName(value), "***"
		return v
	}
	v.kind, v.text = typeName(value), expr.ToText(value)
	if len(v.text) > exchange.TextShown+exchange.TextMargin {
		v.text = strings.Clone(v.text[:exchange.TextShown+exchange.TextMargin])
	}
	return v
}

// typeName names a value's type as C# does.
func typeName(value any) string {
	if t := clr.TypeOf(value); t != nil {
		return t.String()
	}
	return "null"
}

// evaluated tells what an expression gave.
func (e *Env) evaluated(v *Value, out any) {
	if e.run == nil || e.run.rec == nil || e.run.current == nil {
		return
	}
	is := shownVariable(out)
	e.run.rec.rec.Evaluated(e.run.decision, exchange.Evaluated{Expression: v.source, Type: is.kind, Value: is.text})
}

// Tracing reports whether somebody takes what is traced: the host, or a recording.
func (e *Env) Tracing() bool { return e.Trace != nil || e.run != nil && e.run.rec != nil }

// Say traces a line for a source that the document names; it must hold no secret.
func (e *Env) Say(source, message string) {
	if e.run != nil && e.run.rec != nil {
		e.run.rec.rec.Line(e.run.running(), source+": "+message)
	}
	if e.Trace != nil {
		e.Trace(source, message)
	}
}

// Tally notes a number of the running policy for whoever records the exchange, such
// as what a limit has left; without one it does nothing.
func (e *Env) Tally(name string, n int64) {
	if e.run != nil && e.run.rec != nil && e.run.current != nil {
		e.run.rec.rec.Counter(e.run.decision, name, n)
	}
}
