//go:build linux

package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// classOf names what a file of the data folder is.
func classOf(path string) string {
	store, base := "log", filepath.Base(path)
	for _, s := range []string{"config", "traces"} {
		if strings.HasPrefix(path, s+"/") {
			store = s
		}
	}
	switch {
	case strings.HasSuffix(base, ".sst"):
		return store + " table"
	case strings.HasSuffix(base, ".log"):
		return store + " write-ahead log"
	case strings.HasPrefix(base, "MANIFEST"), strings.HasPrefix(base, "OPTIONS"):
		return store + " " + base[:strings.IndexByte(base, '-')]
	case strings.HasSuffix(base, ".pem"):
		return "certificate"
	}
	return store + " " + base
}

// bits are the files of a folder that have any, up to their last byte that is not zero:
// what is set aside behind it holds nothing.
func bits(t *testing.T, dir string) map[string]map[string]int {
	t.Helper()
	out := map[string]map[string]int{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "reserve" {
			return err
		}
		b, err := os.ReadFile(path)
		if n := len(bytes.TrimRight(b, "\x00")); n > 0 {
			rel := strings.TrimPrefix(path, dir+"/")
			class := classOf(rel)
			if out[class] == nil {
				out[class] = map[string]int{}
			}
			out[class][rel] = n
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ask is one question to a server: an action of AWS's API, or a page.
type ask struct {
	action string
	in     map[string]any
}

// answers asks everything that is known, and gives the answers that are no errors, and
// how many are.
func (s *server) answers(asks []ask) (out map[string]string, errors int) {
	out = map[string]string{}
	for _, a := range asks {
		key := fmt.Sprint(a.action, a.in)
		if path, page := strings.CutPrefix(a.action, "GET "); page {
			began := time.Now()
			code, text := s.get(path)
			if s.slowest = max(s.slowest, time.Since(began)); code != 200 {
				errors++
				continue
			}
			out[key] = text
			continue
		}
		var v json.RawMessage
		if err := s.call(a.action, a.in, &v); err != nil {
			if r, is := err.(*refusal); is && (r.status == 500 || r.status == 503 || r.status == 0) {
				errors++
				continue
			}
			v = json.RawMessage(err.Error()) // a definite answer
		}
		out[key] = string(v)
	}
	return out, errors
}

// questions cover what a folder holds.
func questions(names map[string]string) (out []ask) {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		arn := map[string]any{"executionArn": running + names[name] + ":" + name}
		out = append(out, ask{"DescribeExecution", arn}, ask{"GetExecutionHistory", arn})
	}
	for name := range maps.Keys(definitions) {
		arn := map[string]any{"stateMachineArn": machines + name}
		out = append(out, ask{"DescribeStateMachine", arn}, ask{"ListExecutions", arn})
	}
	return append(out, ask{"ListStateMachines", nil}, ask{"ListActivities", nil}, ask{"GET /-/v1/audit", nil},
		ask{"GET /-/v1/audit/verify", nil}, ask{"GET /.well-known/jwks.json", nil})
}

// waiting makes a folder with executions that wait, over several starts so that there
// are tables too, and gives what is true of it.
func waiting(t *testing.T) (dir string, asks []ask, truth map[string]string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	names := map[string]string{}
	for round := range 3 {
		s := launch(t, dir)
		if round == 0 {
			s.furnish()
		}
		for i := range 30 {
			for machine, input := range map[string]string{"wait": `{"seconds":360000}`, "work": `{"n":"` + strings.Repeat("y", 400) + `"}`, "pass": `{"r":1}`} {
				name := fmt.Sprintf("%s-%d-%d", machine, round, i)
				if err := s.begin(machine, name, input); err != nil {
					t.Fatal(err)
				}
				names[name] = machine
			}
		}
		for name, machine := range names {
			if machine == "pass" {
				s.until(20*time.Second, name, func() bool { return s.status("pass", name) == "SUCCEEDED" })
			}
		}
		if round == 2 {
			asks = questions(names)
			var errors int
			if truth, errors = s.answers(asks); errors > 0 {
				t.Fatalf("%d questions have no answer on a sound folder", errors)
			}
		}
		s.stop()
	}
	return dir, asks, truth
}

// TestBitFlips: a flipped bit anywhere in the data folder gives an error when it is
// opened or read, or changes nothing; never a wrong answer, a panic, a hang.
func TestBitFlips(t *testing.T) {
	dir, asks, truth := waiting(t)
	classes := bits(t, dir)
	total := 44
	if full {
		total = 320
	}
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 5))
	outcomes := map[string]map[string]int{}
	names := slices.Sorted(maps.Keys(classes))
	// The control: the same look at an untouched copy finds nothing, at a copy with one
	// answer changed it does.
	s, outcome := opened(t, copyOf(t, dir), asks, truth)
	if outcome != "nothing changed" {
		t.Fatalf("an untouched copy: %s", outcome)
	}
	s.stop()
	control := maps.Clone(truth)
	control[fmt.Sprint(asks[0].action, asks[0].in)] += " "
	if _, outcome := opened(t, copyOf(t, dir), asks, control); !strings.HasPrefix(outcome, "WRONG") {
		t.Fatalf("the control was not caught: %s", outcome)
	}
	for i := range total {
		class := names[i%len(names)]
		files := slices.Sorted(maps.Keys(classes[class]))
		file := files[rng.IntN(len(files))]
		copied := copyOf(t, dir)
		at := rng.IntN(classes[class][file])
		b, err := os.ReadFile(filepath.Join(copied, file))
		if err != nil {
			t.Fatal(err)
		}
		bit := rng.IntN(8)
		b[at] ^= 1 << bit
		if err := os.WriteFile(filepath.Join(copied, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, outcome := opened(t, copied, asks, truth)
		s.stop()
		if strings.ToUpper(outcome[:5]) == outcome[:5] {
			t.Errorf("seed %d, bit %d of byte %d of %s: %s\n%s", seed, bit, at, file, outcome, s.logged())
		}
		if outcomes[class] == nil {
			outcomes[class] = map[string]int{}
		}
		short, _, _ := strings.Cut(outcome, ":")
		outcomes[class][short]++
	}
	t.Logf("%d bits flipped, seed %d", total, seed)
	for _, class := range names {
		t.Logf("%-24s %v", class, outcomes[class])
	}
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() == "reserve" {
			return err
		}
		rel := filepath.Join(to, strings.TrimPrefix(path, dir))
		if d.IsDir() {
			return os.MkdirAll(rel, 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(rel, b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// opened opens a folder, asks, and says how it went; what must not be is in capitals.
func opened(t *testing.T, dir string, asks []ask, truth map[string]string) (*server, string) {
	t.Helper()
	s := launch(t, dir)
	if s.ended() {
		return s, s.refusedOpening()
	}
	got, errors := s.answers(asks)
	text := s.logged()
	switch {
	case strings.Contains(text, "goroutine "), strings.Contains(text, "panic"):
		return s, "PANIC"
	case s.slowest > 5*time.Second:
		return s, "HANGS: " + s.slow
	}
	for key, answer := range got {
		if strings.HasPrefix(key, "GET /-/v1/audit") && sameAudit(truth[key], answer) {
			continue
		}
		if answer != truth[key] {
			return s, fmt.Sprintf("WRONG: %s is\n%.2000s\nwas\n%.2000s", key, answer, truth[key])
		}
	}
	switch {
	case s.ended():
		return s, "process ended with an error"
	case errors > 0:
		return s, "error where it is read"
	}
	return s, "nothing changed"
}

// sameAudit compares what two pages of the record both hold: a restart adds to it, so
// that the page moves on. Verifying may find the damage, and never fewer records.
func sameAudit(old, now string) bool {
	type verified struct {
		Records int64
		Holds   *bool
	}
	var was, is verified
	if json.Unmarshal([]byte(old), &was) == nil && was.Holds != nil {
		return json.Unmarshal([]byte(now), &is) == nil && is.Holds != nil && (!*is.Holds || is.Records >= was.Records)
	}
	type page struct{ Records []json.RawMessage }
	var a, b page
	if json.Unmarshal([]byte(old), &a) != nil || json.Unmarshal([]byte(now), &b) != nil {
		return false
	}
	bySeq := func(p page) map[int64]string {
		out := map[int64]string{}
		for _, raw := range p.Records {
			var r struct{ Seq int64 }
			if json.Unmarshal(raw, &r) == nil {
				out[r.Seq] = string(raw)
			}
		}
		return out
	}
	before, after := bySeq(a), bySeq(b)
	both := 0
	for seq, r := range before {
		if after[seq] != "" {
			both++
			if after[seq] != r {
				return false
			}
		}
	}
	return both > 0
}

// refusedOpening is how a start ended that did not come to be ready.
func (s *server) refusedOpening() string {
	text := s.logged()
	if strings.Contains(text, "goroutine ") || strings.Contains(text, "panic") || s.cmd.ProcessState.ExitCode() < 0 {
		return "PANIC at open: " + text
	}
	var told []string
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.Contains(line, "stile: ") || strings.Contains(line, "data folder") {
			told = append(told, line)
		}
	}
	if len(told) == 0 {
		return "UNCLEAR at open: " + text
	}
	return "refused to open: " + told[len(told)-1]
}
