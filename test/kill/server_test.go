package kill

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	// The tests drive a binary that Go's test cache does not see. This makes the test
	// program change with the product, so that a result is never an older product's.
	_ "stile/internal/cli"
)

// binary is the product: the one that STILE names, else built once for all tests.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if binary = os.Getenv("STILE"); binary != "" {
		// The look at the file makes the go command run the tests again when it is another.
		if _, err := os.Stat(binary); err != nil {
			fmt.Fprintln(os.Stderr, "STILE:", err)
			return 1
		}
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "stile-kill-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "stile")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "stile/cmd/stile")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the binary does not build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// server is `stile serve` on a copy of the project, life after life on one folder.
type server struct {
	t       *testing.T
	dir     string // project, data, log
	control string // host:port
	flags   []string
	cmd     *exec.Cmd
	exited  chan struct{}
	lives   int
}

func newServer(t *testing.T, sink string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir()}
	if err := os.CopyFS(filepath.Join(s.dir, "project"), os.DirFS("testdata/project")); err != nil {
		t.Fatal(err)
	}
	api := filepath.Join(s.dir, "project", "apim", "apis", "sink", "apiInformation.json")
	text, err := os.ReadFile(api)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(api, []byte(strings.Replace(string(text), "127.0.0.1:9", sink, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	s.control = ports[0]
	s.flags = []string{"--control", ports[0], "--control-tls", ports[1], "--gateway", ports[2]}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.kill()
		}
		if t.Failed() {
			t.Logf("end of the server's log:\n%s", s.log())
		}
	})
	return s
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

// start runs the server on its data folder until it is ready.
func (s *server) start() {
	s.t.Helper()
	s.lives++
	ready := filepath.Join(s.dir, fmt.Sprintf("ready-%d", s.lives))
	out, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(binary, append([]string{"serve", filepath.Join(s.dir, "project"), "--data", s.data(), "--ready-file", ready}, s.flags...)...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), "STILE_KILL_KEY="+keySecret)
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed, mostly
		close(exited)
	}()
	s.cmd, s.exited = cmd, exited
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for {
		if _, err := os.Stat(ready); err == nil {
			return
		}
		select {
		case <-exited:
			s.cmd = nil
			s.t.Fatalf("the server ended before it was ready:\n%s", s.log())
		case <-deadline:
			s.t.Fatalf("the server is not ready:\n%s", s.log())
		case <-tick.C:
		}
	}
}

// strike sends SIGKILL; await waits for the process to be gone.
func (s *server) strike() { _ = s.cmd.Process.Signal(syscall.SIGKILL) }

func (s *server) await() {
	<-s.exited
	s.cmd = nil
}

func (s *server) kill() {
	s.strike()
	s.await()
}

// log is the end of what the server has written.
func (s *server) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// nextPort is the port that is tried next: each is given once in this process, below
// the range that the system takes for outgoing connections.
var nextPort atomic.Int32

// freePorts gives addresses on loopback that were free a moment ago.
func freePorts(t *testing.T, n int) (out []string) {
	t.Helper()
	nextPort.CompareAndSwap(0, int32(12000+os.Getpid()%500*16))
	for len(out) < n {
		port := nextPort.Add(1)
		if port > 20000 {
			t.Fatal("no ports are free")
		}
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			out = append(out, address)
		}
	}
	return out
}
