package express

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"stile/asl"
	"stile/asl/history"
	"stile/diag"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

const space kv.Space = 0x30

// book is a registry of state machines; the text of each is its definition.
type book map[string]string

func arnOf(name string) string { return sfn.StateMachineARN("us-east-1", "111111111111", name) }

func (b book) program(name string) (*asl.Program, error) {
	text, ok := b[name]
	if !ok {
		return nil, sfn.StateMachineDoesNotExist(arnOf(name))
	}
	p, faults := asl.Parse(diag.NewSource("", text))
	if faults.HasErrors() {
		return nil, faults
	}
	return p, nil
}

func (b book) Starting(in *sfn.Start) (sfn.StateMachine, uint64, *asl.Program, error) {
	a, _ := sfn.ParseARN(in.StateMachineARN)
	p, err := b.program(a.Name)
	kind := sfn.Express
	if strings.HasPrefix(a.Name, "standard") {
		kind = sfn.Standard
	}
	return sfn.StateMachine{ARN: arnOf(a.Name), Name: a.Name, RoleARN: "arn:aws:iam::111111111111:role/r", Type: kind}, 7, p, err
}

func (b book) Revision(arn string, n uint64) (*asl.Program, error) {
	if n != 7 {
		return nil, errors.New("no such revision")
	}
	a, _ := sfn.ParseARN(arn)
	return b.program(a.Name)
}

// worker answers calls by what do says; without do they wait until nobody does.
type worker struct {
	mu        sync.Mutex
	do        func(sfn.TaskCall) sfn.TaskResult
	calls     []sfn.TaskCall
	came      chan sfn.TaskCall
	abandoned int
	cancelled int
}

func (w *worker) Start(ctx context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
	w.mu.Lock()
	w.calls = append(w.calls, call)
	do := w.do
	w.mu.Unlock()
	if w.came != nil {
		w.came <- call
	}
	if do != nil {
		done(do(call))
		return
	}
	<-ctx.Done()
	w.mu.Lock()
	w.abandoned++
	w.mu.Unlock()
	done(sfn.TaskResult{Error: "Late", Cause: "nobody waits"})
}

func (w *worker) Cancel(string, uint64) {
	w.mu.Lock()
	w.cancelled++
	w.mu.Unlock()
}

func (w *worker) seen() (calls []sfn.TaskCall, abandoned, cancelled int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sfn.TaskCall(nil), w.calls...), w.abandoned, w.cancelled
}

// rig is a host over a store in memory.
type rig struct {
	*Host
	store kv.Store
	tasks *worker
	log   *strings.Builder
	fatal []error

	mu   sync.Mutex
	told []sfn.Notice
}

func newRig(t testing.TB, b book, change func(*Config)) *rig {
	t.Helper()
	r := &rig{tasks: &worker{}, log: &strings.Builder{}}
	cfg := Config{Machines: b, Space: space, Account: "111111111111", Region: "us-east-1",
		Log: slog.New(slog.NewTextHandler(r.log, nil)), Fatal: func(err error) { r.fatal = append(r.fatal, err) },
		Observe: func(n sfn.Notice) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, n)
		}}
	if change != nil {
		change(&cfg)
	}
	if cfg.Store == nil {
		cfg.Store = memkv.New(nil)
	}
	r.store = cfg.Store
	t.Cleanup(func() { _ = r.store.Close() }) // after the host's end
	var err error
	if r.Host, err = Open(cfg); err != nil {
		t.Fatal(err)
	}
	return r
}

// begin gives the host its tasks; it is closed at once at the test's end.
func (r *rig) begin(t testing.TB) *rig {
	t.Helper()
	if err := r.SetTasks(r.tasks); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.shut()
		r.keepsRules(t)
	})
	return r
}

// keepsRules holds every history that was told against the rules of histories; an
// execution that starts over begins another one.
func (r *rig) keepsRules(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	checks := map[string]*history.Checker{}
	for _, n := range r.told {
		for _, e := range n.Events {
			if e.ID == 1 {
				checks[n.ExecutionARN] = &history.Checker{}
			}
			if wrong := checks[n.ExecutionARN].Add(&e); wrong != "" {
				t.Errorf("%s: its history breaks a rule: %s", n.ExecutionARN, wrong)
			}
		}
	}
}

// shut cuts what is open.
func (r *rig) shut() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.Close(ctx)
}

// kept counts the starts in the store.
func (r *rig) kept(t testing.TB) (n int) {
	t.Helper()
	err := r.store.Iterate(space, kv.Range{}, func(_, _ []byte) bool { n++; return true })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (r *rig) types() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.told {
		for _, e := range n.Events {
			out = append(out, e.Type)
		}
	}
	return out
}

// compiled is one state machine that is found without any work.
type compiled struct {
	machine sfn.StateMachine
	program *asl.Program
}

func (c compiled) Starting(*sfn.Start) (sfn.StateMachine, uint64, *asl.Program, error) {
	return c.machine, 1, c.program, nil
}

func (c compiled) Revision(string, uint64) (*asl.Program, error) { return c.program, nil }
