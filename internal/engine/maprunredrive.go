package engine

import (
	"errors"

	"stile/asl/interp"
	"stile/internal/engine/maprun"
	"stile/internal/sfn"
)

// openRuns are the Map Runs of the execution that the store shows as open.
func (h *Host) openRuns(id execID) (keys []runKey, err error) {
	err = h.store.Iterate(spaceOpenRun, id.all(), func(k, _ []byte) bool {
		keys = append(keys, runKey{id, part(k, 0)})
		return true
	})
	return keys, err
}

// redriveRun opens a Map Run that has ended once more: what its children that
// succeeded gave is kept, the others are absent until they run again.
func (t *turn) redriveRun(c *interp.Command) {
	l, s := t.live, t.h.shards[t.shard]
	r := &openRun{s: s, key: runKey{l.id, c.ID}, parent: l.fixed}
	fixed, old, err := t.h.runRecords(r.key)
	if err == nil {
		p := maprun.Progress{Bounds: old.Bounds, Fed: old.Fed, Next: old.Next, Known: old.Known}
		if p.Fed {
			p.Known = max(p.Known, old.total)
		}
		r.fixed, r.redrives = *fixed, c.Attempt
		r.saved = runProgress{Progress: p, status: running, identity: old.identity, redrives: c.Attempt, redriven: l.state.last}
		err = r.recount()
	}
	if err != nil {
		l.unread = err
		return
	}
	t.set(spaceOpenRun, r.key.marker(), []byte{recordFormat})
	t.joins = append(t.joins, func() {
		s.keepRun(r)
		r.save(t)
		t.after = append(t.after, func() { s.do(r.moved) })
	})
}

// absent says that a child is to run, or to run again.
func (r *openRun) absent(c childRow) bool {
	return c.redrive < r.redrives && c.status != running && maprun.Outcome(c.status) != maprun.Succeeded
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
	before := l.state.redrive.Run
	l.state.redrive.Run = r.redrives
	if err == nil && t.redrive() != nil {
		if l.state.redrive.Run = before; l.unread == nil {
			err = errRecord
		}
	}
	if err != nil { // it keeps its outcome, which counts for this redrive
		l.state.redrive.Run = r.redrives
		t.changed = true
		if c := l.fixed.mapChild(); c != nil {
			t.putChild(c)
		}
	}
	s.end(t)
}
