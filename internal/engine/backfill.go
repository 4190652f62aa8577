package engine

import (
	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/kv"
)

// metaRows stands once every execution has its rows by end and by trouble.
var metaRows = []byte("rows")

// backfillRows is how many executions get their rows in one step.
const backfillRows = 256

// backfill writes the rows of executions from before there were such rows, in steps; a
// crash begins it anew, which changes nothing of what was done.
func (h *Host) backfill() error {
	got, err := h.store.GetMany(record.SpaceMeta, [][]byte{metaRows})
	if err != nil || got[0] != nil {
		return err
	}
	for r, more := (kv.Range{}), true; more; {
		var ids []record.ID
		more = false
		err := h.store.Iterate(record.SpaceByStart, r, func(k, _ []byte) bool {
			if more = len(ids) == backfillRows; more {
				return false
			}
			ids = append(ids, record.ID(k[len(k)-16:]))
			r.Lower = append(append([]byte(nil), k...), 0)
			return true
		})
		if err := firstError(err, h.complement(ids)); err != nil {
			return err
		}
	}
	h.older.Store(true)
	t := &turn{h: h, epoch: h.shards[0].epoch}
	t.set(record.SpaceMeta, metaRows, []byte{codec.Format})
	return h.durably(h.ctx, t)
}

// complement adds the rows of a few executions, each on its worker: nothing ends, is
// redriven or deleted meanwhile. None is brought into memory for it.
func (h *Host) complement(ids []record.ID) error {
	jobs := make(chan error, len(ids))
	for _, id := range ids {
		s := h.shardOf(id)
		if !s.do(func() { s.complement(id, jobs) }) {
			return errClosed
		}
	}
	var failed error
	for range ids {
		failed = firstError(failed, <-jobs)
	}
	return failed
}

func (s *shard) complement(id record.ID, done chan<- error) {
	l := s.cache.Get(id)
	if l == nil {
		fixed, state, err := s.h.records(id)
		if err != nil || fixed == nil {
			if err != nil {
				s.h.told("an execution gets no row by its end", id, err)
			}
			done <- nil // what cannot be read is not deleted by age
			return
		}
		l = &live{id: id, fixed: *fixed, state: *state}
	}
	t := s.turn(nil)
	switch code := l.troubled(); {
	case l.gone:
	case !l.running():
		t.set(record.SpaceByEnd, l.end().Key(), l.end().Value())
	case code != 0:
		t.set(record.SpaceTrouble, l.troubleKey(code), record.Index{Status: record.Running}.Encode())
	}
	t.replies = append(t.replies, func(failed error) { done <- failed })
	s.end(t)
}
