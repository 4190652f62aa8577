package diverge

import (
	"strconv"
	"strings"

	"stile/asl/history"
	"stile/jsonval"
)

// tale is a history by threads.
type tale struct {
	root *thread
	// lives are the visits of each Task by its name, in the order in which they were
	// first scheduled; one that a redrive woke stands there once more.
	lives map[string][]*visit
	loose map[string][]said // calls that could not be given to a visit
	end   int64             // the event that ended the execution last, 0 for none

	at    map[int64]spot
	all   []*visit
	woken []*visit // of the last redrive: Tasks that were open and have not gone on
}

// spot is where a thread stands behind an event: in a visit, or behind its last one.
type spot struct {
	thread *thread
	visit  *visit
}

// thread is the top level, a branch or an iteration.
type thread struct {
	label, key string
	of         *visit // the Parallel or Map; nil for the top level
	visits     []*visit
	outcome    string // of an iteration
	end        int64
}

// visit is one stay in a state.
type visit struct {
	name, kind    string
	thread        *thread
	enteredAt     int64
	last          int64 // its last event so far
	left          bool
	failed        bool // of a Parallel or Map: since it started last
	input, output jsonval.Value
	vars          []history.Variable
	attempts      []attempt
	faults        []string // errors of evaluations
	rounds        []*round
	runs          []string // how its Map Runs ended
	calls         []said
	scheduled     bool // since it was entered, or woken
}

// round is one start of a Parallel or Map.
type round struct {
	threads []*thread
	byKey   map[string]*thread
}

func tell(events []history.Event) *tale {
	t := &tale{root: &thread{}, lives: map[string][]*visit{}, at: map[int64]spot{}}
	t.at[0] = spot{thread: t.root}
	for i := range events {
		e := &events[i]
		s := t.event(e, t.at[e.Previous])
		if s.visit != nil {
			s.visit.last = e.ID
		}
		t.at[e.ID] = s
	}
	return t
}

// event takes one event, whose thread stood at s, and says where it stands then.
func (t *tale) event(e *history.Event, s spot) spot {
	switch {
	case e.Type == "ExecutionRedriven":
		t.woken = nil
		for _, v := range t.all {
			if !v.left && v.kind == "Task" {
				v.scheduled = false
				t.woken = append(t.woken, v)
			}
		}
		return spot{} // all threads go on behind it
	case strings.HasPrefix(e.Type, "Execution"):
		if history.Terminal(e.Type) {
			t.end = e.ID
		}
		return spot{thread: t.root}
	case e.Type == "EvaluationFailed":
		return t.evaluated(e, s)
	case strings.HasPrefix(e.Type, "MapIteration"):
		return t.iteration(e, s, strings.TrimPrefix(e.Type, "MapIteration"))
	case strings.HasPrefix(e.Type, "MapRun"):
		return t.mapRun(e, s, strings.TrimPrefix(e.Type, "MapRun"))
	}
	if kind, what, ok := strings.Cut(e.Type, "State"); ok && what != "" {
		return t.state(e, s, kind, what)
	}
	for _, family := range [...]string{"Task", "LambdaFunction", "Activity"} {
		if strings.HasPrefix(e.Type, family) {
			return t.task(e, s, e.Type[len(family):])
		}
	}
	return s
}

// around is the innermost open visit around s that fits; where s is not known, as
// behind a redrive, the first one of all that fits.
func (t *tale) around(s spot, fits func(*visit) bool) *visit {
	if s.thread == nil {
		for _, v := range t.all {
			if !v.left && fits(v) {
				return v
			}
		}
		return nil
	}
	for v := s.visit; ; v = s.visit {
		if v != nil && fits(v) {
			return v
		}
		if v == nil {
			if v = s.thread.of; v == nil {
				return nil
			}
			s = spot{v.thread, v}
			continue
		}
		if v.thread.of == nil {
			return nil
		}
		s = spot{v.thread.of.thread, v.thread.of}
	}
}

