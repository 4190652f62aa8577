package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/sfn"
	"stile/jsonval"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func cutLine(s string) (first, rest string, more bool) { return strings.Cut(s, "\n") }

func (t *turn) putWork(command uint64, w *work) {
	l := t.live
	if old := l.work[command]; old != nil && old != w {
		l.uncount(command, old)
	}
	l.work[command] = w
	t.remark(command)
	t.set(spaceWork, t.live.id.key(command), w.encode())
}

func (t *turn) dropWork(command uint64) {
	w := t.live.work[command]
	if w == nil {
		return
	}
	t.live.uncount(command, w)
	delete(t.live.work, command)
	t.remove(spaceWork, t.live.id.key(command))
	t.wakeEarly(w)
}

// wakeEarly lets completions that waited for the request's acceptance look again.
func (t *turn) wakeEarly(w *work) {
	if len(w.early) > 0 {
		t.after = append(t.after, w.early...)
		w.early = nil
	}
}

// schedule records an attempt and has it dispatched after the group.
func (t *turn) schedule(c *interp.Command) {
	l := t.live
	var send uint32
	before := workRecord{entered: l.state.last}
	if old := l.work[c.ID]; old != nil {
		send, before = old.send, old.workRecord
		t.wakeEarly(old)
	}
	w := &work{workRecord: workRecord{
		phase: workDispatched, attempt: c.Attempt, send: send + 1, epoch: t.epoch, token: c.TaskToken != "" && !c.Mock.Exists(), since: l.state.last,
		state: c.State, entered: before.entered, trouble: before.trouble, refused: before.refused,
	}}
	if w.token {
		if tok, ok := sfn.OpenTask(c.TaskToken, t.h.keys.Key); ok {
			w.expires = tok.Expires.UnixMilli()
		}
	}
	t.putWork(c.ID, w)
	t.tasks = append(t.tasks, l.dispatch(c, w.send))
}

// gaveUp says that the attempt is no longer waited for: it took too long, or its
// thread has ended.
func (t *turn) gaveUp(command uint64) {
	if w := t.live.work[command]; w != nil {
		w.trouble, w.refused = sfn.TroubleRetry, 0
	}
	t.idle(command)
}

// idle says that no attempt of the visit is out; how often it was sent is kept,
// since another attempt may follow.
func (t *turn) idle(command uint64) {
	w := t.live.work[command]
	if w == nil || w.phase == workIdle {
		return
	}
	t.wakeEarly(w)
	w.phase, w.command = workIdle, nil
	t.putWork(command, w)
}

// dispatch is a task call on its way.
type dispatch struct {
	id         execID
	call       sfn.TaskCall
	keyID      uint64
	parameters interp.Payload
	stop       context.CancelFunc
	// resent takes the answer of a request that was sent once more; nil of others.
	resent func(sfn.TaskResult, error)
}

func (l *live) dispatch(c *interp.Command, send uint32) *dispatch {
	f := &l.fixed
	d := &dispatch{id: l.id, keyID: c.KeyID, parameters: c.Parameters, call: sfn.TaskCall{
		ExecutionARN: f.arn, ExecutionName: f.name(),
		StateMachineARN: f.machineARN, StateMachineName: f.machineName(),
		RoleARN: f.role, State: c.State, Command: c.ID, Attempt: c.Attempt, Send: send,
		Resource: c.Resource, NamedValues: namedValues(c.NamedValues), TaskToken: c.TaskToken, Mock: c.Mock, Owner: f.owner, Subject: f.subject,
		TraceID: f.trace, Span: sfn.StateSpan(f.arn, c.Entered), Scheduled: time.UnixMilli(l.work[c.ID].since),
	}}
	if c.TimeoutAt != 0 {
		d.call.Deadline = time.UnixMilli(c.TimeoutAt)
	}
	return d
}

func namedValues(refs []asl.NamedValueRef) (out []sfn.NamedValueRef) {
	for _, r := range refs {
		out = append(out, sfn.NamedValueRef(r))
	}
	return out
}

// cancel names a command whose attempt no longer matters.
type cancel struct {
	id      execID
	arn     string
	command uint64
}

type callID struct {
	id      execID
	command uint64
}

// dispatch starts the call; its group is durable.
func (h *Host) dispatch(d *dispatch) {
	tasks := h.tasks()
	if tasks == nil {
		return // the host closes: the next one sends it
	}
	ctx, stop := context.WithCancel(h.ctx)
	d.stop = stop
	if d.resent != nil { // who waits for it must learn of the attempt's end
		context.AfterFunc(ctx, func() { d.resent(sfn.TaskResult{}, callbackGone()) })
	}
	h.calls.Store(callID{d.id, d.call.Command}, d)
	d.call.IdempotencyKey = h.keys.Idempotency(d.call.ExecutionARN, d.call.Command, d.keyID)
	go h.call(ctx, tasks, d)
}

