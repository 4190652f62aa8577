package why

import (
	"strings"
	"time"

	"stile/asl/history"
	"stile/jsonval"
)

// visit is one stay in a state, as history tells of it.
type visit struct {
	name, kind string // kind: Task, Wait …
	at         time.Time
	input      jsonval.Value
	container  *visit // of Parallel or Map
	open       bool
	failures   []failure
	failing    bool // its last event is a failure: it waits for its next attempt, or ended
	// scheduled are the parameters of the last attempt, and when it was sent;
	// submitted is when its request was accepted, zero where it was not.
	scheduled              jsonval.Value
	scheduledAt, submitted time.Time
	// activity is the ARN of the last attempt's activity, worker who took it; empty for none.
	activity, worker   string
	items, failedItems int64 // of a Map: how many iterations began, and failed
}

type failure struct {
	at          time.Time
	name, cause string
}

// tale is what a history tells.
type tale struct {
	visits []*visit
	owner  map[int64]*visit // the visit that an event lies in
	exited map[int64]bool   // Exited events
	last   time.Time
	// culprit is the visit that ended a failed execution, nil for others; end is the
	// event that ended it.
	culprit *visit
	end     string
}

// tell follows events in order; those before the first may be missing.
func tell(events []history.Event) *tale {
	t := &tale{owner: map[int64]*visit{}, exited: map[int64]bool{}}
	for _, e := range events {
		t.one(e)
	}
	return t
}

func (t *tale) one(e history.Event) {
	at := time.UnixMilli(e.Time).UTC()
	t.last = at
	around := t.owner[e.Previous]
	if around != nil && t.exited[e.Previous] {
		around = around.container
	}
	kind, what := e.Type, ""
	for _, s := range []string{"StateEntered", "StateExited"} {
		if k, ok := strings.CutSuffix(e.Type, s); ok {
			kind, what = k, s
		}
	}
	switch {
	case what == "StateEntered":
		v := &visit{name: e.Details.Name, kind: kind, at: at, container: around, open: true, input: valueOf(e.Details.Input)}
		t.visits = append(t.visits, v)
		t.owner[e.ID] = v
		return
	case what == "StateExited":
		v := climb(around, func(v *visit) bool { return v.name == e.Details.Name })
		if t.owner[e.ID], t.exited[e.ID] = v, true; v != nil {
			t.close(v)
			v.open = false
		}
		return
	case strings.HasPrefix(e.Type, "MapIteration"):
		if e.Type == "MapIterationFailed" && around != nil && around.kind != "Map" {
			t.closeTop(around)
		}
		around = climb(around, func(v *visit) bool { return v.kind == "Map" })
		around.count(e.Type)
	case strings.HasPrefix(e.Type, "MapState"), strings.HasPrefix(e.Type, "ParallelState"):
		want, _, _ := strings.Cut(e.Type, "State")
		around = climb(around, func(v *visit) bool { return v.kind == want })
	}
	if t.owner[e.ID] = around; around == nil {
		if strings.HasPrefix(e.Type, "Execution") {
			t.ended(e)
		}
		return
	}
	t.event(around, e, at)
}

// event is one that lies in a visit.
func (t *tale) event(v *visit, e history.Event, at time.Time) {
	switch {
	case strings.HasPrefix(e.Type, "Execution"):
		t.ended(e)
		t.culprit = v
	case strings.HasSuffix(e.Type, "Scheduled"):
		v.failing, v.scheduledAt, v.submitted = false, at, time.Time{}
		v.scheduled = valueOf(e.Details.Parameters)
		if v.activity, v.worker = "", ""; strings.HasPrefix(e.Type, "Activity") {
			v.activity = e.Details.Resource
		}
	case e.Type == "ActivityStarted":
		v.submitted, v.worker = at, e.Details.WorkerName
	case strings.HasSuffix(e.Type, "Submitted"):
		v.submitted = at
	case strings.HasSuffix(e.Type, "StateFailed"), !strings.HasPrefix(e.Type, "MapIteration") && strings.HasSuffix(e.Type, "Failed"),
		strings.HasSuffix(e.Type, "TimedOut"):
		t.close(v)
		v.failing = true
		v.failures = append(v.failures, failure{at, textOf(e.Details.Error), textOf(e.Details.Cause)})
	case strings.HasSuffix(e.Type, "StateStarted"):
		v.failing = false
	}
}

func (t *tale) ended(e history.Event) {
	if e.Type != "ExecutionStarted" && e.Type != "ExecutionRedriven" {
		t.end = e.Type
	}
}

// close ends what stands in v.
func (t *tale) close(v *visit) {
	for _, o := range t.visits {
		if o.open && o != v && climb(o.container, func(c *visit) bool { return c == v }) != nil {
			o.open = false
		}
	}
}

// closeTop ends v and all around it up to its Map.
func (t *tale) closeTop(v *visit) {
	for ; v != nil && v.kind != "Map"; v = v.container {
		t.close(v)
		v.open = false
	}
}

func (v *visit) count(event string) {
	switch {
	case v == nil:
	case event == "MapIterationStarted":
		v.items++
	case event == "MapIterationFailed":
		v.failedItems++
	}
}

func climb(v *visit, is func(*visit) bool) *visit {
	for v != nil && !is(v) {
		v = v.container
	}
	return v
}

func valueOf(p *history.Payload) jsonval.Value {
	if p == nil {
		return jsonval.Value{}
	}
	return p.Value
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// holding chooses the visit that holds the execution: the one that its health
// names, else among the innermost open ones the worst.
func (t *tale) holding(health string, now time.Time, limit func(*visit) time.Duration) *visit {
	var best *visit
	score := -1
	for _, v := range t.visits {
		if !v.open || t.hasOpen(v) {
			continue
		}
		n := v.weight(now, limit(v))
		if v.name == health {
			n += 10
		}
		if n > score {
			best, score = v, n
		}
	}
	return best
}

func (t *tale) hasOpen(v *visit) bool {
	for _, o := range t.visits {
		if o.open && o.container == v {
			return true
		}
	}
	return false
}

// weight ranks open visits, worst highest.
func (v *visit) weight(now time.Time, limit time.Duration) int {
	switch {
	case v.kind == "Task" && !v.failing && v.submitted.IsZero() && now.Sub(v.scheduledAt) > limit:
		return 4
	case v.failing:
		return 3
	case !v.submitted.IsZero():
		return 2
	}
	return 1
}

// inside finds what failed last inside a Parallel or Map; nil where nothing did.
func (t *tale) inside(v *visit) (found *visit) {
	for _, o := range t.visits {
		if len(o.failures) == 0 || o == v || climb(o.container, func(c *visit) bool { return c == v }) == nil {
			continue
		}
		if found == nil || !o.failures[len(o.failures)-1].at.Before(found.failures[len(found.failures)-1].at) {
			found = o
		}
	}
	return found
}
