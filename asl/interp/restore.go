package interp

import (
	"fmt"
	"slices"

	"stile/asl"
)

// Restore builds an execution from the records of all its frames (those of
// Snapshot, or the last of each key from all Changes), in any order. The error
// says what is wrong with them; it matches no type: such an execution can only be
// quarantined. Payloads in blobs are read when they are needed.
func Restore(p *asl.Program, env Env, frames []FrameChange) (*Execution, error) {
	x := New(p, env)
	x.variables = -1
	frames = slices.Clone(frames)
	slices.SortFunc(frames, func(a, b FrameChange) int { return int(int64(a.Key) - int64(b.Key)) })
	byKey := make(map[uint32]*frame, len(frames))
	x.pageKeys = map[uint32]bool{}
	pages := map[uint32][]byte{}
	for i, rec := range frames {
		if i > 0 && frames[i-1].Key == rec.Key {
			return nil, fmt.Errorf("%w: frame %d comes twice", errRecord, rec.Key)
		}
		r := reader{b: rec.Data}
		if x.pageKeys[rec.Key] { // pages have higher keys than all frames
			pages[rec.Key] = rec.Data
			continue
		}
		if rec.Key == startKey {
			x.decodeStart(&r)
		} else if f := x.decodeFrame(&r, rec.Key, byKey); r.err == nil {
			byKey[f.key] = f
		}
		if err := r.end(); err != nil {
			return nil, fmt.Errorf("frame %d: %w", rec.Key, err)
		}
	}
	if x.root == nil || x.start == nil {
		return nil, fmt.Errorf("%w: the root or the start is missing", errRecord)
	}
	x.pageKeys = nil
	if err := x.readPages(pages); err != nil {
		return nil, err
	}
	if err := x.index(); err != nil {
		return nil, err
	}
	return x, nil
}

// index builds what is not stored: the queue, the look-ups and the counts.
func (x *Execution) index() error {
	for _, f := range x.live() {
		if k := f.kids; k != nil && uint32(len(k.frames)) != k.next {
			return fmt.Errorf("%w: frame %d started %d children, %d are there", errRecord, f.key, k.next, len(k.frames))
		}
		if x.outcome != nil {
			continue
		}
		x.count(f, +1)
		if f.ready != 0 {
			x.queue = append(x.queue, f)
		}
		if f.phase == phaseTask {
			x.byCommand[f.task.command] = f
		}
		if f.phase == phaseMapRun {
			x.byRun[f.run.command] = f
		}
		if f.timer.id != 0 {
			x.byTimer[f.timer.id] = f
		}
		if f.task != nil && f.task.beatTimer.id != 0 {
			x.byTimer[f.task.beatTimer.id] = f
		}
	}
	slices.SortFunc(x.queue, func(a, b *frame) int {
		if a.ready < b.ready {
			return -1
		}
		return 1
	})
	return nil
}

func (x *Execution) decodeStart(r *reader) {
	format := r.byte()
	if format < startFormat || format > extrasFormat {
		r.fail("unknown format")
		return
	}
	s := &Start{Semantics: r.uint32()}
	if s.Semantics != Semantics && r.err == nil {
		r.fail(fmt.Sprintf("semantics %d is not known here", s.Semantics))
	}
	x.startedAt = r.int()
	for _, text := range startTexts(s) {
		*text = r.str()
	}
	x.input = r.payload()
	s.Input = x.input.Value
	if format >= subjectFormat {
		s.Subject = r.str()
	}
	if format >= extrasFormat {
		r.extras(s)
	}
	x.start = s
	x.limit()
}

func (x *Execution) decodeFrame(r *reader, key uint32, byKey map[uint32]*frame) *frame {
	format := r.byte()
	if format != frameFormat && format != partsFormat {
		r.fail("unknown format")
		return nil
	}
	f := &frame{key: key, kind: frameKind(r.byte()), stored: true}
	if (key == rootKey) != (f.kind == rootFrame) || f.kind > iterationFrame {
		r.fail("bad kind of frame")
		return nil
	}
	if f.kind == rootFrame {
		x.root = f
		x.decodeRoot(r)
	} else {
		x.decodeParent(r, f, byKey)
	}
	if r.err != nil {
		return nil
	}
	f.phase = phase(r.byte())
	f.ready = r.uint()
	if i := r.uint(); i < uint64(len(x.program.Ordered)) {
		f.state = x.program.Ordered[i]
	} else {
		r.fail("a state that the definition does not have")
		return nil
	}
	f.input = r.payload()
	f.entered, f.enteredAt, f.prev = r.int(), r.int(), r.int()
	f.retryCount = r.uint32()
	if n := r.uint(); n == uint64(len(f.state.Retry)) || n == 0 {
		for range n {
			f.retries = append(f.retries, r.uint32())
		}
	} else {
		r.fail("counters of other retriers")
	}
	f.timer = r.timer()
	f.task = r.task()
	f.kids = r.children()
	f.vars = r.vars()
	f.result = r.payload()
	if f.phase == phaseHeld {
		f.held = phaseHeld // its part says which
	}
	if format == partsFormat {
		x.decodeParts(r, f)
	}
	if r.err == nil {
		x.check(r, f)
	}
	return f
}

