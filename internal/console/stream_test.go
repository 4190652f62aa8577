package console

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/jsonval"
)

// client reads a stream of the control API.
type client struct {
	t     *testing.T
	lines *bufio.Scanner
}

func follow(t *testing.T, server *httptest.Server, path string, header ...string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if ct := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || ct != "text/event-stream" {
		t.Fatalf("answered %s, %s", resp.Status, ct)
	}
	return &client{t, bufio.NewScanner(resp.Body)}
}

// next gives n events, one a line: name and data.
func (c *client) next(n int) (out []string) {
	c.t.Helper()
	name := ""
	for len(out) < n && c.lines.Scan() {
		switch field, value, _ := strings.Cut(c.lines.Text(), ": "); field {
		case "event":
			name = value
		case "data":
			out = append(out, name+" "+value)
		}
	}
	if len(out) < n {
		c.t.Fatalf("the stream ended after %q: %v", out, c.lines.Err())
	}
	return out
}

func (c *client) want(events ...string) {
	c.t.Helper()
	if d := cmp.Diff(events, c.next(len(events))); d != "" {
		c.t.Fatalf("events (-want +got):\n%s", d)
	}
}

func serve(t *testing.T, f *fake) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(New(config(f)))
	t.Cleanup(s.Close)
	return s
}

func event(id int64, kind, name string) history.Event {
	return history.Event{ID: id, Previous: id - 1, Time: epoch.UnixMilli(), Type: kind, Details: history.Details{Name: name}}
}

func TestFollowOne(t *testing.T) {
	f, arn := story()
	c := follow(t, serve(t, f), "/-/v1/executions/one/events?after=2")
	c.want(`status {"status":"RUNNING","state":"Reserve"}`,
		`state {"state":"Reserve","class":"succeeded"}`, `state {"state":"Pause","class":"waiting"}`,
		`history {"id":3,"type":"PassStateExited","stateExitedEventDetails":{"name":"Reserve"}}`,
		`history {"id":4,"type":"WaitStateEntered","stateEnteredEventDetails":{"name":"Pause"}}`)
	f.put(arn, sfn.Running, "Pause")
	c.want(`status {"status":"RUNNING","state":"Pause"}`)
	f.put(arn, sfn.Succeeded, "", event(5, "WaitStateExited", "Pause"), event(6, "ExecutionSucceeded", ""))
	c.want(`state {"state":"Pause","class":"succeeded"}`,
		`history {"id":5,"type":"WaitStateExited","stateExitedEventDetails":{"name":"Pause"}}`,
		`history {"id":6,"type":"ExecutionSucceeded","executionSucceededEventDetails":{"name":""}}`,
		`status {"status":"SUCCEEDED","state":null}`)
	if c.lines.Scan() && c.lines.Text() != "" {
		t.Errorf("the stream goes on after the end: %q", c.lines.Text())
	}
}

// TestFollowOneReadsWhatItMissed cuts the watch, sends a notice with a hole before
// it, and one whose payload stayed in the store.
func TestFollowOneReadsWhatItMissed(t *testing.T) {
	f, arn := story()
	c := follow(t, serve(t, f), "/-/v1/executions/one/events", "Last-Event-ID", "4")
	<-f.watching
	c.want(`status {"status":"RUNNING","state":"Reserve"}`, `state {"state":"Reserve","class":"succeeded"}`, `state {"state":"Pause","class":"waiting"}`)
	f.mu.Lock()
	f.events[arn] = append(f.events[arn], event(5, "WaitStateExited", "Pause"))
	f.mu.Unlock()
	f.cut()
	<-f.watching
	c.want(`state {"state":"Pause","class":"succeeded"}`, `history {"id":5,"type":"WaitStateExited","stateExitedEventDetails":{"name":"Pause"}}`)
	f.mu.Lock()
	f.events[arn] = append(f.events[arn], event(6, "PassStateEntered", "Reserve"))
	f.mu.Unlock()
	f.put(arn, sfn.Running, "Reserve", event(7, "PassStateExited", "Reserve"))
	c.want(`history {"id":6,"type":"PassStateEntered","stateEnteredEventDetails":{"name":"Reserve"}}`,
		`history {"id":7,"type":"PassStateExited","stateExitedEventDetails":{"name":"Reserve"}}`)
	left := event(8, "PassStateEntered", "Reserve")
	left.Details.Input = &history.Payload{Blob: 9, Value: jsonval.MustParse(`"whole"`)}
	f.mu.Lock()
	f.events[arn] = append(f.events[arn], left)
	for w := range f.watchers {
		bare := left
		bare.Details.Input = &history.Payload{Blob: 9}
		w <- sfn.Notice{ExecutionARN: arn, Status: sfn.Running, State: "Reserve", Events: []history.Event{bare}}
	}
	f.mu.Unlock()
	c.want(`state {"state":"Reserve","class":"running"}`,
		`history {"id":8,"type":"PassStateEntered","stateEnteredEventDetails":{"input":"\"whole\"","name":"Reserve"}}`)
}

func TestFollowAll(t *testing.T) {
	f, arn := story()
	c := follow(t, serve(t, f), "/-/v1/events")
	<-f.watching
	f.put(arn, sfn.Running, "Pause")
	c.want(`execution {"id":"one","stateMachine":"order","status":"RUNNING","state":"Pause"}`)
	f.cut()
	<-f.watching
	c.want(`resync {}`)
	f.put(arn, sfn.Failed, "")
	c.want(`execution {"id":"one","stateMachine":"order","status":"FAILED","state":null}`)
}
