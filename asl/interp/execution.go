package interp

import (
	"fmt"

	"stile/asl"
)

// AWS's limits, used where Env gives none.
const (
	defaultMaxPayload       = 256 << 10
	defaultMaxHistory       = 25000
	defaultSliceTransitions = 512
	defaultSliceBytes       = 256 << 10
	// sliceWork is how many steps of JSONata one slice takes, some 100 ms.
	sliceWork = 1_000_000
	// maxWork is how many the expressions of one slice take together: the last state
	// of a slice, which is not cut, cannot hold up others for long.
	maxWork = 60_000_000
	// maxVariables is how many bytes all variables of an execution may have.
	maxVariables = 10 << 20
)

// Execution is one execution of a Program, in memory.
//
// Its task is to turn events into Changes. It holds all frames, each with its
// values once they were needed, and the counters that name things: history
// events, commands, timers, blobs, frames. The counters never restart and are
// stored with the root frame, so a name once given out is never given to another.
//
// Invariants: between two Applies every frame either waits for an event that can
// still come (an answer, a timer, its children) or is in the queue; everything
// that must survive is in some frame's record; all else (indexes, the queue, the
// counts of waits) is built again by Restore and must come out the same.
//
// The obvious way is a goroutine per execution that blocks where the definition
// waits. It lost because such a stack can be neither stored nor replayed, and an
// idle execution would cost memory. The next way is to replay the journal into a
// fresh interpreter after each restart; it lost because recovery then costs the
// whole past. So the stack is data: frames.
//
// An Execution is not safe for concurrent use.
type Execution struct {
	program *asl.Program
	env     Env

	start     *Start
	startedAt int64
	input     Payload // of the execution
	status    string
	outcome   *Outcome
	root      *frame
	timeout   timer // of the state machine
	mocked    []mockCount
	// redrives counts EventRedriven, the last of them at redrivenAt.
	redrives   uint32
	redrivenAt int64
	// variables are the bytes of all frames' variables, -1 where they were not
	// counted since a Restore.
	variables int

	// Counters: the last number given out.
	lastEvent   int64
	nextCommand uint64
	nextTimer   uint64
	nextBlob    uint64
	nextFrame   uint32
	nextPage    uint32
	pageKeys    map[uint32]bool // while records are read: the keys of pages
	seq         uint64

	byCommand map[uint64]*frame // frames in phaseTask; for look-ups, never ranged over
	byTimer   map[uint64]*frame
	byRun     map[uint64]*frame // frames in phaseMapRun
	queue     []*frame          // ready frames, by their ready number
	waits     [phases]int
	tokens    int // how many of the frames in phaseTask wait for a token

	// Of the Apply that runs.
	now         int64
	rand        random
	turn        *frame // the frame that run lets go on
	before      int64  // what the last Entered event follows
	transitions int
	bytes       int
	work        int      // steps of JSONata
	missing     []string // activities that do not exist
	override    *Override
	expected    int // how many history events the last Apply wrote, 5 before the first
	slice       int // the same, where this Apply continues a slice; else 0
	out         Changes
	changed     []*frame
	gone        []uint32
	seen        map[*byte]uint64 // texts that are blobs, by their first byte
	scope       asl.Scope
	scopeFrame  *frame
	scopeItem   *mapItem
	newStart    bool
	trial       *Trial // set where a Trial runs it
}

// New makes an execution that waits for EventStarted.
func New(p *asl.Program, env Env) *Execution {
	if env.MaxPayload == 0 {
		env.MaxPayload = defaultMaxPayload
	}
	if env.MaxHistory == 0 {
		env.MaxHistory = defaultMaxHistory
	}
	if env.SliceTransitions == 0 {
		env.SliceTransitions = defaultSliceTransitions
	}
	if env.SliceBytes == 0 {
		env.SliceBytes = defaultSliceBytes
	}
	x := &Execution{
		program:   p,
		expected:  5,
		env:       env,
		nextFrame: firstChildKey,
		byCommand: map[uint64]*frame{},
		byTimer:   map[uint64]*frame{},
		byRun:     map[uint64]*frame{},
		seen:      map[*byte]uint64{},
	}
	x.scope = asl.Scope{Context: x.context, Variable: x.variable, Rand: x.rand.next, Spent: &x.work, Most: maxWork}
	return x
}

