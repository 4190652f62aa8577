package why

import (
	"cmp"
	"fmt"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
)

// backend explains a call that its backend failed.
func (e *explainer) backend() {
	e.a.Cause = Backend
	b := &BackendPart{URL: e.c.Target.URL, API: e.c.Target.API, Operation: e.c.Target.Operation, Status: e.c.Status}
	e.a.Backend = b
	if last := e.c.backend(); last != nil {
		b.ID, b.URL, b.Status, b.Error = last.Backend, last.URL, last.Status, last.Error
	}
	url := b.URL
	e.declared()
	if url != "" { // what was called says more than the base URL; its query may be a payload
		b.URL, _, _ = strings.Cut(url, "?")
	}
	name := "Backend"
	if b.ID != "" {
		name += " " + b.ID
	}
	did := fmt.Sprintf("answered %d", b.Status)
	if b.Error != "" || b.Status == 0 {
		did = "gave no answer"
	}
	behindAPI := ""
	if b.API != "" {
		behindAPI = " behind " + b.API + "/" + b.Operation
	}
	e.say("%s%s%s%s %s to %s at %s%s", name, spaced(b.URL), behindAPI, in(b.File, b.Line), did, e.attempt(), e.clock(e.c.at), behind(b.Error))
	if b.File != "" {
		e.do(edit(b.File, b.Line, "its URL, where the backend has moved"))
	}
	e.further()
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// egress is a call to a host that the project does not let its states call.
func (e *explainer) egress() {
	e.a.Cause = Egress
	_, origin, _ := endpoint(e.scheduled())
	host := origin
	if _, h, ok := strings.Cut(origin, "://"); ok {
		host = h
	}
	e.say("%s was refused with %s at %s before anything was sent: %s is not mapped to the gateway, and egress of %s did not let role %s call it",
		capital(e.attempt()), e.fail.name, e.clock(e.fail.at), cmp.Or(origin, "its host"), e.f.ConfigFile, e.f.RoleName)
	e.exits(origin, host)
	if p := e.a.At; p != nil && !p.Gone {
		e.do(edit(p.File, p.Line, "name a host that is mapped"))
	}
	e.stile("stile check")
	e.further()
}

// exits says whether the host may be called now, and what to write so that it may.
func (e *explainer) exits(origin, host string) {
	if e.f.Config == nil || host == "" {
		return
	}
	if _, ok := e.mapped(origin); ok {
		e.say("%s is mapped now: %s", origin, e.next())
		return
	}
	if x, ok := e.f.Config.EgressTo(host, e.f.RoleName); ok {
		e.a.Place = &Place{File: e.f.ConfigFile, Line: x.Line}
		e.say("It lets the role call it now%s: %s", in(e.f.ConfigFile, x.Line), e.next())
		return
	}
	for _, x := range e.f.Config.Egress {
		if x.Host == strings.ToLower(host) {
			e.a.Place = &Place{File: e.f.ConfigFile, Line: x.Line}
			e.do(edit(e.f.ConfigFile, x.Line, "add "+e.f.RoleName+" to the roles"))
			return
		}
	}
	e.do(edit(e.f.ConfigFile, 0, "under egress, - {host: "+jsonval.Quote(host)+", roles: ["+e.f.RoleName+"], reason: …}"),
		edit(e.f.ConfigFile, 0, "or under map, "+jsonval.Quote(origin)+": {gateway: self}"))
}

func (e *explainer) scheduled() jsonval.Value {
	if e.v == nil {
		return jsonval.Value{}
	}
	return e.v.scheduled
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (e *explainer) timedOut() {
	e.a.Cause = Timeout
	e.say("%s timed out with %s at %s", capital(e.attempt()), e.fail.name, e.clock(e.fail.at))
	if t := e.target(); t != "" {
		e.say("It called %s", t)
	}
	if p := e.a.At; p != nil && !p.Gone {
		e.do(edit(p.File, p.Line, "its TimeoutSeconds"))
	}
	e.further()
}

// failure is any other error.
func (e *explainer) failure() {
	e.a.Cause = Failure
	if e.c == nil && e.f.Payloads {
		e.a.Error.Cause = short(e.fail.cause, 300)
	}
	what := e.attempt()
	if e.v != nil && e.v.kind != "Task" {
		what = "the state" // of its own: nothing was called
	}
	e.say("%s failed with %s at %s%s", capital(what), e.a.Error.Error, e.clock(e.fail.at), behind(e.a.Error.Cause))
	if p := e.a.At; p != nil && !p.Gone {
		e.do(edit(p.File, p.Line, "the state"))
	}
	e.further()
}

func (e *explainer) quarantine() {
	e.a.Cause = Quarantine
	h := e.f.Execution.Health
	since := h.Since
	if since.IsZero() {
		since = e.t.last
	}
	e.since(since)
	state := e.f.Execution.State
	if state == "" {
		state = h.State
	}
	if state != "" {
		e.stand(&visit{name: state})
	}
	e.say("It is in quarantine: what is stored of it cannot be gone on with, so that nothing is applied to it any more and calls on it are refused")
	if why := e.f.Execution.Quarantine; why != "" {
		e.say("The reason: %s", short(why, 200))
	}
	e.say("Only this execution is concerned; the server's log has more under \"execution in quarantine\"")
	e.stile("stile exec history ID")
	e.stile("stile start NAME --input FILE")
}

// ended explains an execution that is over.
func (e *explainer) ended() {
	x := e.f.Execution
	e.since(x.StopDate)
	switch x.Status {
	case sfn.Succeeded:
		e.a.Cause = Succeeded
		e.say("It took %s", span(x.StopDate.Sub(x.StartDate)))
		e.stile("stile exec show ID")
		return
	case sfn.Aborted:
		e.a.Cause = Stopped
		e.say("It is not stuck: somebody stopped it%s", e.given())
		e.stile("stile audit --execution ID")
		e.stile("stile start NAME --input FILE")
		return
	case sfn.TimedOut:
		e.a.Cause = Timeout
		e.say("It is not stuck: the state machine's TimeoutSeconds were over")
		e.stile("stile exec show ID")
		e.stile("stile start NAME --input FILE")
		return
	}
	e.say("It is not stuck")
	if e.v = e.t.culprit; e.v == nil {
		e.a.Cause = Failure
		e.fail = &failure{x.StopDate, textOf(x.Error), textOf(x.Cause)}
		e.a.Error = &ErrorPart{Error: e.errorName(), Time: x.StopDate}
		e.failure()
		return
	}
	if len(e.v.failures) == 0 {
		e.handedOn()
	}
	e.stand(e.v)
	if len(e.v.failures) > 0 || e.t.inside(e.v) != nil {
		e.a.Retry = e.retry()
		e.met()
		return
	}
	// A Fail state's own error, or an error of a path: no call was refused.
	e.fail = &failure{x.StopDate, textOf(x.Error), textOf(x.Cause)}
	e.a.Error = &ErrorPart{Error: e.errorName(), Time: x.StopDate}
	e.failure()
}

// handedOn takes, for a Fail state that ends the execution with an error and cause
// that Catch gave it, the state that met them first.
func (e *explainer) handedOn() {
	ends := e.v
	if ends.kind != "Fail" {
		return
	}
	for i := len(e.t.visits) - 1; i >= 0; i-- {
		v := e.t.visits[i]
		if n := len(v.failures); n > 0 && v.failures[n-1].name == textOf(e.f.Execution.Error) && v.failures[n-1].cause == textOf(e.f.Execution.Cause) {
			e.v = v
			e.say("State %s ended it with the error that state %s met", ends.name, v.name)
			return
		}
	}
}

// given is the error and cause that a stop was given.
func (e *explainer) given() string {
	if !e.f.Payloads {
		return ""
	}
	return behind(strings.TrimSpace(textOf(e.f.Execution.Error) + " " + textOf(e.f.Execution.Cause)))
}
