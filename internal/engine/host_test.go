package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// workers is Tasks as a function; nil answers {} at once.
type workers func(ctx context.Context, c sfn.TaskCall, done func(sfn.TaskResult))

func (f workers) Start(ctx context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
	if f == nil {
		done(sfn.TaskResult{Output: jsonval.EmptyObject})
		return
	}
	f(ctx, c, done)
}

func (f workers) Cancel(string, uint64) {}

// bubble runs f with a store in a bubble of its own.
func bubble(t *testing.T, f func(t *testing.T, store *memkv.Store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memkv.New(nil)
		t.Cleanup(func() { store.Close() })
		f(t, store)
	})
}

// host opens a host; change may alter its Config.
func host(t *testing.T, store kv.Store, w workers, change ...func(*Config)) *Host {
	t.Helper()
	cfg := Config{
		Store: store, Account: account, Region: region, Tasks: w,
		Fatal: func(err error) { t.Error(err) },
	}
	for _, f := range change {
		f(&cfg)
	}
	h, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, h) })
	return h
}

// shut closes a host and holds every history of its store against the rules.
func shut(t *testing.T, h *Host) {
	t.Helper()
	if _, _, broken := brokenHistories(h.store); len(broken) > 0 {
		t.Errorf("histories break rules: %v", broken)
	}
	if err := h.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func create(t *testing.T, h *Host, name, definition string) string {
	t.Helper()
	m, err := h.CreateStateMachine(t.Context(), sfn.NewStateMachine{Name: name, RoleARN: role, Definition: definition})
	if err != nil {
		t.Fatal(err)
	}
	return m.ARN
}

func start(t *testing.T, h *Host, machine, name, input string) string {
	t.Helper()
	s, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: machine, Name: name, Input: jsonval.MustParse(input)})
	if err != nil {
		t.Fatal(err)
	}
	return s.ExecutionARN
}

func describe(t *testing.T, h *Host, arn string) sfn.Execution {
	t.Helper()
	x, err := h.DescribeExecution(t.Context(), arn)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// ends waits until the execution has ended, however long that takes in the bubble.
func ends(t *testing.T, h *Host, arn string) sfn.Execution {
	t.Helper()
	c, stop := h.Watch(arn)
	defer stop()
	for {
		if x := describe(t, h, arn); x.Status != sfn.Running {
			return x
		}
		if _, ok := <-c; !ok {
			t.Fatal("the watch ended")
		}
	}
}

// code is an error's AWS code.
func code(err error) string {
	var e *sfn.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

// state makes a definition of one state.
func state(body string) string { return `{"StartAt":"A","States":{"A":` + body + `}}` }

const (
	passState = `{"Type":"Pass","End":true}`
	taskState = `{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true}`
)

func waitState(seconds int) string {
	return fmt.Sprintf(`{"Type":"Wait","Seconds":%d,"End":true}`, seconds)
}

func TestStartIsIdempotentByName(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", state(waitState(10)))
		in := sfn.Start{StateMachineARN: m, Name: "n", Input: jsonval.MustParse(`{"a":1}`)}
		var wg sync.WaitGroup
		answers := make(chan sfn.Started, 20)
		for range cap(answers) {
			wg.Go(func() {
				s, err := h.StartExecution(t.Context(), in)
				if err != nil {
					t.Error(err)
				}
				answers <- s
			})
		}
		wg.Wait()
		first := <-answers
		for range cap(answers) - 1 {
			if s := <-answers; s != first {
				t.Errorf("racing starts gave %v and %v", first, s)
			}
		}
		other := in
		other.Input = jsonval.MustParse(`{"a":2}`)
		if _, err := h.StartExecution(t.Context(), other); code(err) != "ExecutionAlreadyExists" {
			t.Errorf("other input: %v", err)
		}
		ends(t, h, first.ExecutionARN)
		if _, err := h.StartExecution(t.Context(), in); code(err) != "ExecutionAlreadyExists" {
			t.Errorf("closed: %v", err)
		}
		if all, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{}); err != nil || len(all) != 1 {
			t.Errorf("%d executions, %v", len(all), err)
		}
		in.StateMachineARN += "x"
		if _, err := h.StartExecution(t.Context(), in); code(err) != "StateMachineDoesNotExist" {
			t.Errorf("no machine: %v", err)
		}
		in.StateMachineARN, in.Name, in.Input = m, "", jsonval.Value{}
		s, err := h.StartExecution(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		x := describe(t, h, s.ExecutionARN)
		if len(x.Name) != 36 || x.Input.Text() != "{}" || len(x.TraceID) != 32 || x.Span != sfn.ExecutionSpan(x.ARN) {
			t.Errorf("made up: %+v", x)
		}
	})
}

