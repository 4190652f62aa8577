package express

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"stile/asl"
	"stile/asl/history"
	"stile/asl/interp"
	"stile/internal/sfn"
)

// execution is one that is open.
//
// Its task is to bring events to interp one at a time and to carry out what follows,
// without a goroutine of its own: post hands an event over, and who finds nobody at
// work does the work. Only that worker touches what stands below inbox.
type execution struct {
	h       *Host
	arn, id string
	machine sfn.StateMachine
	program *asl.Program
	start   sfn.Start
	sync    bool
	size    int64 // what it was admitted with
	ended   func(end)

	mu    sync.Mutex
	inbox []interp.Event
	busy  bool
	over  bool

	x      *interp.Execution
	began  int64
	last   int64
	state  string
	held   int64 // bytes of the payloads that it made
	timers map[uint64]func()
	calls  map[uint64]*call
}

// end is how an execution ended. broken says that it did not: it is in quarantine.
type end struct {
	outcome     interp.Outcome
	began, over int64
	held        int64
	broken      bool
}

// begin brings the first event. The work is done by the caller's goroutine until
// the execution waits for something.
func (e *execution) begin() {
	e.x = interp.New(e.program, interp.Env{CheckParameters: e.h.cfg.CheckParameters, MaxPayload: e.h.cfg.MaxPayload, MaxHistory: 1 << 60, Sync: e.sync,
		Token: func(string, string, uint64, uint32, int64) string { return "" }})
	e.began = e.h.cfg.Clock.Now().UnixMilli()
	e.post(interp.Event{Kind: interp.EventStarted, Start: &interp.Start{
		Semantics: interp.Semantics, ExecutionARN: e.arn, Name: e.start.Name, StateMachineARN: e.machine.ARN,
		StateMachineName: e.machine.Name, RoleARN: e.machine.RoleARN, Type: sfn.Express, Input: e.start.Input, Owner: e.start.Owner,
		Subject: e.start.Subject, TraceID: e.start.TraceID, ParentSpan: e.start.ParentSpan, TraceHeader: e.start.TraceHeader,
		Account: e.h.cfg.Account, Region: e.h.cfg.Region, Mocks: e.start.Mocks,
		VersionARN: e.start.VersionARN, AliasARN: e.start.AliasARN,
	}})
}

// post hands an event over, and works the inbox off where nobody does.
func (e *execution) post(ev interp.Event) {
	e.mu.Lock()
	if e.over {
		e.mu.Unlock()
		return
	}
	e.inbox = append(e.inbox, ev)
	if e.busy {
		e.mu.Unlock()
		return
	}
	e.busy = true
	for len(e.inbox) > 0 && !e.over {
		next := e.inbox[0]
		e.inbox = e.inbox[1:]
		e.mu.Unlock()
		e.apply(next)
		e.mu.Lock()
	}
	e.busy = false
	if e.over {
		e.inbox = nil
	}
	e.mu.Unlock()
}

func (e *execution) apply(ev interp.Event) {
	switch ev.Kind {
	case interp.EventContinue:
		runtime.Gosched() // others' turn, and time for a timer to come into the inbox
	case interp.EventTaskSucceeded, interp.EventTaskFailed:
		if c := e.calls[ev.Command]; c != nil && c.attempt == ev.Attempt {
			delete(e.calls, ev.Command)
		}
	}
	if e.h.cut() {
		e.finish(end{broken: true})
		return
	}
	ev.Time = max(e.h.cfg.Clock.Now().UnixMilli(), e.last)
	ev.Seed = e.h.cfg.Seed()
	ch, trouble := applyCaught(e.x, ev)
	if trouble == "" {
		trouble = e.strange(ch)
	}
	switch {
	case trouble != "":
		e.h.cfg.Log.Error("EXPRESS execution in quarantine", "execution", e.arn, "event", ev.Kind, "error", trouble)
		e.finish(end{broken: true})
		return
	case ch.Stray:
		return
	}
	e.last, e.state = ev.Time, ch.State
	for _, b := range ch.Blobs {
		e.held += int64(len(b.Value.Raw()))
	}
	e.tell(ch)
	for i := range ch.Commands {
		e.carryOut(&ch.Commands[i])
	}
	if ch.Done != nil {
		e.finish(end{outcome: *ch.Done, began: e.began, over: e.last, held: e.held})
		return
	}
	if ch.More {
		e.mu.Lock()
		e.inbox = append(e.inbox, interp.Event{Kind: interp.EventContinue})
		e.mu.Unlock()
	}
}

// applyCaught is the one place where a panic of interp is caught.
func applyCaught(x *interp.Execution, ev interp.Event) (ch interp.Changes, trouble string) {
	defer func() {
		if r := recover(); r != nil {
			trouble = fmt.Sprintf("%v\n%s", r, debug.Stack())
		}
	}()
	return x.Apply(ev), ""
}

// strange finds commands that no EXPRESS definition gives.
func (e *execution) strange(ch interp.Changes) string {
	for _, c := range ch.Commands {
		if c.Kind == interp.StartMapRun || c.Kind == interp.ScheduleTask && c.TaskToken != "" {
			return "state " + c.State + " asks for what EXPRESS executions do not have"
		}
	}
	return ""
}

// tell hands on what happened, so that it can be traced and logged.
func (e *execution) tell(ch interp.Changes) {
	status := sfn.Running
	if ch.Done != nil {
		status = ch.Done.Status
	}
	e.h.cfg.Observe(sfn.Notice{ExecutionARN: e.arn, Status: status, State: ch.State, Events: ch.History,
		TraceID: e.start.TraceID, ParentSpan: e.start.ParentSpan})
}

// carryOut does what a command says.
func (e *execution) carryOut(c *interp.Command) {
	switch c.Kind {
	case interp.StartTimer:
		id := c.Timer
		wait := c.At - e.h.cfg.Clock.Now().UnixMilli()
		if e.timers == nil {
			e.timers = map[uint64]func(){}
		}
		e.timers[id] = e.h.cfg.Clock.AfterFunc(millis(wait), func() { e.post(interp.Event{Kind: interp.EventTimer, Timer: id}) })
	case interp.CancelTimer:
		if stop := e.timers[c.Timer]; stop != nil {
			stop()
			delete(e.timers, c.Timer)
		}
	case interp.ScheduleTask:
		e.schedule(c)
	case interp.CancelTask:
		e.giveUp(c.ID)
	}
}

// finish ends what is open of it, and tells who waits.
func (e *execution) finish(how end) {
	e.mu.Lock()
	e.over = true
	e.mu.Unlock()
	for _, stop := range e.timers {
		stop()
	}
	for command := range e.calls {
		e.giveUp(command)
	}
	e.x, e.timers = nil, nil
	e.ended(how)
	e.h.leave(e.size)
}

// payload is a payload's value: in memory, as all of an EXPRESS execution's.
func payload(p *history.Payload) (v jsonValue) {
	if p != nil {
		v = p.Value
	}
	return v
}
