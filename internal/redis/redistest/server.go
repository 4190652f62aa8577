// Package redistest starts Redis servers for tests: a real one, or miniredis, whose
// time stands still until a test moves it.
//
// It is for tests alone. A server listens on loopback at a port of its own, keeps
// nothing, and ends with the test.
package redistest

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"stile/internal/redis"
)

// patience is how long a server may take to start.
const patience = 20 * time.Second

// Server is a redis-server that runs.
type Server struct {
	t       testing.TB
	Address string
	// args begin it again.
	args []string
	cmd  *exec.Cmd
}

// Start starts the redis-server of this machine, with settings after its own. Where
// there is none the test is skipped, or fails where CI is set.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is not installed: sudo make deps")
		}
		t.Skip("redis-server is not installed: sudo make deps")
	}
	s := &Server{t: t}
	// A port that was free a moment ago may be taken meanwhile: another one then.
	for range 5 {
		port := freePort(t)
		s.Address = net.JoinHostPort("127.0.0.1", port)
		s.args = append([]string{program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, settings...)
		if s.begin() {
			t.Cleanup(s.Kill)
			return s
		}
	}
	t.Fatal("redis-server does not start")
	return nil
}

func freePort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// begin runs the program until it says that it is ready.
func (s *Server) begin() bool {
	s.t.Helper()
	s.cmd = exec.Command(s.args[0], s.args[1:]...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "eady to accept connections") {
				ready <- true
			}
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if !ok {
			_ = s.cmd.Wait()
			s.cmd = nil
		}
		return ok
	case <-time.After(patience):
		s.Kill()
		return false
	}
}

// Kill ends the server as a crash does; Restart begins it again, empty, at the same
// address.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// Restart begins a killed server again.
func (s *Server) Restart() {
	s.t.Helper()
	if !s.begin() {
		s.t.Fatal("redis-server does not start again")
	}
}

// Pause stops the server's process: connections stand, nothing is answered. Resume
// lets it go on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Error(err)
	}
}

// Do sends one command of plain words, as FLUSHALL, over a connection of its own.
func Do(t testing.TB, address, command string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || strings.HasPrefix(answer, "-") {
		t.Fatalf("%s: %q, %v", command, answer, err)
	}
}

// Config is a Link's to an address, with times for a machine that does much else.
func Config(address string) redis.Config {
	return redis.Config{Prefix: "test:", Timeout: 5 * time.Second, Dial: 5 * time.Second,
		Endpoint: func(context.Context) (redis.Endpoint, error) { return redis.Endpoint{Address: address}, nil }}
}

// Open opens a Link that ends with the test.
func Open(t testing.TB, cfg redis.Config) *redis.Link {
	t.Helper()
	l := redis.Open(t.Context(), cfg)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// Link opens a Link to the server.
func (s *Server) Link() *redis.Link { return Open(s.t, Config(s.Address)) }

// Mini starts miniredis, and a Link to it.
func Mini(t testing.TB) (*miniredis.Miniredis, *redis.Link) {
	t.Helper()
	m := miniredis.RunT(t)
	return m, Open(t, Config(m.Addr()))
}
