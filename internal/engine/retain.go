package engine

import (
	"context"
	"time"

	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/engine/visibility"
	"stile/internal/kv"
)

// keeper is what the sweeper of retention works on.
type keeper struct{ h *Host }

// Ended reads the index by end.
func (k keeper) Ended(behind []byte, before int64, most int) (out []visibility.End, err error) {
	r := kv.Range{Upper: visibility.End{Stop: max(0, before)}.Key()}
	if behind != nil {
		r.Lower = append(append([]byte(nil), behind...), 0)
	}
	if string(r.Lower) >= string(r.Upper) {
		return nil, nil
	}
	err = k.h.store.Iterate(record.SpaceByEnd, r, func(key, value []byte) bool {
		if e, ok := visibility.OpenEnd(key, value); ok {
			out = append(out, e)
		}
		return len(out) < most
	})
	return out, firstError(err, k.h.committer.barrier())
}

// Delete deletes the executions of rows.
func (k keeper) Delete(ctx context.Context, rows []visibility.End) error {
	return k.each(ctx, rows, func(ctx context.Context, e visibility.End) error {
		tree, err := k.retire(ctx, e, true)
		if err == nil && tree {
			err = k.h.eraseTree(ctx, e.ID)
		}
		return err
	})
}

// Trim drops the histories of the executions of rows. The execution itself goes first,
// so that nothing redrives it, and its row is marked behind all its children.
func (k keeper) Trim(ctx context.Context, rows []visibility.End) error {
	return k.each(ctx, rows, func(ctx context.Context, e visibility.End) error {
		tree, err := k.retire(ctx, e, false)
		if err != nil || !tree {
			return err
		}
		if err = k.h.trimRuns(ctx, e.ID); err != nil {
			return err
		}
		s := k.h.shardOf(e.ID)
		_, err = ask(ctx, s, func(reply func(bool, error)) { s.retired(e, reply) })
		return err
	})
}

func (k keeper) each(ctx context.Context, rows []visibility.End, f func(context.Context, visibility.End) error) error {
	ids := make([]record.ID, len(rows))
	of := map[record.ID]visibility.End{}
	for i, e := range rows {
		ids[i] = e.ID
		of[e.ID] = e
	}
	return all(ctx, ids, func(ctx context.Context, id record.ID) error { return f(ctx, of[id]) })
}

// retire begins with one execution; tree says that its children are to follow, false
// also of one that must be left alone.
func (k keeper) retire(ctx context.Context, e visibility.End, whole bool) (tree bool, err error) {
	s := k.h.shardOf(e.ID)
	return ask(ctx, s, func(reply func(bool, error)) { s.retire(e, whole, reply) })
}

// retire deletes or trims an execution that ended when its row says. One of which a Map
// Run is still open is left alone.
func (s *shard) retire(e visibility.End, whole bool, reply func(bool, error)) {
	l, err := s.lookup(e.ID)
	if err != nil {
		reply(false, err)
		return
	}
	t := s.turn(l)
	tree := false
	defer func() {
		t.replies = append(t.replies, func(failed error) { reply(tree, firstError(failed, err)) })
		s.end(t)
	}()
	if l == nil || l.running() || l.state.Stop != e.Stop { // the row is of another end
		t.remove(record.SpaceByEnd, e.Key())
		return
	}
	var runs, open []record.RunKey
	if open, err = s.h.openRuns(l.id); err != nil || len(open) > 0 {
		return
	}
	if runs, err = s.h.runKeys(l.id); err != nil {
		return
	}
	switch tree = len(runs) > 0; {
	case !whole:
		t.trim()
		if !tree {
			t.set(record.SpaceByEnd, l.end().Key(), l.end().Value())
		}
	case tree:
		l.leaving = true
		t.set(record.SpaceErasing, l.id[:], []byte{codec.Format})
	default:
		t.erase(nil)
	}
}

// retired marks the row of an execution whose children are trimmed too.
func (s *shard) retired(e visibility.End, reply func(bool, error)) {
	l, err := s.lookup(e.ID)
	t := s.turn(l)
	if err == nil && l != nil && l.state.Trimmed {
		t.set(record.SpaceByEnd, l.end().Key(), l.end().Value())
	}
	t.replies = append(t.replies, func(failed error) { reply(false, firstError(failed, err)) })
	s.end(t)
}

// trimRuns trims the children of an execution's Map Runs, and theirs.
func (h *Host) trimRuns(ctx context.Context, id record.ID) error {
	_, err := h.eachOfRuns(ctx, id, func(ctx context.Context, child record.ID) error {
		s := h.shardOf(child)
		_, err := ask(ctx, s, func(reply func(struct{}, error)) {
			l, err := s.lookup(child)
			t := s.turn(l)
			if err == nil && l != nil && !l.running() && !l.state.Trimmed {
				t.trim()
			}
			t.replies = append(t.replies, func(failed error) { reply(struct{}{}, firstError(failed, err)) })
			s.end(t)
		})
		return firstError(err, h.trimRuns(ctx, child))
	})
	return err
}

// keep goes on with what the last process left of deletions, gives older executions
// their rows, and begins to apply retention.
func (h *Host) keep() {
	if err := firstError(h.recoverErasures(), h.backfill()); err != nil && !h.closing.Load() {
		h.log.Error("what was left of deletions cannot be gone on with, or older executions have no row by their end; the next start tries again", "error", err)
	}
	if h.retention != nil {
		h.sweepIn(0)
	}
}

// sweep does a step of retention, and has the next one done in time.
func (h *Host) sweep() {
	r := h.retention()
	if r == (visibility.Retention{}) {
		h.sweepIn(visibility.Longest)
		return
	}
	if h.older.Swap(false) {
		h.sweeper.Anew()
	}
	wait, err := h.sweeper.Step(h.ctx, r, h.clock.Now())
	if err != nil && !h.closing.Load() {
		h.log.Error("executions that are past their retention cannot be deleted now", "error", err)
		wait = visibility.Longest / 60
	}
	h.sweepIn(wait)
}

func (h *Host) sweepIn(wait time.Duration) {
	if h.Failed() == nil && !h.closing.Load() {
		h.clock.AfterFunc(wait, func() { h.background(h.sweep) })
	}
}
