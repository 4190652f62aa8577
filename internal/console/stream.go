package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

// stream is one response of server-sent events (HTML standard).
type stream struct {
	w     http.ResponseWriter
	flush *http.ResponseController
	err   error
}

func openStream(w http.ResponseWriter) *stream {
	s := &stream{w: w, flush: http.NewResponseController(w)}
	secure(w.Header(), pagePolicy)
	w.Header().Set("Content-Type", "text/event-stream")
	// A server's write deadline is meant for answers that end; some writers have none.
	_ = s.flush.SetWriteDeadline(time.Time{})
	w.WriteHeader(http.StatusOK)
	return s
}

// send writes one event; data is one line of JSON. id 0 writes none.
func (s *stream) send(event string, data jsonval.Value, id int64) {
	if s.err != nil {
		return
	}
	if id > 0 {
		_, s.err = fmt.Fprintf(s.w, "id: %d\n", id)
	}
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, data.Compact().Raw())
	}
}

func (s *stream) beat() {
	if s.err == nil {
		_, s.err = s.w.Write([]byte(": alive\n\n"))
	}
	s.push()
}

func (s *stream) push() {
	if s.err == nil {
		s.err = s.flush.Flush()
	}
}

func statusJSON(status, state string) jsonval.Value {
	var o jsonval.Object
	return o.AddString("status", status).Add("state", textOrNull(state)).Value()
}

// followOne streams an execution: its status, the class of every node, and the
// history events after ?after=N (or Last-Event-ID), then all changes until it ends.
func (c *console) followOne(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	p, err := c.program(r.Context(), x.ARN)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if n, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		after = n
	}
	f := &follower{c: c, arn: x.ARN, tracker: NewTracker(p), shown: map[string]string{}, after: after, stream: openStream(w)}
	for f.stream.err == nil && r.Context().Err() == nil && !f.ended {
		f.watch(r.Context())
	}
}

// follower is one client that follows one execution.
type follower struct {
	c       *console
	arn     string
	event   func(history.Event) jsonval.Value
	stream  *stream
	tracker *Tracker
	shown   map[string]string // state → the class that the client knows
	status  string            // the status and state that the client knows
	last    int64             // the newest event that the tracker has
	after   int64             // the newest event that the client has
	history bool              // the client may read the history, and with it the states' classes
	ended   bool
}

// watch reads what stands and then follows notices until some are lost, the
// client is gone, or the execution has ended.
func (f *follower) watch(ctx context.Context) {
	notices, end := f.c.Host.Watch(f.arn)
	defer end()
	if !f.allowed(ctx) || !f.catchUp(ctx) {
		return
	}
	beat := time.NewTicker(f.c.Heartbeat)
	defer beat.Stop()
	for f.stream.err == nil && !f.ended {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			f.stream.beat()
		case n, ok := <-notices:
			if !ok {
				return
			}
			if !f.allowed(ctx) || !f.take(ctx, n) {
				return
			}
		}
	}
}

// allowed looks again before anything is sent: assignments change while a stream
// is open. One whose caller may no longer see the execution ends.
func (f *follower) allowed(ctx context.Context) bool {
	names := sfn.ExecutionResources(f.arn)
	f.ended = !f.c.may(ctx, describeExecution, names...)
	f.history, f.event = f.c.may(ctx, readHistory, names...), f.c.events(ctx, f.arn)
	return !f.ended
}

// catchUp sends what changed since the client's last event; false ends the stream.
func (f *follower) catchUp(ctx context.Context) bool {
	x, err := f.c.Host.DescribeExecution(ctx, f.arn)
	var events []history.Event
	if err == nil {
		events, err = f.c.history(ctx, f.arn, f.last)
	}
	if err != nil {
		f.ended = true // deleted, or the host is closing: the client asks again
		return false
	}
	f.show(x.Status, x.State, events)
	return true
}

// take sends a notice's change. Payloads that a notice left in the store, and
// events that it skipped, are read.
func (f *follower) take(ctx context.Context, n sfn.Notice) bool {
	events := n.Events
	for len(events) > 0 && events[0].ID <= f.last {
		events = events[1:]
	}
	if len(events) > 0 && (events[0].ID != f.last+1 || !loaded(events)) {
		return f.catchUp(ctx)
	}
	f.show(n.Status, n.State, events)
	return true
}

func loaded(events []history.Event) bool {
	for _, ev := range events {
		for _, p := range []*history.Payload{ev.Details.Input, ev.Details.Output, ev.Details.Parameters} {
			if p != nil && p.Blob != 0 && !p.Value.Exists() {
				return false
			}
		}
	}
	return true
}

func (f *follower) show(status, state string, events []history.Event) {
	for _, ev := range events {
		f.tracker.Apply(ev)
		f.last = ev.ID
	}
	changed := f.status != status+"\x00"+state
	f.status, f.ended = status+"\x00"+state, status != sfn.Running
	if changed && !f.ended {
		f.stream.send("status", statusJSON(status, state), 0)
	}
	for _, n := range f.tracker.Classes() {
		if f.history && f.shown[n.State] != n.Class {
			f.shown[n.State] = n.Class
			var o jsonval.Object
			f.stream.send("state", o.AddString("state", n.State).AddString("class", n.Class).Value(), 0)
		}
	}
	for _, ev := range events {
		if f.history && ev.ID > f.after {
			f.stream.send("history", f.event(ev), ev.ID)
			f.after = ev.ID
		}
	}
	// A client ends its wait by this event, so an end comes after all else.
	if f.ended {
		f.stream.send("status", statusJSON(status, state), 0)
	}
	f.stream.push()
}

// followAll streams the changes of all executions.
func (c *console) followAll(w http.ResponseWriter, r *http.Request) {
	s := openStream(w)
	s.beat() // so that a client knows at once that it is heard
	for s.err == nil && r.Context().Err() == nil {
		if !c.watchAll(r.Context(), s) {
			return
		}
		// Notices were lost: the client reads the list again.
		s.send("resync", jsonval.EmptyObject, 0)
		s.push()
	}
}

func (c *console) watchAll(ctx context.Context, s *stream) bool {
	notices, end := c.Host.Watch("")
	defer end()
	beat := time.NewTicker(c.Heartbeat)
	defer beat.Stop()
	heard := false
	for s.err == nil {
		select {
		case <-ctx.Done():
			return false
		case <-beat.C:
			s.beat()
		case n, ok := <-notices:
			if !ok {
				// A host that closes closes every watch at once: do not spin on it.
				return heard
			}
			heard = true
			if !c.may(ctx, listExecutions, sfn.ExecutionResources(n.ExecutionARN)...) {
				continue
			}
			a, _ := sfn.ParseARN(n.ExecutionARN)
			var o jsonval.Object
			o.AddString("id", a.Sub).AddString("stateMachine", a.Name).AddString("status", n.Status)
			s.send("execution", o.Add("state", textOrNull(n.State)).Value(), 0)
			s.push()
		}
	}
	return false
}
