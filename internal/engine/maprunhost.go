package engine

import (
	"context"
	"sync/atomic"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/maprun"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/jsonval"
)

// openRun is a Map Run that has not ended, in memory. It belongs to the worker of
// its parent's shard; only ctx and halted are read elsewhere.
//
// A goroutine of its own (feed) reads the dataset and hands the worker one child
// after another, as many as it got permits for; the worker counts it in and has the
// child's shard start it. A child's end comes back to the worker once it is durable.
// When none is open any more another goroutine (collect) makes the output, and the
// end of the run and the parent's event join one group.
type openRun struct {
	s      *shard
	key    record.RunKey
	fixed  record.Run
	parent record.Fixed
	core   maprun.Run
	// redrives counts the run's redrives; another one is another openRun.
	redrives uint32
	// waiters run once the run has ended and the store shows it.
	waiters []func()
	saved   record.RunProgress // as the store has it, or will

	ctx      context.Context
	cancel   context.CancelFunc
	halted   atomic.Bool // no child starts any more
	permits  chan struct{}
	promised int64 // permits that are out
	feeding  bool
	ending   bool // collect is at work, or the outcome is on its way
	// concluded says that the turn with the run's end is made, or is being made.
	concluded bool
}

// saveEvery is how many children end before a run's progress is written again.
const saveEvery = 64

// startRun makes the Map Run of a command: its records join the parent's group, and
// it begins when that is durable.
func (t *turn) startRun(c *interp.Command) {
	l, s := t.live, t.h.shards[t.shard]
	spec := c.MapRun
	r := &openRun{s: s, key: record.RunKey{Parent: l.id, Command: c.ID}, parent: l.fixed,
		fixed: record.Run{Spec: *spec, Start: l.state.Last, Entered: c.Entered, Mocks: l.x.Start().Mocks}}
	r.core.Bounds = maprun.Bounds{Concurrency: spec.MaxConcurrency, Failures: spec.ToleratedFailureCount, Percentage: spec.ToleratedFailurePercentage}
	if m, err := t.h.distributed(&r.parent, spec.State); err == nil {
		r.core.Bounds.Counted, r.core.Bounds.Rated = m.ToleratedFailureCount.Given(), m.ToleratedFailurePercentage.Given()
	}
	r.core.Known = int64(spec.Items.Value.Len())
	t.set(record.SpaceMapRun, r.key.Row(record.RunFixedPart), r.fixed.Encode())
	t.set(record.SpaceByMapRun, record.Prefix(spec.ARN), record.EncodeOwner(r.key, l.arn()))
	t.set(record.SpaceOpenRun, r.key.Marker(), []byte{codec.Format})
	t.joins = append(t.joins, func() {
		s.keepRun(r)
		r.save(t)
		t.after = append(t.after, func() { s.do(r.moved) })
	})
}

// stopRun is StopMapRun: nobody waits for the run any more.
func (t *turn) stopRun(command uint64) {
	l, s := t.live, t.h.shards[t.shard]
	t.joins = append(t.joins, func() {
		r, err := s.run(record.RunKey{Parent: l.id, Command: command})
		if err != nil { // recovery finds that its parent does not wait for it
			t.h.told("a Map Run cannot be stopped now", l.id, err)
			return
		}
		if r == nil || r.core.Stopped || r.concluded {
			return
		}
		r.core.Stop()
		r.save(t)
		t.after = append(t.after, func() { s.do(r.moved) })
	})
}

// stopRuns stops every Map Run of an execution that has ended.
func (t *turn) stopRuns() {
	for _, command := range sortedKeys(t.h.shards[t.shard].runs[t.live.id]) {
		t.stopRun(command)
	}
}

func (s *shard) keepRun(r *openRun) {
	r.ctx, r.cancel = context.WithCancel(s.h.runsCtx)
	r.permits = make(chan struct{}, maprun.MaxOpen)
	if s.runs == nil {
		s.runs = map[record.ID]map[uint64]*openRun{}
	}
	if s.runs[r.key.Parent] == nil {
		s.runs[r.key.Parent] = map[uint64]*openRun{}
	}
	s.runs[r.key.Parent][r.key.Command] = r
}

func (s *shard) dropRun(r *openRun) {
	r.cancel()
	for _, f := range r.waiters {
		s.do(f)
	}
	delete(s.runs[r.key.Parent], r.key.Command)
	if len(s.runs[r.key.Parent]) == 0 {
		delete(s.runs, r.key.Parent)
	}
}

// run finds an open Map Run in memory or in the store; nil, nil where it has ended
// or never was.
func (s *shard) run(k record.RunKey) (*openRun, error) {
	if r := s.runs[k.Parent][k.Command]; r != nil {
		return r, nil
	}
	got, err := s.h.store.GetMany(record.SpaceOpenRun, [][]byte{k.Marker()})
	if err != nil || got[0] == nil {
		return nil, err
	}
	got, err = s.h.store.GetMany(record.SpaceMapRun, [][]byte{k.Row(record.RunFixedPart), k.Row(record.RunStatePart)})
	if err != nil {
		return nil, err
	}
	r := &openRun{s: s, key: k}
	if r.fixed, err = record.DecodeRun(got[0]); err != nil {
		return nil, err
	}
	if r.saved, err = record.DecodeProgress(got[1]); err != nil {
		return nil, err
	}
	if r.saved.Status != record.Running {
		return nil, nil
	}
	r.redrives = r.saved.Redrives
	parent, _, err := s.h.records(k.Parent)
	if err != nil || parent == nil {
		return nil, firstError(err, codec.ErrRecord)
	}
	r.parent = *parent
	if err := r.recount(); err != nil {
		return nil, err
	}
	s.keepRun(r)
	return r, nil
}

