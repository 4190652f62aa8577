package interp

import (
	"slices"

	"stile/asl"
	"stile/jsonval"
)

// frameKind is what a frame is a thread of.
type frameKind uint8

const (
	rootFrame frameKind = iota
	branchFrame
	iterationFrame
)

// phase is what a frame does next. The numbers are stored.
type phase uint8

const (
	phaseEnter    phase = iota // ready to enter state
	phaseTask                  // state is a Task; its attempt is out
	phaseWait                  // state is a Wait; its timer is out
	phaseRetry                 // state failed; the back-off timer is out
	phaseAgain                 // ready to try state again
	phaseChildren              // state is a Parallel or Map; its frames run
	phaseDone                  // the thread ended; result holds its output
	phaseMapRun                // state is a distributed Map; its Map Run is out
	phaseBusy                  // works in this very Apply; never stored
	phaseHeld                  // the execution ended otherwise than well; held is what follows a redrive
	phases                     // how many there are
)

// Frame keys that are never given out.
const (
	rootKey       = 0
	startKey      = 1
	firstChildKey = 2
)

// frame is one thread of states.
//
// Its task is to hold all that one thread needs to go on after a restart, and
// nothing that another thread would have to rewrite. Invariants: a frame's
// record changes only in an Apply that did something in this thread (or, for
// the counters of kids, ended or started one of its children); a child's key is
// kids.first + index, so that no list of children is stored anywhere; payloads
// are held by reference where they are over 256 bytes.
//
// The obvious way is one record for the execution: read it, change it, write it.
// A Map of n items then writes n records of n results, which is what made
// emulators quadratic; and an execution with 40 busy iterations rewrites 40
// inputs for each heartbeat. Keeping results in the Map's own frame is the same
// cost in another place. So each iteration keeps its own result in its own
// frame until the Map completes, the Map's frame holds four counters, and the
// list is built once, at the end.
type frame struct {
	key    uint32
	kind   frameKind
	index  uint32 // of the branch or item
	parent *frame // nil for the root

	phase phase
	// ready orders the frames that can run: from a counter when the frame became
	// ready, 0 while it is not. It is stored, so that a restored execution goes on
	// in the same order.
	ready uint64

	state      *asl.State // to enter, or being in
	input      Payload    // raw input of state
	entered    int64      // history id of its Entered event
	enteredAt  int64
	prev       int64    // the last history event of this thread
	retries    []uint32 // spent attempts, by retrier
	retryCount uint32

	timer   timer // Wait, back-off, or the Task's timeout
	task    *taskWork
	kids    *children
	run     *mapRun
	vars    []variable
	places  map[string]int // of many variables in vars, by name; not stored
	pages   []varPage      // of the variables behind the first ones
	result  Payload
	held    phase // in phaseHeld: what the frame does next
	dirty   bool
	stored  bool // an earlier Apply wrote its record
	dropped bool // ended and taken out
}

// timer is a StartTimer that is out; id 0 is none.
type timer struct {
	id uint64
	at int64
}

// taskWork is the visit of a Task: all its attempts.
type taskWork struct {
	command uint64
	attempt uint32
	keyID   uint64
	// What the current attempt was sent with, to send it again after a restart.
	params    Payload
	timeoutAt int64 // 0: never
	expiry    int64 // of the token
	// timeout and heartbeat are the state's, in ms, 0 for none; beat is the time of
	// the last heartbeat, maybe of an attempt before.
	timeout   int64
	heartbeat int64
	beat      int64
	beatTimer timer
	started   bool // the Started event is written
	submitted bool // the Submitted event is written
	// mock is the number, from 1, of the mocked answer that the current attempt gets;
	// 0: its state has no mock.
	mock uint32
}

// children are the frames of a Parallel or Map: keys first … first+total-1.
type children struct {
	first, total uint32
	next         uint32 // index of the first one not started
	open         uint32 // started and not done
	input        Payload
	items        Payload // Map: the array

	frames []*frame        // by index, next of them
	values []jsonval.Value // Map: items, cut once
}

// variable is one assigned variable of a frame's scope.
type variable struct {
	name  string
	value Payload
}

// touch marks f as changed by this Apply.
func (x *Execution) touch(f *frame) {
	if !f.dirty {
		f.dirty = true
		x.changed = append(x.changed, f)
	}
}

// enqueue makes f ready to run in phase p, behind all that are ready already.
func (x *Execution) enqueue(f *frame, p phase) {
	x.seq++
	f.ready = x.seq
	x.queue = append(x.queue, f)
	x.setPhase(f, p)
}

// setPhase keeps the counts of what frames wait for. It comes before any change
// of f.state, which the counts depend on.
func (x *Execution) setPhase(f *frame, p phase) {
	x.count(f, -1)
	f.phase = p
	x.count(f, +1)
	x.touch(f)
}

func (x *Execution) count(f *frame, by int) {
	x.waits[f.phase] += by
	if f.phase == phaseTask && f.state.Task.Pattern == tokenPattern && f.task.mock == 0 {
		x.tokens += by
	}
}

// drop takes f and every frame below it out of the execution.
func (x *Execution) drop(f *frame) {
	if f.kids != nil {
		x.dropChildren(f)
	}
	held := f.phase == phaseHeld
	x.release(f)
	if held { // its variables are counted no more
		f.vars, f.places = nil, nil
	}
	x.forget(f)
	f.dropped = true
	if f.stored {
		x.gone = append(x.gone, f.key)
	}
}

// dropChildren drops the frames of f's Parallel or Map and forgets them.
func (x *Execution) dropChildren(f *frame) {
	for _, c := range f.kids.frames {
		x.drop(c)
	}
	f.kids = nil
	x.setPhase(f, phaseBusy)
}

// release takes back what f has out: its task and its timers.
func (x *Execution) release(f *frame) {
	if f.phase == phaseMapRun {
		x.command(Command{Kind: StopMapRun, ID: f.run.command, State: f.state.Name, Frame: f.key})
	}
	if f.phase == phaseTask {
		x.command(Command{Kind: CancelTask, ID: f.task.command, Attempt: f.task.attempt, State: f.state.Name, Frame: f.key})
	}
	x.settle(f)
}

// settle forgets f's task, timers and Map Run: they are answered or given up.
func (x *Execution) settle(f *frame) {
	x.setPhase(f, phaseBusy)
	x.cancelTimer(&f.timer)
	if f.run != nil {
		delete(x.byRun, f.run.command)
		f.run = nil
	}
	if f.task != nil {
		x.cancelTimer(&f.task.beatTimer)
		delete(x.byCommand, f.task.command)
	}
}

func (x *Execution) startTimer(f *frame, t *timer, at int64) {
	x.nextTimer++
	*t = timer{id: x.nextTimer, at: at}
	x.byTimer[t.id] = f
	c := Command{Kind: StartTimer, Timer: t.id, At: at, Frame: f.key}
	if f.phase == phaseRetry && f.task != nil {
		c.ID = f.task.command
	}
	x.command(c)
	x.touch(f)
}

func (x *Execution) cancelTimer(t *timer) {
	if t.id == 0 {
		return
	}
	delete(x.byTimer, t.id)
	x.command(Command{Kind: CancelTimer, Timer: t.id})
	*t = timer{}
}

// live lists all frames in the order of their keys.
func (x *Execution) live() []*frame {
	list := []*frame{x.root}
	for i := 0; i < len(list); i++ {
		if k := list[i].kids; k != nil {
			list = append(list, k.frames...)
		}
	}
	slices.SortFunc(list, byKey)
	return list
}

func byKey(a, b *frame) int { return int(int64(a.key) - int64(b.key)) }
