package express

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"time"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/sfn"
	"stile/jsonval"
)

type jsonValue = jsonval.Value

// millis is a wait in milliseconds, never below zero. It is rounded up: a fraction of
// a millisecond must not make a timer early.
func millis(n int64) time.Duration {
	if n <= 0 {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// call is a Task's attempt that is out.
type call struct {
	attempt uint32
	stop    context.CancelFunc
}

// schedule sends an attempt on its way.
func (e *execution) schedule(c *interp.Command) {
	ctx, stop := context.WithCancel(e.h.ctx)
	if e.calls == nil {
		e.calls = map[uint64]*call{}
	}
	if before := e.calls[c.ID]; before != nil {
		before.stop()
	}
	e.calls[c.ID] = &call{c.Attempt, stop}
	out := sfn.TaskCall{
		ExecutionARN: e.arn, ExecutionName: e.start.Name, StateMachineARN: e.machine.ARN, StateMachineName: e.machine.Name,
		RoleARN: e.machine.RoleARN, State: c.State, Command: c.ID, Attempt: c.Attempt, Send: c.Attempt,
		IdempotencyKey: idempotencyKey(e.arn, c), Resource: c.Resource, Parameters: payload(&c.Parameters),
		NamedValues: namedValues(c.NamedValues), Mock: c.Mock, Scheduled: time.UnixMilli(e.last), Owner: e.start.Owner, Subject: e.start.Subject,
		TraceID: e.start.TraceID, Span: sfn.StateSpan(e.arn, c.Entered),
	}
	if c.TimeoutAt != 0 {
		out.Deadline = time.UnixMilli(c.TimeoutAt)
	}
	go e.call(ctx, stop, out)
}

func namedValues(refs []asl.NamedValueRef) (out []sfn.NamedValueRef) {
	for _, r := range refs {
		out = append(out, sfn.NamedValueRef(r))
	}
	return out
}

// idempotencyKey names what an attempt asks for. An execution that starts over has the
// same ARN and counts its commands from the first again, but may take another way: the
// call's own content is in the key, so that only the same call has the same one.
func idempotencyKey(arn string, c *interp.Command) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "stile express\x00%s\x00%s\x00%s\x00", arn, c.State, c.Resource)
	var n [16]byte
	binary.BigEndian.PutUint64(n[:], c.ID)
	binary.BigEndian.PutUint64(n[8:], c.KeyID)
	sum.Write(n[:])
	sum.Write(c.Parameters.Value.Raw())
	return hex.EncodeToString(sum.Sum(nil))
}

// call runs one attempt. It is the one place where a panic of an integration is
// caught: the attempt fails, and the process lives.
func (e *execution) call(ctx context.Context, stop context.CancelFunc, c sfn.TaskCall) {
	done := func(r sfn.TaskResult) {
		stop()
		e.answered(c, r)
	}
	defer func() {
		if r := recover(); r != nil {
			e.h.cfg.Log.Error("a task integration panicked", "execution", c.ExecutionARN, "state", c.State,
				"panic", fmt.Sprintf("%v\n%s", r, debug.Stack()))
			done(sfn.TaskResult{Error: asl.ErrTaskFailed, Cause: "The task integration failed; see the server's log."})
		}
	}()
	(*e.h.tasks.Load()).Start(ctx, c, done)
}

// answered makes an event of an attempt's answer. One of an attempt that nobody waits
// for is late, and interp passes over it.
func (e *execution) answered(c sfn.TaskCall, r sfn.TaskResult) {
	ev := interp.Event{Kind: interp.EventTaskSucceeded, Command: c.Command, Attempt: c.Attempt, Output: r.Output,
		Error: r.Error, Cause: r.Cause, Definite: r.Definite, Uncatchable: r.Uncatchable, RetryAfterMillis: r.RetryAfter.Milliseconds()}
	if r.Error != "" {
		ev.Kind, ev.Output = interp.EventTaskFailed, jsonval.Value{}
	}
	e.post(ev)
}

// giveUp ends a call that nobody waits for any more.
func (e *execution) giveUp(command uint64) {
	c := e.calls[command]
	if c == nil {
		return
	}
	delete(e.calls, command)
	c.stop()
	(*e.h.tasks.Load()).Cancel(e.arn, command)
}
