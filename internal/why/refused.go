package why

import (
	"slices"
	"strconv"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// limits are the policies that count.
var limits = []string{"rate-limit", "rate-limit-by-key", "quota", "quota-by-key", "limit-concurrency"}

// verdict explains a refusal by the gateway.
func (e *explainer) verdict() {
	v := e.c.Verdict
	switch {
	case v.NamedValue != "":
		e.secret()
	case v.Backend != "":
		e.circuit()
	case v.Policy == "configuration":
		e.operation()
	case v.Policy == "authorization":
		e.subscription()
	case v.Counter != "" || slices.Contains(limits, v.Policy):
		e.limit()
	default:
		e.policy(Policy, policy.SiteOf(v))
		e.policyPart(v.Status, v.Reason, v.Message)
		e.say("%s%s refused %s with %d %s at %s%s", e.named(), in(e.a.Policy.File, e.a.Policy.Line), e.attempt(), v.Status,
			v.Reason, e.clock(e.c.at)+e.under(), behind(v.Message))
		e.today()
		e.free("change what it refuses, or the call")
	}
}

func behind(message string) string {
	if message == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(short(message, 160), ".")
}

// policy notes the policy that held the call, where it stands now.
func (e *explainer) policy(cause Cause, old policy.Site) {
	e.a.Cause = cause
	now, ok := e.f.Today.Site(old, e.c.Target.API, e.c.Target.Operation)
	p := &PolicyPart{Name: old.Policy, ID: old.ID, Scope: old.Scope, Section: old.Section, File: old.File, Line: old.Line}
	e.a.Policy = p
	if old.File == "" {
		return // the gateway's own default
	}
	e.a.Place = &Place{File: old.File, Line: old.Line, Gone: !ok}
	if !ok {
		return
	}
	p.File, p.Line, p.Limit = now.File, now.Line, limitOf(now)
	e.site = now
	e.a.Place.File, e.a.Place.Line = now.File, now.Line
	if now.File != old.File || now.Line != old.Line {
		e.a.Place.Was = at(old.File, old.Line)
	}
}

// policyPart adds what was answered.
func (e *explainer) policyPart(status int, reason, message string) {
	p := e.a.Policy
	p.Status, p.Reason, p.Message, p.Now = status, reason, message, e.f.Today.Revision()
	if v := e.c.Verdict; v != nil {
		p.Revision, p.Counter, p.RetryAfter = v.Revision, v.Counter, v.RetryAfter.Seconds()
	}
}

// within narrows the policy to the <api> or <operation> inside it whose limit refused.
func (e *explainer) within(v *exchange.Verdict) {
	p, place := e.a.Policy, e.a.Place
	if v.Within == "" || place == nil || place.Gone {
		return
	}
	p.Within = v.Within
	part, ok := e.site.Part(v.Within)
	if !ok {
		place.Gone, place.File, place.Line, place.Was = true, v.File, v.Line, ""
		p.File, p.Line, p.Limit = v.File, v.Line, ""
		return
	}
	p.Line, p.Limit, place.Line, place.Was = part.Line, limitOf(policy.Site{Attributes: part.Attributes}), part.Line, ""
	if place.File != v.File || part.Line != v.Line {
		place.Was = at(v.File, v.Line)
	}
}

// limitOf is what a counting policy allows, as its attributes say.
func limitOf(s policy.Site) string {
	var parts []string
	for _, name := range []string{"calls", "bandwidth", "max-count", "renewal-period", "counter-key"} {
		if v := s.Attribute(name); v != "" {
			parts = append(parts, name+" "+short(v, 60))
		}
	}
	return strings.Join(parts, ", ")
}

// named is the policy in words.
func (e *explainer) named() string {
	p := e.a.Policy
	s := "Policy " + p.Name
	if p.ID != "" {
		s += " " + strconv.Quote(p.ID)
	}
	if p.Within != "" {
		s += ", its " + p.Within + ","
	}
	if p.Section != "" {
		s += " in " + p.Section
	}
	if p.Scope != "" {
		s += " at " + p.Scope + " scope"
	}
	return s
}

// attempt names the attempt that was refused.
func (e *explainer) attempt() string {
	if r := e.a.Retry; r != nil && r.Max > 1 {
		return "attempt " + strconv.Itoa(r.Attempt) + " of " + strconv.Itoa(r.Max)
	}
	return "the call"
}

// under names the revision of the configuration that refused.
func (e *explainer) under() string {
	if v := e.c.Verdict; v != nil && v.Revision != "" {
		return " under revision " + v.Revision
	}
	return ""
}

// today says what has become of the policy's place since.
func (e *explainer) today() {
	p := e.a.Place
	if e.a.Policy == nil || e.a.Policy.File == "" || p == nil {
		return
	}
	next := "the next attempt passes it"
	if e.then {
		next = "a new execution passes it"
	}
	switch {
	case p.Gone:
		e.say("The policy that refused is no longer there (it stood at %s): %s", at(p.File, p.Line), next)
	case p.Was != "":
		e.say("When it refused it stood at %s", p.Was)
	}
}

// free names the edit of the policy and what else helps.
func (e *explainer) free(what string) {
	if p := e.a.Place; p != nil && !p.Gone && e.a.Policy != nil && e.a.Policy.File != "" {
		e.do(edit(p.File, p.Line, what))
	}
	e.further()
}

// further are the commands that fit every failure.
func (e *explainer) further() {
	e.stile("stile exec show ID")
	if e.then {
		e.stile("stile start NAME --input FILE")
		return
	}
	e.stile("stile exec watch ID")
	e.stile("stile exec stop ID")
}

func (e *explainer) limit() {
	v := e.c.Verdict
	e.policy(Limit, policy.SiteOf(v))
	e.within(v)
	e.policyPart(v.Status, v.Reason, v.Message)
	e.say("%s%s refused %s with %d %s at %s", e.named(), in(e.a.Policy.File, e.a.Policy.Line), e.attempt(), v.Status, v.Reason, e.clock(e.c.at)+e.under())
	if l := e.a.Policy.Limit; l != "" {
		e.say("Its limit: %s", l)
	}
	if v.Counter != "" {
		e.say("Counter %s is used up", v.Counter)
	}
	switch renewed := e.c.at.Add(v.RetryAfter); {
	case v.RetryAfter == 0 || e.then:
	case renewed.After(e.f.Now):
		e.until(renewed)
		e.say("It has room again at %s", e.when(renewed))
	default:
		e.until(renewed)
		e.say("It has room again since %s", e.clock(renewed))
	}
	e.today()
	e.free("raise the limit, or wait until it has room")
}

// decided is a policy that ended the call without a verdict: it answered by
// itself, or failed.
func (e *explainer) decided(d *exchange.Decision) {
	e.policy(Policy, policy.SiteOfDecision(d))
	status := d.Status
	if status == 0 {
		status = e.c.Status
	}
	e.policyPart(status, d.Outcome, d.Detail)
	did := "answered"
	if d.Outcome == "failed" {
		did = "failed on"
	}
	e.say("%s%s %s %s with %d at %s", e.named(), in(e.a.Policy.File, e.a.Policy.Line), did, e.attempt(), status, e.clock(e.c.at))
	e.today()
	e.free("correct it")
}

func (e *explainer) operation() {
	e.a.Cause = Operation
	api := ""
	if e.c.Target.API != "" {
		api = " of API " + e.c.Target.API
	}
	e.say("The gateway has no operation%s for %s %s: it answered %s with %d at %s", api, e.c.Method, pathOf(e.c.URL), e.attempt(), e.c.Status, e.clock(e.c.at))
	if a, o, ok := e.f.Today.Operation(e.c.Method, pathOf(e.c.URL)); ok {
		e.say("It has one now, %s/%s", a, o)
	}
	if p := e.a.At; p != nil && !p.Gone {
		e.do(edit(p.File, p.Line, "call an operation that there is, or add it to the API's specification"))
	}
	e.stile("stile check")
	e.further()
}

func (e *explainer) subscription() {
	v := e.c.Verdict
	e.a.Cause = Subscription
	e.rolePlace()
	has := "no subscription"
	if e.f.Role != nil && e.f.Role.Subscription != "" {
		has = "subscription " + e.f.Role.Subscription
	}
	e.say("API %s wants a subscription: it refused %s with %d %s at %s%s", e.c.Target.API, e.attempt(), v.Status, v.Reason, e.clock(e.c.at), behind(v.Message))
	e.say("The states of this execution run under role %s%s, which has %s", e.f.RoleName, in(e.a.Place.File, e.a.Place.Line), has)
	e.do(edit(e.a.Place.File, e.a.Place.Line, `write "subscription": a subscription that opens the API`))
	e.further()
}

// rolePlace is the role's file.
func (e *explainer) rolePlace() {
	e.a.Place = &Place{File: e.f.RoleFile}
	if e.f.Role != nil {
		e.a.Place = &Place{File: e.f.Role.File, Line: e.f.Role.Line}
	}
}

func (e *explainer) permission() {
	p := e.c.Permission
	e.a.Cause = Permission
	e.rolePlace()
	part := &RolePart{Name: p.Role, Action: p.Action, Resource: p.Resource, Explicit: p.Explicit}
	e.a.Role = part
	why := "no statement of role " + p.Role + " allows"
	if p.Explicit {
		why = "a Deny statement of role " + p.Role + " refuses"
	}
	e.say("%s was refused with States.Permissions at %s: %s %s on %s%s", capital(e.attempt()), e.clock(e.c.at), why,
		p.Action, p.Resource, in(e.statement(p, part)))
	switch {
	case part.Allowed:
		e.say("The role allows it now: %s", e.next())
	case e.a.Place.Was != "":
		e.say("When it refused it stood at %s", e.a.Place.Was)
	}
	e.stile("stile check")
	e.further()
}

// statement decides anew, by the role as it stands now, and gives its place.
func (e *explainer) statement(p *exchange.PermissionDenied, part *RolePart) (file string, line int) {
	place := e.a.Place
	if e.f.Role == nil || e.f.Role.Name != p.Role {
		if p.File != "" {
			place.File, place.Line, place.Gone = p.File, p.Line, true
		}
		part.File, part.Line = place.File, place.Line
		e.do(edit(place.File, 0, "write a role that allows "+p.Action+" on "+p.Resource))
		return place.File, place.Line
	}
	d := e.f.Role.Decide(p.Action, resources(p.Resource)...)
	place.File, place.Line, part.Allowed = d.File, d.Line, d.Allowed
	if p.File != "" && at(p.File, p.Line) != at(d.File, d.Line) {
		place.Was = at(p.File, p.Line)
	}
	part.File, part.Line = d.File, d.Line
	switch {
	case d.Allowed:
	case d.Explicit:
		e.do(edit(d.File, d.Line, "take "+p.Resource+" out of the Deny statement"))
	default:
		e.do(edit(d.File, d.Line, `add {"Effect": "Allow", "Action": "`+p.Action+`", "Resource": "`+p.Resource+`"}`))
	}
	return d.File, d.Line
}

// resources are the spellings under which an operation is asked for.
func resources(r string) []string {
	if api, _, ok := strings.Cut(r, "/operation/"); ok {
		return []string{r, api}
	}
	return []string{r}
}

// next is what comes once nothing refuses any more.
func (e *explainer) next() string {
	if e.then {
		return "a new execution passes it"
	}
	return "the next attempt passes it"
}