// Activities are the ARNs of the activities that the definition names; Event.Missing
// tells which of them do not exist.
func (x *Execution) Activities() []string { return x.program.Activities }

// limit takes the limits that the execution was started with.
func (x *Execution) limit() {
	if n := x.start.MaxPayload; n > 0 {
		x.env.MaxPayload = n
	}
	if n := x.start.MaxHistory; n > 0 {
		x.env.MaxHistory = n
	}
}

// Status is "" before EventStarted, then RUNNING, then the outcome's status.
func (x *Execution) Status() string { return x.status }

// Start is the content of EventStarted, nil before it. Its Input may be absent
// after a Restore, where it is a blob; see Input.
func (x *Execution) Start() *Start { return x.start }

// Input is the execution's input.
func (x *Execution) Input() Payload { return x.input }

// Done is the outcome, nil while the execution runs.
func (x *Execution) Done() *Outcome { return x.outcome }

// LastEvent is the id of the last history event, 0 before EventStarted.
func (x *Execution) LastEvent() int64 { return x.lastEvent }

// State is the name of the top level's current state: a Parallel or Map itself
// while its branches or iterations run; "" before the start and after the end.
func (x *Execution) State() string {
	if x.root == nil || x.outcome != nil {
		return ""
	}
	return x.root.state.Name
}

// Waiting tells what the execution waits for; see Changes.Waiting. Where several
// threads wait for different things the most telling is named: a retry before a
// token before a task before a timer.
func (x *Execution) Waiting() string {
	switch {
	case x.outcome != nil:
		return ""
	case x.waits[phaseRetry] > 0:
		return "retry"
	case x.tokens > 0:
		return "token"
	case x.waits[phaseTask]+x.waits[phaseMapRun] > 0:
		return "task"
	case x.waits[phaseWait] > 0:
		return "timer"
	}
	return ""
}

// Waits counts the threads that are in a Wait state.
func (x *Execution) Waits() int { return x.waits[phaseWait] }

// Outstanding lists the tasks, timers and Map Runs that are out, in the order of
// their frames, for a host that lost its own record of them in a restart. A Task whose
// token is with somebody (its request was accepted) is not listed: it waits for
// its token alone. A mocked one is: nobody has its token.
func (x *Execution) Outstanding() []Command {
	var list []Command
	add := func(t timer, frame uint32) {
		if t.id != 0 {
			list = append(list, Command{Kind: StartTimer, Timer: t.id, At: t.at, Frame: frame})
		}
	}
	if x.root == nil || x.outcome != nil {
		return nil
	}
	add(x.timeout, rootKey)
	for _, f := range x.live() {
		add(f.timer, f.key)
		if f.task != nil {
			if f.phase == phaseRetry && f.timer.id != 0 {
				list[len(list)-1].ID = f.task.command
			}
			add(f.task.beatTimer, f.key)
		}
		if f.phase == phaseMapRun {
			list = append(list, x.mapRunCommand(f))
		}
		if f.phase != phaseTask || f.task.submitted && f.state.Task.Pattern == tokenPattern && f.task.mock == 0 {
			continue
		}
		c := x.scheduleCommand(f)
		c.Submitted = f.task.submitted
		x.value(&c.Parameters)
		list = append(list, c)
	}
	return list
}

// TaskCommand gives the command of a Task's attempt that is out or waits for its
// token, as it was first given, for a host that sends its request once more. Its
// Parameters may be a blob: nothing is read back, so that nothing here changes.
func (x *Execution) TaskCommand(id uint64) (Command, bool) {
	f := x.byCommand[id]
	if f == nil || x.outcome != nil {
		return Command{}, false
	}
	return x.scheduleCommand(f), true
}

// broken stops the execution over a broken invariant; the host quarantines it.
func (x *Execution) broken(format string, args ...any) {
	panic("interp: " + fmt.Sprintf(format, args...))
}

// command hands a duty to the host. After the end only cancellations count.
func (x *Execution) command(c Command) {
	if x.outcome == nil || c.Kind == CancelTask || c.Kind == CancelTimer || c.Kind == StopMapRun {
		x.out.Commands = append(x.out.Commands, c)
	}
}
