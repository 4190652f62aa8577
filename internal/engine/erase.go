package engine

import (
	"context"
	"sync"

	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// DeleteExecution deletes an execution that has ended, with all that is kept of it and
// of its Map Runs' children; its name is free then. One that runs, and a child, is a
// ConflictException. Children go first, a few at a time, and the execution is there
// until the last group; a deletion that a crash cut is gone on with at the next start.
// Where ctx ends before, the deletion goes on.
func (h *Host) DeleteExecution(ctx context.Context, arn string) error {
	if err := h.refuses(); err != nil {
		return err
	}
	id := record.IDOf(arn)
	s := h.shardOf(id)
	tree, err := ask(ctx, s, func(reply func(bool, error)) { s.beginErase(arn, reply) })
	if err != nil || !tree {
		return err
	}
	done := make(chan error, 1)
	if !h.background(func() { done <- h.eraseTree(h.ctx, id) }) {
		return errClosed
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beginErase deletes an execution in one group; one that has Map Runs it marks as
// leaving, and replies true.
func (s *shard) beginErase(arn string, reply func(tree bool, err error)) {
	l, err := s.lookup(record.IDOf(arn))
	switch {
	case err != nil:
	case l == nil:
		err = sfn.ExecutionDoesNotExist(arn)
	case l.running():
		err = sfn.ExecutionNotDeletable("Execution " + l.fixed.Name() + " is RUNNING: stop it before it is deleted")
	case l.fixed.Child != "":
		err = sfn.ExecutionNotDeletable("Execution " + l.fixed.Name() + " is a child of a Map Run and is deleted with its parent")
	case s.unsettled(l, func() { s.beginErase(arn, reply) }, func(_ int64, err error) { reply(false, err) }):
		return
	}
	var runs []record.RunKey
	if err == nil {
		runs, err = s.h.runKeys(l.id)
	}
	if err != nil {
		reply(false, err)
		return
	}
	t := s.turn(l)
	if len(runs) > 0 {
		l.leaving = true
		t.set(record.SpaceErasing, l.id[:], []byte{codec.Format})
	} else {
		t.erase(nil)
	}
	t.replies = append(t.replies, func(failed error) { reply(len(runs) > 0, failed) })
	s.end(t)
}

// runKeys are the Map Runs that an execution ever had.
func (h *Host) runKeys(id record.ID) (keys []record.RunKey, err error) {
	err = h.store.Iterate(record.SpaceMapRun, id.All(), func(k, _ []byte) bool {
		if record.Part(k, 1) == record.RunFixedPart {
			keys = append(keys, record.RunKey{Parent: id, Command: record.Part(k, 0)})
		}
		return true
	})
	return keys, err
}

// eraseTree deletes an execution behind its Map Runs' children, beside the workers.
func (h *Host) eraseTree(ctx context.Context, id record.ID) error {
	arns, err := h.eachOfRuns(ctx, id, h.eraseTree)
	if err != nil {
		return err
	}
	s := h.shardOf(id)
	_, err = ask(ctx, s, func(reply func(struct{}, error)) { s.eraseLast(id, arns, reply) })
	return err
}

// eachOfRuns calls f with the children of an execution's Map Runs, childrenAtOnce at a
// time and those beside each other, and gives the runs' ARNs.
func (h *Host) eachOfRuns(ctx context.Context, id record.ID, f func(context.Context, record.ID) error) (arns []string, err error) {
	keys, err := h.runKeys(id)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		run, _, err := h.runRecords(k)
		if err != nil {
			return nil, err
		}
		arns = append(arns, run.Spec.ARN)
		if err := h.eachChild(ctx, run.Spec.ARN, f); err != nil {
			return nil, err
		}
	}
	return arns, nil
}

func (h *Host) eachChild(ctx context.Context, runARN string, f func(context.Context, record.ID) error) error {
	from, upper := record.ChildKey(runARN, 0), record.After(record.Prefix(runARN))
	for from != nil {
		lower := from
		from = nil
		var ids []record.ID
		err := h.store.Iterate(record.SpaceByMapRun, kv.Range{Lower: lower, Upper: upper}, func(k, _ []byte) bool {
			if len(ids) == childrenAtOnce {
				from = append([]byte(nil), k...)
				return false
			}
			ids = append(ids, record.ID(k[len(k)-16:]))
			return true
		})
		if err := firstError(err, ctx.Err(), all(ctx, ids, f)); err != nil {
			return err
		}
	}
	return nil
}

// all calls f for each of a few executions, beside each other.
func all(ctx context.Context, ids []record.ID, f func(context.Context, record.ID) error) error {
	errs := make([]error, len(ids))
	var group sync.WaitGroup
	for i, id := range ids {
		group.Go(func() { errs[i] = f(ctx, id) })
	}
	group.Wait()
	return firstError(errs...)
}

// eraseLast deletes an execution whose children are gone; that it is gone is no error.
func (s *shard) eraseLast(id record.ID, runs []string, reply func(struct{}, error)) {
	l, err := s.lookup(id)
	if err == nil && l != nil && l.unsettled.Load() > 0 {
		t := s.turn(nil) // what it writes may stand in rows that only the store can tell
		t.replies = append(t.replies, func(failed error) {
			if failed != nil || !s.do(func() { s.eraseLast(id, runs, reply) }) {
				reply(struct{}{}, firstError(failed, errClosed))
			}
		})
		s.end(t)
		return
	}
	var stray [][]byte
	if err == nil && l != nil && l.running() { // a child in quarantine: its run did not wait
		stray, err = s.h.strayTimers(id)
	}
	if err != nil {
		reply(struct{}{}, err)
		return
	}
	t := s.turn(l)
	if l != nil {
		t.erase(runs)
		for _, k := range stray {
			t.remove(record.SpaceTimer, k)
		}
	}
	t.replies = append(t.replies, func(failed error) { reply(struct{}{}, failed) })
	s.end(t)
}

// strayTimers finds the timers of an execution that is not in memory.
func (h *Host) strayTimers(id record.ID) (keys [][]byte, err error) {
	err = h.store.Iterate(record.SpaceTimer, kv.Range{Lower: id[:1], Upper: record.After(id[:1])}, func(k, _ []byte) bool {
		if _, of, _ := record.OpenTimerKey(k); of == id {
			keys = append(keys, append([]byte(nil), k...))
		}
		return true
	})
	return keys, err
}

// erase removes everything of the turn's execution, and the rows of its Map Runs' names.
func (t *turn) erase(runs []string) {
	l := t.live
	for _, space := range record.OwnSpaces {
		t.removeAll(space, l.id.All())
	}
	if c := l.fixed.MapChild(); c != nil {
		t.remove(record.SpaceByMapRun, append(record.ChildKey(c.Run, c.Index), l.id[:]...))
	} else {
		l.listed(t.remove)
		t.remove(record.SpaceByEnd, l.end().Key())
	}
	for _, arn := range runs {
		t.remove(record.SpaceByMapRun, record.Prefix(arn))
	}
	if l.trouble != 0 {
		t.remove(record.SpaceTrouble, l.troubleKey(l.trouble))
	}
	l.gone = true
	t.erasure()
}

// erasure has readers of several records look again where they met the turn.
func (t *turn) erasure() {
	s := t.h.shards[t.shard]
	s.erasures.Add(1)
	t.after = append(t.after, func() { s.erased.Add(1) })
}

func (t *turn) removeAll(space kv.Space, r kv.Range) {
	t.ops = append(t.ops, kv.Op{Kind: kv.DeleteRange, Space: space, Key: r.Lower, End: r.Upper})
	t.bytes += len(r.Lower) + len(r.Upper)
}

// whole does several reads of one execution so that all of them see it, or none: they
// are done again where a deletion came between.
func (h *Host) whole(ctx context.Context, id record.ID, read func() error) error {
	s := h.shardOf(id)
	for {
		before := s.erased.Load()
		err := read()
		if s.erasures.Load() == before {
			return err
		}
		_, failed := ask(ctx, s, func(reply func(struct{}, error)) { // until all that were made are durable
			t := s.turn(nil)
			t.replies = append(t.replies, func(failed error) { reply(struct{}{}, failed) })
			s.end(t)
		})
		if failed != nil {
			return failed
		}
	}
}

// recoverErasures goes on with the deletions that the last process left.
func (h *Host) recoverErasures() error {
	var ids []record.ID
	err := h.store.Iterate(record.SpaceErasing, kv.Range{}, func(k, _ []byte) bool {
		ids = append(ids, record.ID(k))
		return true
	})
	for _, id := range ids {
		err = firstError(err, h.eraseTree(h.ctx, id))
	}
	return err
}

// trim drops an execution's history, and what only a redrive would need.
func (t *turn) trim() {
	l := t.live
	for _, space := range []kv.Space{record.SpaceFrame, record.SpaceJournal, record.SpaceHistory, record.SpaceCall} {
		t.removeAll(space, l.id.All())
	}
	lower := l.id.All().Lower
	kept := []uint64{min(l.fixed.Input.Blob, l.state.Output.Blob), max(l.fixed.Input.Blob, l.state.Output.Blob)}
	for _, n := range kept {
		if n != 0 {
			t.removeAll(record.SpaceBlob, kv.Range{Lower: lower, Upper: l.id.Key(n)})
			lower = l.id.Key(n + 1)
		}
	}
	t.removeAll(record.SpaceBlob, kv.Range{Lower: lower, Upper: l.id.All().Upper})
	l.state.Trimmed, t.changed = true, true
	t.erasure()
}
