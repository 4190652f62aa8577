package kill

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strings"
	"sync"

	"stile/asl/history/historytest"
)

// check holds executions against what is known of them: those that were touched since
// the last check or have not ended, and of the others one in share (1: all).
func (d *driver) check(share int) (checked int) {
	work := make(chan *execution)
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			c := d.client(1000 + n)
			defer c.close()
			for e := range work {
				if err := c.checkOne(e); err != nil {
					d.report(foundOther, "%s cannot be checked: %v", e.name, err)
				}
			}
		})
	}
	d.mu.Lock()
	list, extras := d.all, d.extras
	d.mu.Unlock()
	for i, e := range list {
		if e.touched || !e.over() || (i+d.server.lives)%share == 0 {
			checked++
			work <- e
		}
	}
	close(work)
	all.Wait()
	c := d.client(2000)
	defer c.close()
	for i, name := range extras {
		if i%share == 0 || i >= len(extras)-50 {
			c.checkExtra(name)
		}
	}
	return checked
}

func (c *client) checkExtra(name string) {
	arn := arnPrefix + "stateMachine:" + name
	if err := c.w.call("DescribeStateMachine", map[string]any{"stateMachineArn": arn}, nil); err != nil {
		c.d.report(foundLost, "state machine %s: %v", name, err)
		return
	}
	var out struct{ Tags []struct{ Key, Value string } }
	err := c.w.call("ListTagsForResource", map[string]any{"resourceArn": arn}, &out)
	if c.d.tagged[name] && (err != nil || len(out.Tags) != 1 || out.Tags[0].Value != name) {
		c.d.report(foundLost, "state machine %s has the tags %v, %v", name, out.Tags, err)
	}
}

// checkOne checks one execution. One whose start is in doubt is started again: it
// is there or it is not, and both are right.
func (c *client) checkOne(e *execution) error {
	if !e.acked {
		if err := c.start(e); err != nil {
			return err
		}
	}
	var x struct{ Status, Input, Error string }
	err := c.w.call("DescribeExecution", map[string]any{"executionArn": e.arn()}, &x)
	if refused(err) == "ExecutionDoesNotExist" {
		c.d.report(foundLost, "%s was started, and is not there", e.name)
		return nil
	}
	if err != nil {
		return err
	}
	if x.Input != e.input {
		c.d.report(foundLost, "%s has the input %s, was started with %s", e.name, x.Input, e.input)
	}
	if e.over() && x.Status != e.status {
		c.d.report(foundRewritten, "%s had ended as %s, now it is %s", e.name, e.status, x.Status)
	}
	events, err := c.history(e)
	if err != nil {
		return err
	}
	c.checkHistory(e, events)
	if e.stopped && (x.Status != "ABORTED" || x.Error != "Enough") {
		c.d.report(foundLost, "%s was stopped, and is %s", e.name, x.Status)
	}
	e.mu.Lock()
	doubt := e.stops > 0 && !e.stopped
	e.touched, e.status = false, x.Status
	if doubt && x.Status == "RUNNING" {
		e.stops = 0
	}
	e.mu.Unlock()
	if doubt && x.Status == "RUNNING" {
		c.d.put(e)
	}
	return nil
}

func (c *client) history(e *execution) (events []json.RawMessage, err error) {
	in := map[string]any{"executionArn": e.arn(), "maxResults": 1000}
	for {
		var page struct {
			Events    []json.RawMessage
			NextToken string
		}
		if err := c.w.call("GetExecutionHistory", in, &page); err != nil {
			return nil, err
		}
		events = append(events, page.Events...)
		if page.NextToken == "" {
			return events, nil
		}
		in["nextToken"] = page.NextToken
	}
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// checkHistory holds a history against the rules, against what was shown before, and
// against what was acknowledged.
func (c *client) checkHistory(e *execution, events []json.RawMessage) {
	for _, wrong := range historytest.Wrong(events) {
		c.d.report(foundOther, "%s: its history breaks a rule: %s", e.name, wrong)
	}
	h := sha256.New()
	before := ""
	var ends []string
	worker := ""
	for i, raw := range events {
		if i == e.seen {
			before = sum(h)
		}
		h.Write(raw)
		h.Write([]byte{'\n'})
		end, who := told(raw)
		if end != "" {
			ends = append(ends, end)
		}
		if who != "" {
			worker = who
		}
	}
	if len(events) == e.seen {
		before = sum(h)
	}
	if len(events) < e.seen {
		c.d.report(foundRewritten, "%s: a history of %d events was shown, now it has %d", e.name, e.seen, len(events))
	} else if e.seen > 0 && before != e.hash {
		c.d.report(foundRewritten, "%s: the first %d events of its history are others than those shown", e.name, e.seen)
	}
	e.seen, e.hash = len(events), sum(h)
	if e.worker != "" && worker != e.worker {
		c.d.report(foundLost, "%s: its task was handed to %s; its history has %q", e.name, e.worker, worker)
	}
	if e.kind != kindToken && e.kind != kindActivity {
		return
	}
	switch {
	case len(ends) > 1:
		c.d.report(foundTwice, "%s: completed by %v", e.name, ends)
	case e.output != "" && (len(ends) == 0 || ends[0] != e.output):
		c.d.report(foundLost, "%s: its completion %s was acknowledged; its history has %v", e.name, e.output, ends)
	case len(ends) == 1 && !strings.Contains(" "+strings.Join(e.sent, " ")+" ", " "+ends[0]+" "):
		c.d.report(foundOther, "%s: completed by %v, which nobody sent", e.name, ends)
	case len(ends) == 0 && len(e.sent) > 0: // in doubt, and it did not take place: once more
		e.mu.Lock()
		e.sent = nil
		e.mu.Unlock()
		c.d.put(e)
	}
}

// told gives what an event tells of a task's completion and of its worker.
func told(raw json.RawMessage) (end, worker string) {
	var e struct {
		Type                          string
		ActivityStartedEventDetails   struct{ WorkerName string }
		TaskSucceededEventDetails     struct{ Output string }
		ActivitySucceededEventDetails struct{ Output string }
		TaskFailedEventDetails        struct{ Cause string }
		ActivityFailedEventDetails    struct{ Cause string }
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Sprintf("unreadable: %v", err), ""
	}
	switch e.Type {
	case "ActivityStarted":
		return "", e.ActivityStartedEventDetails.WorkerName
	case "TaskSucceeded", "ActivitySucceeded":
		return strings.Trim(e.TaskSucceededEventDetails.Output+e.ActivitySucceededEventDetails.Output, `"`), ""
	case "TaskFailed", "ActivityFailed":
		return e.TaskFailedEventDetails.Cause + e.ActivityFailedEventDetails.Cause, ""
	}
	return "", ""
}
