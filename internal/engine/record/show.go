package record

import (
	"time"

	"stile/internal/engine/maprun"
	"stile/internal/sfn"
)

// Show is an execution without its payloads.
func Show(f *Fixed, st *State) sfn.Execution {
	x := sfn.Execution{
		ARN: f.ARN, Name: f.Name(), StateMachineARN: f.Labelled(), Status: st.Status.String(), StartDate: time.UnixMilli(f.Start),
		Error: st.Err, Cause: st.Cause, TraceHeader: f.TraceHeader, State: st.State, Owner: f.Owner, Subject: f.Subject, TestCase: f.TestCase,
		TraceID: f.Trace, Span: sfn.ExecutionSpan(f.ARN), ParentSpan: f.ParentSpan, Waiting: st.Waiting, RoleARN: f.Role, Health: st.Health.Shown(),
		HistoryDropped: st.Trimmed, Quarantine: st.Quarantine, VersionARN: f.Qualified(f.Version), AliasARN: f.Qualified(f.Alias),
	}
	if r := st.Redrive; r.Count > 0 {
		x.RedriveCount, x.RedriveDate = int64(r.Count), time.UnixMilli(r.At)
	}
	if st.Status != Running {
		x.StopDate = time.UnixMilli(st.Stop)
	}
	x.ForkedFrom, x.ForkedAt = f.ForkedFrom()
	if c := f.MapChild(); c != nil {
		x.MapRunARN, x.ItemCount = c.Run, c.Items
	}
	return x
}

// ShowRun shows a run by its records, and while it is open by its core.
func ShowRun(f *Run, p *RunProgress, parentARN string, c *maprun.Run) sfn.MapRun {
	a, _ := sfn.ParseARN(f.Spec.ARN)
	a.Kind, a.Sub = "stateMachine", ""
	out := sfn.MapRun{
		ARN: f.Spec.ARN, ExecutionARN: parentARN, StateMachineARN: a.String(), Status: p.Status.String(), StartDate: time.UnixMilli(f.Start),
		MapRunBounds: sfn.MapRunBounds{MaxConcurrency: p.Bounds.Concurrency, ToleratedFailureCount: p.Bounds.Failures,
			ToleratedFailurePercentage: p.Bounds.Percentage},
	}
	if p.Redrives > 0 {
		out.RedriveCount, out.RedriveDate = int64(p.Redrives), time.UnixMilli(p.Redriven)
	}
	counts, open, absent, read, total := p.Below, maprun.Tally{}, int64(0), int64(0), p.Total
	if c != nil {
		counts, open, absent, read, total = c.Ended, c.Open, c.Absent, c.Read, c.Total()
	} else {
		out.StopDate = time.UnixMilli(p.Stop)
		for _, n := range counts {
			read += n.Items
		}
	}
	pick := func(of func(maprun.Tally) int64, pending int64) (n sfn.MapRunCounts) {
		at := func(o maprun.Outcome) int64 { return of(counts[o]) }
		n = sfn.MapRunCounts{Pending: pending, Running: of(open), Succeeded: at(maprun.Succeeded), Failed: at(maprun.Failed),
			TimedOut: at(maprun.TimedOut), Aborted: at(maprun.Aborted)}
		n.Total = n.Pending + n.Running + n.Succeeded + n.Failed + n.TimedOut + n.Aborted
		if p.Written {
			n.ResultsWritten = n.Succeeded + n.Failed + n.TimedOut + n.Aborted
		}
		return n
	}
	pending := absent
	if absent == 0 && total > read && !f.Spec.Batched() {
		pending = total - read // one child for each item
	}
	out.Executions = pick(func(t maprun.Tally) int64 { return t.Children }, pending)
	out.Items = pick(func(t maprun.Tally) int64 { return t.Items }, max(0, total-read))
	if p.Redrives > 0 && p.Fed { // every child had started once
		out.Executions.Pending, out.Executions.PendingRedrive = 0, out.Executions.Pending
		out.Items.Pending, out.Items.PendingRedrive = 0, out.Items.Pending
	}
	return out
}
