package console

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// executionView is an execution as the pages show it.
type executionView struct {
	ID, ARN, Machine, Status, Class, State, Waiting, Trace string
	Href                                                   string
	Start, Stop                                            instantView
	Took                                                   string
	Live                                                   bool
	Health                                                 healthView
	// ForkedFrom is the name of the execution that this one repeats, ForkedHref its page.
	ForkedFrom, ForkedAt, ForkedHref string
}

// healthView is how an open execution fares; zero for one that has ended.
type healthView struct {
	Status, Class, Reason, State string
	Since, Until                 instantView
}

func viewOfHealth(h sfn.Health) healthView {
	v := healthView{Status: string(h.Status), Reason: h.Reason, State: h.State, Since: viewOfTime(h.Since), Until: viewOfTime(h.Until)}
	switch h.Status {
	case sfn.Waiting:
		v.Class = Waiting
	case sfn.Retrying, sfn.Throttled:
		v.Class = Retrying
	case sfn.Stuck, sfn.NeedsAction:
		v.Class = Failed
	case sfn.Healthy:
		v.Class = Running
	}
	return v
}

// instantView is a time for people and for machines.
type instantView struct{ Text, Machine string }

func viewOfTime(t time.Time) instantView {
	if t.IsZero() {
		return instantView{}
	}
	return instantView{t.UTC().Format("2006-01-02 15:04:05"), instant(t)}
}

func viewOf(x sfn.Execution) executionView {
	v := executionView{ID: x.Name, ARN: x.ARN, Machine: machineName(x.StateMachineARN), Status: x.Status,
		Class: statusClass(x.Status, x.Waiting), State: x.State, Waiting: waitingFor(x.Waiting), Trace: x.TraceID,
		// By ARN, since a name may stand for several executions.
		Href:  "/executions/" + url.PathEscape(x.ARN),
		Start: viewOfTime(x.StartDate), Stop: viewOfTime(x.StopDate), Live: x.Status == sfn.Running, Health: viewOfHealth(x.Health)}
	if x.ForkedFrom != "" {
		a, _ := sfn.ParseARN(x.ForkedFrom)
		v.ForkedFrom, v.ForkedAt, v.ForkedHref = a.Sub, x.ForkedAt, "/executions/"+url.PathEscape(x.ForkedFrom)
	}
	if !x.StopDate.IsZero() {
		v.Took = took(x.StopDate.Sub(x.StartDate))
	}
	return v
}

// statusClass is the class of the nodes that an execution's status stands for.
func statusClass(status, waiting string) string {
	switch status {
	case sfn.Succeeded:
		return Succeeded
	case sfn.Failed, sfn.TimedOut:
		return Failed
	case sfn.Aborted:
		return Aborted
	}
	switch waiting {
	case "retry":
		return Retrying
	case "token", "timer":
		return Waiting
	}
	return Running
}

// waitingFor says in words what an execution waits for.
func waitingFor(waiting string) string {
	switch waiting {
	case "task":
		return "an answer"
	case "token":
		return "a callback"
	case "timer":
		return "a point in time"
	case "retry":
		return "its next attempt"
	}
	return waiting
}

// took writes a duration in the unit that suits it.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 2, 64) + " ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// shownBytes bounds a payload on a page; the control API has it whole.
const shownBytes = 32 << 10

// pretty is JSON with line ends; empty for an absent value.
func pretty(v jsonval.Value) string {
	if !v.Exists() {
		return ""
	}
	var b bytes.Buffer
	if err := json.Indent(&b, v.Raw(), "", "  "); err != nil {
		return v.Text()
	}
	return cut(b.String())
}

func cut(s string) string {
	if len(s) <= shownBytes {
		return s
	}
	n := shownBytes
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "\n… " + strconv.Itoa(len(s)-n) + " more bytes"
}

// eventView is a history event on a page.
type eventView struct {
	ID            int64
	Type, State   string
	At            instantView
	Since         string // since the execution's start
	Details       string
	Class, Reason string
}