// recount brings a run that was read back up to date by its children's rows.
func (r *openRun) recount() error {
	c := maprun.Resume(r.saved.Progress)
	prefix := record.Prefix(r.fixed.Spec.ARN)
	var bad error
	err := r.s.h.store.Iterate(record.SpaceByMapRun, kv.Range{Lower: record.ChildKey(r.fixed.Spec.ARN, c.Low), Upper: record.After(prefix)}, func(k, v []byte) bool {
		var row record.ChildRow
		if row, bad = record.DecodeChildRow(v); bad != nil {
			return false
		}
		if r.absent(row) {
			c.Missing(int64(record.Part(k, 0)) + 1)
		} else {
			c.Recount(int64(record.Part(k, 0)), row.Items, maprun.Outcome(row.Status))
		}
		return bad == nil
	})
	if err := firstError(err, bad); err != nil {
		return err
	}
	if c.Fed { // the last ones of the dataset may be absent too
		c.Missing(r.saved.Next)
	}
	c.Judge()
	r.core = *c
	return nil
}

// progress is what there is to keep of the run now.
func (r *openRun) progress() record.RunProgress {
	return record.RunProgress{Progress: r.core.Progress, Status: record.Running, Identity: r.saved.Identity,
		Redrives: r.redrives, Redriven: r.saved.Redriven}
}

// save writes the run's progress into a turn.
func (r *openRun) save(t *turn) {
	r.saved = r.progress()
	t.set(record.SpaceMapRun, r.key.Row(record.RunStatePart), r.saved.Encode())
}

// saveNow writes it in a turn of its own; f, if not nil, runs once it is durable.
func (r *openRun) saveNow(f func(error)) {
	t := r.s.turn(nil)
	r.save(t)
	if f != nil {
		t.replies = append(t.replies, f)
	}
	r.s.end(t)
}

// moved does what follows from the run's state after something happened to it. It
// may be called at any time on the worker.
func (r *openRun) moved() {
	if r.concluded || r.s.runs[r.key.Parent][r.key.Command] != r {
		return
	}
	c := &r.core
	if c.Stopping && !r.halted.Load() {
		r.halted.Store(true)
		r.cancel()
		r.ctx, r.cancel = context.WithCancel(r.s.h.runsCtx) // of what makes the output
		c.Each(maprun.Open, r.stopChild)
		if !r.saved.Stopping {
			r.saveNow(nil)
		}
	}
	switch {
	case c.Over():
		r.end()
		return
	case c.Stopping:
	default:
		r.feedMore()
	}
	if c.Low-r.saved.Low >= saveEvery || c.Fed && !r.saved.Fed {
		r.saveNow(nil)
	}
}

// feedMore gives out permits, and has the dataset read where nobody does.
func (r *openRun) feedMore() {
	for n := r.core.Room() - r.promised; n > 0; n-- {
		r.promised++
		r.permits <- struct{}{}
	}
	if r.feeding || r.core.Fed && r.core.Absent == 0 {
		return
	}
	r.feeding = true
	f := r.newFeed()
	r.s.h.background(func() { f.run() })
}

// launch takes a child from the feed.
func (r *openRun) launch(index, items int64, input jsonval.Value) {
	r.promised--
	if !r.core.Start(index, items) {
		return
	}
	r.startChild(index, items, input)
	r.moved()
}

// exhausted is told by the feed when there is nothing more to read.
func (r *openRun) exhausted() {
	r.core.Exhausted()
	r.moved()
}

// broke ends the run with an error of its own: its dataset cannot be read.
func (r *openRun) broke(name, cause string) {
	if !r.core.Stopping {
		r.core.Fail(name, cause)
	}
	r.moved()
}

// identified keeps what the dataset is; it is durable before any child of it is.
func (r *openRun) identified(identity string) {
	if r.saved.Identity == "" && identity != "" {
		r.saved.Identity = identity
		r.saveNow(nil)
	}
}

// childEnded counts an outcome that is durable.
func (s *shard) childEnded(k record.RunKey, index int64, outcome record.Status) {
	r, err := s.run(k)
	if err != nil {
		s.missed("a Map Run cannot be read", k.Parent, err, func() { s.childEnded(k, index, outcome) })
		return
	}
	if r != nil && r.core.End(index, maprun.Outcome(outcome)) {
		r.moved()
	}
}

// goOn takes up a Map Run that the last process left open.
func (s *shard) goOn(k record.RunKey) {
	r, err := s.run(k)
	if err != nil {
		s.missed("a Map Run cannot be gone on with", k.Parent, err, func() { s.goOn(k) })
		return
	}
	if r == nil {
		return
	}
	l, err := s.lookup(k.Parent)
	if err != nil {
		s.missed("a Map Run's parent cannot be read", k.Parent, err, func() { s.goOn(k) })
		return
	}
	if l == nil || !l.running() {
		r.core.Stop()
	}
	r.moved()
}
