package why

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/internal/sfn"
)

// Summary is what holds all open executions that do not go on as they should.
type Summary struct {
	Groups []Group `json:"groups"`
	// Open is how many executions are open, Held how many of them are in the groups;
	// Unread how many were not looked at, where there are more than one answer holds.
	Open   int `json:"open"`
	Held   int `json:"held"`
	Unread int `json:"unread"`
}

// Group is the executions that one thing holds.
type Group struct {
	Health sfn.HealthStatus `json:"health"`
	Cause  Cause            `json:"cause"`
	// What names it: the policy, the role, the named value, the backend, the state.
	What  string `json:"what"`
	Place *Place `json:"place,omitempty"`
	// Executions are those that it holds, the longest held first.
	Executions []Held `json:"executions"`
}

// Held is one execution of a group.
type Held struct {
	Execution    string `json:"execution"`
	ARN          string `json:"arn"`
	StateMachine string `json:"stateMachine"`
	State        string `json:"state,omitempty"`
	Since        string `json:"since,omitempty"` // RFC 3339
	// Line is all of it in one line.
	Line string `json:"line"`
}

// Summarize groups the answers of executions that are throttled, stuck or need
// action by what holds them; the largest groups first.
func Summarize(answers []Answer) Summary {
	s := Summary{Open: len(answers), Groups: []Group{}}
	index := map[string]int{}
	longest := slices.SortedStableFunc(slices.Values(answers), func(a, b Answer) int {
		return cmp.Or(since(a).Compare(since(b)), cmp.Compare(a.ARN, b.ARN))
	})
	for i := range longest {
		a := &longest[i]
		if !a.needs() {
			continue
		}
		s.Held++
		what := a.what()
		key := string(a.Health) + "\x00" + string(a.Cause) + "\x00" + what
		n, ok := index[key]
		if !ok {
			n = len(s.Groups)
			index[key] = n
			s.Groups = append(s.Groups, Group{Health: a.Health, Cause: a.Cause, What: what, Place: a.Place})
		}
		s.Groups[n].Executions = append(s.Groups[n].Executions, a.held())
	}
	slices.SortStableFunc(s.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(len(b.Executions), len(a.Executions)), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.What, b.What))
	})
	return s
}

// since is when it began to hold; the beginning of time where that is not known.
func since(a Answer) time.Time {
	if a.Since == nil {
		return time.Time{}
	}
	return *a.Since
}

// needs says that somebody should look.
func (a *Answer) needs() bool {
	switch a.Health {
	case sfn.Throttled, sfn.Stuck, sfn.NeedsAction:
		return true
	}
	return false
}

// what names the thing that holds it, with its place.
func (a *Answer) what() string {
	name := a.StateMachine + " at " + a.State
	switch {
	case a.Policy != nil:
		name = a.Policy.Name
		if a.Policy.ID != "" {
			name += " " + a.Policy.ID
		}
	case a.Role != nil:
		name = "role " + a.Role.Name + ": " + a.Role.Action + " on " + a.Role.Resource
	case a.Secret != nil:
		name = "named value " + a.Secret.NamedValue
	case a.Backend != nil && a.Backend.URL != "":
		name = a.Backend.URL
	}
	if a.Place != nil {
		name += in(a.Place.File, a.Place.Line)
	}
	return name
}

func (a *Answer) held() Held {
	h := Held{Execution: a.Execution, ARN: a.ARN, StateMachine: a.StateMachine, State: a.State}
	parts := []string{a.Execution, a.State}
	if r := a.Retry; r != nil && r.Next != nil {
		parts = append(parts, "attempt "+strconv.Itoa(r.Attempt)+" of "+strconv.Itoa(r.Max)+" failed")
	}
	if a.Since != nil {
		h.Since = a.Since.Format("2006-01-02T15:04:05.000Z07:00")
		parts = append(parts, "since "+a.Since.Format("2006-01-02 15:04:05Z"))
	}
	if a.Until != nil {
		parts = append(parts, "until "+a.Until.Format("15:04:05Z"))
	}
	h.Line = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  ")
	return h
}
