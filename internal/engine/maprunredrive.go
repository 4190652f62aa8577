package engine

import (
	"errors"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/maprun"
	"stile/internal/engine/record"
	"stile/internal/sfn"
)

// openRuns are the Map Runs of the execution that the store shows as open.
func (h *Host) openRuns(id record.ID) (keys []record.RunKey, err error) {
	err = h.store.Iterate(record.SpaceOpenRun, id.All(), func(k, _ []byte) bool {
		keys = append(keys, record.RunKey{Parent: id, Command: record.Part(k, 0)})
		return true
	})
	return keys, err
}

// redriveRun opens a Map Run that has ended once more: what its children that
// succeeded gave is kept, the others are absent until they run again.
func (t *turn) redriveRun(c *interp.Command) {
	l, s := t.live, t.h.shards[t.shard]
	r := &openRun{s: s, key: record.RunKey{Parent: l.id, Command: c.ID}, parent: l.fixed}
	fixed, old, err := t.h.runRecords(r.key)
	if err == nil {
		p := maprun.Progress{Bounds: old.Bounds, Fed: old.Fed, Next: old.Next, Known: old.Known}
		if p.Fed {
			p.Known = max(p.Known, old.Total)
		}
		r.fixed, r.redrives = *fixed, c.Attempt
		r.saved = record.RunProgress{Progress: p, Status: record.Running, Identity: old.Identity, Redrives: c.Attempt, Redriven: l.state.Last}
		err = r.recount()
	}
	if err != nil {
		l.unread = err
		return
	}
	t.set(record.SpaceOpenRun, r.key.Marker(), []byte{codec.Format})
	t.joins = append(t.joins, func() {
		s.keepRun(r)
		r.save(t)
		t.after = append(t.after, func() { s.do(r.moved) })
	})
}

// absent says that a child is to run, or to run again.
func (r *openRun) absent(c record.ChildRow) bool {
	return c.Redrive < r.redrives && c.Status != record.Running && maprun.Outcome(c.Status) != maprun.Succeeded
}

// redriveChild lets a child that did not succeed go on, or tells the run how it
// ended where it cannot.
func (s *shard) redriveChild(r *openRun, l *live, index int64, again func()) {
	if r.halted.Load() {
		return // whoever stops the run is told by stopChild
	}
	failed := func(_ int64, err error) {
		s.missed("a child execution cannot be redriven", l.id, err, again)
	}
	if s.unsettled(l, again, failed) {
		return
	}
	var err error
	if why := s.h.redriveFacts(&l.fixed, &l.state).Reason(); why != "" {
		err = sfn.ExecutionNotRedrivable(why)
	} else {
		err = s.h.restoreEnded(l)
	}
	var refused *sfn.Error
	if err != nil && !errors.As(err, &refused) {
		failed(0, err)
		return
	}
	t := s.turn(l)
	t.again = again
	before := l.state.Redrive.Run
	l.state.Redrive.Run = r.redrives
	if err == nil && t.redrive() != nil {
		if l.state.Redrive.Run = before; l.unread == nil {
			err = codec.ErrRecord
		}
	}
	if err != nil { // it keeps its outcome, which counts for this redrive
		l.state.Redrive.Run = r.redrives
		t.changed = true
		if c := l.fixed.MapChild(); c != nil {
			t.putChild(c)
		}
	}
	s.end(t)
}