func viewOfEvent(ev history.Event, start int64, write func(history.Event) jsonval.Value) eventView {
	v := eventView{ID: ev.ID, Type: ev.Type, State: ev.Details.Name, At: viewOfTime(time.UnixMilli(ev.Time)),
		Since: "+" + took(time.Duration(ev.Time-start)*time.Millisecond)}
	if member := history.DetailsMember(ev.Type); member != "" {
		v.Details = pretty(unfold(write(ev).Get(member)))
	}
	if ev.Details.Error != nil {
		v.Reason = *ev.Details.Error
	}
	if strings.HasSuffix(ev.Type, "Failed") || strings.HasSuffix(ev.Type, "TimedOut") {
		v.Class = Failed
	}
	return v
}

// unfold shows payloads, which AWS writes as JSON text in strings, as JSON.
func unfold(v jsonval.Value) jsonval.Value {
	var o jsonval.Object
	v.EachMember(func(name string, m jsonval.Value) bool {
		if text, ok := m.Str(); ok && (name == "input" || name == "output" || name == "parameters") {
			if inner, err := jsonval.ParseString(text); err == nil {
				m = inner
			}
		}
		if !strings.HasSuffix(name, "Details") {
			o.Add(name, m)
		}
		return true
	})
	return o.Value()
}

// callView is one call of a Task through the gateway.
type callView struct {
	State, Target, Method, URL, Took string
	Attempt, Send                    uint32
	Status                           int
	At                               instantView
	Denied                           string // why the gateway said no; empty where it did not
	Where                            string // file:line of the denial
	Decisions                        []decisionView
	Backend                          []backendView
	Class                            string
}

type decisionView struct {
	Policy, Scope, Section, Where, Outcome, Detail, Took, Class string
	Status                                                      int
}

type backendView struct {
	Name, Method, URL, Error, Took string
	Status                         int
}

// callRecord is the side journal's record, as far as the page shows it.
type callRecord struct {
	Target     struct{ API, Operation, URL string }
	Method     string
	URL        string
	Status     int
	Decisions  []exchange.Decision
	Verdict    *exchange.Verdict
	Permission *exchange.PermissionDenied
	Calls      []exchange.Call
	Duration   time.Duration
}

func viewOfCall(r sfn.CallRecord) callView {
	v := callView{State: r.State, Attempt: r.Attempt, Send: r.Send, At: viewOfTime(r.Time)}
	var rec callRecord
	if r.Call.Exists() && json.Unmarshal(r.Call.Raw(), &rec) != nil {
		// A record of another shape is shown as it is.
		v.Denied = "unreadable record: " + cut(r.Call.Text())
		return v
	}
	v.Target, v.Method, v.URL, v.Status, v.Took = rec.Target.URL, rec.Method, rec.URL, rec.Status, took(rec.Duration)
	if rec.Target.API != "" {
		v.Target = rec.Target.API + " / " + rec.Target.Operation
	}
	switch p, d := rec.Permission, rec.Verdict; {
	case p != nil:
		v.Denied, v.Where = p.Error(), place(p.File, p.Line)
	case d != nil:
		v.Denied, v.Where = strings.TrimSpace(d.Policy+": "+d.Reason+" "+d.Message), place(d.File, d.Line)
	}
	v.Class = Succeeded
	if v.Denied != "" || rec.Status == 0 || rec.Status >= 400 {
		v.Class = Failed
	}
	for _, d := range rec.Decisions {
		v.Decisions = append(v.Decisions, viewOfDecision(d))
	}
	for _, b := range rec.Calls {
		v.Backend = append(v.Backend, backendView{b.Backend, b.Method, b.URL, b.Error, took(b.Duration), b.Status})
	}
	return v
}

func viewOfDecision(d exchange.Decision) decisionView {
	v := decisionView{Policy: d.Policy, Scope: d.Scope, Section: d.Section, Where: place(d.File, d.Line),
		Outcome: d.Outcome, Detail: d.Detail, Took: took(d.Duration), Status: d.Status, Class: Succeeded}
	if d.PolicyID != "" {
		v.Policy += " #" + d.PolicyID
	}
	if d.Outcome == "denied" || d.Outcome == "failed" {
		v.Class = Failed
	}
	return v
}

func place(file string, line int) string {
	if file == "" || line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(line)
}
