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
	"stile/internal/engine/record"
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
	t.set(record.SpaceWork, t.live.id.Key(command), w.Encode())
}

func (t *turn) dropWork(command uint64) {
	w := t.live.work[command]
	if w == nil {
		return
	}
	t.live.uncount(command, w)
	delete(t.live.work, command)
	t.remove(record.SpaceWork, t.live.id.Key(command))
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
	before := record.Work{Entered: l.state.Last}
	if old := l.work[c.ID]; old != nil {
		send, before = old.Send, old.Work
		t.wakeEarly(old)
	}
	w := &work{Work: record.Work{
		Phase: record.Dispatched, Attempt: c.Attempt, Send: send + 1, Epoch: t.epoch, Token: c.TaskToken != "" && !c.Mock.Exists(), Since: l.state.Last,
		State: c.State, Entered: before.Entered, Trouble: before.Trouble, Refused: before.Refused,
	}}
	if w.Token {
		if tok, ok := sfn.OpenTask(c.TaskToken, t.h.keys.Key); ok {
			w.Expires = tok.Expires.UnixMilli()
		}
	}
	t.putWork(c.ID, w)
	t.tasks = append(t.tasks, l.dispatch(c, w.Send))
}

// gaveUp says that the attempt is no longer waited for: it took too long, or its
// thread has ended.
func (t *turn) gaveUp(command uint64) {
	if w := t.live.work[command]; w != nil {
		w.Trouble, w.Refused = sfn.TroubleRetry, 0
	}
	t.idle(command)
}

// idle says that no attempt of the visit is out; how often it was sent is kept,
// since another attempt may follow.
func (t *turn) idle(command uint64) {
	w := t.live.work[command]
	if w == nil || w.Phase == record.Idle {
		return
	}
	t.wakeEarly(w)
	w.Phase, w.command = record.Idle, nil
	t.putWork(command, w)
}

// idleCallers is how many goroutines wait for the next call; of those under way
// youngCalls began a moment ago.
const (
	idleCallers = 256
	youngCalls  = 256
)

// dispatch is a task call on its way.
type dispatch struct {
	id         record.ID
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
		ExecutionARN: f.ARN, ExecutionName: f.Name(),
		StateMachineARN: f.MachineARN, StateMachineName: f.MachineName(),
		RoleARN: f.Role, State: c.State, Command: c.ID, Attempt: c.Attempt, Send: send,
		Resource: c.Resource, NamedValues: namedValues(c.NamedValues), TaskToken: c.TaskToken, Mock: c.Mock, Owner: f.Owner, Subject: f.Subject,
		TraceID: f.Trace, Span: sfn.StateSpan(f.ARN, c.Entered), Scheduled: time.UnixMilli(l.work[c.ID].Since),
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
	id      record.ID
	arn     string
	command uint64
}

type callID struct {
	id      record.ID
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
	if d.call.TaskToken != "" {
		h.tokenStates.put(callID{d.id, d.call.Command}, d.call.State)
	}
	if h.committer.plant.newKeys {
		d.keyID = uint64(d.call.Send)
	}
	d.call.IdempotencyKey = h.keys.Idempotency(d.call.ExecutionARN, d.call.Command, d.keyID)
	if h.committer.plant.inTurn {
		h.call(ctx, tasks, d)
		return
	}
	h.calling.Do(func() { h.call(ctx, tasks, d) })
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
	s.answer(outcome{d, r})
}

// outcome is a call's result on its way to its execution.
type outcome struct {
	*dispatch
	sfn.TaskResult
}

// answersATurn bounds the results that one turn takes: others must not wait long.
const answersATurn = 64

// answer queues a result. Those of one execution that come while its shard is busy
// are taken together: a Map whose items end at once is judged and shown once.
func (s *shard) answer(a ...outcome) {
	s.mu.Lock()
	id := a[0].id
	waiting := len(s.answers[id]) > 0
	s.answers[id] = append(s.answers[id], a...)
	s.mu.Unlock()
	if !waiting && !s.do(func() { s.takeAnswers(id) }) {
		s.mu.Lock()
		delete(s.answers, id) // the host closes: the calls are sent again
		s.mu.Unlock()
	}
}

func (s *shard) takeAnswers(id record.ID) {
	s.mu.Lock()
	taken := s.answers[id]
	if len(taken) > answersATurn {
		s.answers[id] = taken[answersATurn:]
		taken = taken[:answersATurn:answersATurn]
	} else {
		delete(s.answers, id)
	}
	more := len(s.answers[id]) > 0
	s.mu.Unlock()
	s.taskEvents(id, taken)
	if more {
		s.do(func() { s.takeAnswers(id) })
	}
}

func (s *shard) taskEvents(id record.ID, answers []outcome) {
	l, err := s.lookup(id)
	again := func() { s.answer(answers...) }
	if err != nil || l == nil {
		s.missed("an answer for an execution that cannot be loaded", id, err, again)
		return
	}
	t := s.turn(l)
	t.again = again
	for _, a := range answers {
		t.taskAnswered(a)
	}
	s.end(t)
}

// taskAnswered makes a result an event.
func (t *turn) taskAnswered(a outcome) {
	l, d, r := t.live, a.dispatch, a.TaskResult
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
	t.trouble, t.refused = 0, 0
	if r.Error != "" {
		t.trouble = sfn.TroubleOf(r.Error, r.Call)
		if r.NoSecret {
			t.trouble = sfn.TroubleSecret
		}
		if denial := sfn.DenialOf(r.Call); denial.Exists() {
			t.denial, t.refused = denial, d.call.Send
		}
	}
	if r.Call.Exists() {
		t.set(record.SpaceCall, l.id.Key(d.call.Command, uint64(d.call.Send)), record.EncodeCall(sfn.CallRecord{
			State: d.call.State, Attempt: d.call.Attempt, Time: time.UnixMilli(t.h.now()), Call: r.Call,
		}))
	}
	t.taskEvent(ev)
	if w := l.work[d.call.Command]; w == nil || w.Attempt != d.call.Attempt || w.Phase != record.Submitted || w.Token {
		t.after = append(t.after, func() { t.h.endCall(d) })
	}
}

// taskEvent applies a task event and keeps the work records in step.
func (t *turn) taskEvent(ev interp.Event) bool {
	l := t.live
	w := l.work[ev.Command]
	if w == nil || w.Attempt != ev.Attempt || w.Phase == record.Idle {
		return false
	}
	trouble, refused := w.Trouble, w.Refused
	if ev.Kind == interp.EventTaskFailed {
		w.Trouble, w.Refused = max(t.trouble, sfn.TroubleRetry), t.refused
	}
	if !t.apply(ev) {
		w.Trouble, w.Refused = trouble, refused
		return false
	}
	t.tellDelivery(ev, w.State)
	if w != l.work[ev.Command] { // ended with the execution, or the next attempt is out
		return true
	}
	switch ev.Kind {
	case interp.EventTaskSucceeded:
		t.dropWork(ev.Command)
	case interp.EventTaskFailed:
		t.idle(ev.Command)
	case interp.EventTaskSubmitted, interp.EventTaskStarted: // taken by a worker
		w.Phase = record.Submitted
		t.wakeEarly(w)
		t.putWork(ev.Command, w)
	}
	return true
}