// TestNothingIsShownBeforeItIsDurable holds the sync and looks on.
func TestNothingIsShownBeforeItIsDurable(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", state(waitState(10)))
		hold := make(chan struct{})
		store.SetGap(func() { <-hold })
		arn := sfn.ExecutionARN(region, account, "m", "n")
		seen := make(chan string, 10)
		go func() {
			_, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m, Name: "n"})
			seen <- fmt.Sprint("start ", err)
		}()
		synctest.Wait()
		for name, f := range map[string]func() error{
			"describe": func() error { _, err := h.DescribeExecution(t.Context(), arn); return err },
			"history": func() error {
				_, _, err := h.GetExecutionHistory(t.Context(), sfn.HistoryPage{ExecutionARN: arn})
				return err
			},
			"list": func() error { _, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{}); return err },
			"start again": func() error {
				_, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m, Name: "n"})
				return err
			},
			"start otherwise": func() error {
				_, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m, Name: "n", Input: jsonval.TrueValue})
				if code(err) != "ExecutionAlreadyExists" {
					return err
				}
				return nil
			},
		} {
			go func() { seen <- fmt.Sprint(name, " ", f()) }()
		}
		synctest.Wait()
		if len(seen) != 0 {
			t.Errorf("before the sync: %s", <-seen)
		}
		close(hold)
		for range 6 {
			if s := <-seen; !strings.HasSuffix(s, "<nil>") {
				t.Error(s)
			}
		}
	})
}

func TestSendAgainAfterRestart(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var calls []sfn.TaskCall
		silent := workers(func(ctx context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			calls = append(calls, c)
			<-ctx.Done()
			done(sfn.TaskResult{Error: "Cancelled"}) // what an HTTP client says when the host closes
		})
		h := host(t, store, silent)
		big := `{"pad":"` + strings.Repeat("z", 1000) + `"}`
		arn := start(t, h, create(t, h, "m", state(taskState)), "n", big)
		synctest.Wait()
		for range 2 {
			shut(t, h)
			h = host(t, store, silent)
			synctest.Wait()
		}
		shut(t, h)
		h = host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			calls = append(calls, c)
			done(sfn.TaskResult{Output: c.Parameters})
		})
		if x := ends(t, h, arn); x.Status != sfn.Succeeded || x.Output.Text() != big {
			t.Errorf("%+v", x)
		}
		if len(calls) != 4 {
			t.Fatalf("%d calls", len(calls))
		}
		for i, c := range calls {
			want := calls[0]
			want.Send = uint32(i + 1)
			if c.IdempotencyKey == "" || c.Parameters.Text() != big || c.Attempt != 1 || c.Send != want.Send ||
				c.IdempotencyKey != want.IdempotencyKey || c.Span != want.Span {
				t.Errorf("call %d: %+v", i, c)
			}
		}
	})
}