// decodeParts reads a frame's later parts.
func (x *Execution) decodeParts(r *reader, f *frame) {
	parts := r.uint()
	if parts == 0 || parts >= frameParts {
		r.fail("unknown parts")
		return
	}
	if parts&partMapRun != 0 {
		f.run = r.mapRun(f.state.Name)
	}
	if parts&partMockCounts != 0 {
		if x.mocked = r.mockCounts(); f.kind != rootFrame || len(x.mocked) == 0 {
			r.fail("counters of mocks out of place")
		}
	}
	if parts&partMock != 0 {
		n := r.uint32()
		if f.task == nil || n == 0 {
			r.fail("a mock of no task")
			return
		}
		f.task.mock = n
	}
	if parts&partPages != 0 {
		for _, p := range r.pages() {
			f.pages = append(f.pages, p)
			x.pageKeys[p.key] = true
		}
	}
	if parts&partPageCount != 0 {
		if x.nextPage = r.uint32(); f.kind != rootFrame {
			r.fail("a count of pages out of place")
		}
	}
	x.redriveParts(r, f, parts)
}

// redriveParts reads the parts that redrives need.
func (x *Execution) redriveParts(r *reader, f *frame, parts uint64) {
	if parts&partHeld != 0 {
		if f.held = phase(r.byte()); f.phase != phaseHeld {
			r.fail("a held frame out of place")
		}
	}
	if parts&partRedrives != 0 {
		if x.redrives, x.redrivenAt = r.uint32(), r.int(); f.kind != rootFrame {
			r.fail("a count of redrives out of place")
		}
	}
	if parts&partRunRedrives != 0 {
		if n := r.uint32(); f.run != nil {
			f.run.redrives = n
		} else {
			r.fail("redrives of no Map Run")
		}
	}
}

func (x *Execution) decodeParent(r *reader, f *frame, byKey map[uint32]*frame) {
	p := byKey[r.uint32()]
	f.index = r.uint32()
	if p == nil || p.kids == nil {
		r.fail("a parent that has no such child")
		return
	}
	want := branchFrame
	if p.state.Type == asl.Map {
		want = iterationFrame
	}
	if f.kind != want || f.index != uint32(len(p.kids.frames)) || f.key != p.kids.first+f.index {
		r.fail("a child out of its place")
		return
	}
	f.parent = p
	p.kids.frames = append(p.kids.frames, f)
}

// check refuses a record that contradicts itself or the definition.
func (x *Execution) check(r *reader, f *frame) {
	t := f.state.Type
	ended := f.kind == rootFrame && x.outcome != nil
	over := f.phase == phaseDone || f.phase == phaseHeld
	does := f.phase
	var ok bool
	switch f.phase {
	case phaseEnter, phaseAgain:
		ok = f.ready != 0
	case phaseTask:
		ok = t == asl.Task && f.task != nil
	case phaseWait:
		ok = t == asl.Wait && f.timer.id != 0
	case phaseRetry:
		ok = len(f.retries) > 0 && f.timer.id != 0
	case phaseChildren:
		ok = f.kids != nil
	case phaseMapRun:
		ok = f.run != nil
	case phaseDone:
		ok = ended || f.kind != rootFrame
	case phaseHeld:
		does = f.held
		ok = x.outcome != nil && x.outcome.Status != "SUCCEEDED" && heldPhase(does) &&
			(does != phaseChildren || f.kids != nil) && (does != phaseMapRun || f.run != nil)
	}
	switch {
	case !ok || ended != (over && f.kind == rootFrame), x.outcome != nil && !over:
		r.fail("a phase that does not fit")
	case f.task != nil && t != asl.Task:
		r.fail("a task of a state that is none")
	case f.run != nil && (does != phaseMapRun || t != asl.Map || f.state.Map.Distributed == nil):
		r.fail("a Map Run of a state that has none")
	case f.kids != nil && (does != phaseChildren || !fitsState(f)):
		r.fail("children of a state that has none such")
	}
}

func fitsState(f *frame) bool {
	k := f.kids
	if k.first < firstChildKey || k.next > k.total || k.open > k.next {
		return false
	}
	return f.state.Type == asl.Map || f.state.Type == asl.Parallel && k.total == uint32(len(f.state.Parallel))
}

func (x *Execution) decodeRoot(r *reader) {
	x.lastEvent, x.nextCommand, x.nextTimer, x.nextBlob = r.int(), r.uint(), r.uint(), r.uint()
	x.nextFrame, x.seq, x.timeout = r.uint32(), r.uint(), r.timer()
	x.status = "RUNNING"
	if r.flag() {
		o := &Outcome{Status: r.str(), Output: r.payload(), Error: r.opt(), Cause: r.opt()}
		x.status, x.outcome = o.Status, o
	}
}

func (r *reader) timer() timer {
	t := timer{id: r.uint()}
	if t.id != 0 {
		t.at = r.int()
	}
	return t
}

func (r *reader) task() *taskWork {
	if !r.flag() {
		return nil
	}
	return &taskWork{
		command: r.uint(), attempt: r.uint32(), keyID: r.uint(), params: r.payload(),
		timeoutAt: r.int(), expiry: r.int(), timeout: r.int(), heartbeat: r.int(), beat: r.int(),
		beatTimer: r.timer(), started: r.flag(), submitted: r.flag(),
	}
}

func (r *reader) children() *children {
	if !r.flag() {
		return nil
	}
	return &children{
		first: r.uint32(), total: r.uint32(), next: r.uint32(), open: r.uint32(),
		input: r.payload(), items: r.payload(),
	}
}
