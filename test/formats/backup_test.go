package formats

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	// The test drives a binary that Go's test cache does not see. This makes the test
	// program change with the product, so that a result is never an older product's.
	_ "stile/internal/cli"
	"stile/internal/sfn"
	"stile/jsonval"
)

// built gives the present binary: the one that STILE names, else one built for it.
func built(t *testing.T) string {
	t.Helper()
	if binary := os.Getenv("STILE"); binary != "" {
		return binary
	}
	binary := filepath.Join(t.TempDir(), "stile")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "stile/cmd/stile")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the binary does not build: %v\n%s", err, out)
	}
	return binary
}

// stile runs a command and gives its exit code and what it wrote.
func (s *server) stile(args ...string) (code int, out, errs string) {
	s.t.Helper()
	var o, e bytes.Buffer
	cmd := exec.CommandContext(s.t.Context(), s.binary, args...)
	cmd.Env = append(os.Environ(), "STILE_SERVER="+s.control)
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// load starts executions until it is stopped: some end at once, some wait for a
// token, some for a worker of an activity that was made just before.
type load struct {
	s    *server
	stop context.CancelFunc
	over sync.WaitGroup

	mu    sync.Mutex
	acked []string // ARNs, in the order in which their starts were answered
}

func (s *server) underLoad() *load {
	ctx, cancel := context.WithCancel(s.t.Context())
	l := &load{s: s, stop: cancel}
	for worker, one := range []func(n int) (string, error){
		func(n int) (string, error) { return l.start("quick", fmt.Sprint("q", n)) },
		func(n int) (string, error) { return l.start("map", fmt.Sprint("m", n)) },
		func(n int) (string, error) { return l.start("token", fmt.Sprint("t", n)) },
		l.fresh,
	} {
		l.over.Go(func() {
			for n := 0; ctx.Err() == nil && n < 400; n++ {
				arn, err := one(n)
				if err != nil {
					s.t.Errorf("load %d: %v", worker, err)
					return
				}
				l.mu.Lock()
				l.acked = append(l.acked, arn)
				l.mu.Unlock()
			}
		})
	}
	return l
}

func (l *load) start(machine, name string) (string, error) {
	var started struct{ ExecutionArn string }
	err := l.s.try("StartExecution", map[string]string{"stateMachineArn": prefix + "stateMachine:" + machine, "name": name, "input": "[0,1]"}, &started)
	return started.ExecutionArn, err
}

// fresh makes an activity, a state machine whose Task is of it, and an execution.
func (l *load) fresh(n int) (string, error) {
	name := fmt.Sprint("fresh", n)
	if err := l.s.try("CreateActivity", map[string]string{"name": name}, nil); err != nil {
		return "", err
	}
	definition := machine("Pack", `"Pack":{"Type":"Task","Resource":"`+prefix+`activity:`+name+`","End":true}`)
	err := l.s.try("CreateStateMachine", map[string]string{"name": name, "definition": definition, "roleArn": "arn:aws:iam::" + account + ":role/zoo"}, nil)
	if err != nil {
		return "", err
	}
	return l.start(name, "f")
}

func (l *load) so() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.acked)
}

// taken is one backup: what was acknowledged before its call.
type taken struct {
	file  string
	keys  bool
	acked []string
}

