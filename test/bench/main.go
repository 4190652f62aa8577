// Command bench measures what a workflow costs the server: `stile serve` as a
// process of its own, signed requests, an fsync before every answer, and a backend
// in another process.
//
// It is not a test and asserts no time. `make bench` runs it; docs/benchmarks.md
// says how to read it. It charges the server with its own CPU time, compaction
// drained, and beside that prints what the same requests cost on the bare wires:
// a net/http server that answers as the control listener does, and a client that
// calls the backend as the gateway does.
//
// Invariants: everything stays on loopback; a workload whose executions did not all
// succeed gives no figure.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	stile    string
	dir      string
	duration time.Duration
	wide     int
	only     string
	floors   bool
	waiting  int
}

func main() {
	var o options
	flag.StringVar(&o.stile, "stile", "bin/stile", "the binary")
	flag.StringVar(&o.dir, "dir", "", "where data folders are made (a temporary folder)")
	flag.DurationVar(&o.duration, "d", 5*time.Second, "time of each workload")
	flag.IntVar(&o.wide, "c", 64, "executions under way at once")
	flag.StringVar(&o.only, "only", "", "names of workloads, comma separated; empty: all")
	flag.BoolVar(&o.floors, "floors", true, "measure the bare wires first")
	flag.IntVar(&o.waiting, "n", 100_000, "executions that wait, of the workload waiting")
	flag.Parse()
	if flag.Arg(0) == "floor" { // the child process of the bare wire
		floorServer()
		return
	}
	if err := measure(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(o options) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "stile-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	}
	if o.stile, err = filepath.Abs(o.stile); err != nil {
		return err
	}
	back, err := startBackend()
	if err != nil {
		return err
	}
	s, err := startServer(o, back.url)
	if err != nil {
		return err
	}
	defer func() { s.stop() }()
	var bare floors
	if o.floors {
		if bare, err = measureFloors(back, o); err != nil {
			return err
		}
	}
	if err := s.loads(back, o, bare); err != nil {
		return err
	}
	for _, m := range []struct {
		name string
		run  func(options) error
	}{{"latency", s.latency}, {"loop", s.loop}, {"disk", s.disk}, {"waiting", s.waiting}, {"overload", func(o options) error { return s.overload(o, back) }}} {
		if !o.wants(m.name) {
			continue
		}
		if err := m.run(o); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

func (o options) wants(name string) bool {
	return o.only == "" || strings.Contains(","+o.only+",", ","+name+",")
}

// loads prints what an execution of each workload costs.
func (s *server) loads(back *backend, o options, bare floors) error {
	if o.floors {
		fmt.Printf("wires alone, ms of server CPU: a request %.3f; with the calls of a workload %v\n", bare.request, bare.with)
	}
	fmt.Println("workload\tn\tper second\tserver CPU ms\tless wires\tp50 ms\tp99 ms\tms after the last answer")
	for _, w := range workloads() {
		if !o.wants(w.name) {
			continue
		}
		r, err := s.load(w, back, o)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		less := r.cpu - bare.of(w)
		fmt.Printf("%s\t%d\t%.0f\t%.3f\t%.3f\t%.2f\t%.2f\t%.3f\n", w.name, r.n, r.rate, r.cpu, less, r.p50, r.p99, r.drained)
	}
	return nil
}
