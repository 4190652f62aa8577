package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU time in /proc, which Linux fixes for programs.
const tick = 10 * time.Millisecond

// cpuOf gives the CPU time, user and system, that a process has had.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name stands in parentheses and may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("/proc stat is short")
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// quiet waits until a process has had next to no CPU for a second: what it does
// behind its answers, such as compaction, belongs to the work.
func quiet(pid int) (time.Duration, error) {
	before, err := cpuOf(pid)
	for err == nil {
		time.Sleep(time.Second)
		var now time.Duration
		if now, err = cpuOf(pid); now-before <= 2*tick {
			return before, err
		}
		before = now
	}
	return 0, err
}

// residentOf gives a process's resident memory in bytes.
func residentOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// server is `stile serve` on a project and a data folder.
type server struct {
	options
	cmd     *exec.Cmd
	project string
	data    string
	control string // host:port
	stderr  *os.File
	totals  map[string]int // executions of each machine so far
	prefix  []string       // of the command: what it runs under
}

// startServer writes the project and starts the server on an empty data folder.
func startServer(o options, backend string) (*server, error) {
	s := &server{options: o, project: filepath.Join(o.dir, "project"), data: filepath.Join(o.dir, "data")}
	if err := writeProject(s.project, backend); err != nil {
		return nil, err
	}
	return s, s.start()
}

func (s *server) start() (err error) {
	ready := filepath.Join(s.dir, "ready")
	_ = os.Remove(ready)
	if s.stderr, err = os.Create(filepath.Join(s.dir, "server.log")); err != nil {
		return err
	}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	s.control = ports[0]
	args := append(s.prefix[:len(s.prefix):len(s.prefix)], s.stile, "serve", s.project, "--data", s.data, "--control", ports[0], "--control-tls", ports[1], "--gateway", ports[2], "--ready-file", ready)
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Env = append(os.Environ(), "BENCH_SECRET="+accessSecret, "BENCH_KEY=subscription-key-of-the-bench")
	s.cmd.Stdout, s.cmd.Stderr = s.stderr, s.stderr
	if err := s.cmd.Start(); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() { gone <- s.cmd.Wait() }()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ready); err == nil {
			return nil
		}
		select {
		case <-gone:
			text, _ := os.ReadFile(s.stderr.Name())
			return fmt.Errorf("the server ended: %s", text)
		default:
		}
		if time.Now().After(end) {
			return errors.New("the server is not ready after a minute")
		}
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// stop ends the server as its users would, and waits for it.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	for range 600 {
		if _, err := cpuOf(s.pid()); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = s.cmd.Process.Kill()
}
