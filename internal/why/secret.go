package why

// secret explains a refusal for want of a named value.
func (e *explainer) secret() {
	v := e.c.Verdict
	e.a.Cause = Secret
	part := &SecretPart{NamedValue: v.NamedValue, Status: "missing", Reason: v.Message}
	e.a.Secret = part
	e.a.Place = &Place{File: v.File, Line: v.Line}
	n, ok := e.f.Today.NamedValue(v.NamedValue, e.c.Target.API, e.c.Target.Operation)
	if ok && n.File != "" {
		if at(n.File, n.Line) != at(v.File, v.Line) {
			e.a.Place.Was = at(v.File, v.Line)
		}
		e.a.Place.File, e.a.Place.Line = n.File, n.Line
	}
	e.a.Place.Gone = !ok || n.File == ""
	part.UsedBy, part.Reference = at(e.a.Place.File, e.a.Place.Line), n.Reference
	e.say("The gateway answered %s with %d %s at %s, since named value %s, which a policy uses%s, has no value", e.attempt(), v.Status, v.Reason,
		e.clock(e.c.at), v.NamedValue, in(e.a.Place.File, e.a.Place.Line))
	switch {
	case ok && n.Lacking == "":
		part.Status, part.Reason = "fresh", ""
		e.say("It has one now: %s", e.next())
	case ok:
		part.Reason = n.Lacking
		if n.Condition != "" {
			part.Status = n.Condition
		}
		since := ""
		if !n.Since.IsZero() {
			since = " and cannot be read since " + e.clock(n.Since)
		}
		e.say("Its secret is %s%s: %s", part.Status, since, short(n.Lacking, 200))
	default:
		e.say("There is no named value %s any more", v.NamedValue)
	}
	if !n.Fetched.IsZero() {
		part.Age = e.f.Now.Sub(n.Fetched).Seconds()
		e.say("Its last good value was fetched at %s", e.when(n.Fetched))
	}
	if e.a.Place.Was != "" {
		e.say("When it refused, it was used at %s", e.a.Place.Was)
	}
	e.stile("stile secret refresh")
	e.stile("stile secret list")
	if n.Declared.File != "" {
		e.do(edit(n.Declared.File, n.Declared.Line, "name a secret that can be read"))
	}
	e.further()
}
