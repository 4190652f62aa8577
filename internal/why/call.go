package why

import (
	"encoding/json"
	"time"

	"stile/internal/sfn"
	"stile/policy/exchange"
)

// call is a record of the side journal, as far as it explains something.
type call struct {
	at      time.Time
	attempt uint32

	Target     struct{ API, Operation, URL string }
	Method     string
	URL        string
	Status     int
	Decisions  []exchange.Decision
	Verdict    *exchange.Verdict
	Permission *exchange.PermissionDenied
	Calls      []exchange.Call
}

func readCall(r sfn.CallRecord) (c call, ok bool) {
	if !r.Call.Exists() || json.Unmarshal(r.Call.Raw(), &c) != nil {
		return call{}, false
	}
	c.at, c.attempt = r.Time, r.Attempt
	return c, true
}

// slack is how far the times of a call's record and of its event may lie apart.
const slack = 2 * time.Second

// callOf finds the call of a visit that ended at a time: the nearest of the
// state's.
func callOf(records []sfn.CallRecord, v *visit, end time.Time) *call {
	var best *call
	distance := slack
	for _, r := range records {
		if r.State != v.name || r.Time.Before(v.at.Add(-time.Millisecond)) {
			continue
		}
		if d := r.Time.Sub(end).Abs(); d <= distance {
			if c, ok := readCall(r); ok {
				best, distance = &c, d
			}
		}
	}
	return best
}

// lastCall is the newest call of a visit, nil where there is none.
func lastCall(records []sfn.CallRecord, v *visit) *call {
	for i := len(records) - 1; i >= 0; i-- {
		if r := records[i]; r.State == v.name && !r.Time.Before(v.at.Add(-time.Millisecond)) {
			if c, ok := readCall(r); ok {
				return &c
			}
		}
	}
	return nil
}

// backend is the last call behind the gateway, nil where there was none.
func (c *call) backend() *exchange.Call {
	if len(c.Calls) == 0 {
		return nil
	}
	return &c.Calls[len(c.Calls)-1]
}

// culprit is the last decision that was not ok, nil where all were.
func (c *call) culprit() *exchange.Decision {
	for i := len(c.Decisions) - 1; i >= 0; i-- {
		if d := &c.Decisions[i]; d.Outcome == "failed" || d.Outcome == "returned" || d.Outcome == "denied" {
			// A policy that holds others has their outcome: the innermost stands last.
			return d
		}
	}
	return nil
}

// signature tells what failed a call: calls that failed alike have the same one.
func (c *call) signature() string {
	switch {
	case c == nil:
		return "no call"
	case c.Permission != nil:
		return "permission " + c.Permission.Action + " " + c.Permission.Resource
	case c.Verdict != nil:
		return "verdict " + c.Verdict.Policy + " " + c.Verdict.PolicyID + " " + c.Verdict.Path + " " + c.Verdict.NamedValue
	}
	if b := c.backend(); b != nil {
		return "backend " + b.Backend + " " + b.URL
	}
	return "answer"
}

// began is when the state began to fail as it failed last: the first failure of
// the last run of like ones.
func (e *explainer) began() time.Time {
	list := e.v.failures
	last := list[len(list)-1]
	like, since := e.c.signature()+" "+last.name, last.at
	for i := len(list) - 2; i >= 0; i-- {
		if callOf(e.f.Calls, e.v, list[i].at).signature()+" "+list[i].name != like {
			break
		}
		since = list[i].at
	}
	return since
}