func (t *tale) state(e *history.Event, s spot, kind, what string) spot {
	name := e.Details.Name
	switch what {
	case "Entered":
		v := &visit{name: name, kind: kind, enteredAt: e.ID, input: payload(e.Details.Input), thread: t.enters(s, name)}
		v.thread.visits = append(v.thread.visits, v)
		t.all = append(t.all, v)
		return spot{v.thread, v}
	case "Exited":
		v := t.around(s, func(v *visit) bool { return v.kind == kind && v.name == name && !v.left })
		if v == nil {
			return s
		}
		v.left, v.output, v.vars, v.last = true, payload(e.Details.Output), e.Details.AssignedVariables, e.ID
		return spot{thread: v.thread}
	}
	// What failed inside for good fails around it, too, behind the same event.
	v := t.around(s, func(v *visit) bool { return v.kind == kind && (what != "Failed" || !v.failed) })
	if v == nil {
		return s
	}
	switch what {
	case "Started":
		v.failed = false
		v.rounds = append(v.rounds, &round{byKey: map[string]*thread{}})
	case "Failed":
		v.failed = true
	}
	return spot{v.thread, v}
}

// enters is the thread in which a state is entered.
func (t *tale) enters(s spot, name string) *thread {
	if s.thread == nil { // behind a redrive: a thread that had not come to its next state
		for _, v := range t.all {
			if v.left || len(v.rounds) == 0 {
				continue
			}
			for _, th := range v.rounds[len(v.rounds)-1].threads {
				if th.outcome == "" && (len(th.visits) == 0 || th.visits[len(th.visits)-1].left) {
					return th
				}
			}
		}
		return t.root
	}
	if s.visit == nil || len(s.visit.rounds) == 0 {
		return s.thread
	}
	// The first state of a branch: states of branches have names of their own.
	r := s.visit.rounds[len(s.visit.rounds)-1]
	key := name
	for n := 2; r.byKey[key] != nil; n++ {
		key = name + "#" + strconv.Itoa(n)
	}
	return r.add(s.visit, key, "branch "+strconv.Itoa(len(r.threads)+1))
}

func (r *round) add(of *visit, key, what string) *thread {
	label := of.name + "/" + what
	if of.thread.label != "" {
		label = of.thread.label + "/" + label
	}
	th := &thread{label: label, key: key, of: of}
	r.threads, r.byKey[key] = append(r.threads, th), th
	return th
}

func (t *tale) iteration(e *history.Event, s spot, what string) spot {
	m := t.around(s, func(v *visit) bool { return v.kind == "Map" && v.name == e.Details.Name })
	if m == nil || e.Details.Index == nil {
		return s
	}
	if len(m.rounds) == 0 {
		m.rounds = append(m.rounds, &round{byKey: map[string]*thread{}})
	}
	r, key := m.rounds[len(m.rounds)-1], strconv.FormatInt(*e.Details.Index, 10)
	th := r.byKey[key]
	if th == nil {
		th = r.add(m, key, "item "+key)
	}
	if what == "Started" {
		return spot{thread: th}
	}
	th.outcome, th.end = strings.ToLower(what), e.ID
	return spot{m.thread, m}
}

func (t *tale) mapRun(e *history.Event, s spot, what string) spot {
	m := t.around(s, func(v *visit) bool { return v.kind == "Map" })
	if m == nil {
		return s
	}
	switch {
	case what == "Started" || what == "Redriven":
		m.runs = append(m.runs, "open")
	case len(m.runs) > 0:
		how := strings.ToLower(what)
		if e.Details.Error != nil {
			how = *e.Details.Error
		}
		m.runs[len(m.runs)-1] = how
	}
	return spot{m.thread, m}
}

func (t *tale) evaluated(e *history.Event, s spot) spot {
	v := t.around(s, func(v *visit) bool { return v.name == e.Details.State && !v.left })
	if v == nil && s.thread != nil {
		if n := len(s.thread.visits); n > 0 {
			v = s.thread.visits[n-1]
		}
	}
	if v == nil {
		return s
	}
	v.faults = append(v.faults, textOf(e.Details.Error))
	return spot{v.thread, v}
}

func payload(p *history.Payload) jsonval.Value {
	if p == nil {
		return jsonval.Value{}
	}
	return p.Value
}

// farthest is how many states of a way are told.
const farthest = 20

// way names the states that a thread entered from its visit i on.
func (t *thread) way(i int) jsonval.Value {
	var list jsonval.Array
	for n, v := range t.visits[min(i, len(t.visits)):] {
		if n == farthest {
			list.Add(jsonval.OfString("…"))
			break
		}
		list.Add(jsonval.OfString(v.name))
	}
	return list.Value()
}

func (t *thread) entered(i int) int64 {
	if i < len(t.visits) {
		return t.visits[i].enteredAt
	}
	return 0
}
