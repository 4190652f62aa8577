package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// workload is what one execution does.
type workload struct {
	name    string
	machine string
	input   string
	// requests and calls are how often one execution asks the control listener and has
	// the backend called.
	requests, calls int
	// beside runs while the load does, on a client of its own, and counts in d.ended what
	// it did; nil for none. helpers is how many of them run, deeds what an execution asks
	// of them in all.
	beside         func(d *drive, c *client) error
	helpers, deeds int
	// answered says that StartExecution's answer comes after the end.
	answered bool
	// sync says that it is an EXPRESS execution which is waited for.
	sync bool
}

func workloads() []workload {
	items := strings.TrimSuffix(strings.Repeat("1,", 100), ",")
	return []workload{
		{name: "empty", machine: "empty", input: payload, requests: 1, answered: true},
		{name: "five", machine: "five", input: payload, requests: 1, calls: 5},
		{name: "many", machine: "many", input: `{"items":[` + items + `]}`, requests: 1, calls: 100},
		{name: "signal", machine: "signal", input: payload, requests: 2, calls: 1, beside: answerTokens, helpers: 16, deeds: 1},
		{name: "polled", machine: "polled", input: payload, requests: 11, beside: work, helpers: 32, deeds: 5},
		{name: "express", machine: "pass", input: payload, requests: 1, answered: true, sync: true},
	}
}

// result is what a load cost for each execution.
type result struct {
	n        int
	rate     float64
	cpu      float64 // ms
	drained  float64 // ms of it, after the last answer
	p50, p99 float64 // ms, of the answer to the start
}

// load runs a workload for the options' time and waits until everything ended.
func (s *server) load(w workload, b *backend, o options) (r result, err error) {
	if err := s.warm(w, b); err != nil {
		return r, err
	}
	before, err := quiet(s.pid())
	if err != nil {
		return r, err
	}
	d := &drive{server: s, workload: w, backend: b, calls: b.calls.Load(), stop: make(chan struct{})}
	began := time.Now()
	took, err := d.run(o.wide, o.duration)
	if err != nil {
		return r, err
	}
	atEnd, err := cpuOf(s.pid())
	if err != nil {
		return r, err
	}
	after, err := quiet(s.pid())
	if err != nil {
		return r, err
	}
	r.n = int(d.started.Load())
	r.drained = float64(after-atEnd) / float64(r.n) / float64(time.Millisecond)
	// What the process spends on being there is not the work's.
	r.cpu = float64(after-before) / float64(r.n) / float64(time.Millisecond)
	r.rate = float64(r.n) / took.Seconds()
	slices.Sort(d.latencies)
	r.p50, r.p99 = quantile(d.latencies, 0.5), quantile(d.latencies, 0.99)
	if w.sync {
		return r, nil
	}
	c := &client{host: s.control}
	got, err := c.succeeded(w.machine)
	if want := s.total(w.machine, r.n); err == nil && got != want {
		err = fmt.Errorf("%d of %d executions succeeded, begun %s", got, want, began)
	}
	return r, err
}

// total remembers how many executions of a machine there are, warm ones too.
func (s *server) total(machine string, n int) int {
	if s.totals == nil {
		s.totals = map[string]int{}
	}
	s.totals[machine] += n
	return s.totals[machine]
}

func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(q*float64(len(sorted)-1))]) / float64(time.Millisecond)
}

func (s *server) warm(w workload, b *backend) error {
	d := &drive{server: s, workload: w, backend: b, calls: b.calls.Load(), stop: make(chan struct{})}
	if _, err := d.run(16, 500*time.Millisecond); err != nil {
		return err
	}
	s.total(w.machine, int(d.started.Load()))
	return nil
}

// drive is one load under way.
type drive struct {
	*server
	workload
	backend *backend
	calls   int64 // of the backend, before
	started atomic.Int64
	ended   atomic.Int64 // deeds of the helpers
	stop    chan struct{}

	mu        sync.Mutex
	latencies []time.Duration
}

