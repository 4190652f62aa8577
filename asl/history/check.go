package history

import (
	"fmt"
	"strings"
)

// Check gives what is wrong with a history that begins with its first event, in
// the order of its events; nothing where it keeps all rules of a Checker. It need
// not have its end: what is open stays open.
func Check(events []Event) []string {
	var c Checker
	var out []string
	for i := range events {
		if wrong := c.Add(&events[i]); wrong != "" {
			out = append(out, wrong)
		}
	}
	return out
}

// Checker reads the events of one execution's history from its first and says
// where one breaks what every history keeps. The rules, each of which all
// histories recorded on AWS keep:
//
//   - ids are 1, 2, 3 … without a gap, and time never goes back;
//   - an event follows an earlier one; none (0) only ExecutionStarted, the first
//     StateEntered, an EvaluationFailed of the first state, ExecutionAborted and
//     ExecutionTimedOut;
//   - ExecutionStarted is the first event and no other; after a terminal event
//     there is only ExecutionRedriven, directly, and nowhere else;
//   - a state is left at most once for each time it is entered, in the thread that
//     entered it;
//   - an attempt of a Task goes Scheduled, Started, Submitted, and has at most one end;
//   - a Parallel or Map succeeds at most once for each start, an iteration starts
//     once and ends at most once, a Map Run starts once for its state's start, ends
//     at most once and is redriven only after that.
//
// Threads that a redrive woke cannot be told apart by their events, since all of
// them follow ExecutionRedriven: until such a thread enters its next state, the
// last two rules are held against all states of a name together.
//
// One event costs constant time beside the depth of nesting. The zero Checker is
// ready for use.
type Checker struct {
	last, time int64
	ended      bool

	scopes []*scope         // of each event: where its thread stands after it; nil is not known
	root   scope            // the top level
	open   map[visit]*scope // states that were entered and not left
	count  map[string]int   // the same by name and kind of state
	heads  map[int64]head   // latest events of open attempts
}

// Ended reports whether the last event is a terminal one.
func (c *Checker) Ended() bool { return c.ended }

// head is how far an attempt is whose latest event it is.
type head struct{ family, stage string }

// Add reads the next event; it gives "" or what is wrong with it.
func (c *Checker) Add(e *Event) string {
	if c.open == nil {
		c.open, c.count, c.heads = map[visit]*scope{}, map[string]int{}, map[int64]head{}
		c.scopes = []*scope{&c.root}
	}
	wrong := c.order(e)
	if wrong != "" {
		wrong = fmt.Sprintf("event %d, %s: %s", e.ID, e.Type, wrong)
	}
	// What comes after is held against this place, whatever number it gave itself.
	at := int64(len(c.scopes))
	from := c.scopes[0]
	if e.Previous > 0 && e.Previous < at {
		from = c.scopes[e.Previous]
	}
	to, broken := c.enter(e, from, at)
	c.scopes = append(c.scopes, to)
	if wrong == "" && broken != "" {
		wrong = fmt.Sprintf("event %d, %s: %s", e.ID, e.Type, broken)
	}
	return wrong
}

// order holds ids, times and the ends of the execution.
func (c *Checker) order(e *Event) (wrong string) {
	switch {
	case e.ID != c.last+1:
		wrong = fmt.Sprintf("follows event %d: a gap", c.last)
	case e.Time < c.time:
		wrong = fmt.Sprintf("its time %d is before %d", e.Time, c.time)
	case e.Previous < 0 || e.Previous >= e.ID:
		wrong = fmt.Sprintf("its previous event is %d", e.Previous)
	case e.Previous == 0 && !mayFollowNothing(e):
		wrong = "follows no event"
	case (e.Type == "ExecutionStarted") != (e.ID == 1):
		wrong = "an execution starts once, with its first event"
	case c.ended && (e.Type != "ExecutionRedriven" || e.Previous != e.ID-1):
		wrong = "after the end"
	case !c.ended && e.Type == "ExecutionRedriven":
		wrong = "redriven before its end"
	}
	c.last, c.time, c.ended = e.ID, max(e.Time, c.time), Terminal(e.Type)
	return wrong
}

func mayFollowNothing(e *Event) bool {
	switch e.Type {
	case "ExecutionStarted", "ExecutionAborted", "ExecutionTimedOut":
		return true
	case "EvaluationFailed", "ExecutionFailed":
		return e.ID <= 3
	}
	return e.ID == 2 && strings.HasSuffix(e.Type, "StateEntered")
}

// Terminal reports whether a type ends an execution.
func Terminal(typ string) bool {
	switch typ {
	case "ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted":
		return true
	}
	return false
}

// CheckTurn gives what is wrong with the order of the events that one Apply gave
// at the time now, behind an event with the id last: "" or one line. It is the part
// of a Checker's rules that needs nothing of what was before, cheap enough for
// every turn of a host; ends says that the execution ended with it.
func CheckTurn(last, now int64, ends bool, events []Event) string {
	for i := range events {
		e := &events[i]
		last++
		switch {
		case e.ID != last:
			return fmt.Sprintf("history event %d stands in the place of %d", e.ID, last)
		case e.Previous < 0 || e.Previous >= e.ID:
			return fmt.Sprintf("history event %d follows %d", e.ID, e.Previous)
		case e.Time != now:
			return fmt.Sprintf("history event %d has the time %d in a turn of %d", e.ID, e.Time, now)
		case e.Type[0] == 'E' && Terminal(e.Type) != (ends && i == len(events)-1):
			return fmt.Sprintf("history event %d, %s, is no end of the execution, or not its only one", e.ID, e.Type)
		}
	}
	if ends && (len(events) == 0 || !Terminal(events[len(events)-1].Type)) {
		return "the execution ended without an event"
	}
	return ""
}
