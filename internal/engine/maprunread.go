package engine

import (
	"context"
	"time"

	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// owner finds whose a Map Run is; false where there is no such run.
func (h *Host) owner(runARN string) (k record.RunKey, parentARN string, found bool, err error) {
	got, err := h.store.GetMany(record.SpaceByMapRun, [][]byte{record.Prefix(runARN)})
	if err != nil || got[0] == nil {
		return k, "", false, err
	}
	k, parentARN, err = record.DecodeOwner(got[0])
	return k, parentARN, err == nil, err
}

// DescribeMapRun gives a Map Run with its counts as they stand.
func (h *Host) DescribeMapRun(ctx context.Context, arn string) (sfn.MapRun, error) {
	k, parent, found, err := h.owner(arn)
	if err == nil && !found {
		err = sfn.MapRunDoesNotExist(arn)
	}
	if err != nil {
		return sfn.MapRun{}, err
	}
	s := h.shardOf(k.Parent)
	return ask(ctx, s, func(reply func(sfn.MapRun, error)) {
		out, err := s.shownRun(k, parent)
		if err != nil {
			reply(out, err)
			return
		}
		t := s.turn(nil) // the answer comes after what it tells of is durable
		t.replies = append(t.replies, func(failed error) { reply(out, failed) })
		s.end(t)
	})
}

// shownRun is a Map Run as it stands on its worker.
func (s *shard) shownRun(k record.RunKey, parentARN string) (sfn.MapRun, error) {
	r, err := s.run(k)
	if err != nil {
		return sfn.MapRun{}, err
	}
	if r == nil {
		fixed, p, err := s.h.runRecords(k)
		if err != nil {
			return sfn.MapRun{}, err
		}
		return record.ShowRun(fixed, p, parentARN, nil), nil
	}
	if r.saved.Status != record.Running { // its end is on its way to the store
		return record.ShowRun(&r.fixed, &r.saved, parentARN, nil), nil
	}
	p := r.progress()
	return record.ShowRun(&r.fixed, &p, parentARN, &r.core), nil
}

func (h *Host) runRecords(k record.RunKey) (*record.Run, *record.RunProgress, error) {
	got, err := h.store.GetMany(record.SpaceMapRun, [][]byte{k.Row(record.RunFixedPart), k.Row(record.RunStatePart)})
	if err != nil {
		return nil, nil, err
	}
	fixed, err := record.DecodeRun(got[0])
	if err != nil {
		return nil, nil, err
	}
	p, err := record.DecodeProgress(got[1])
	return &fixed, &p, err
}

// ListMapRuns gives a page of an execution's Map Runs, newest first, and the token of
// the next page ("" at the end).
func (h *Host) ListMapRuns(_ context.Context, executionARN string, p sfn.Page) ([]sfn.MapRun, string, error) {
	scope := "map runs " + executionARN
	from, err := h.openPage(scope, p.Token)
	if err != nil {
		return nil, "", err
	}
	id := record.IDOf(executionARN)
	if fixed, _, err := h.records(id); err != nil {
		return nil, "", err
	} else if fixed == nil {
		return nil, "", sfn.ExecutionDoesNotExist(executionARN)
	}
	r := id.All()
	r.Reverse = true
	if len(from) == 24 {
		r.Upper = from
	}
	var keys []record.RunKey
	more := false
	err = h.store.Iterate(record.SpaceMapRun, r, func(k, _ []byte) bool {
		if record.Part(k, 1) != record.RunFixedPart {
			return true
		}
		if more = len(keys) == pageSize(p.Max); more {
			return false
		}
		keys = append(keys, record.RunKey{Parent: id, Command: record.Part(k, 0)})
		return true
	})
	if err != nil {
		return nil, "", err
	}
	out := make([]sfn.MapRun, 0, len(keys))
	for _, k := range keys {
		fixed, progress, err := h.runRecords(k)
		if err != nil {
			return nil, "", err
		}
		run := record.ShowRun(fixed, progress, executionARN, nil)
		if progress.Status == record.Running {
			run.StopDate = time.Time{}
		}
		out = append(out, run)
	}
	token := ""
	if more {
		token = h.sealPage(scope, keys[len(keys)-1].Marker())
	}
	return out, token, h.committer.barrier()
}

// UpdateMapRun changes the bounds of a Map Run that goes on.
func (h *Host) UpdateMapRun(ctx context.Context, arn string, u sfn.MapRunUpdate) error {
	if err := h.refuses(); err != nil {
		return err
	}
	k, _, found, err := h.owner(arn)
	if err == nil && !found {
		err = sfn.MapRunDoesNotExist(arn)
	}
	if err != nil {
		return err
	}
	s := h.shardOf(k.Parent)
	_, err = ask(ctx, s, func(reply func(struct{}, error)) {
		r, err := s.run(k)
		if err == nil && (r == nil || r.core.Stopping || r.ending) {
			err = sfn.MapRunCompleted(arn)
		}
		if err != nil {
			reply(struct{}{}, err)
			return
		}
		b := r.core.Bounds
		if u.MaxConcurrency != nil {
			b.Concurrency = *u.MaxConcurrency
		}
		if u.ToleratedFailureCount != nil {
			b.Failures, b.Counted = *u.ToleratedFailureCount, true
		}
		if u.ToleratedFailurePercentage != nil {
			b.Percentage, b.Rated = *u.ToleratedFailurePercentage, true
		}
		r.core.Update(b)
		r.saveNow(func(failed error) { reply(struct{}{}, failed) })
		r.moved()
	})
	return err
}

// listChildren is the listing of a Map Run's children, newest first.
func (h *Host) listChildren(l *listing, runARN string) error {
	_, _, found, err := h.owner(runARN)
	if err != nil {
		return err
	}
	if !found {
		return sfn.MapRunDoesNotExist(runARN)
	}
	prefix := record.Prefix(runARN)
	l.space, l.r = record.SpaceByMapRun, kv.Range{Lower: append(append([]byte(nil), prefix...), 0), Upper: record.After(prefix), Reverse: true}
	l.scope += " of " + runARN
	return nil
}

// asChild makes what a child took of its state machine: the item processor, under
// the Map's label.
func (h *Host) asChild(m *sfn.StateMachine, f *record.Fixed, c *record.Child) error {
	d, err := h.distributed(f, c.State)
	if err != nil {
		return err
	}
	m.ARN, m.Name, m.Definition = f.Labelled(), m.Name+"/"+d.Label, d.Definition
	m.MapRunARN, m.Label, m.Variables = c.Run, d.Label, nil
	return nil
}
