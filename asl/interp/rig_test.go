package interp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/asl"
	"stile/asl/history"
	"stile/diag"
	"stile/jsonval"
)

// mode is how a rig keeps its execution between events.
type mode int

const (
	live     mode = iota // one Execution in memory
	restored             // restored from its frames before each event
)

// rig is a host with a virtual clock: it keeps what a store would keep, and
// checks the invariants of every Apply.
type rig struct {
	t     testing.TB
	p     *asl.Program
	mode  mode
	x     *Execution
	env   Env
	start Start

	now     int64
	seed    uint64
	missing []string // activities that do not exist
	frames  map[uint32][]byte
	blobs   map[uint64]jsonval.Value
	history []HistoryEvent
	rules   history.Checker // of the history
	journal [][]byte
	trace   []string // what each Apply gave, for comparing rigs

	timers []Command           // open StartTimers
	tasks  []Command           // open ScheduleTasks
	runs   []Command           // open StartMapRuns
	mapRun func(Command) Event // runs a Map Run to its end; nil leaves it open
	all    []Command
	more   bool
	done   *Outcome
	strays int
}

func compile(t testing.TB, definition string) *asl.Program {
	t.Helper()
	p, list := asl.Parse(diag.NewSource("test.asl.json", definition))
	if p == nil {
		t.Fatalf("definition: %v", list)
	}
	return p
}

func newRig(t testing.TB, p *asl.Program, m mode) *rig {
	r := &rig{t: t, p: p, mode: m, now: 1735689600000, seed: 7, frames: map[uint32][]byte{}, blobs: map[uint64]jsonval.Value{}}
	r.start = Start{
		Semantics: Semantics, Name: "exec", StateMachineName: "machine", Type: "STANDARD",
		ExecutionARN:    "arn:aws:states:us-east-1:111111111111:execution:machine:exec",
		StateMachineARN: "arn:aws:states:us-east-1:111111111111:stateMachine:machine",
		RoleARN:         "arn:aws:iam::111111111111:role/test-role", TokenKey: "k1", Account: "111111111111", Region: "us-east-1",
	}
	r.env = Env{
		Token: func(key, arn string, command uint64, attempt uint32, expiry int64) string {
			return fmt.Sprintf("token-%s-%d-%d-%d", key, command, attempt, expiry)
		},
		LoadBlob: func(id uint64) (jsonval.Value, error) {
			v, ok := r.blobs[id]
			if !ok {
				return v, fmt.Errorf("no blob %d", id)
			}
			return v.Clone(), nil // a store gives a text of its own each time
		},
	}
	return r
}

// open makes the execution; call it after changing start or env.
func (r *rig) open() *rig {
	r.x = New(r.p, r.env)
	return r
}

func (r *rig) begin(input string) {
	r.t.Helper()
	start := r.start
	start.Input = jsonval.MustParse(input)
	r.apply(Event{Kind: EventStarted, Start: &start})
}

// stored gives the records in the order of their keys.
func (r *rig) stored() []FrameChange {
	var list []FrameChange
	for key, data := range r.frames {
		list = append(list, FrameChange{key, data})
	}
	slices.SortFunc(list, func(a, b FrameChange) int { return int(a.Key) - int(b.Key) })
	return list
}

// apply journals and applies one event and does the host's duties.
func (r *rig) apply(ev Event) Changes {
	r.t.Helper()
	if r.mode == restored && len(r.frames) > 0 {
		x, err := Restore(r.p, r.env, r.stored())
		if err != nil {
			r.t.Fatalf("Restore: %v", err)
		}
		r.x = x
	}
	if ev.Time == 0 {
		ev.Time = r.now
	}
	if ev.Seed == 0 {
		r.seed++
		ev.Seed = r.seed
	}
	ev.Missing = r.missing
	ch := r.x.Apply(ev)
	if ch.Stray {
		r.strays++
		if len(ch.Frames)+len(ch.Blobs)+len(ch.History)+len(ch.Commands) > 0 || ch.Done != nil || ch.More {
			r.t.Fatalf("a stray event changed something: %+v", ch)
		}
	} else {
		ev.OutputBlob = ch.EventBlob
		r.journal = append(r.journal, ev.Append(nil))
		r.trace = append(r.trace, describe(ch))
		r.keep(ch)
	}
	r.check()
	return ch
}

// keep stores what an Apply gave and takes note of its commands.
func (r *rig) keep(ch Changes) {
	r.t.Helper()
	for i, f := range ch.Frames {
		if i > 0 && ch.Frames[i-1].Key >= f.Key {
			r.t.Fatalf("frames out of order: %d after %d", f.Key, ch.Frames[i-1].Key)
		}
		if f.Data == nil {
			if _, ok := r.frames[f.Key]; !ok {
				r.t.Fatalf("frame %d deleted, but it is not there", f.Key)
			}
			delete(r.frames, f.Key)
		} else {
			r.frames[f.Key] = f.Data
		}
	}
	for _, b := range ch.Blobs {
		if _, ok := r.blobs[b.ID]; ok {
			r.t.Fatalf("blob %d written twice", b.ID)
		}
		r.blobs[b.ID] = b.Value
	}
	for _, h := range ch.History {
		if wrong := r.rules.Add(&h); wrong != "" {
			r.t.Fatalf("the history breaks a rule: %s", wrong)
		}
		r.history = append(r.history, h)
	}
	for _, c := range ch.Commands {
		r.all = append(r.all, c)
		switch c.Kind {
		case ScheduleTask:
			r.tasks = append(r.tasks, c)
		case StartTimer:
			r.timers = append(r.timers, c)
		case StartMapRun, RedriveMapRun:
			r.runs = append(r.runs, c)
		case StopMapRun:
			r.runs = slices.DeleteFunc(r.runs, func(t Command) bool { return t.ID == c.ID })
		case CancelTask:
			r.tasks = slices.DeleteFunc(r.tasks, func(t Command) bool { return t.ID == c.ID })
		case CancelTimer:
			r.timers = slices.DeleteFunc(r.timers, func(t Command) bool { return t.Timer == c.Timer })
		}
	}
	r.more = ch.More
	if ch.Done != nil {
		r.done = ch.Done
	}
}

