//go:build linux

package faults

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// smallDisk mounts a file system of its own for the test.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("stile-test", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a file system cannot be mounted here (%v): a real full disk is not tested, internal/kv/pebblekv has one that is injected", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func free(t *testing.T, dir string) int64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

// fillTo writes a file until only left bytes are free.
func fillTo(t *testing.T, dir, name string, left int64) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	chunk := make([]byte, 64<<10)
	for n := free(t, dir) - left; n > 0; n -= int64(len(chunk)) {
		if _, err := f.Write(chunk[:min(n, int64(len(chunk)))]); err != nil {
			if errors.Is(err, syscall.ENOSPC) {
				return
			}
			t.Fatal(err)
		}
	}
}

// keepLow fills the disk until left bytes are free, and again where the stores give some
// back, until the function that it gives is called.
func keepLow(t *testing.T, disk string, left int64) (end func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	fillTo(t, disk, "filler", left)
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				fillTo(t, disk, "filler", left)
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(over)
		<-ended
	})
}

// TestFullDisk: new work is refused before the cliff, what was taken is finished,
// over the cliff every call is answered, and all goes on by itself when there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	n, size := 40, int64(64)
	if full {
		n, size = 400, 256
	}
	disk := smallDisk(t, fmt.Sprintf("%dm", size))
	s := launch(t, filepath.Join(disk, "data"))
	s.furnish()
	acked := map[string]string{} // execution → machine
	tokens := make(chan string, 2*n)
	for i := range n {
		for machine, input := range map[string]string{"wait": `{"seconds":4}`, "work": `{"n":1}`} {
			name := fmt.Sprintf("%s-%d", machine, i)
			if err := s.begin(machine, name, input); err != nil {
				t.Fatal(err)
			}
			acked[name] = machine
		}
	}
	for range n {
		var task struct{ TaskToken string }
		s.must("GetActivityTask", map[string]any{"activityArn": worker}, &task)
		tokens <- task.TaskToken
	}

	// Low: a quarter of the disk.
	held := keepLow(t, disk, (size/4-2)<<20)
	defer held()
	var r *refusal
	s.until(10*time.Second, "new work is refused", func() bool {
		return errors.As(s.begin("pass", fmt.Sprint("probe-", time.Now().UnixNano()), "{}"), &r) && r.status == 503
	})
	if err := s.begin("pass", "new", "{}"); !errors.As(err, &r) || r.status != 503 || r.code != "ServiceUnavailable" || !strings.Contains(r.message, "the disk of the data folder is almost full") {
		t.Errorf("a start while the disk is low: %v", err)
	}
	for action, in := range map[string]map[string]any{
		"CreateStateMachine": {"name": "late", "roleArn": role, "definition": definitions["pass"]},
		"UpdateStateMachine": {"stateMachineArn": machines + "pass", "definition": definitions["wait"]},
		"CreateActivity":     {"name": "late"},
	} {
		if err := s.call(action, in, nil); !errors.As(err, &r) || r.code != "ServiceUnavailable" {
			t.Errorf("%s while the disk is low: %v", action, err)
		}
	}
	if err := s.begin("work", "work-0", `{"n":1}`); err != nil {
		t.Errorf("the same start again while the disk is low: %v", err)
	}
	if code, why := s.get("/readyz"); code != 503 || !strings.Contains(why, "almost full") || strings.Count(why, "\n") != 1 {
		t.Errorf("/readyz: %d %q", code, why)
	}
	for range n / 2 { // finishing work goes on
		s.must("SendTaskSuccess", map[string]any{"taskToken": <-tokens, "output": `{"ok":true}`}, nil)
	}
	for i := range n {
		s.until(30*time.Second, "the timers fire", func() bool { return s.status("wait", fmt.Sprintf("wait-%d", i)) == "SUCCEEDED" })
	}
	s.must("StopExecution", map[string]any{"executionArn": running + "wait:wait-0"}, nil)

	held()

	// The cliff: somebody else takes all there is, again and again, while calls go on.
	over := s.overTheCliff(disk, n/2, tokens)
	if over.refused == 0 {
		t.Error("no call was refused on the full disk: the test did not reach it")
	}

	began := time.Now()
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	s.until(20*time.Second, "new work is taken again", func() bool { return s.begin("pass", "after", "{}") == nil })
	resumed := time.Since(began)
	if s.ended() {
		t.Fatal("the process ended")
	}
	for _, token := range over.unknown {
		if err := s.call("SendTaskSuccess", map[string]any{"taskToken": token, "output": `{"ok":true}`}, nil); err != nil && !strings.Contains(err.Error(), "TaskTimedOut") && !strings.Contains(err.Error(), "InvalidToken") && !strings.Contains(err.Error(), "TaskDoesNotExist") {
			t.Errorf("a completion that was not answered, again: %v", err)
		}
	}
	s.until(20*time.Second, "it is ready", func() bool { code, _ := s.get("/readyz"); return code == 200 })
	lost := s.count(acked, "SUCCEEDED")
	s.stop()
	s.quick()
	again := launch(t, filepath.Join(disk, "data"))
	lost += again.count(acked, "SUCCEEDED")
	if lost > 0 {
		t.Errorf("%d acknowledged are lost", lost)
	}
	t.Logf("full disk: %d acknowledged, lost %d; %d calls on the full disk were refused, %d done; the slowest call took %v (%s); resumed %v after there was room",
		len(acked), lost, over.refused, over.done, s.slowest.Round(time.Millisecond), s.slow, resumed.Round(time.Millisecond))
}

type cliff struct {
	mu            sync.Mutex
	refused, done int
	unknown       []string // tokens whose completion had no definite answer
}

// overTheCliff completes tasks while the disk has no room at all.
func (s *server) overTheCliff(disk string, tasks int, tokens <-chan string) *cliff {
	c := &cliff{}
	big := `{"pad":"` + strings.Repeat("x", 200_000) + `"}`
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range tasks / 4 {
				token := <-tokens
				fillTo(s.t, disk, "filler", 0)
				err := s.call("SendTaskSuccess", map[string]any{"taskToken": token, "output": big}, nil)
				s.status("work", "work-0") // a read is answered too
				c.mu.Lock()
				if err == nil {
					c.done++
				} else {
					c.refused++
					c.unknown = append(c.unknown, token)
				}
				c.mu.Unlock()
				var r *refusal
				if err != nil && (!errors.As(err, &r) || r.code != "ServiceUnavailable" || r.message == "") {
					s.t.Errorf("on the full disk: %v", err)
				}
			}
		})
	}
	all.Wait()
	return c
}

// count says how many executions do not have the status in the end.
func (s *server) count(acked map[string]string, want string) (lost int) {
	for name, machine := range acked {
		got := ""
		s.until(20*time.Second, name, func() bool { got = s.status(machine, name); return got != "RUNNING" || machine == "work" })
		if got != want && !(machine == "work" && got == "RUNNING") {
			s.t.Errorf("%s is %s", name, got)
			lost++
		}
	}
	return lost
}
