package kill

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// client is one of many that load the server, each over connections of its own.
type client struct {
	d    *driver
	n    int
	w, v *wire // v is for the second of two that complete one token
	rng  *rand.Rand
}

func (d *driver) client(n int) *client {
	return &client{d: d, n: n, w: &wire{address: d.server.control}, v: &wire{address: d.server.control},
		rng: rand.New(rand.NewPCG(uint64(n), uint64(d.server.lives)))}
}

func (c *client) close() {
	c.w.close()
	c.v.close()
}

// load runs clients until stop is closed or the server is gone.
func (d *driver) load(clients int, stop <-chan struct{}) {
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			c := d.client(n)
			defer c.close()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := c.act(); err != nil {
					if refused(err) != "" {
						d.report(foundOther, "a call was refused: %v", err)
						continue
					}
					return // no answer: the server is gone
				}
			}
		})
	}
	all.Wait()
}

// act does one thing that the server acknowledges.
func (c *client) act() error {
	if kind := c.d.lacking(c.n); kind != "" {
		return c.start(c.d.fresh(kind, c.rng))
	}
	switch p := c.rng.IntN(100); {
	case p < 20:
		if e := c.d.take(kindWait, reserve, c.rng); e != nil {
			return c.stop(e)
		}
	case p < 32:
		return c.start(c.d.fresh(kindActivity, c.rng))
	case p < 46:
		return c.poll(20 * time.Second)
	case p < 60:
		if e := c.d.take(poolTasks, 0, c.rng); e != nil {
			return c.complete(e)
		}
	case p < 74:
		if e := c.d.look([]string{poolTasks, kindToken}[c.rng.IntN(2)], c.rng); e != nil {
			return c.heartbeat(e)
		}
	case p < 77:
		return c.start(c.d.fresh(kindToken, c.rng))
	case p < 80:
		if e := c.d.take(kindToken, reserve, c.rng); e != nil {
			return c.complete(e)
		}
	case p < 81:
		return c.extra()
	}
	return c.start(c.d.fresh(kindWait, c.rng))
}

func (c *client) start(e *execution) error {
	var out struct{ ExecutionArn string }
	err := c.w.call("StartExecution", map[string]any{
		"stateMachineArn": arnPrefix + "stateMachine:" + e.kind, "name": e.name, "input": e.input}, &out)
	if err != nil && refused(err) != "ExecutionAlreadyExists" { // one that was in doubt may have ended since
		return err
	}
	if err == nil && out.ExecutionArn != e.arn() {
		c.d.report(foundOther, "%s was started as %s", e.arn(), out.ExecutionArn)
	}
	e.mu.Lock()
	e.acked, e.touched, e.until = true, true, time.Now().Add(time.Duration(e.seconds)*time.Second)
	e.mu.Unlock()
	if err == nil {
		c.d.put(e)
		c.d.ack("StartExecution", e.name)
	}
	return nil
}

func (c *client) stop(e *execution) error {
	e.mu.Lock()
	e.stops++
	e.touched = true
	e.mu.Unlock()
	if err := c.w.call("StopExecution", map[string]any{"executionArn": e.arn(), "error": "Enough", "cause": e.name}, nil); err != nil {
		return err
	}
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	c.d.ack("StopExecution", e.name)
	return nil
}

// poll takes an activity task, where some are known to wait beyond the reserve.
func (c *client) poll(patience time.Duration) error {
	c.d.mu.Lock()
	if c.d.queued <= reserve {
		c.d.mu.Unlock()
		return nil
	}
	c.d.queued--
	c.d.mu.Unlock()
	_, err := c.takeTask(patience)
	return err
}

func (c *client) takeTask(patience time.Duration) (taken bool, err error) {
	var out struct{ TaskToken, Input string }
	worker := fmt.Sprintf("worker-%d", c.n)
	if err := c.w.callWithin(patience, "GetActivityTask", map[string]any{"activityArn": activityARN, "workerName": worker}, &out); err != nil {
		return false, err
	}
	if out.TaskToken == "" {
		return false, nil
	}
	var input struct{ Name string }
	err = json.Unmarshal([]byte(out.Input), &input)
	c.d.mu.Lock()
	e := c.d.byName[input.Name]
	c.d.mu.Unlock()
	if e == nil || err != nil {
		c.d.report(foundOther, "an activity task has the input %q", out.Input)
		return true, nil
	}
	e.mu.Lock()
	if e.token != "" {
		c.d.report(foundOther, "%s: its activity task was handed out twice", e.name)
	}
	e.token, e.worker, e.touched = out.TaskToken, worker, true
	e.mu.Unlock()
	c.d.put(e)
	c.d.ack("GetActivityTask", e.name)
	return true, nil
}

