package interp

import (
	"cmp"
	"math"
	"slices"
)

// The formats of the two kinds of record.
const (
	frameFormat = 1
	// partsFormat is frameFormat with flags behind and the parts that they name; it is
	// written where there is such a part.
	partsFormat = 2
	startFormat = 1
	// subjectFormat is startFormat with the Subject behind; a start without one is
	// written as before, so that older versions read it.
	subjectFormat = 2
	// extrasFormat is subjectFormat with the start's later parts behind, written
	// where one of them is there.
	extrasFormat = 3
)

// The later parts of a frame's record, in the order in which they stand.
const (
	partMapRun      = 1 << iota // the Map Run that the frame waits for
	partMockCounts              // root: how often mocked states were sent
	partMock                    // which answer of its mock the task got
	partPages                   // where the variables behind the first 64 stand
	partPageCount               // root: how many pages were ever made
	partHeld                    // what the frame does when the execution is redriven
	partRedrives                // root: how often it was redriven, and when last
	partRunRedrives             // how often the Map Run was redriven
	frameParts                  // one past the last
)

// writeFrames puts the records of this Apply into its Changes, in the order of
// their keys.
func (x *Execution) writeFrames() {
	x.touch(x.root)
	var list []FrameChange
	if x.newStart {
		x.newStart = false
		list = append(list, FrameChange{Key: startKey, Data: x.encodeStart()})
	}
	for _, f := range x.changed {
		f.dirty = false
		if !f.dropped {
			f.stored = true
			list = f.writePages(append(list, FrameChange{Key: f.key, Data: x.encodeFrame(f)}), false)
		}
	}
	for _, key := range x.gone {
		list = append(list, FrameChange{Key: key})
	}
	slices.SortFunc(list, func(a, b FrameChange) int { return cmp.Compare(a.Key, b.Key) })
	clear(x.changed)
	x.out.Frames = list
}

// Snapshot gives every record as it stands, in the order of the keys: what the
// frames of all Changes so far amount to.
func (x *Execution) Snapshot() []FrameChange {
	if x.root == nil {
		return nil
	}
	var list, pages []FrameChange
	for _, f := range x.live() {
		list = append(list, FrameChange{Key: f.key, Data: x.encodeFrame(f)})
		if f == x.root {
			list = append(list, FrameChange{Key: startKey, Data: x.encodeStart()})
		}
		pages = f.writePages(pages, true)
	}
	slices.SortFunc(pages, func(a, b FrameChange) int { return cmp.Compare(a.Key, b.Key) })
	return append(list, pages...)
}

func (x *Execution) encodeStart() []byte {
	s := x.start
	w := writer{make([]byte, 0, 512+len(x.input.Value.Raw()))}
	format := byte(startFormat)
	if s.Subject != "" {
		format = subjectFormat
	}
	if s.extras() {
		format = extrasFormat
	}
	w.byte(format)
	w.uint(uint64(s.Semantics))
	w.int(x.startedAt)
	for _, text := range startTexts(s) {
		w.str(*text)
	}
	w.payload(x.input)
	if format >= subjectFormat {
		w.str(s.Subject)
	}
	if format >= extrasFormat {
		w.extras(s)
	}
	return w.b
}

// extras says that a start has parts that came later than its record.
func (s *Start) extras() bool {
	return s.Mocks.Exists() || s.MapRunARN != "" || s.VersionARN != "" || s.AliasARN != "" ||
		s.MaxPayload != 0 || s.MaxHistory != 0
}

func (w *writer) extras(s *Start) {
	w.payload(Payload{Value: s.Mocks})
	w.str(s.MapRunARN)
	w.str(s.VersionARN)
	w.str(s.AliasARN)
	w.uint(uint64(s.MaxPayload))
	w.uint(uint64(s.MaxHistory))
}

func (r *reader) extras(s *Start) {
	s.Mocks = r.payload().Value
	s.MapRunARN, s.VersionARN, s.AliasARN = r.str(), r.str(), r.str()
	payload, history := r.uint(), r.uint()
	if payload > math.MaxInt32 || history > math.MaxInt32 {
		r.fail("limits that nobody gives")
		return
	}
	s.MaxPayload, s.MaxHistory = int(payload), int(history)
}

// startTexts are the texts of a Start in their stored order; Subject, which came
// later, stands behind the rest.
func startTexts(s *Start) []*string {
	return []*string{
		&s.ExecutionARN, &s.Name, &s.StateMachineARN, &s.StateMachineName, &s.RoleARN, &s.Type,
		&s.TokenKey, &s.Owner, &s.TraceID, &s.ParentSpan, &s.TraceHeader, &s.Account, &s.Region,
	}
}

