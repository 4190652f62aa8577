package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The load of the workload overload. Starts come over as many connections as many
// clients have; a tenth of the requests complete or keep alive Tasks of activities,
// over connections of their own, as workers are processes of their own.
const (
	overConns   = 1024
	workerConns = 128
	overTokens  = 4000 // Tasks that wait: most requests of workers are heartbeats
	overStep    = 2 * time.Second
	overLasts   = 12 * time.Second
	// patience is how long a client waits from when its request was due.
	patience = time.Second
)

// overload pins a server to one core and this process to another, finds the rate at
// which its goodput stops growing, and asks for five times as much.
func (s *server) overload(o options, b *backend) error {
	s.stop()
	o.dir = filepath.Join(o.dir, "overload")
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	over := &server{options: o, project: filepath.Join(o.dir, "project"), data: filepath.Join(o.dir, "data"), prefix: []string{"taskset", "-c", "0"}}
	if _, err := exec.LookPath("taskset"); err != nil {
		fmt.Println("overload\ttaskset is missing: the server runs on all cores, and the figures say little")
		over.prefix = nil
	}
	if runtime.NumCPU() < 2 {
		fmt.Println("overload\tone core: the generator takes from the server what it measures")
	}
	if err := writeProject(over.project, b.url); err != nil {
		return err
	}
	if err := over.start(); err != nil {
		return err
	}
	defer over.stop()
	g := &gun{server: over}
	if err := g.prepare(); err != nil {
		return err
	}
	free, err := pin(1)
	if err != nil {
		return err
	}
	defer free()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	return g.measure()
}

// gun sends requests at fixed times.
type gun struct {
	*server
	tokens []string // of Tasks that wait
	next   atomic.Int64
	start  []byte
	beats  [][]byte
}

// prepare starts executions whose Tasks a worker has taken and not answered.
func (g *gun) prepare() error {
	if _, err := g.fill("polled", overTokens, 32); err != nil {
		return err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(overTokens)
	errs := make(chan error, 32)
	for range 32 {
		wg.Go(func() {
			c := &client{host: g.control}
			for left.Add(-1) >= 0 {
				raw, err := c.call("GetActivityTask", `{"activityArn":"arn:aws:states:us-east-1:111111111111:activity:bench"}`)
				var task struct{ TaskToken string }
				if err == nil {
					err = json.Unmarshal(raw, &task)
				}
				if err == nil && task.TaskToken == "" {
					err = errors.New("a poll of the activity gave no task")
				}
				if err != nil {
					errs <- err
					return
				}
				mu.Lock()
				g.tokens = append(g.tokens, task.TaskToken)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// sign makes the requests that are sent again and again, as they are: the generator's
// core is for sending. A start without a name starts anew each time.
func (g *gun) sign() (err error) {
	input, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	if g.start, err = whole(g.control, "StartExecution", `{"stateMachineArn":"`+arnOf("empty")+`","input":`+string(input)+`}`); err != nil {
		return err
	}
	g.beats = nil
	for _, token := range g.tokens[:64] { // these are never completed
		beat, err := whole(g.control, "SendTaskHeartbeat", `{"taskToken":"`+token+`"}`)
		if err != nil {
			return err
		}
		g.beats = append(g.beats, beat)
	}
	g.next.CompareAndSwap(0, 64)
	return nil
}

// whole is a signed request as it goes over the wire.
func whole(host, action, body string) ([]byte, error) {
	req, err := signed(host, action, body)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", host, len(body))
	if err := req.Header.Write(&out); err != nil {
		return nil, err
	}
	out.WriteString("\r\n" + body)
	return out.Bytes(), nil
}

// peak raises the rate until goodput grows no more, and gives the best load.
func (g *gun) peak() (best volley, err error) {
	flat := 0
	for rate := 500.0; flat < 2 && rate < 1e6; rate *= 1.4 {
		v, err := g.fire(rate, overStep)
		if err != nil {
			return best, err
		}
		if best.lasted > 0 && v.goodput() < 1.05*best.goodput() {
			flat++
		} else {
			flat = 0
		}
		if best.lasted == 0 || v.goodput() > best.goodput() {
			best = v
		}
	}
	return best, nil
}

func (g *gun) measure() error {
	top, err := g.peak()
	if err != nil {
		return err
	}
	peak := top.goodput()
	low, err := g.fire(0.8*peak, overStep*2)
	if err != nil {
		return err
	}
	stop, most := make(chan struct{}), make(chan int64)
	go func() { most <- g.watch(stop) }()
	high, err := g.fire(5*peak, overLasts)
	close(stop)
	resident := <-most
	if err != nil {
		return err
	}
	recovered, err := g.recovery()
	if err != nil {
		return err
	}
	fmt.Printf("overload\tpeak %.0f/s\tasked for %.0f/s, sent %.0f/s (%.1f times)\tgoodput %.0f/s: %.0f %% of peak (starts %.0f/s, completions %.0f/s)\n",
		peak, float64(high.starts.due+high.workers.due)/high.lasted.Seconds(), high.sent(), high.sent()/peak, high.goodput(), 100*high.goodput()/peak,
		float64(high.starts.good)/high.lasted.Seconds(), float64(high.workers.good)/high.lasted.Seconds())
	for _, h := range []struct {
		name      string
		high, low *hits
	}{{"starts", &high.starts, &low.starts}, {"completions", &high.workers, &low.workers}} {
		fmt.Printf("overload\t%s\tp99 %.1f ms, at 0.8 of peak %.1f ms\tdue %d: answered %d, late %d, refused %d, failed %d, not sent for want of a connection %d\n",
			h.name, h.high.p99(), h.low.p99(), h.high.due, h.high.good, h.high.late, h.high.refused, h.high.failed, h.high.unsent)
	}
	fmt.Printf("overload\tthe server had %.0f %% of its core, %.0f %% at the peak; for each second of it goodput %.0f, %.0f at the peak: %.0f %%\n",
		100*high.share(), 100*top.share(), high.perCore(), top.perCore(), 100*high.perCore()/top.perCore())
	fmt.Printf("overload\tresident at most %d MB\trecovered %.1f s after the load\n", resident>>20, recovered.Seconds())
	return nil
}

// watch gives the most memory that the server had.
func (g *gun) watch(stop <-chan struct{}) (most int64) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return most
		case <-tick.C:
			if now, err := residentOf(g.pid()); err == nil {
				most = max(most, now)
			}
		}
	}
}

// recovery is when the last start of a light load was refused or took over 100 ms.
func (g *gun) recovery() (last time.Duration, err error) {
	c := &client{host: g.control}
	defer c.close()
	for ended := time.Now(); time.Since(ended) < 7*time.Second; time.Sleep(20 * time.Millisecond) {
		began := time.Now()
		_, err := c.start("empty", fmt.Sprint("r-", serial.Add(1), "-", began.UnixNano()), payload)
		if err != nil && !strings.Contains(err.Error(), "ThrottlingException") {
			return 0, err
		}
		if err != nil || time.Since(began) > 100*time.Millisecond {
			last = time.Since(ended)
		}
	}
	return last, nil
}