func (c *client) tokenOf(e *execution) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.token == "" && e.kind == kindToken {
		e.token = c.d.sink.token(e.name)
	}
	return e.token
}

// complete answers a token: now and then two do so at once, of which one may win.
func (c *client) complete(e *execution) error {
	if c.tokenOf(e) == "" {
		c.d.put(e)
		return nil
	}
	if c.rng.IntN(6) > 0 {
		return c.send(c.w, e, c.rng.IntN(4) == 0)
	}
	fails := c.rng.IntN(2) == 0
	second := make(chan error)
	go func() { second <- c.send(c.v, e, fails) }()
	err := c.send(c.w, e, false)
	if other := <-second; err == nil {
		err = other
	}
	return err
}

func (c *client) send(w *wire, e *execution, fails bool) error {
	e.mu.Lock()
	output := fmt.Sprintf("%s-by-%d-%d", e.name, c.n, len(e.sent))
	e.sent, e.touched = append(e.sent, output), true
	e.mu.Unlock()
	action, in := "SendTaskSuccess", map[string]any{"taskToken": e.token, "output": `"` + output + `"`}
	if fails {
		action, in = "SendTaskFailure", map[string]any{"taskToken": e.token, "error": "Refused", "cause": output}
	}
	err := w.call(action, in, nil)
	if code := refused(err); code == "TaskTimedOut" || code == "TaskDoesNotExist" || code == "InvalidToken" {
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.sent) == 1 && e.stops == 0 {
			c.d.report(foundLost, "%s: its open token is refused: %v", e.name, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.acks++
	if e.acks > 1 {
		c.d.report(foundTwice, "%s: %s was acknowledged, and %s before it", e.name, output, e.output)
	}
	e.output = output
	e.mu.Unlock()
	c.d.ack(action, e.name)
	return nil
}

func (c *client) heartbeat(e *execution) error {
	if c.tokenOf(e) == "" {
		return nil
	}
	err := c.w.call("SendTaskHeartbeat", map[string]any{"taskToken": e.token}, nil)
	if code := refused(err); code == "TaskTimedOut" || code == "TaskDoesNotExist" || code == "InvalidToken" {
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.sent) == 0 && e.stops == 0 {
			c.d.report(foundLost, "%s: the heartbeat of its open token is refused: %v", e.name, err)
		}
		return nil
	}
	if err == nil {
		c.d.ack("SendTaskHeartbeat", e.name)
	}
	return err
}

// extra creates a state machine and tags it.
func (c *client) extra() error {
	c.d.mu.Lock()
	c.d.number++
	name := fmt.Sprintf("extra-%d", c.d.number)
	c.d.mu.Unlock()
	err := c.w.call("CreateStateMachine", map[string]any{"name": name, "definition": definitions[kindWait], "roleArn": roleARN}, nil)
	if err != nil {
		return err
	}
	c.d.mu.Lock()
	c.d.extras = append(c.d.extras, name)
	c.d.mu.Unlock()
	c.d.ack("CreateStateMachine", name)
	err = c.w.call("TagResource", map[string]any{"resourceArn": arnPrefix + "stateMachine:" + name,
		"tags": []map[string]string{{"key": "name", "value": name}}}, nil)
	if err != nil {
		return err
	}
	c.d.mu.Lock()
	c.d.tagged[name] = true
	c.d.mu.Unlock()
	c.d.ack("TagResource", name)
	return nil
}

// prepare creates what the driver starts.
func (d *driver) prepare() {
	c := d.client(0)
	defer c.close()
	if err := c.w.call("CreateActivity", map[string]any{"name": "work"}, nil); err != nil {
		d.t.Fatal(err)
	}
	for _, kind := range kinds {
		in := map[string]any{"name": kind, "definition": definitions[kind], "roleArn": roleARN}
		if err := c.w.call("CreateStateMachine", in, nil); err != nil {
			d.t.Fatal(err)
		}
	}
}
