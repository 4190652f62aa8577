//go:build linux

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// tracer gives a command line that has the nth fdatasync of each thread fail.
func tracer(t *testing.T, n int) (prefix []string, out string) {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("no strace: scripts/deps.sh installs it")
	}
	if err != nil {
		t.Skip("no strace here: a sync that fails under the real binary is not tested, internal/kv/pebblekv has one that is injected")
	}
	out = filepath.Join(t.TempDir(), "strace")
	prefix = []string{path, "-f", "-qq", "-ttt", "-o", out, "-e", "trace=fdatasync", "-e", fmt.Sprintf("inject=fdatasync:error=EIO:when=%d", n)}
	if err := exec.Command(path, "-qq", "-e", "trace=none", "true").Run(); err != nil {
		t.Skipf("strace may not trace here (%v): a sync that fails under the real binary is not tested", err)
	}
	return prefix, out
}

var injected = regexp.MustCompile(`(?m)^\d+ +(\d+\.\d+) .*INJECTED`)

// TestSyncFails: the process ends, what was acknowledged is there after a restart, and
// nothing is acknowledged after the failure.
func TestSyncFails(t *testing.T) {
	t.Parallel()
	rounds := []int{1, 25}
	if full {
		rounds = []int{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233}
	}
	acknowledged, failed, gone := 0, 0, 0
	for _, n := range rounds {
		prefix, out := tracer(t, n)
		data := filepath.Join(t.TempDir(), "data")
		first := launch(t, data)
		first.furnish()
		first.stop()

		s := launch(t, data, prefix...)
		var mu sync.Mutex
		acked := map[string]string{}
		last := time.Time{}
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := 0; i < 3000 && !s.ended(); i++ {
					name := fmt.Sprintf("w%d-%d", w, i)
					if s.begin("pass", name, "{}") == nil {
						mu.Lock()
						acked[name], last = "pass", time.Now()
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		s.until(10*time.Second, "the process ends", s.ended)
		if code := s.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(s.logged(), "input/output error") || strings.Contains(s.logged(), "goroutine ") {
			t.Errorf("sync %d: exit code %d", n, code)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		at := injected.FindSubmatch(text)
		if at == nil {
			t.Fatalf("sync %d: no sync failed", n)
		}
		failed++
		seconds, err := strconv.ParseFloat(string(at[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		// An answer that was on its way at that moment may arrive just after it.
		if after := last.Sub(time.UnixMicro(int64(seconds * 1e6))); after > time.Second {
			t.Errorf("sync %d: an acknowledgement %v after it", n, after)
		}
		lost := launch(t, data).count(acked, "SUCCEEDED")
		gone += lost
		if lost > 0 {
			t.Errorf("sync %d: %d of %d acknowledged are lost", n, lost, len(acked))
		}
		acknowledged += len(acked)
	}
	t.Logf("EIO of fdatasync: %d syncs failed, each ended the process; %d acknowledged, lost %d", failed, acknowledged, gone)
}
