package task

import (
	"context"
	"fmt"

	"stile/internal/sfn"
	"stile/jsonval"
)

// bound is the context of one call.
func (in *Integration) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if in.Within == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, in.Within)
}

// job sees a job that was submitted to its end; false where nobody waits for that.
func (r *Runner) job(ctx context.Context, j *Job, d *dispatch, call sfn.TaskCall, submitted jsonval.Value, done func(sfn.TaskResult)) bool {
	if !r.begun(d, func() { j.Stop(r, submitted) }) {
		return false // Cancel has come: what was begun is stopped
	}
	end := guarded(call, func() sfn.TaskResult { return j.Await(ctx, r, call, submitted) })
	if ctx.Err() != nil { // Cancel follows and stops the job, or the host closes
		return false
	}
	done(r.finished(call, end))
	return true
}

// attempt makes the call.
func (r *Runner) attempt(ctx context.Context, in Integration, call sfn.TaskCall) (res sfn.TaskResult) {
	defer caught(call.Resource, &res)
	return in.Start(ctx, r, call)
}

// guarded is attempt for what else an integration does.
func guarded(call sfn.TaskCall, f func() sfn.TaskResult) (res sfn.TaskResult) {
	defer caught(call.Resource, &res)
	return f()
}

// caught makes a panic of an integration the failure of that attempt.
func caught(resource string, res *sfn.TaskResult) {
	if p := recover(); p != nil {
		*res = sfn.TaskResult{Error: "States.Runtime", Uncatchable: true,
			Cause: fmt.Sprintf("The integration of '%s' broke: %v", resource, p)}
	}
}