// call runs one dispatch. It is the one place where a panic of an integration is
// caught: the attempt fails, and the process lives.
func (h *Host) call(ctx context.Context, tasks Tasks, d *dispatch) {
	defer func() {
		if r := recover(); r != nil {
			h.log.Error("a task integration panicked", "execution", d.call.ExecutionARN, "state", d.call.State,
				"panic", fmt.Sprintf("%v\n%s", r, debug.Stack()))
			h.taskDone(d, sfn.TaskResult{Error: asl.ErrTaskFailed, Cause: "The task integration failed; see the server's log."})
		}
	}()
	if err := h.fill(d.id, &d.parameters); err != nil {
		h.log.Error("task parameters cannot be read", "execution", d.call.ExecutionARN, "state", d.call.State, "error", err)
		h.taskDone(d, sfn.TaskResult{Error: asl.ErrRuntime, Cause: "The task's parameters cannot be read from the store.", Uncatchable: true})
		return
	}
	d.call.Parameters = d.parameters.Value
	tasks.Start(ctx, d.call, func(r sfn.TaskResult) { h.taskDone(d, r) })
}

func (h *Host) cancel(c cancel) {
	if d, ok := h.calls.LoadAndDelete(callID{c.id, c.command}); ok {
		d.(*dispatch).stop()
	}
	if tasks := h.tasks(); tasks != nil {
		tasks.Cancel(c.arn, c.command)
	}
}

// endCall frees the call's context; a newer attempt's stays.
func (h *Host) endCall(d *dispatch) {
	d.stop()
	h.calls.CompareAndDelete(callID{d.id, d.call.Command}, d)
}

// taskDone turns an answer into an event. Answers that come while the host closes
// are dropped: the cancelled call is sent again, with the same key, at the next start.
func (h *Host) taskDone(d *dispatch, r sfn.TaskResult) {
	if h.closing.Load() {
		return
	}
	s := h.shardOf(d.id)
	if d.resent != nil {
		s.do(func() { s.resentDone(d, r) })
		return
	}
	s.do(func() { s.taskEvent(d, r) })
}

func (s *shard) taskEvent(d *dispatch, r sfn.TaskResult) {
	l, err := s.lookup(d.id)
	again := func() { s.taskEvent(d, r) }
	if err != nil || l == nil {
		s.missed("an answer for an execution that cannot be loaded", d.id, err, again)
		return
	}
	ev := interp.Event{
		Kind: interp.EventTaskSucceeded, Command: d.call.Command, Attempt: d.call.Attempt, Output: r.Output,
		Error: r.Error, Cause: r.Cause, Definite: r.Definite, Uncatchable: r.Uncatchable,
		RetryAfterMillis: r.RetryAfter.Milliseconds(),
	}
	switch {
	case r.Error != "":
		ev.Kind, ev.Output = interp.EventTaskFailed, jsonval.Value{}
	case r.Submitted:
		ev.Kind = interp.EventTaskSubmitted
	}
	t := s.turn(l)
	t.again = again
	if r.Error != "" {
		t.trouble, t.denial = sfn.TroubleOf(r.Error, r.Call), sfn.DenialOf(r.Call)
		if r.NoSecret {
			t.trouble = sfn.TroubleSecret
		}
		if t.denial.Exists() {
			t.refused = d.call.Send
		}
	}
	if r.Call.Exists() {
		t.set(spaceCall, l.id.key(d.call.Command, uint64(d.call.Send)), encodeCall(sfn.CallRecord{
			State: d.call.State, Attempt: d.call.Attempt, Time: time.UnixMilli(s.h.now()), Call: r.Call,
		}))
	}
	t.taskEvent(ev)
	if w := l.work[d.call.Command]; w == nil || w.attempt != d.call.Attempt || w.phase != workSubmitted || w.token {
		t.after = append(t.after, func() { s.h.endCall(d) })
	}
	s.end(t)
}

// taskEvent applies a task event and keeps the work records in step.
func (t *turn) taskEvent(ev interp.Event) bool {
	l := t.live
	w := l.work[ev.Command]
	if w == nil || w.attempt != ev.Attempt || w.phase == workIdle {
		return false
	}
	trouble, refused := w.trouble, w.refused
	if ev.Kind == interp.EventTaskFailed {
		w.trouble, w.refused = max(t.trouble, sfn.TroubleRetry), t.refused
	}
	if !t.apply(ev) {
		w.trouble, w.refused = trouble, refused
		return false
	}
	t.tellDelivery(ev, w.state)
	if w != l.work[ev.Command] { // ended with the execution, or the next attempt is out
		return true
	}
	switch ev.Kind {
	case interp.EventTaskSucceeded:
		t.dropWork(ev.Command)
	case interp.EventTaskFailed:
		t.idle(ev.Command)
	case interp.EventTaskSubmitted, interp.EventTaskStarted: // taken by a worker
		w.phase = workSubmitted
		t.wakeEarly(w)
		t.putWork(ev.Command, w)
	}
	return true
}