func TestStop(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		cancelled := make(chan bool, 1)
		h := host(t, store, func(ctx context.Context, _ sfn.TaskCall, done func(sfn.TaskResult)) {
			<-ctx.Done()
			cancelled <- true
			done(sfn.TaskResult{Output: jsonval.TrueValue})
		})
		arn := start(t, h, create(t, h, "m", state(taskState)), "n", "{}")
		synctest.Wait()
		at, err := h.StopExecution(t.Context(), arn, "Why", "because")
		if err != nil {
			t.Fatal(err)
		}
		<-cancelled
		synctest.Wait()
		x := describe(t, h, arn)
		if x.Status != sfn.Aborted || !x.StopDate.Equal(at) || *x.Error != "Why" || *x.Cause != "because" || x.State != "" {
			t.Errorf("%+v", x)
		}
		time.Sleep(time.Second)
		if again, err := h.StopExecution(t.Context(), arn, "", ""); err != nil || !again.Equal(at) {
			t.Errorf("again: %v, %v", again, err)
		}
		if _, err := h.StopExecution(t.Context(), arn+"x", "", ""); code(err) != "ExecutionDoesNotExist" {
			t.Errorf("none: %v", err)
		}
	})
}

// TestQuarantine has interp panic in one execution.
func TestQuarantine(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		poison := func(c *Config) {
			c.CheckParameters = func(_ string, p jsonval.Value) string {
				if p.Get("poison").Bool() {
					panic("a broken invariant")
				}
				return ""
			}
		}
		h := host(t, store, nil, poison)
		m := create(t, h, "m", `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"Next":"A"},"A":`+taskState+`}}`)
		bad, good := start(t, h, m, "bad", `{"poison":true}`), start(t, h, m, "good", `{}`)
		if x := ends(t, h, good); x.Status != sfn.Succeeded {
			t.Errorf("its neighbour: %+v", x)
		}
		synctest.Wait() // both came due at one time
		for range 2 {
			x := describe(t, h, bad)
			if x.Status != sfn.Running || x.Waiting != "quarantine" || x.State != "W" {
				t.Errorf("%+v", x)
			}
			if x.Health.Status != sfn.NeedsAction || x.Health.Reason != sfn.ReasonQuarantine {
				t.Errorf("%+v", x.Health)
			}
			if _, err := h.StopExecution(t.Context(), bad, "", ""); code(err) != "InternalFailure" || !strings.Contains(err.Error(), "a broken invariant") {
				t.Errorf("stop: %v", err)
			}
			shut(t, h)
			h = host(t, store, nil, poison)
		}
		if _, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: create(t, h, "m2", state(taskState)), Input: jsonval.MustParse(`{"poison":true}`)}); code(err) != "InternalFailure" {
			t.Errorf("a first slice that panics: %v", err)
		}
	})
}

func TestAPanicOfAnIntegrationFailsTheTask(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, func(context.Context, sfn.TaskCall, func(sfn.TaskResult)) { panic("oh") })
		if x := ends(t, h, start(t, h, create(t, h, "m", state(taskState)), "n", "{}")); x.Status != sfn.Failed || *x.Error != "States.TaskFailed" {
			t.Errorf("%+v", x)
		}
	})
}

func TestAFailedStoreEndsTheHost(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		fatal := make(chan error, 2)
		h := host(t, store, nil, func(c *Config) { c.Fatal = func(err error) { fatal <- err } })
		m := create(t, h, "m", state(passState))
		store.Close()
		if _, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m, Name: "n"}); err == nil {
			t.Error("started on a dead store")
		}
		// A commit, not a read, is what ends the host.
		if err := h.DeleteStateMachine(t.Context(), m); err == nil {
			t.Error("deleted on a dead store")
		}
		if err := <-fatal; err == nil || h.Failed() == nil {
			t.Errorf("Fatal(%v), Failed() = %v", err, h.Failed())
		}
		if _, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m}); err == nil {
			t.Error("a failed host starts")
		}
		shut(t, h)
		if len(fatal) != 0 {
			t.Error("Fatal was called twice")
		}
	})
}

func mustJSON(s string) jsonval.Value { return jsonval.MustParse(s) }