// serial makes names unique.
var serial atomic.Int64

// run keeps up to wide executions under way for a time, then waits for the last.
func (d *drive) run(wide int, long time.Duration) (time.Duration, error) {
	began := time.Now()
	errs := make(chan error, wide+d.helpers)
	var starters, helpers sync.WaitGroup
	for range d.helpers {
		helpers.Go(func() { errs <- d.beside(d, &client{host: d.control}) })
	}
	end := began.Add(long)
	for range wide {
		starters.Go(func() { errs <- d.starter(end, wide) })
	}
	starters.Wait()
	for deadline := time.Now().Add(time.Minute); !d.done() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	took := time.Since(began)
	close(d.stop)
	if d.helpers > 0 {
		helpers.Wait()
	}
	for range wide + d.helpers {
		if err := <-errs; err != nil {
			return took, err
		}
	}
	return took, nil
}

// done says that what the backend can see of the executions has happened.
func (d *drive) done() bool { return d.underWay() <= 0 }

func (d *drive) underWay() int64 {
	switch {
	case d.deeds > 0:
		return d.started.Load() - d.ended.Load()/int64(d.deeds)
	case d.workload.calls > 0:
		return d.started.Load() - (d.backend.calls.Load()-d.calls)/int64(d.workload.calls)
	}
	return 0
}

func (d *drive) starter(end time.Time, wide int) error {
	c := &client{host: d.control}
	var mine []time.Duration
	for time.Now().Before(end) {
		for d.underWay() >= int64(wide) && !d.answered {
			time.Sleep(200 * time.Microsecond)
			if time.Now().After(end) {
				break
			}
		}
		began := time.Now()
		name := fmt.Sprintf("n-%d-%d", began.UnixNano(), serial.Add(1))
		var err error
		if d.sync {
			err = c.startSync(d.machine, name, d.input)
		} else {
			_, err = c.start(d.machine, name, d.input)
		}
		if err != nil {
			return err
		}
		mine = append(mine, time.Since(began))
		d.started.Add(1)
	}
	d.mu.Lock()
	d.latencies = append(d.latencies, mine...)
	d.mu.Unlock()
	return nil
}

func (c *client) startSync(machine, name, input string) error {
	text, err := json.Marshal(map[string]string{"stateMachineArn": arnOf(machine), "name": name, "input": input})
	if err != nil {
		return err
	}
	raw, err := c.call("StartSyncExecution", string(text))
	if err == nil && !strings.Contains(string(raw), `"SUCCEEDED"`) {
		err = fmt.Errorf("answered %s", raw)
	}
	return err
}

// answerTokens completes the tasks whose tokens the backend was given.
func answerTokens(d *drive, c *client) error {
	for {
		select {
		case token := <-d.backend.tokens:
			if _, err := c.call("SendTaskSuccess", `{"taskToken":"`+token+`","output":"{\"ok\":true}"}`); err != nil {
				return err
			}
			d.ended.Add(1)
		case <-d.stop:
			return nil
		}
	}
}

// work polls the activity and completes its tasks. A poll that waits when the load
// is over is cut.
func work(d *drive, c *client) error {
	cut := context.AfterFunc(d.over(), func() { c.close() })
	defer cut()
	for {
		raw, err := c.call("GetActivityTask", `{"activityArn":"arn:aws:states:us-east-1:111111111111:activity:bench"}`)
		select {
		case <-d.stop:
			return nil
		default:
		}
		if err != nil {
			return err
		}
		var task struct {
			TaskToken string `json:"taskToken"`
		}
		if err := json.Unmarshal(raw, &task); err != nil || task.TaskToken == "" {
			return err
		}
		if _, err := c.call("SendTaskSuccess", `{"taskToken":"`+task.TaskToken+`","output":"{}"}`); err != nil {
			return err
		}
		d.ended.Add(1)
	}
}

// over ends with the load.
func (d *drive) over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-d.stop
		cancel()
	}()
	return ctx
}
