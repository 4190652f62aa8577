// Package diverge finds where two executions differ: the states that they visited,
// what went into them and came out, how attempts ended, and what the gateway said.
//
// It is a pure function over histories and call records, which its callers read and
// whose rights they check; it stores and asks nothing. The console serves it.
//
// Invariants: threads are compared with threads, a branch with the branch that begins
// with the same state and an iteration with the one of its index, never by the order
// of all events; the differences stand in the order of the first execution's way, so
// that the first one is where the two part; times count as equal, and so do ids,
// ARNs of executions and task tokens in what states give, which differ always.
package diverge

import (
	"strconv"
	"strings"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

// The kinds of differences.
const (
	Path    = "path"    // another state was entered, or none
	Data    = "data"    // a value differs
	Outcome = "outcome" // attempts, iterations or the execution ended otherwise
	Gateway = "gateway" // the gateway said something else to a call
)

// Most is how many differences a report holds; it counts the others.
const Most = 500

// Side is one of the two executions.
type Side struct {
	Execution sfn.Execution
	// Events is the whole history, oldest first, with its payloads loaded.
	Events []history.Event
	// Calls is the side journal.
	Calls []sfn.CallRecord
}

// Options say what is compared.
type Options struct {
	// Data compares payloads, error causes left out. Without it the report holds none.
	Data bool
	// Calls compares what the gateway said.
	Calls bool
	// Exact takes ids, ARNs, tokens and times in payloads as they are.
	Exact bool
}

// Report is what Compare found; its JSON is the control API's.
type Report struct {
	// First is the first of Differences, nil where there is none.
	First       *Difference  `json:"first"`
	Differences []Difference `json:"differences"`
	// More counts the differences that are left out of Differences.
	More int `json:"more,omitempty"`
	// Carried counts values that differ because they were passed on: the same difference
	// at the same pointer was told before, in the same thread or around it.
	Carried int `json:"carried,omitempty"`
}

// Difference is one place where the executions differ.
type Difference struct {
	Kind string `json:"kind"`
	// Thread says which branches and iterations the state lies in, outermost first, as
	// in "Fulfil/branch 1" or "Each/item 3"; empty for the top level.
	Thread string `json:"thread,omitempty"`
	// State is the state, empty for the execution itself; for a path the last state
	// that both entered. Visit counts how often its thread had entered it, from 1.
	State string `json:"state,omitempty"`
	Visit int    `json:"visit,omitempty"`
	// What names what differs: input, parameters, result, output, variable NAME,
	// attempts, status, error and others.
	What string `json:"what"`
	// Pointer is RFC 6901's, within What; empty for all of it.
	Pointer string `json:"pointer,omitempty"`
	// Old is the first execution's, New the second's; absent where there is none.
	// Long values are texts cut short, and Cut says so.
	Old jsonval.Value `json:"old,omitzero"`
	New jsonval.Value `json:"new,omitzero"`
	Cut bool          `json:"cut,omitempty"`
	// Events are ids of the history events where they differ, 0 for none.
	Events [2]int64 `json:"events"`
}

// Compare tells how b differs from a.
func Compare(a, b Side, o Options) Report {
	c := &comparer{Options: o, told: []map[string]bool{{}}, names: [2]string{a.Execution.Name, b.Execution.Name}}
	ta, tb := tell(a.Events), tell(b.Events)
	if o.Calls {
		ta.place(a.Calls)
		tb.place(b.Calls)
	}
	at := place{}
	// What callers gave is theirs to choose: an id in it is data.
	c.exact = true
	c.data(at, "input", a.Execution.Input, b.Execution.Input, [2]int64{1, 1})
	c.exact = o.Exact
	c.threads(ta.root, tb.root)
	for _, name := range union(ta.loose, tb.loose) {
		c.calls(place{state: name}, ta.loose[name], tb.loose[name], [2]int64{})
	}
	ends := [2]int64{ta.end, tb.end}
	c.words(at, Outcome, "status", a.Execution.Status, b.Execution.Status, ends)
	c.words(at, Outcome, "error", textOf(a.Execution.Error), textOf(b.Execution.Error), ends)
	c.data(at, "output", a.Execution.Output, b.Execution.Output, ends)
	if len(c.Differences) > 0 {
		first := c.Differences[0]
		c.First = &first
	}
	if c.Differences == nil {
		c.Differences = []Difference{}
	}
	return c.Report
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// comparer gathers a report.
type comparer struct {
	Report
	Options
	exact bool
	// told are data differences by pointer and values: those of the thread that is being
	// compared last, before it those of the threads around it.
	told  []map[string]bool
	names [2]string
}

// place is where a difference is.
type place struct {
	thread, state string
	visit         int
}

func (c *comparer) add(at place, d Difference) {
	if len(c.Differences) == Most {
		c.More++
		return
	}
	d.Thread, d.State, d.Visit = at.thread, at.state, at.visit
	c.Differences = append(c.Differences, d)
}

// words compares two texts that are no payloads; empty is none.
func (c *comparer) words(at place, kind, what, a, b string, events [2]int64) {
	if a == b {
		return
	}
	d := Difference{Kind: kind, What: what, Events: events}
	if a != "" {
		d.Old = jsonval.OfString(a)
	}
	if b != "" {
		d.New = jsonval.OfString(b)
	}
	c.add(at, d)
}

// threads compares two threads of the same place.
func (c *comparer) threads(a, b *thread) {
	seen := map[string]int{}
	for i := range max(len(a.visits), len(b.visits)) {
		if i >= len(a.visits) || i >= len(b.visits) || a.visits[i].name != b.visits[i].name {
			at := place{thread: a.label}
			if i > 0 {
				at.state = a.visits[i-1].name
				at.visit = seen[at.state]
			}
			c.add(at, Difference{Kind: Path, What: "next", Old: a.way(i), New: b.way(i), Events: [2]int64{a.entered(i), b.entered(i)}})
			return // what comes behind belongs to different ways
		}
		name := a.visits[i].name
		seen[name]++
		c.visit(place{a.label, name, seen[name]}, a.visits[i], b.visits[i])
	}
}

func (c *comparer) visit(at place, a, b *visit) {
	c.data(at, "input", a.input, b.input, [2]int64{a.enteredAt, b.enteredAt})
	ends := [2]int64{a.last, b.last}
	c.attempts(at, a, b)
	c.words(at, Outcome, "evaluation", strings.Join(a.faults, ", "), strings.Join(b.faults, ", "), ends)
	c.calls(at, a.calls, b.calls, ends)
	if x, y := len(a.rounds), len(b.rounds); x != y {
		c.words(at, Outcome, "attempts", strconv.Itoa(x), strconv.Itoa(y), ends)
	}
	for i := range min(len(a.rounds), len(b.rounds)) {
		c.rounds(at, a.rounds[i], b.rounds[i])
	}
	c.words(at, Outcome, "map run", strings.Join(a.runs, ", "), strings.Join(b.runs, ", "), ends)
	c.variables(at, a, b)
	if a.left && b.left { // else what held one of them is told
		c.data(at, "output", a.output, b.output, ends)
	}
}

func (c *comparer) attempts(at place, a, b *visit) {
	how := func(v *visit) (string, int64) {
		var out []string
		var event int64
		for _, t := range v.attempts {
			out, event = append(out, t.outcome), t.event
		}
		return strings.Join(out, ", "), event
	}
	for i := range min(len(a.attempts), len(b.attempts)) {
		x, y := a.attempts[i], b.attempts[i]
		events := [2]int64{x.event, y.event}
		if what := "resource"; c.Data && x.resource != y.resource {
			c.words(at, Data, what, x.resource, y.resource, events)
		}
		c.data(at, "parameters", x.parameters, y.parameters, events)
	}
	x, xe := how(a)
	y, ye := how(b)
	c.words(at, Outcome, "attempts", x, y, [2]int64{xe, ye})
	for i := range min(len(a.attempts), len(b.attempts)) {
		if x, y := a.attempts[i], b.attempts[i]; x.outcome == y.outcome { // else one has none
			c.data(at, "result", x.output, y.output, [2]int64{x.event, y.event})
		}
	}
}

// rounds compares the branches or iterations of one start of a Parallel or Map.
func (c *comparer) rounds(at place, a, b *round) {
	keys := make([]string, 0, len(a.threads))
	for _, t := range a.threads {
		keys = append(keys, t.key)
	}
	for _, t := range b.threads {
		if a.byKey[t.key] == nil {
			keys = append(keys, t.key)
		}
	}
	for _, key := range keys {
		x, y := a.byKey[key], b.byKey[key]
		if x == nil || y == nil {
			d := Difference{Kind: Path, What: "thread"}
			if x != nil {
				d.Old, d.Events[0] = x.way(0), x.entered(0)
				at.thread = x.label
			} else {
				d.New, d.Events[1] = y.way(0), y.entered(0)
				at.thread = y.label
			}
			c.add(place{thread: at.thread}, d)
			continue
		}
		c.told = append(c.told, map[string]bool{})
		c.threads(x, y)
		c.told = c.told[:len(c.told)-1]
		c.words(place{thread: x.label}, Outcome, "iteration", x.outcome, y.outcome, [2]int64{x.end, y.end})
	}
}

func (c *comparer) variables(at place, a, b *visit) {
	old := map[string]jsonval.Value{}
	for _, v := range a.vars {
		old[v.Name] = v.Value
	}
	events := [2]int64{a.last, b.last}
	for _, v := range b.vars {
		c.data(at, "variable "+v.Name, old[v.Name], v.Value, events)
		delete(old, v.Name)
	}
	for _, v := range a.vars {
		if was, left := old[v.Name]; left {
			c.data(at, "variable "+v.Name, was, jsonval.Value{}, events)
		}
	}
}
