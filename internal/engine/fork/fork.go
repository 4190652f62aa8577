// Package fork finds the events that a fork repeats: a new execution comes to a
// state the way that another one came there, on the answers that were recorded, and
// is live from there on.
//
// It applies the journal of the source to interpreters in memory and gives a list of
// events; it stores nothing, sends nothing, and does not know the engine, which
// applies the list to the new execution in one turn.
//
// Invariants: the list's events are the source's, in their order, up to the one that
// entered the state; at the fork's time, under its name and with its input every command
// of the source has its like in the fork, or there is no fork.
package fork

import (
	"errors"
	"fmt"

	"stile/asl"
	"stile/asl/interp"
	"stile/jsonval"
)

// Source is the execution that is repeated.
type Source struct {
	Program *asl.Program
	// Env is its interpreter's: tokens, and blobs of the source.
	Env interp.Env
	// Journal is all of its events, as they are stored.
	Journal []interp.Event
}

// Change is how the fork differs; see sfn.Fork.
type Change struct {
	At                     string
	Input, StateInput, Set jsonval.Value
	// ARN and Name are the fork's own, Now is when it begins, Unix ms.
	ARN, Name string
	Now       int64
	// Seed gives chance, for what must not be the source's again: a Map Run's ARN.
	Seed func() uint64
}

// NotEntered says that the source has not come to the state, or only after a redrive.
type NotEntered struct {
	State    string
	Redriven bool
}

// Error is one line.
func (e *NotEntered) Error() string {
	why := "the execution has not entered the state '" + e.State + "'"
	if e.Redriven {
		why += " before it was redriven"
	}
	return why
}

// Taken says that a worker of an activity was at work when the state was entered: who has
// the source's token cannot answer for the fork.
type Taken struct{ State, Busy string }

// Error is one line.
func (e *Taken) Error() string {
	return "when the execution entered '" + e.State + "' a worker had taken the task of '" + e.Busy + "' and not ended it"
}

// Diverged says that the fork does not come to the state as the source did: by its input,
// its name or the time.
type Diverged struct{ State, Why string }

// Error is one line.
func (e *Diverged) Error() string {
	return "the fork takes another way before '" + e.State + "': " + e.Why
}

// Plan gives the events to apply to the new execution, their outputs in them. The
// first one's Start is the source's own, with the input of the fork; the caller
// replaces what names the execution.
func Plan(src Source, c Change) (events []interp.Event, err error) {
	defer func() {
		if r := recover(); r != nil { // what the source's records hold does not fit together
			events, err = nil, fmt.Errorf("the execution's journal cannot be repeated: %v", r)
		}
	}()
	if len(src.Journal) == 0 || src.Journal[0].Start == nil {
		return nil, errors.New("the execution's journal does not begin with its start")
	}
	if events, err = upTo(src, c); err != nil {
		return nil, err
	}
	start := *events[0].Start
	start.ExecutionARN, start.Name = c.ARN, c.Name
	if c.Input.Exists() {
		start.Input = c.Input
	}
	events[0].Start = &start
	if c.StateInput.Exists() || c.Set.Exists() {
		events[len(events)-1].Override = &interp.Override{State: c.At, Input: c.StateInput, Set: c.Set}
	}
	return events, sameWay(src, events, c)
}

// upTo gives the journal's events with their outputs, up to the one that first
// entered the state; without a state the first one alone.
//
// An event that begins a Map Run which has not ended by then has chance of its own: the
// run is live in the fork, and its ARN comes of that.
func upTo(src Source, c Change) ([]interp.Event, error) {
	at := c.At
	x, begins := interp.New(src.Program, src.Env), map[uint64]int{}
	var out []interp.Event
	for _, ev := range src.Journal {
		if ev.Kind == interp.EventRedriven {
			return nil, &NotEntered{at, true}
		}
		ev, err := loaded(src.Env, ev)
		if err != nil {
			return nil, err
		}
		out = append(out, ev)
		ch := x.Apply(ev)
		for i := range ch.Commands {
			if m := &ch.Commands[i]; m.Kind == interp.StartMapRun {
				begins[m.ID] = len(out) - 1
			}
		}
		if ev.Kind == interp.EventMapRunEnded {
			delete(begins, ev.Command)
		}
		if at != "" && !entered(ch, at) {
			continue
		}
		for _, i := range begins {
			out[i].Seed = c.Seed()
		}
		return out, notTaken(x, out, at)
	}
	return nil, &NotEntered{at, false}
}

