package why

import (
	"strconv"

	"stile/internal/sfn"
)

// Workers is how an activity stands: whether it is there, and how many workers wait
// for a task of it.
type Workers struct {
	Exists  bool
	Waiting int
}

// activity is a Task that a worker is to carry out, or does.
func (e *explainer) activity() {
	v := e.v
	a, _ := sfn.ParseARN(v.activity)
	e.a.Cause, e.a.Retry = Worker, e.inFlight()
	if !v.submitted.IsZero() {
		by := "a worker"
		if v.worker != "" {
			by += " (" + v.worker + ")"
		}
		e.since(v.submitted)
		e.say("Its task is with %s of activity %s, which took it at %s and has not answered", by, a.Name, e.when(v.submitted))
		if end := e.deadlineAfter(v.submitted); !end.IsZero() && end.After(e.f.Now) {
			e.until(end)
			e.say("The attempt ends at %s at the latest", e.when(end))
		}
	} else {
		e.since(v.scheduledAt)
		e.say("It waits for a worker of activity %s since %s", a.Name, e.when(v.scheduledAt))
		e.polled(e.f.Workers[v.activity])
	}
	e.stile("stile exec watch ID")
	e.stile("stile exec stop ID")
}

// polled says who could take the task.
func (e *explainer) polled(w Workers) {
	switch {
	case !w.Exists:
		e.say("There is no such activity any more: create it again, so that its workers can take the task")
	case w.Waiting == 0:
		e.say("Nobody polls it: no worker calls GetActivityTask for it now")
	case w.Waiting == 1:
		e.say("1 worker polls it")
	default:
		e.say("%s workers poll it", strconv.Itoa(w.Waiting))
	}
}
