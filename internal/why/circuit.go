package why

import "stile/policy"

// circuit explains a refusal by a backend's circuit breaker: the place is the
// backend's, the policy is the one that called it.
func (e *explainer) circuit() {
	v := e.c.Verdict
	e.policy(Policy, policy.SiteOf(v))
	e.policyPart(v.Status, v.Reason, v.Message)
	e.a.Place = &Place{File: v.File, Line: v.Line}
	rule := ""
	if v.Rule != "" {
		rule = ", its rule " + v.Rule + ","
	}
	e.say("Backend %s%s%s refused %s with %d %s at %s%s", v.Backend, rule, in(v.File, v.Line), e.attempt(), v.Status, v.Reason,
		e.clock(e.c.at)+e.under(), behind(v.Message))
	if v.Rule != "" {
		e.do(edit(v.File, v.Line, "when the circuit opens, and for how long"))
	}
	e.further()
}
