package why

import (
	"fmt"
	"strings"
	"time"

	"stile/asl"
	"stile/internal/sfn"
	"stile/policy"
)

// explainer makes one answer.
type explainer struct {
	f    Facts
	t    *tale
	v    *visit   // the state that holds it, nil where none does
	c    *call    // what the gateway said, nil where it was not asked
	fail *failure // what v met last, nil where it met nothing
	a    Answer
	site policy.Site // of the policy that held it, today
	text []string    // sentences behind the head
	// then says that the execution has ended: what held it then is told.
	then bool
}

// Explain says what holds an execution, or how it ended.
func Explain(f Facts) Answer {
	e := &explainer{f: f, t: tell(f.History), then: f.Execution.Status != sfn.Running}
	x := f.Execution
	machine, _ := sfn.ParseARN(x.StateMachineARN)
	e.a = Answer{Execution: x.Name, ARN: x.ARN, StateMachine: machine.Name, Status: x.Status, Commands: []string{}}
	switch {
	case e.then:
		e.ended()
	case x.Waiting == "quarantine" || x.Health.Reason == sfn.ReasonQuarantine:
		e.quarantine()
	default:
		e.open()
	}
	e.finish()
	return e.a
}

func (e *explainer) say(format string, args ...any) {
	e.text = append(e.text, sentence(fmt.Sprintf(format, args...)))
}

func (e *explainer) do(commands ...string) { e.a.Commands = append(e.a.Commands, commands...) }

// stile adds a command of the table for this execution.
func (e *explainer) stile(template string) {
	file := "input.json"
	e.do(command(template, "ID", e.a.Execution, "NAME", e.a.StateMachine, "FILE", file))
}

func (e *explainer) since(t time.Time) {
	if !t.IsZero() {
		t = t.UTC()
		e.a.Since = &t
	}
}

func (e *explainer) until(t time.Time) {
	if !t.IsZero() {
		t = t.UTC()
		e.a.Until = &t
	}
}

// open explains an execution that has not ended.
func (e *explainer) open() {
	health := e.f.Execution.Health
	e.v = e.t.holding(health.State, e.f.Now, e.limitOf)
	if e.v == nil {
		e.works("it has just begun, or goes from one state to the next")
		return
	}
	e.stand(e.v)
	v := e.v
	switch {
	case v.failing:
		e.failed()
	case v.kind == "Wait":
		e.timer()
	case v.activity != "":
		e.activity()
	case v.kind == "Task" && !v.submitted.IsZero():
		e.submitted()
	case v.kind == "Task" && e.f.Now.Sub(v.scheduledAt) > e.limitOf(v), v.kind == "Task" && health.Status == sfn.Stuck && health.State == v.name:
		e.unanswered()
	case v.kind == "Task":
		e.calling()
	case v.kind == "Map":
		e.works(fmt.Sprintf("Map %s has begun %d iterations, of which %d failed", v.name, v.items, v.failedItems))
	default:
		e.works("state " + v.name + " was entered at " + e.clock(v.at))
	}
}

// limitOf is how long a state may take.
func (e *explainer) limitOf(v *visit) time.Duration {
	if d := e.f.Limits[v.name]; d > 0 {
		return d
	}
	return DefaultIncomplete
}

// stand notes the state and where it stands in today's definition.
func (e *explainer) stand(v *visit) {
	e.a.State = v.name
	if p := e.placeOf(v.name); p != nil {
		e.a.At = p
		at := *p
		e.a.Place = &at
	}
}

// placeOf is where a state stands: in the file as it is now, else as it was.
func (e *explainer) placeOf(state string) *Place {
	if e.f.File == "" {
		return nil
	}
	was := 0
	if e.f.Taken != nil && e.f.Taken.States[state] != nil {
		was = e.f.Taken.States[state].Line
	}
	if e.f.Defined == nil {
		return &Place{File: e.f.File, Line: was}
	}
	s := e.f.Defined.States[state]
	if s == nil {
		return &Place{File: e.f.File, Line: was, Gone: true}
	}
	p := &Place{File: e.f.File, Line: s.Line}
	if was != 0 && was != s.Line {
		p.Was = at(e.f.File, was)
	}
	return p
}

// failed explains a state whose last attempt failed and that has another.
func (e *explainer) failed() {
	e.a.Retry = e.retry()
	e.met()
	e.since(e.began())
	e.attempts()
}

// met takes the last failure of the state, of a Parallel or Map that of what
// failed inside it, and says what it was.
func (e *explainer) met() {
	if inner := e.t.inside(e.v); inner != nil {
		e.v = inner
		e.stand(inner)
	}
	e.fail = &e.v.failures[len(e.v.failures)-1]
	e.c = callOf(e.f.Calls, e.v, e.fail.at)
	e.blame()
}

// blame says what a failure was, as its call tells, or its error.
func (e *explainer) blame() {
	e.a.Error = &ErrorPart{Error: e.errorName(), Time: e.fail.at}
	c := e.c
	if c == nil {
		e.uncalled()
		return
	}
	last, culprit := c.backend(), c.culprit()
	switch {
	case c.Permission != nil && c.Permission.Action == "egress":
		e.egress()
	case c.Permission != nil:
		e.permission()
	case c.Verdict != nil:
		e.verdict()
	case last != nil && (last.Error != "" || last.Status >= 400):
		e.backend()
	case culprit != nil && (culprit.Policy != "forward-request" || last != nil):
		e.decided(culprit)
	case e.fail.name == asl.ErrPermissions:
		e.egress()
	default:
		e.backend()
	}
}