// check holds the stored frames against the execution's own picture.
func (r *rig) check() {
	r.t.Helper()
	snap, kept := r.x.Snapshot(), r.stored()
	if len(snap) != len(kept) {
		r.t.Fatalf("%d frames in memory, %d stored", len(snap), len(kept))
	}
	for i := range snap {
		if snap[i].Key != kept[i].Key || !bytes.Equal(snap[i].Data, kept[i].Data) {
			r.t.Fatalf("frame %d in memory differs from its record", snap[i].Key)
		}
	}
	if r.done != nil && (len(r.timers) > 0 || len(r.tasks) > 0 || len(r.runs) > 0) {
		r.t.Fatalf("ended with %d timers, %d tasks and %d Map Runs out", len(r.timers), len(r.tasks), len(r.runs))
	}
	if r.done != nil && r.done.Status == "SUCCEEDED" && len(r.frames) != 2 {
		r.t.Fatalf("ended with %d frames", len(r.frames))
	}
}

// tick feeds the earliest timer; false where none is out.
func (r *rig) tick() bool {
	if len(r.timers) == 0 {
		return false
	}
	i := 0
	for j, c := range r.timers {
		if c.At < r.timers[i].At {
			i = j
		}
	}
	c := r.timers[i]
	r.timers = slices.Delete(r.timers, i, i+1)
	r.now = max(r.now, c.At)
	r.apply(Event{Kind: EventTimer, Timer: c.Timer})
	return true
}

// answer ends an open task.
func (r *rig) answer(c Command, ev Event) Changes {
	r.tasks = slices.DeleteFunc(r.tasks, func(t Command) bool { return t.ID == c.ID })
	ev.Command, ev.Attempt = c.ID, c.Attempt
	return r.apply(ev)
}

// finish runs the execution to its end; work answers a task, or returns false to
// leave it alone.
func (r *rig) finish(work func(Command) (Event, bool)) {
	r.t.Helper()
	for steps := 0; r.done == nil; steps++ {
		if steps > 100000 {
			r.t.Fatal("the execution does not end")
		}
		if r.more {
			r.apply(Event{Kind: EventContinue})
			continue
		}
		if len(r.runs) > 0 && r.mapRun != nil {
			c := r.runs[0]
			r.runs = r.runs[1:]
			ev := r.mapRun(c)
			ev.Kind, ev.Command = EventMapRunEnded, c.ID
			r.apply(ev)
			continue
		}
		if !r.work(work) && !r.tick() {
			r.t.Fatalf("the execution hangs in %q, waiting for %q", r.x.State(), r.x.Waiting())
		}
	}
}

func (r *rig) work(work func(Command) (Event, bool)) bool {
	for _, c := range r.tasks {
		if ev, ok := work(c); ok {
			if ev.Kind == EventTaskSubmitted || ev.Kind == EventTaskStarted {
				ev.Command, ev.Attempt = c.ID, c.Attempt
				r.apply(ev)
			} else {
				r.answer(c, ev)
			}
			return true
		}
	}
	return false
}

// replay applies the journal to a new execution and compares everything.
func (r *rig) replay() {
	r.t.Helper()
	other := newRig(r.t, r.p, live)
	other.env, other.blobs = r.env, map[uint64]jsonval.Value{}
	other.open()
	for i, rec := range r.journal {
		ev, err := DecodeEvent(rec)
		if err != nil {
			r.t.Fatalf("journal record %d: %v", i, err)
		}
		if got := ev.Append(nil); !bytes.Equal(got, rec) {
			r.t.Fatalf("journal record %d changes when written again", i)
		}
		if d := cmp.Diff(r.trace[i], describe(other.x.Apply(ev))); d != "" {
			r.t.Fatalf("replay of record %d differs (-first +replay):\n%s", i, d)
		}
	}
}

// describe prints Changes completely, for comparison.
func describe(ch Changes) string {
	var b strings.Builder
	for _, f := range ch.Frames {
		fmt.Fprintf(&b, "frame %d %x\n", f.Key, f.Data)
	}
	for _, v := range ch.Blobs {
		fmt.Fprintf(&b, "blob %d %s\n", v.ID, v.Value.Text())
	}
	for _, h := range ch.History {
		fmt.Fprintf(&b, "event %s %x\n", h.Type, AppendHistory(nil, &h))
	}
	for _, c := range ch.Commands {
		params := c.Parameters
		c.Parameters = Payload{}
		if c.MapRun != nil {
			fmt.Fprintf(&b, "map run %x\n", mapRunRecord(c))
			c.MapRun = nil
		}
		fmt.Fprintf(&b, "command %+v %d %s\n", c, params.Blob, params.Value.Text())
	}
	fmt.Fprintf(&b, "more %v state %q waiting %q blob %d\n", ch.More, ch.State, ch.Waiting, ch.EventBlob)
	if o := ch.Done; o != nil {
		fmt.Fprintf(&b, "done %s %d %s %s %s\n", o.Status, o.Output.Blob, o.Output.Value.Text(), text(o.Error), text(o.Cause))
	}
	return b.String()
}

// mapRunRecord is all of a StartMapRun that lasts.
func mapRunRecord(c Command) []byte {
	w := writer{}
	w.mapRun(&mapRun{command: c.ID, spec: *c.MapRun})
	return w.b
}

func text(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}
