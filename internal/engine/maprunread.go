package engine

import (
	"context"
	"time"

	"stile/internal/engine/maprun"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// owner finds whose a Map Run is; false where there is no such run.
func (h *Host) owner(runARN string) (k runKey, parentARN string, found bool, err error) {
	got, err := h.store.GetMany(spaceByMapRun, [][]byte{machinePrefix(runARN)})
	if err != nil || got[0] == nil {
		return k, "", false, err
	}
	k, parentARN, err = decodeOwner(got[0])
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
	s := h.shardOf(k.parent)
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
func (s *shard) shownRun(k runKey, parentARN string) (sfn.MapRun, error) {
	r, err := s.run(k)
	if err != nil {
		return sfn.MapRun{}, err
	}
	if r == nil {
		fixed, p, err := s.h.runRecords(k)
		if err != nil {
			return sfn.MapRun{}, err
		}
		return shownRun(fixed, p, parentARN, nil), nil
	}
	if r.saved.status != running { // its end is on its way to the store
		return shownRun(&r.fixed, &r.saved, parentARN, nil), nil
	}
	p := r.progress()
	return shownRun(&r.fixed, &p, parentARN, &r.core), nil
}

func (h *Host) runRecords(k runKey) (*runRecord, *runProgress, error) {
	got, err := h.store.GetMany(spaceMapRun, [][]byte{k.row(runFixedPart), k.row(runStatePart)})
	if err != nil {
		return nil, nil, err
	}
	fixed, err := decodeRun(got[0])
	if err != nil {
		return nil, nil, err
	}
	p, err := decodeProgress(got[1])
	return &fixed, &p, err
}

// shownRun shows a run by its records, and while it is open by its core.
func shownRun(f *runRecord, p *runProgress, parentARN string, c *maprun.Run) sfn.MapRun {
	a, _ := sfn.ParseARN(f.spec.ARN)
	a.Kind, a.Sub = "stateMachine", ""
	out := sfn.MapRun{
		ARN: f.spec.ARN, ExecutionARN: parentARN, StateMachineARN: a.String(), Status: p.status.String(), StartDate: time.UnixMilli(f.start),
		MapRunBounds: sfn.MapRunBounds{MaxConcurrency: p.Bounds.Concurrency, ToleratedFailureCount: p.Bounds.Failures,
			ToleratedFailurePercentage: p.Bounds.Percentage},
	}
	if p.redrives > 0 {
		out.RedriveCount, out.RedriveDate = int64(p.redrives), time.UnixMilli(p.redriven)
	}
	counts, open, absent, read, total := p.Below, maprun.Tally{}, int64(0), int64(0), p.total
	if c != nil {
		counts, open, absent, read, total = c.Ended, c.Open, c.Absent, c.Read, c.Total()
	} else {
		out.StopDate = time.UnixMilli(p.stop)
		for _, n := range counts {
			read += n.Items
		}
	}
	pick := func(of func(maprun.Tally) int64, pending int64) (n sfn.MapRunCounts) {
		at := func(o maprun.Outcome) int64 { return of(counts[o]) }
		n = sfn.MapRunCounts{Pending: pending, Running: of(open), Succeeded: at(maprun.Succeeded), Failed: at(maprun.Failed),
			TimedOut: at(maprun.TimedOut), Aborted: at(maprun.Aborted)}
		n.Total = n.Pending + n.Running + n.Succeeded + n.Failed + n.TimedOut + n.Aborted
		if p.written {
			n.ResultsWritten = n.Succeeded + n.Failed + n.TimedOut + n.Aborted
		}
		return n
	}
	pending := absent
	if absent == 0 && total > read && !f.spec.Batched() {
		pending = total - read // one child for each item
	}
	out.Executions = pick(func(t maprun.Tally) int64 { return t.Children }, pending)
	out.Items = pick(func(t maprun.Tally) int64 { return t.Items }, max(0, total-read))
	if p.redrives > 0 && p.Fed { // every child had started once
		out.Executions.Pending, out.Executions.PendingRedrive = 0, out.Executions.Pending
		out.Items.Pending, out.Items.PendingRedrive = 0, out.Items.Pending
	}
	return out
}

// ListMapRuns gives a page of an execution's Map Runs, newest first, and the token of
// the next page ("" at the end).
func (h *Host) ListMapRuns(_ context.Context, executionARN string, p sfn.Page) ([]sfn.MapRun, string, error) {
	scope := "map runs " + executionARN
	from, err := h.openPage(scope, p.Token)
	if err != nil {
		return nil, "", err
	}
	id := idOf(executionARN)
	if fixed, _, err := h.records(id); err != nil {
		return nil, "", err
	} else if fixed == nil {
		return nil, "", sfn.ExecutionDoesNotExist(executionARN)
	}
	r := id.all()
	r.Reverse = true
	if len(from) == 24 {
		r.Upper = from
	}
	var keys []runKey
	more := false
	err = h.store.Iterate(spaceMapRun, r, func(k, _ []byte) bool {
		if part(k, 1) != runFixedPart {
			return true
		}
		if more = len(keys) == pageSize(p.Max); more {
			return false
		}
		keys = append(keys, runKey{id, part(k, 0)})
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
		run := shownRun(fixed, progress, executionARN, nil)
		if progress.status == running {
			run.StopDate = time.Time{}
		}
		out = append(out, run)
	}
	token := ""
	if more {
		token = h.sealPage(scope, keys[len(keys)-1].marker())
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
	s := h.shardOf(k.parent)
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
	prefix := machinePrefix(runARN)
	l.space, l.r = spaceByMapRun, kv.Range{Lower: append(append([]byte(nil), prefix...), 0), Upper: after(prefix), Reverse: true}
	l.scope += " of " + runARN
	return nil
}

// asChild makes what a child took of its state machine: the item processor, under
// the Map's label.
func (h *Host) asChild(m *sfn.StateMachine, f *fixedRecord, c *childRecord) error {
	d, err := h.distributed(f, c.state)
	if err != nil {
		return err
	}
	m.ARN, m.Name, m.Definition = f.labelled(), m.Name+"/"+d.Label, d.Definition
	m.MapRunARN, m.Label, m.Variables = c.run, d.Label, nil
	return nil
}