// errorName is the name of the error. One that a definition, a worker or a callback
// made up may tell what only readers of payloads may know.
func (e *explainer) errorName() string {
	for _, own := range []string{"States.", "ApiGateway.", "Events."} {
		if e.f.Payloads || strings.HasPrefix(e.fail.name, own) {
			return e.fail.name
		}
	}
	return "an error of its own"
}

// uncalled is a failure of which the gateway knows nothing.
func (e *explainer) uncalled() {
	switch name := e.fail.name; {
	case name == asl.ErrPermissions:
		e.egress()
	case name == asl.ErrTimeout || name == asl.ErrHeartbeatTimeout:
		e.timedOut()
	default:
		e.failure()
	}
}

// attempts says which attempt comes when.
func (e *explainer) attempts() {
	r := e.a.Retry
	if r == nil || e.then {
		return
	}
	switch {
	case r.Next == nil:
	case r.Next.After(e.f.Now):
		e.say("Attempt %d of %d comes at %s", r.Attempt+1, r.Max, e.when(*r.Next))
	default:
		e.say("Attempt %d of %d is due since %s", r.Attempt+1, r.Max, e.clock(*r.Next))
	}
	if next := r.Next; next != nil && e.a.Until != nil && e.a.Cause == Limit && next.Before(*e.a.Until) {
		e.text[len(e.text)-1] = sentence(strings.TrimSuffix(e.text[len(e.text)-1], ".") + ", which is before the renewal and will be refused unless the limit has room by then")
	}
}

// retry is where the state's Retry stands after its failures; nil where no retrier
// took the last one.
func (e *explainer) retry() *RetryPart {
	if e.f.Taken == nil || e.f.Taken.States[e.v.name] == nil {
		return nil
	}
	list := e.f.Taken.States[e.v.name].Retry
	used := make([]int64, len(list))
	last := -1
	for _, f := range e.v.failures {
		last = -1
		for i := range list {
			if asl.Matches(list[i].ErrorEquals, f.name) {
				used[i]++
				last = i
				break
			}
		}
	}
	n := len(e.v.failures)
	if last < 0 || e.then {
		if len(list) == 0 && n <= 1 {
			return nil
		}
		return &RetryPart{Attempt: n, Max: n}
	}
	r := &list[last]
	next := e.v.failures[n-1].at.Add(backoff(r, used[last]))
	if h := e.f.Execution.Health; h.State == e.v.name && !h.Until.IsZero() && h.Reason != sfn.ReasonTimer {
		next = h.Until.UTC()
	}
	return &RetryPart{Attempt: n, Max: n + int(r.MaxAttempts-used[last]) + 1, Next: &next}
}

// backoff is the delay before a retrier's retry n; with jitter the longest.
func backoff(r *asl.Retrier, n int64) time.Duration {
	top := 366 * 24 * time.Hour
	if r.MaxDelaySeconds > 0 {
		top = time.Duration(r.MaxDelaySeconds) * time.Second
	}
	d := float64(r.IntervalSeconds) * float64(time.Second)
	for ; n > 1 && d < float64(top); n-- {
		d *= r.BackoffRate
		if r.BackoffRate == 1 {
			break
		}
	}
	return min(time.Duration(min(d, float64(top))), top)
}

// finish sets the health and joins the paragraph.
func (e *explainer) finish() {
	h := e.f.Execution.Health
	if !e.then {
		e.a.Health = healthOf(e.a.Cause, e.a.Retry != nil)
		if h.Status != "" {
			e.a.Health = h.Status
		}
		if e.a.Cause == NoAnswer {
			e.a.Health = sfn.Stuck // the host's own timer may be a moment late
		}
	}
	if h.Status == sfn.Stuck && e.v != nil && e.a.Cause != NoAnswer && e.a.Cause != Works {
		e.say("The state was entered at %s and is not left within its limit of %s", e.when(e.v.at), span(e.limitOf(e.v)))
	}
	if !e.then && e.a.Since != nil && e.a.Cause != Works {
		e.say("It holds since %s", e.when(*e.a.Since))
	}
	if e.a.At != nil && e.a.At.Gone && !e.then {
		e.say("The execution keeps the definition that it began with; state %s is no longer in %s", e.a.State, e.a.At.File)
	}
	e.a.Paragraph = strings.Join(append([]string{e.head()}, e.text...), " ")
}

// healthOf stands in where the execution has no health of its own.
func healthOf(c Cause, retries bool) sfn.HealthStatus {
	switch c {
	case Limit:
		return sfn.Throttled
	case Permission, Secret, Egress, Operation, Subscription, Quarantine:
		return sfn.NeedsAction
	case Callback, Timer, Worker:
		return sfn.Waiting
	case NoAnswer:
		return sfn.Stuck
	case Works:
		return sfn.Healthy
	}
	if retries {
		return sfn.Retrying
	}
	return sfn.Healthy
}

// head is the first sentence: who, how it fares, and where.
func (e *explainer) head() string {
	s := "Execution " + e.a.Execution + " of " + e.a.StateMachine
	if e.then {
		s += " has ended " + e.a.Status
		if !e.f.Execution.StopDate.IsZero() {
			s += " at " + e.clock(e.f.Execution.StopDate)
		}
	} else {
		s += map[sfn.HealthStatus]string{sfn.Healthy: " works", sfn.Waiting: " waits", sfn.Retrying: " retries", sfn.Throttled: " is throttled",
			sfn.Stuck: " is stuck", sfn.NeedsAction: " needs action"}[e.a.Health]
	}
	if e.a.State != "" {
		s += " at state " + e.a.State
		if p := e.a.At; p != nil && !p.Gone {
			s += in(p.File, p.Line)
		}
	}
	return sentence(s)
}
