package diverge

import (
	"fmt"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

// state is a state of a made-up workflow.
type state struct {
	name, kind string
	failures   int       // of a Task, before it succeeds
	branches   [][]state // of a Parallel; the one body of a Map
	items      int
}

// workflow draws states; names are used once in all of it.
func workflow(t *rapid.T, depth int, next *int) (out []state) {
	for range rapid.IntRange(1, 3).Draw(t, "states") {
		*next++
		s := state{name: "S" + strconv.Itoa(*next), kind: "Pass"}
		kinds := []string{"Pass", "Task"}
		if depth > 0 {
			kinds = append(kinds, "Parallel", "Map")
		}
		switch s.kind = rapid.SampledFrom(kinds).Draw(t, "kind"); s.kind {
		case "Task":
			s.failures = rapid.IntRange(0, 2).Draw(t, "failures")
		case "Parallel":
			for range rapid.IntRange(1, 3).Draw(t, "branches") {
				s.branches = append(s.branches, workflow(t, depth-1, next))
			}
		case "Map":
			s.branches, s.items = [][]state{workflow(t, depth-1, next)}, rapid.IntRange(0, 3).Draw(t, "items")
		}
		out = append(out, s)
	}
	return out
}

// player plays a workflow's history, its threads in any order.
type player struct {
	events []history.Event
	ready  []*cursor
	// planted is the place whose output is another.
	planted string
	places  []string
}

// cursor is a thread on its way.
type cursor struct {
	label   string
	states  []state
	prev    int64
	parent  *cursor
	phase   int
	failed  int
	waiting int
	index   *int64 // of an iteration, before it has started
	ended   bool
	of      string
	item    int64
}

func (p *player) emit(prev int64, typ, name string, f func(*history.Details)) int64 {
	e := history.Event{ID: int64(len(p.events)) + 1, Previous: prev, Type: typ, Details: history.Details{Name: name}}
	if f != nil {
		f(&e.Details)
	}
	p.events = append(p.events, e)
	return e.ID
}

func (p *player) value(place string) *history.Payload {
	v := place
	if place == p.planted {
		v = "planted"
	}
	var o jsonval.Object
	return &history.Payload{Value: o.AddString("v", v).Value()}
}

func play(t *rapid.T, label string, states []state, planted string) *player {
	p := &player{planted: planted}
	p.ready = []*cursor{{states: states, prev: 0}}
	p.emit(0, "ExecutionStarted", "", nil)
	for len(p.ready) > 0 {
		i := rapid.IntRange(0, len(p.ready)-1).Draw(t, label)
		c := p.ready[i]
		if !p.step(c) {
			p.ready = append(p.ready[:i:i], p.ready[i+1:]...)
		}
	}
	p.emit(int64(len(p.events)), "ExecutionSucceeded", "", nil)
	return p
}

// step takes one step of a thread; false: it is not ready any more.
func (p *player) step(c *cursor) bool {
	if c.index != nil {
		index := c.index
		c.index = nil
		c.prev = p.emit(c.prev, "MapIterationStarted", c.of, func(d *history.Details) { d.Index = index })
		return true
	}
	s := c.states[0]
	place := c.label + ":" + s.name
	switch c.phase {
	case 0:
		c.prev = p.emit(c.prev, s.kind+"StateEntered", s.name, nil)
		c.phase, c.failed = 1, 0
		return true
	case 1:
		switch s.kind {
		case "Task":
			c.prev = p.emit(c.prev, "TaskScheduled", "", func(d *history.Details) { d.Parameters = &history.Payload{Value: jsonval.OfString(s.name)} })
			if c.failed < s.failures {
				c.failed++
				e := "E"
				c.prev = p.emit(c.prev, "TaskFailed", "", func(d *history.Details) { d.Error = &e })
				return true
			}
			c.prev = p.emit(c.prev, "TaskSucceeded", "", nil)
		case "Parallel", "Map":
			c.prev = p.emit(c.prev, s.kind+"StateStarted", "", nil)
			c.phase = 2
			if p.spawn(c, s); c.waiting > 0 {
				return false
			}
			return true
		}
	}
	p.places = append(p.places, place)
	c.prev = p.emit(c.prev, s.kind+"StateExited", s.name, func(d *history.Details) { d.Output = p.value(place) })
	c.states, c.phase = c.states[1:], 0
	if len(c.states) > 0 {
		return true
	}
	if up := c.parent; up != nil {
		if up.states[0].kind == "Map" {
			c.prev = p.emit(c.prev, "MapIterationSucceeded", c.of, func(d *history.Details) { d.Index = &c.item })
		}
		if up.waiting--; up.waiting == 0 {
			up.prev = c.prev
			p.ready = append(p.ready, up)
		}
	}
	return false
}

func (p *player) spawn(c *cursor, s state) {
	add := func(states []state, label string, index *int64) {
		k := &cursor{label: c.label + s.name + "/" + label + "/", states: states, prev: c.prev, parent: c, index: index, of: s.name}
		if index != nil {
			k.item = *index
		}
		c.waiting++
		p.ready = append(p.ready, k)
	}
	if s.kind == "Map" {
		for i := range int64(s.items) {
			add(s.branches[0], fmt.Sprintf("item %d", i), &i)
		}
		return
	}
	for i, b := range s.branches {
		add(b, fmt.Sprint(i), nil)
	}
}

// TestOrderDoesNotMatterAndAPlantedChangeIsFound: two histories of one workflow whose
// threads went in any order do not differ, and one output that is another is the only
// difference, at its state.
func TestOrderDoesNotMatterAndAPlantedChangeIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		next := 0
		w := workflow(t, 2, &next)
		one := play(t, "one", w, "")
		planted := rapid.SampledFrom(one.places).Draw(t, "planted")
		sides := func(p *player) Side {
			return Side{Execution: sfn.Execution{Status: "SUCCEEDED"}, Events: p.events}
		}
		a := sides(one)
		if wrong := history.Check(stamped(a.Events)); len(wrong) > 0 {
			t.Fatalf("no history: %q", wrong)
		}
		for _, b := range []Side{a, sides(play(t, "two", w, ""))} {
			if r := Compare(a, b, whole); len(r.Differences) != 0 {
				t.Fatalf("the same: %q", told(r))
			}
		}
		r := Compare(a, sides(play(t, "three", w, planted)), whole)
		if len(r.Differences) != 1 || r.First.What != "output" || r.First.Pointer != "/v" || r.First.New.Text() != `"planted"` {
			t.Fatalf("planted at %s: %q", planted, told(r))
		}
		if was, _ := r.First.Old.Str(); was != planted || planted[len(planted)-len(r.First.State):] != r.First.State {
			t.Fatalf("planted at %s, found at %+v", planted, r.First)
		}
	})
}

// stamped gives events times.
func stamped(events []history.Event) []history.Event {
	out := append([]history.Event(nil), events...)
	for i := range out {
		out[i].Time = out[i].ID
	}
	return out
}