// notTaken looks for attempts that a worker has taken and that are still out.
func notTaken(x *interp.Execution, events []interp.Event, at string) error {
	for _, ev := range events {
		if ev.Kind != interp.EventTaskStarted {
			continue
		}
		if c, out := x.TaskCommand(ev.Command); out && c.Attempt == ev.Attempt {
			return &Taken{at, c.State}
		}
	}
	return nil
}

// loaded is an event with its output in it.
func loaded(env interp.Env, ev interp.Event) (interp.Event, error) {
	if ev.OutputBlob == 0 {
		return ev, nil
	}
	v, err := env.LoadBlob(ev.OutputBlob)
	if err != nil {
		return ev, err
	}
	ev.OutputBlob = 0
	if ev.Start != nil {
		start := *ev.Start
		start.Input = v
		ev.Start = &start
	} else {
		ev.Output = v
	}
	return ev, nil
}

func entered(ch interp.Changes, state string) bool {
	for i := range ch.History {
		if e := &ch.History[i]; e.Details.Name == state && isEntered(e.Type) {
			return true
		}
	}
	return false
}

// isEntered: TaskStateEntered, PassStateEntered and the like.
func isEntered(typ string) bool {
	const suffix = "StateEntered"
	return len(typ) > len(suffix) && typ[len(typ)-len(suffix):] == suffix
}

// duty is what a command of the source or of the fork is for.
type duty struct {
	kind            interp.CommandKind
	id              uint64
	state, resource string
}

// duties are what was commanded so far, by command and by timer.
type duties struct{ commands, timers map[uint64]duty }

func noDuties() duties { return duties{map[uint64]duty{}, map[uint64]duty{}} }

func (d duties) add(commands []interp.Command) {
	for i := range commands {
		c := &commands[i]
		switch c.Kind {
		case interp.StartTimer:
			d.timers[c.Timer] = duty{c.Kind, c.ID, c.State, ""}
		case interp.ScheduleTask, interp.StartMapRun:
			d.commands[c.ID] = duty{c.Kind, c.ID, c.State, c.Resource}
		}
	}
}

// sameWay applies the fork's events, at its time, beside the source's: what each of them
// answers must be commanded for the same thing in both. A Wait until a time that is over
// now has no timer.
func sameWay(src Source, events []interp.Event, c Change) error {
	at := c.At
	ours := map[uint64]jsonval.Value{}
	env := src.Env
	env.LoadBlob = func(n uint64) (jsonval.Value, error) {
		if v, ok := ours[n]; ok {
			return v, nil
		}
		return jsonval.Value{}, fmt.Errorf("no blob %d", n)
	}
	then, now := interp.New(src.Program, src.Env), interp.New(src.Program, env)
	wanted, given, came := noDuties(), noDuties(), at == ""
	for i, ev := range events {
		original, err := loaded(src.Env, src.Journal[i])
		if err != nil {
			return err
		}
		a, b := wanted.commands[ev.Command], given.commands[ev.Command]
		if ev.Kind == interp.EventTimer {
			a, b = wanted.timers[ev.Timer], given.timers[ev.Timer]
			if b == (duty{}) {
				b = a
			}
		}
		if a != b {
			return &Diverged{at, "state '" + b.state + "' is where '" + a.state + "' was"}
		}
		ev.Time = c.Now
		was, is := then.Apply(original), now.Apply(ev)
		for _, b := range is.Blobs {
			ours[b.ID] = b.Value
		}
		wanted.add(was.Commands)
		given.add(is.Commands)
		last := i == len(events)-1
		came = came || entered(is, at)
		switch {
		case is.Stray && ev.Kind != interp.EventTimer && ev.Kind != interp.EventContinue && ev.Kind != interp.EventHeartbeat:
			return &Diverged{at, "an answer that was recorded is not waited for"}
		case last && (!came || ev.Override != nil && !entered(is, at)):
			return &Diverged{at, "it does not come there"}
		case !last && is.Done != nil:
			return &Diverged{at, "it ends as " + is.Done.Status}
		}
	}
	return nil
}