// TestBackupsUnderLoad takes backups of the running binary, restores each, and holds
// what is there against what was acknowledged before.
func TestBackupsUnderLoad(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key.txt")
	if err := os.WriteFile(keyFile, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := append(kinds(), kind{name: "quick", definition: machine("Call", `"Call":`+call("/ok", toDone), done), events: map[string]int{"ExecutionSucceeded": 1}, ends: "SUCCEEDED"})
	project := writeProject(t, newBackend(t), list)
	s := run(t, built(t), project, filepath.Join(dir, "data"))
	notes := s.fill(list)
	l := s.underLoad()
	var backups []taken
	for n := range 3 {
		more := len(l.so()) + 40
		eventually(t, "there is load", func() (bool, string) { return len(l.so()) >= more || t.Failed(), fmt.Sprint(len(l.so())) })
		b := taken{file: filepath.Join(dir, fmt.Sprintf("%d.tar.zst", n)), keys: n != 1, acked: l.so()}
		args := []string{"backup", "--to", b.file, "-o", "json"}
		if b.keys {
			args = append(args, "--recipient", identity.Recipient().String())
		}
		code, out, errs := s.stile(args...)
		if code != 0 || !strings.Contains(out, fmt.Sprintf(`"keys": %v`, b.keys)) || strings.Contains(errs, "will not survive") == b.keys {
			t.Fatalf("stile backup: %d %s %s", code, out, errs)
		}
		backups = append(backups, b)
	}
	l.stop()
	l.over.Wait()
	if left, _ := filepath.Glob(filepath.Join(dir, "data", "backup.part-*")); len(left) > 0 {
		t.Errorf("the server left copies: %v", left)
	}
	later := map[string][]json.RawMessage{}
	for _, n := range notes {
		later[n.ARN], _ = s.history(n.ARN)
	}
	for _, arn := range backups[2].acked {
		later[arn], _ = s.history(arn)
	}
	s.kill()
	for n, b := range backups {
		restored := filepath.Join(dir, fmt.Sprint("restored", n))
		args := []string{"restore", b.file, "--data", restored}
		if b.keys {
			args = append(args, "--identity", keyFile)
		}
		if code, _, errs := s.stile(args...); code != 0 || strings.Contains(errs, "without keys") == b.keys {
			t.Fatalf("stile restore: %d %s", code, errs)
		}
		if n == 2 {
			s.standsAgain(project, restored)
		}
		s.holds(restored, b, notes, later)
	}
	s.refuses(dir, backups[0].file, keyFile)
}

// standsAgain runs the product itself on a restored folder: the audit's chain holds,
// and every activity that a state machine names is there.
func (s *server) standsAgain(project, restored string) {
	s.t.Helper()
	again := run(s.t, s.binary, project, restored)
	defer again.kill()
	if code, out, errs := again.stile("audit", "verify"); code != 0 {
		s.t.Errorf("the audit of the restored folder: %d %s %s", code, out, errs)
	}
	// Also what was not acknowledged yet: the log's copy is the older one, so that the
	// configuration's has what it names.
	fresh, token := 0, ""
	for {
		var page struct {
			StateMachines []struct{ Name string }
			NextToken     string
		}
		in := map[string]any{"maxResults": 1000}
		if token != "" {
			in["nextToken"] = token
		}
		again.aws("ListStateMachines", in, &page)
		for _, m := range page.StateMachines {
			if strings.HasPrefix(m.Name, "fresh") {
				fresh++
				again.aws("DescribeActivity", map[string]string{"activityArn": prefix + "activity:" + m.Name}, nil)
			}
		}
		if token = page.NextToken; token == "" {
			break
		}
	}
	if fresh == 0 {
		s.t.Error("no activity was made before the backup")
	}
}

// holds opens a restored folder with the engine and brings it to its end.
func (s *server) holds(restored string, b taken, notes []note, later map[string][]json.RawMessage) {
	s.t.Helper()
	o := open(s.t, restored, time.Now())
	defer o.close()
	for _, arn := range b.acked {
		if o.status(arn) == "" {
			s.t.Errorf("%s was acknowledged before the backup and is gone", arn)
		}
	}
	o.check(notes)
	compared := 0
	for arn, events := range later {
		if o.status(arn) != "" {
			prefixed(s.t, arn, o.history(arn), events)
			compared++
		}
	}
	if compared < len(b.acked) {
		s.t.Errorf("%d histories were compared, want %d at least", compared, len(b.acked))
	}
	o.begin()
	if b.keys {
		o.answer(notes)
	} else {
		o.refusesTokens(notes)
	}
	o.operate()
	o.finish()
	o.ended(notes)
	for _, arn := range b.acked {
		if got := o.status(arn); got != sfn.Succeeded {
			s.t.Errorf("%s ended %s: %s", arn, got, last(o.history(arn)))
		}
	}
}

// refusesTokens: after a restore without keys a token from before opens nothing.
func (o *opened) refusesTokens(notes []note) {
	o.t.Helper()
	for _, n := range notes {
		for _, token := range n.Tokens {
			err := o.host.SendTaskSuccess(o.t.Context(), token, jsonval.EmptyObject)
			if refused, ok := err.(*sfn.Error); !ok || refused.Code != "InvalidToken" {
				o.t.Errorf("%s: a token of a key that is gone: %v", n.Kind, err)
			}
		}
	}
}

// operate completes every Task that waits for a token, as an operator does.
func (o *opened) operate() {
	o.t.Helper()
	tokens, err := o.host.OpenTokens(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	for _, tok := range tokens {
		// A worker of this test may have been faster.
		if err := o.host.SendTaskSuccess(o.t.Context(), tok.TaskToken, jsonval.EmptyObject); err != nil && o.status(tok.ExecutionARN) == sfn.Running {
			var refused *sfn.Error
			if ok := asRefusal(err, &refused); !ok || refused.Code == "InvalidToken" {
				o.t.Errorf("%s cannot be completed: %v", tok.ExecutionARN, err)
			}
		}
	}
}

func asRefusal(err error, to **sfn.Error) bool {
	refused, ok := err.(*sfn.Error)
	*to = refused
	return ok
}

// refuses: what is no whole backup is not restored, and a full folder stays as it is.
func (s *server) refuses(dir, file, keyFile string) {
	s.t.Helper()
	whole, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	flipped := slices.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, data := range map[string][]byte{"cut": whole[:len(whole)-100], "flipped": flipped, "nothing": nil} {
		path, to := filepath.Join(dir, name), filepath.Join(dir, "to-"+name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			s.t.Fatal(err)
		}
		if code, _, errs := s.stile("restore", path, "--data", to, "--identity", keyFile); code != 1 || strings.Count(errs, "\n") != 1 {
			s.t.Errorf("%s: %d %s", name, code, errs)
		}
		if _, err := os.Stat(to); err == nil {
			s.t.Errorf("%s left a folder", name)
		}
	}
	if code, _, errs := s.stile("restore", file, "--data", filepath.Join(dir, "data"), "--identity", keyFile); code != 6 {
		s.t.Errorf("a folder that is not empty: %d %s", code, errs)
	}
	if code, _, errs := s.stile("restore", file, "--data", filepath.Join(dir, "new")); code != 1 || !strings.Contains(errs, "--identity") {
		s.t.Errorf("keys and no identity: %d %s", code, errs)
	}
}
