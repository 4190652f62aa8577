package interp

import "stile/asl"

// mapRunEnded is the end of f's Map Run. What it gives follows, as recorded, the
// run's end where a JSONPath state is its body's first, else the run's start.
func (x *Execution) mapRunEnded(f *frame, ev *Event) {
	run := f.run
	x.settle(f)
	if ev.Error != "" || ev.Cause != "" || !ev.Output.Exists() && ev.OutputBlob == 0 {
		f.run = run // it can be redriven, unless the state goes on without it
		defer func() {
			if x.outcome == nil {
				f.run = nil
			}
		}()
	}
	switch {
	case ev.Error != "" || ev.Cause != "":
		x.mapRunFailed(f, &stateError{name: ev.Error, cause: cut(ev.Cause), fatal: ev.Uncatchable})
		return
	case !ev.Output.Exists() && ev.OutputBlob == 0:
		x.step(f, "MapRunAborted", Details{})
		x.mapFailed(f, &stateError{name: asl.ErrTaskFailed, cause: "The Map Run was aborted."})
		return
	}
	out := x.wrap(x.eventOutput(ev.Output, ev.OutputBlob))
	x.out.EventBlob = out.Blob
	started := f.prev
	x.step(f, "MapRunSucceeded", Details{})
	x.emit("MapStateSucceeded", f.prev, Details{})
	if x.outcome != nil {
		return
	}
	if inJSONata(f) || !x.isFirst(f) {
		f.prev = started
	}
	x.saw("result", out.Value)
	x.completed(f, out.Value, 0)
}

// isFirst reports whether f's state is the one that its body starts at.
func (x *Execution) isFirst(f *frame) bool {
	body := x.program.Body
	switch f.kind {
	case branchFrame:
		body = f.parent.state.Parallel[f.index]
	case iterationFrame:
		body = f.parent.state.Map.Processor
	}
	return f.state == body.StartAt
}

// mapRunFailed writes the run's failure and hands it to Retry and Catch.
func (x *Execution) mapRunFailed(f *frame, e *stateError) {
	x.step(f, "MapRunFailed", Details{Error: optional(e.name), Cause: optional(e.cause)})
	x.mapFailed(f, e)
}

func (x *Execution) mapFailed(f *frame, e *stateError) {
	if e.fatal || e.name == asl.ErrRuntime {
		x.fail(f, e)
		return
	}
	x.bodyFailed(f, e)
}
