package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	// A result must never be an older product's: see test/story.
	_ "stile/internal/cli"
)

// binary is the product: the one that STILE names, else built once for all tests.
var binary string

// full says that the figures are those of the soak.
var full = os.Getenv("STILE_SOAK") == "1"

func TestMain(m *testing.M) {
	if binary = os.Getenv("STILE"); binary != "" {
		if _, err := os.Stat(binary); err != nil {
			fmt.Fprintln(os.Stderr, "STILE:", err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "stile-faults-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "stile")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "stile/cmd/stile")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the binary does not build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// server is the product on a folder with nothing in it but a name.
type server struct {
	t       *testing.T
	cmd     *exec.Cmd
	exited  chan struct{}
	log     *os.File
	control string

	mu      sync.Mutex
	slowest time.Duration
	slow    string // the action that took it
}

// launch starts the product on data, under prefix (such as strace) where there is
// one, and waits until it is ready or has ended.
func launch(t *testing.T, data string, prefix ...string) *server {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stile.yaml"), []byte("name: faults\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	beside := t.TempDir() // a file in the project's folder would have it taken up again
	ready := filepath.Join(beside, "ready")
	args := append(prefix, binary, "dev", dir, "--data", data, "--ready-file", ready,
		"--control", "127.0.0.1:0", "--control-tls", "127.0.0.1:0", "--gateway", "127.0.0.1:0")
	s := &server{t: t, exited: make(chan struct{})}
	var err error
	if s.log, err = os.CreateTemp(beside, "log"); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("log of the server:\n%s", s.logged())
		}
	})
	s.until(30*time.Second, "the server is ready", func() bool {
		text, err := os.ReadFile(ready)
		s.control, _, _ = strings.Cut(string(text), "\n")
		return err == nil && s.control != "" || s.ended()
	})
	return s
}

func (s *server) ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// stop ends the process and what is around it.
func (s *server) stop() {
	if s.ended() {
		return
	}
	syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		s.t.Error("the server did not stop")
		syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.exited
	}
}

func (s *server) logged() string {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// until asks again and again until ok.
func (s *server) until(within time.Duration, what string, ok func() bool) {
	s.t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("%s: not within %v\n%s", what, within, s.logged())
		}
	}
}

var client = &http.Client{Timeout: 70 * time.Second}

// refusal is an error of AWS's wire; code is empty where there was no answer.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.code, r.message) }

// call makes one call of the Step Functions API and keeps how long it took.
func (s *server) call(action string, in map[string]any, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		s.t.Error(err)
		return err
	}
	r, err := http.NewRequest("POST", s.control+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	began := time.Now()
	defer func() {
		took := time.Since(began)
		s.mu.Lock()
		defer s.mu.Unlock()
		if took > s.slowest && action != "GetActivityTask" {
			s.slowest, s.slow = took, action
		}
	}()
	a, err := client.Do(r)
	if err != nil {
		return &refusal{message: err.Error()}
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		return &refusal{message: err.Error()}
	}
	if a.StatusCode != 200 {
		var e struct {
			Type    string `json:"__type"`
			Message string
		}
		_ = json.Unmarshal(text, &e) // what is no JSON is shown by its status
		return &refusal{a.StatusCode, e.Type, e.Message}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// must is call for what cannot be refused.
func (s *server) must(action string, in map[string]any, out any) {
	s.t.Helper()
	if err := s.call(action, in, out); err != nil {
		s.t.Fatalf("%s: %v", action, err)
	}
}

const (
	role     = "arn:aws:iam::111111111111:role/any"
	machines = "arn:aws:states:us-east-1:111111111111:stateMachine:"
	running  = "arn:aws:states:us-east-1:111111111111:execution:"
	worker   = "arn:aws:states:us-east-1:111111111111:activity:work"
)

// definitions are the state machines of the tests.
var definitions = map[string]string{
	"pass": `{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`,
	"wait": `{"StartAt":"W","States":{"W":{"Type":"Wait","SecondsPath":"$.seconds","End":true}}}`,
	"work": `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"` + worker + `","TimeoutSeconds":3600,"End":true}}}`,
}

// furnish makes the activity and the state machines.
func (s *server) furnish() {
	s.t.Helper()
	s.must("CreateActivity", map[string]any{"name": "work"}, nil)
	for name, d := range definitions {
		s.must("CreateStateMachine", map[string]any{"name": name, "roleArn": role, "definition": d}, nil)
	}
}

// begin starts an execution by name.
func (s *server) begin(machine, name, input string) error {
	return s.call("StartExecution", map[string]any{"stateMachineArn": machines + machine, "name": name, "input": input}, nil)
}

// status is how an execution stands; the code of the refusal where it is refused.
func (s *server) status(machine, name string) string {
	var e struct{ Status string }
	if err := s.call("DescribeExecution", map[string]any{"executionArn": running + machine + ":" + name}, &e); err != nil {
		return err.Error()
	}
	return e.Status
}

// get gives status and body of a page of the control listener.
func (s *server) get(path string) (int, string) {
	a, err := client.Get(s.control + path)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err.Error()
	}
	return a.StatusCode, string(text)
}

// quick fails the test where a call took over 5 s.
func (s *server) quick() {
	s.t.Helper()
	if s.slowest > 5*time.Second {
		s.t.Errorf("%s took %v", s.slow, s.slowest)
	}
}