// encodeFrame gives f's record: format, then the root's counters, then the thread.
func (x *Execution) encodeFrame(f *frame) []byte {
	w := writer{make([]byte, 0, 96+len(f.input.Value.Raw()))}
	w.byte(frameFormat)
	w.byte(byte(f.kind))
	if f.kind == rootFrame {
		x.encodeRoot(&w)
	} else {
		w.uint(uint64(f.parent.key))
		w.uint(uint64(f.index))
	}
	w.byte(byte(f.phase))
	w.uint(f.ready)
	w.uint(uint64(f.state.Index))
	w.payload(f.input)
	w.int(f.entered)
	w.int(f.enteredAt)
	w.int(f.prev)
	w.uint(uint64(f.retryCount))
	w.uint(uint64(len(f.retries)))
	for _, n := range f.retries {
		w.uint(uint64(n))
	}
	w.timer(f.timer)
	w.task(f.task)
	w.children(f.kids)
	w.vars(f.vars[:min(len(f.vars), pageSize)])
	w.payload(f.result)
	x.encodeParts(&w, f)
	return w.b
}

// encodeParts writes a frame's later parts behind the rest, where it has any.
func (x *Execution) encodeParts(w *writer, f *frame) {
	var parts uint64
	if f.run != nil {
		parts |= partMapRun
	}
	if f.kind == rootFrame && len(x.mocked) > 0 {
		parts |= partMockCounts
	}
	if f.task != nil && f.task.mock != 0 {
		parts |= partMock
	}
	if len(f.pages) > 0 {
		parts |= partPages
	}
	if f.kind == rootFrame && x.nextPage > 0 {
		parts |= partPageCount
	}
	if f.phase == phaseHeld {
		parts |= partHeld
	}
	if f.kind == rootFrame && x.redrives > 0 {
		parts |= partRedrives
	}
	if f.run != nil && f.run.redrives > 0 {
		parts |= partRunRedrives
	}
	if parts == 0 {
		return
	}
	w.b[0] = partsFormat
	w.uint(parts)
	if parts&partMapRun != 0 {
		w.mapRun(f.run)
	}
	if parts&partMockCounts != 0 {
		w.mockCounts(x.mocked)
	}
	if parts&partMock != 0 {
		w.uint(uint64(f.task.mock))
	}
	if parts&partPages != 0 {
		w.pages(f.pages)
	}
	if parts&partPageCount != 0 {
		w.uint(uint64(x.nextPage))
	}
	if parts&partHeld != 0 {
		w.byte(byte(f.held))
	}
	if parts&partRedrives != 0 {
		w.uint(uint64(x.redrives))
		w.int(x.redrivenAt)
	}
	if parts&partRunRedrives != 0 {
		w.uint(uint64(f.run.redrives))
	}
}

func (x *Execution) encodeRoot(w *writer) {
	w.int(x.lastEvent)
	w.uint(x.nextCommand)
	w.uint(x.nextTimer)
	w.uint(x.nextBlob)
	w.uint(uint64(x.nextFrame))
	w.uint(x.seq)
	w.timer(x.timeout)
	w.flag(x.outcome != nil)
	if o := x.outcome; o != nil {
		w.str(o.Status)
		w.payload(o.Output)
		w.opt(o.Error)
		w.opt(o.Cause)
	}
}

func (w *writer) timer(t timer) {
	w.uint(t.id)
	if t.id != 0 {
		w.int(t.at)
	}
}

func (w *writer) task(t *taskWork) {
	w.flag(t != nil)
	if t == nil {
		return
	}
	w.uint(t.command)
	w.uint(uint64(t.attempt))
	w.uint(t.keyID)
	w.payload(t.params)
	w.int(t.timeoutAt)
	w.int(t.expiry)
	w.int(t.timeout)
	w.int(t.heartbeat)
	w.int(t.beat)
	w.timer(t.beatTimer)
	w.flag(t.started)
	w.flag(t.submitted)
}

func (w *writer) children(k *children) {
	w.flag(k != nil)
	if k == nil {
		return
	}
	w.uint(uint64(k.first))
	w.uint(uint64(k.total))
	w.uint(uint64(k.next))
	w.uint(uint64(k.open))
	w.payload(k.input)
	w.payload(k.items)
}
