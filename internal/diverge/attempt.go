package diverge

import (
	"bytes"
	"strings"

	"stile/asl/history"
	"stile/jsonval"
)

// attempt is one attempt of a Task.
type attempt struct {
	resource           string
	parameters, output jsonval.Value
	outcome            string // succeeded, the error's name, open
	event              int64
}

// task takes the events of attempts.
func (t *tale) task(e *history.Event, s spot, what string) spot {
	v := s.visit
	if what == "Scheduled" && s.thread == nil {
		v = t.wake(e)
	}
	if v == nil {
		return s
	}
	if what == "Scheduled" || len(v.attempts) == 0 {
		if !v.scheduled {
			v.scheduled = true
			t.lives[v.name] = append(t.lives[v.name], v)
		}
		v.attempts = append(v.attempts, attempt{resource: e.Details.Resource, parameters: sent(e), outcome: "open", event: e.ID})
	}
	a := &v.attempts[len(v.attempts)-1]
	switch {
	case what == "Succeeded":
		a.outcome, a.output, a.event = "succeeded", payload(e.Details.Output), e.ID
	case strings.HasSuffix(what, "Failed"), what == "TimedOut":
		a.outcome, a.event = what, e.ID
		if e.Details.Error != nil {
			a.outcome = *e.Details.Error
		}
	}
	return spot{v.thread, v}
}

// wake finds the Task that goes on behind a redrive: the one that asked the same
// before, else any.
func (t *tale) wake(e *history.Event) *visit {
	best := -1
	for i, v := range t.woken {
		if best < 0 {
			best = i
		}
		if n := len(v.attempts); n > 0 && v.attempts[n-1].resource == e.Details.Resource && bytes.Equal(v.attempts[n-1].parameters.Raw(), sent(e).Raw()) {
			best = i
			break
		}
	}
	if best < 0 {
		return nil
	}
	v := t.woken[best]
	t.woken = append(t.woken[:best:best], t.woken[best+1:]...)
	return v
}

// sent is what an attempt was sent with: Lambda functions and activities have it as
// their input.
func sent(e *history.Event) jsonval.Value {
	if e.Details.Parameters != nil {
		return e.Details.Parameters.Value
	}
	return payload(e.Details.Input)
}
