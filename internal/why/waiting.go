package why

import (
	"net/url"
	"strings"
	"time"

	"stile/asl"
	"stile/internal/sfn"
	"stile/jsonval"
)

// works is an execution that nothing holds.
func (e *explainer) works(how string) {
	e.a.Cause = Works
	if e.v != nil {
		e.since(e.v.at)
	} else {
		e.since(e.f.Execution.StartDate)
	}
	e.say("It works: %s", how)
	if e.f.Execution.Health.Status == sfn.Stuck {
		e.say("Its state was not left within its limit")
	}
	e.stile("stile exec watch ID")
}

// calling is a Task whose call is out, within its limit.
func (e *explainer) calling() {
	e.a.Retry = e.inFlight()
	s := e.v.name + " was called " + span(e.f.Now.Sub(e.v.scheduledAt)) + " ago"
	if r := e.a.Retry; r != nil {
		s += ", after failed attempts"
	}
	if t := e.target(); t != "" {
		s += ", " + t
	}
	e.works(s + ", and has until " + e.clock(e.v.scheduledAt.Add(e.limitOf(e.v))) + " before it counts as stuck")
	e.since(e.v.scheduledAt)
	if n := len(e.v.failures); n > 0 {
		e.fail = &e.v.failures[n-1]
		e.say("Attempt %d ended with %s at %s", n, e.errorName(), e.clock(e.fail.at))
	}
}

// inFlight is where Retry stands while an attempt is out.
func (e *explainer) inFlight() *RetryPart {
	if len(e.v.failures) == 0 {
		return nil
	}
	r := e.retry()
	if r != nil {
		r.Next = nil
	}
	return r
}

// unanswered is a Task whose call is out for longer than its limit.
func (e *explainer) unanswered() {
	v := e.v
	e.a.Cause = NoAnswer
	e.a.Retry = e.inFlight()
	e.since(v.scheduledAt)
	called := e.target()
	if called == "" {
		called = "its call"
	}
	e.say("It has no answer: %s, sent at %s, is out for longer than its limit of %s", called, e.when(v.scheduledAt), span(e.limitOf(v)))
	if end := e.deadline(); !end.IsZero() && end.After(e.f.Now) {
		e.until(end)
		e.say("The attempt ends at %s at the latest", e.when(end))
	}
	if p := e.a.At; p != nil && !p.Gone {
		e.do(edit(p.File, p.Line, "give the state TimeoutSeconds and Retry"))
	}
	e.further()
}

// deadline is the Task's own timeout of this attempt; zero where it has none.
func (e *explainer) deadline() time.Time { return e.deadlineAfter(e.v.scheduledAt) }

// deadlineAfter is deadline of an attempt whose clock began at a time.
func (e *explainer) deadlineAfter(begin time.Time) time.Time {
	if e.f.Taken == nil || e.f.Taken.States[e.v.name] == nil {
		return time.Time{}
	}
	if t := e.f.Taken.States[e.v.name].Task; t != nil && t.TimeoutSeconds > 0 {
		return begin.Add(time.Duration(t.TimeoutSeconds) * time.Second)
	}
	return time.Time{}
}

// target says in words what the Task's last attempt called, and notes its backend.
func (e *explainer) target() string {
	method, origin, path := endpoint(e.v.scheduled)
	if origin == "" {
		return ""
	}
	b := &BackendPart{URL: origin + path}
	e.a.Backend = b
	if self, ok := e.mapped(origin); !ok || !self {
		return method + " " + origin + path
	}
	api, operation, ok := e.f.Today.Operation(method, path)
	if !ok {
		return method + " " + path + " of the gateway"
	}
	b.API, b.Operation = api, operation
	e.declared()
	s := "operation " + api + "/" + operation
	if b.URL != "" {
		s += " at backend " + b.URL
	}
	return s + in(b.File, b.Line)
}

// mapped says whether stile.yaml maps a URL's origin or a host, and to the gateway.
func (e *explainer) mapped(name string) (self, ok bool) {
	if e.f.Config == nil || name == "" {
		return false, false
	}
	entry, ok := e.f.Config.Resolve(name)
	return entry.GatewaySelf, ok && (entry.GatewaySelf || entry.HTTP != "")
}

// declared notes where the backend of an API is declared, and its URL.
func (e *explainer) declared() {
	b := e.a.Backend
	if d, ok := e.f.Today.Backend(b.ID, b.API); ok {
		b.File, b.Line = d.File, d.Line
		if d.Text != "" {
			b.URL = d.Text
		}
		e.a.Place = &Place{File: d.File, Line: d.Line}
	}
}

// endpoint reads where an HTTP Task goes: the URL's origin or the host that
// stile.yaml maps, and the path.
func endpoint(p jsonval.Value) (method, origin, path string) {
	where, _ := p.Get("ApiEndpoint").Str()
	method, _ = p.Get("Method").Str()
	if where == "" {
		return method, "", ""
	}
	if u, err := url.Parse(where); err == nil && u.Host != "" {
		if path = u.Path; path == "" {
			path = "/"
		}
		return method, u.Scheme + "://" + u.Host, path
	}
	for _, part := range []string{"Stage", "Path"} {
		if text, _ := p.Get(part).Str(); strings.Trim(text, "/") != "" {
			path += "/" + strings.Trim(text, "/")
		}
	}
	if path == "" {
		path = "/"
	}
	return method, where, path
}

