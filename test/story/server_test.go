package story

import (
	"bytes"
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

func TestMain(m *testing.M) {
	nextPort.Store(int32(20000 + os.Getpid()%50*200))
	if binary = os.Getenv("STILE"); binary != "" {
		// The look at the file makes the go command run the tests again when it is another.
		if _, err := os.Stat(binary); err != nil {
			fmt.Fprintln(os.Stderr, "STILE:", err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "stile-story-")
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

// project is a copy of examples/orders whose sample backends listen on free ports.
type project struct {
	t       *testing.T
	dir     string
	data    string
	samples map[string]string // sample's name → host:port
	ports   []string          // control, control over TLS, gateway
}

// newProject copies the example and gives it ports of its own.
func newProject(t *testing.T) *project {
	t.Helper()
	ports := freePorts(t, 7)
	p := &project{t: t, dir: filepath.Join(t.TempDir(), "orders"), data: filepath.Join(t.TempDir(), "data"), ports: ports[4:]}
	if err := os.CopyFS(p.dir, os.DirFS("../../examples/orders")); err != nil {
		t.Fatal(err)
	}
	// A user who runs the example beside the tests leaves data in it.
	if err := os.RemoveAll(filepath.Join(p.dir, ".stile")); err != nil {
		t.Fatal(err)
	}
	p.samples = map[string]string{}
	for i, name := range []string{"inventory", "payments", "shipping", "approvals"} {
		p.samples[name] = ports[i]
		p.replaceAll(fmt.Sprintf("127.0.0.1:%d", 7491+i), ports[i])
	}
	return p
}

// replaceAll replaces text in every file of the project; it must be somewhere.
func (p *project) replaceAll(old, new string) {
	p.t.Helper()
	found := false
	err := filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte(old)) {
			return err
		}
		found = true
		return os.WriteFile(path, bytes.ReplaceAll(text, []byte(old), []byte(new)), 0o644)
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if !found {
		p.t.Fatalf("no file of the example has %q", old)
	}
}

// read gives a file of the project.
func (p *project) read(name string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// write replaces a file of the project, as an editor does: by a new file of the
// same name.
func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path+"~", []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		p.t.Fatal(err)
	}
}

// addFile writes a file in a folder that may be new.
func (p *project) addFile(name, text string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(p.dir, name)), 0o755); err != nil {
		p.t.Fatal(err)
	}
	p.write(name, text)
}

// edit replaces one text of a file, which must stand there exactly once.
func (p *project) edit(name, old, new string) {
	p.t.Helper()
	text := p.read(name)
	if strings.Count(text, old) != 1 {
		p.t.Fatalf("%s has %q %d times, want once", name, old, strings.Count(text, old))
	}
	p.write(name, strings.Replace(text, old, new, 1))
}

// flags are those that every server of the project gets; without a data folder it
// is an ephemeral one.
func (p *project) flags() []string {
	flags := []string{"--control", p.ports[0], "--control-tls", p.ports[1], "--gateway", p.ports[2]}
	if p.data == "" {
		return append(flags, "--ephemeral")
	}
	return append(flags, "--data", p.data)
}

// server is `stile dev` on a project.
type server struct {
	*project
	cmd     *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	log     *os.File
	control string // URL
	gateway string // URL
}

// start runs the server until the test ends, and waits until it is ready.
func (p *project) start() *server {
	p.t.Helper()
	ready := filepath.Join(p.t.TempDir(), "ready")
	s := &server{project: p, exited: make(chan struct{}), control: "http://" + p.ports[0], gateway: "http://" + p.ports[2]}
	var err error
	if s.log, err = os.CreateTemp(p.t.TempDir(), "log"); err != nil {
		p.t.Fatal(err)
	}
	s.cmd = exec.Command(binary, append([]string{"dev", p.dir, "--ready-file", ready}, p.flags()...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		s.cmd.Wait()
		close(s.exited)
	}()
	p.t.Cleanup(func() {
		s.stop()
		if p.t.Failed() {
			p.t.Logf("log of the server:\n%s", s.logged())
		}
	})
	eventually(p.t, 30*time.Second, "the server is ready", func() (bool, string) {
		select {
		case <-s.exited:
			p.t.Fatalf("the server ended before it was ready")
		default:
		}
		_, err := os.Stat(ready)
		return err == nil, "no ready file"
	})
	return s
}

// kill ends the process as a power cut would end it, as far as a process can.
func (s *server) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.exited
}

// stop ends the process by SIGTERM and gives its exit code; a process that has
// ended keeps its code.
func (s *server) stop() int { return s.signal(syscall.SIGTERM) }

// signal sends a signal that asks the process to end, and gives its exit code.
func (s *server) signal(sig os.Signal) int {
	s.cmd.Process.Signal(sig)
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		s.t.Errorf("the server did not stop on signal %v", sig)
		s.cmd.Process.Kill()
		<-s.exited
	}
	return s.cmd.ProcessState.ExitCode()
}

// logged is what the server has written so far.
func (s *server) logged() string {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// freePorts gives addresses on loopback that were free a moment ago, each port
// once in this process.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for len(out) < n {
		port := int(nextPort.Add(1))
		if port > lastPort {
			t.Fatal("no port is free below the ephemeral ones")
		}
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		l.Close()
		out = append(out, addr)
	}
	return out
}

// Ports are given once each, from below the range that the system takes for
// outgoing connections: a port of that range that was free a moment ago may be
// the far end of another test's request.
var nextPort atomic.Int32

const lastPort = 32000

// eventually asks again and again until ok, and fails the test with the last state
// where the time is over.
func eventually(t *testing.T, within time.Duration, what string, ask func() (ok bool, state string)) {
	t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, state := ask()
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %v; at the end: %s", what, within, state)
		}
	}
}

// stile runs one command of the binary against the server.
func (s *server) stile(args ...string) (code int, stdout, stderr string) {
	return command(s.t, []string{"STILE_SERVER=" + s.ports[0]}, args...)
}

// command runs the binary to its end.
func command(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}
