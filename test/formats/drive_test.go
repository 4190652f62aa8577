package formats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 8 * time.Second

// eventually asks again and again until ok.
func eventually(t *testing.T, what string, ask func() (ok bool, state string)) {
	t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		ok, state := ask()
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %v; at the end: %s", what, patience, state)
		}
	}
}

// newBackend answers /ok, fails at /broken, and keeps whoever calls /hang waiting
// until the test ends.
func newBackend(t *testing.T) string {
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/hang":
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case "/broken":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, `{"ok":true}`)
	}))
	t.Cleanup(func() { close(over); s.Close() })
	return s.URL
}

// server is a binary that runs on a project and a data folder.
type server struct {
	t       *testing.T
	binary  string
	control string
	cmd     *exec.Cmd
	exited  chan struct{}
	log     *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// run starts the binary and waits until it is ready; it is killed with the test.
func run(t *testing.T, binary, project, data string) *server {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	s := &server{t: t, binary: binary, exited: make(chan struct{}), log: &lockedBuffer{}}
	s.cmd = exec.Command(binary, "dev", project, "--data", data, "--ready-file", ready,
		"--control", "127.0.0.1:0", "--control-tls", "127.0.0.1:0", "--gateway", "127.0.0.1:0")
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.cmd.Wait(); close(s.exited) }()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", binary, s.log)
		}
	})
	eventually(t, "the server is ready", func() (bool, string) {
		select {
		case <-s.exited:
			t.Fatal("the server ended before it was ready")
		default:
		}
		text, err := os.ReadFile(ready)
		s.control, _, _ = strings.Cut(string(text), "\n")
		return err == nil && s.control != "", s.log.String()
	})
	return s
}

// kill ends the process as a power cut does, as far as a process can.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.exited
}

// ask sends a request and gives the answer's status and body.
func ask(method, url, body string, header ...string) (int, []byte, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, text, err
}

// try is an action of AWS's API.
func (s *server) try(action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	status, text, err := ask("POST", s.control+"/", string(body), "X-Amz-Target", "AWSStepFunctions."+action)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", action, status, text)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	return err
}

func (s *server) aws(action string, in, out any) {
	s.t.Helper()
	if err := s.try(action, in, out); err != nil {
		s.t.Fatal(err)
	}
}

// history gives an execution's events as they are on the wire.
func (s *server) history(arn string) (raw []json.RawMessage, types []string) {
	s.t.Helper()
	var page struct{ Events []json.RawMessage }
	s.aws("GetExecutionHistory", map[string]any{"executionArn": arn, "maxResults": 1000}, &page)
	return page.Events, typesOf(page.Events)
}

func typesOf(events []json.RawMessage) (types []string) {
	for _, e := range events {
		var one struct{ Type string }
		_ = json.Unmarshal(e, &one) // one that is none has no type
		types = append(types, one.Type)
	}
	return types
}

// settled starts an execution of a kind and waits until it is where it is to be.
func (s *server) settled(k kind) note {
	s.t.Helper()
	var started struct{ ExecutionArn string }
	in := map[string]string{"stateMachineArn": prefix + "stateMachine:" + k.name, "name": "zoo-" + k.name}
	if k.input != "" {
		in["input"] = k.input
	}
	s.aws("StartExecution", in, &started)
	n := note{Kind: k.name, ARN: started.ExecutionArn, Status: k.ends}
	switch k.name {
	case "stopped":
		s.aws("StopExecution", map[string]string{"executionArn": n.ARN, "error": "Enough"}, nil)
	case "worker":
		var task struct{ TaskToken string }
		s.aws("GetActivityTask", map[string]string{"activityArn": strings.Replace(packARN, "pack", "taken", 1), "workerName": "w"}, &task)
		n.Tokens = append(n.Tokens, task.TaskToken)
	}
	eventually(s.t, k.name+" is where it is to be", func() (ok bool, _ string) {
		var types []string
		var state string
		n.Events, types = s.history(n.ARN)
		ok, state = k.reached(types)
		return ok, fmt.Sprintf("%s; the last event is %s", state, n.Events[len(n.Events)-1])
	})
	if k.name == "distributed" {
		eventually(s.t, "two children have ended", func() (bool, string) { return s.children(n.ARN) })
	}
	if k.waits > 0 && len(n.Tokens) == 0 {
		n.Tokens = s.tokens(n.ARN)
	}
	if len(n.Tokens) != k.waits {
		s.t.Fatalf("%s has %d open tokens, want %d", k.name, len(n.Tokens), k.waits)
	}
	return n
}

// children says whether two children of a Map Run have ended and three run.
func (s *server) children(arn string) (bool, string) {
	var runs struct {
		MapRuns []struct{ MapRunArn string }
	}
	s.aws("ListMapRuns", map[string]string{"executionArn": arn}, &runs)
	if len(runs.MapRuns) != 1 {
		return false, "no Map Run"
	}
	var run struct {
		ItemCounts struct{ Succeeded, Running int }
	}
	s.aws("DescribeMapRun", map[string]string{"mapRunArn": runs.MapRuns[0].MapRunArn}, &run)
	return run.ItemCounts.Succeeded == 2 && run.ItemCounts.Running == 3, fmt.Sprintf("%+v", run)
}

// tokens gives the open task tokens of an execution, out of its callback URLs.
func (s *server) tokens(arn string) (out []string) {
	s.t.Helper()
	status, text, err := ask("GET", s.control+"/-/v1/callbacks", "")
	var page struct {
		Callbacks []struct{ URL, Execution, ExecutionArn string }
	}
	if err != nil || status != 200 || json.Unmarshal(text, &page) != nil {
		s.t.Fatal(status, string(text), err)
	}
	for _, c := range page.Callbacks {
		if strings.HasSuffix(arn, ":"+c.Execution) {
			out = append(out, c.URL[strings.LastIndexByte(c.URL, '/')+1:])
		}
	}
	return out
}