// pathOf is the path of a URL, without its query.
func pathOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Path == "" {
		return "/"
	}
	return u.Path
}

// submitted is a Task whose request was accepted: its token, or the job, ends it.
func (e *explainer) submitted() {
	for _, t := range e.f.Tokens {
		if t.State == e.v.name {
			e.callback(t)
			return
		}
	}
	e.works("the request of " + e.v.name + " was accepted at " + e.clock(e.v.submitted) + "; it waits for its end")
}

func (e *explainer) callback(t sfn.OpenToken) {
	e.a.Cause = Callback
	e.a.Callback = &CallbackPart{State: t.State, SentAt: t.Since.UTC(), Expires: t.Expires.UTC(), Attempt: t.Attempt, Revoked: t.Revoked}
	e.since(t.Since)
	to := ""
	if c := lastCall(e.f.Calls, e.v); c != nil && c.Target.API != "" {
		to = " to " + c.Target.API + "/" + c.Target.Operation
	}
	e.say("Its callback has not come: the request with the callback URL was sent%s at %s and accepted at %s", to, e.when(t.Since), e.clock(e.v.submitted))
	switch {
	case t.Revoked:
		e.say("The URL was revoked, so that who has it cannot answer any more; the page, `stile callback` and SendTaskSuccess or SendTaskFailure still can")
	case t.Expires.After(e.f.Now):
		e.until(t.Expires)
		e.say("The URL expires at %s", e.when(t.Expires))
	default:
		e.until(t.Expires)
		e.say("The URL has expired at %s", e.clock(t.Expires))
	}
	e.delivered(t)
	e.stile("stile callback list --execution ID")
	for _, c := range []string{"stile callback complete CALLBACK --output JSON", "stile callback fail CALLBACK --error ERROR", "stile callback resend CALLBACK"} {
		e.do(command(c, "CALLBACK", t.Ref().ID(), "JSON", "{}", "ERROR", "Rejected"))
	}
	e.stile("stile exec stop ID")
}

// delivered tells of deliveries on the callback that did not end it.
func (e *explainer) delivered(t sfn.OpenToken) {
	var last *sfn.DeliveryRecord
	n := 0
	for i := range e.f.Deliveries {
		d := &e.f.Deliveries[i]
		if d.Command != t.Command || d.Attempt != t.Attempt {
			continue
		}
		if d.Kind == sfn.KindComplete || d.Kind == sfn.KindFail {
			n++
			last = d
		}
	}
	e.a.Callback.Deliveries = n
	if last == nil {
		e.say("Nothing was delivered on it so far")
		return
	}
	from := ""
	if last.Client != "" {
		from = " from " + last.Client
	}
	by := ""
	if last.Policy != "" {
		by = " by " + last.Policy
		if last.At != "" {
			by += " (" + last.At + ")"
		}
	}
	e.say("%d deliveries came and did not end it: the last one%s at %s was %s%s with %d%s", n, from, e.clock(last.Time), last.Answer, by, last.Status,
		behind(last.Reason))
}

// timer is a Wait state.
func (e *explainer) timer() {
	e.a.Cause = Timer
	e.since(e.v.at)
	part := &TimerPart{}
	e.a.Timer = part
	end := e.waitEnd()
	if end.IsZero() {
		e.say("It is a Wait, whose end the input gives")
	} else {
		e.until(end)
		part.Until = e.a.Until
		e.say("It is a Wait until %s, then it goes on by itself", e.when(end))
	}
	e.stile("stile exec watch ID")
	e.stile("stile exec stop ID")
}

// waitEnd is when a Wait ends: as its health says, else by its fields.
func (e *explainer) waitEnd() time.Time {
	if h := e.f.Execution.Health; h.State == e.v.name && h.Reason == sfn.ReasonTimer && !h.Until.IsZero() {
		return h.Until
	}
	if e.f.Taken == nil || e.f.Taken.States[e.v.name] == nil || e.f.Taken.States[e.v.name].Wait == nil {
		return time.Time{}
	}
	s := e.f.Taken.States[e.v.name]
	read := func(x *asl.Expr) jsonval.Value {
		if x == nil || x.IsCall() || len(x.Variables()) > 0 || s.InputPath.Null {
			return jsonval.Value{}
		}
		input := e.v.input
		if p := s.InputPath.Path; p != nil {
			if len(p.Variables()) > 0 {
				return jsonval.Value{}
			}
			v, err := p.Eval(&asl.Scope{Input: input})
			if err != nil {
				return jsonval.Value{}
			}
			input = v
		}
		v, err := x.Eval(&asl.Scope{Input: input})
		if err != nil {
			return jsonval.Value{}
		}
		return v
	}
	w, stamp := s.Wait, s.Wait.Timestamp
	if w.HasSeconds {
		return e.v.at.Add(time.Duration(w.Seconds) * time.Second)
	}
	if n, ok := read(w.SecondsPath).Int(); ok && n >= 0 {
		return e.v.at.Add(time.Duration(n) * time.Second)
	}
	if w.TimestampPath != nil {
		stamp, _ = read(w.TimestampPath).Str()
	}
	t, _ := asl.ParseTimestamp(stamp)
	return t
}
