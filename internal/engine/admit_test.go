package engine

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

// stuckStore holds groups back while it is stuck.
type stuckStore struct {
	kv.Store
	mu    sync.Mutex
	stuck bool
	held  []func()
}

func (s *stuckStore) Commit(g kv.Group, done func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stuck {
		s.held = append(s.held, func() { s.Store.Commit(g, done) })
		return
	}
	s.Store.Commit(g, done)
}

func (s *stuckStore) set(stuck bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck = stuck
	for _, f := range s.held {
		f()
	}
	s.held = nil
}

func unavailable(err error, text string) bool {
	var e *sfn.Error
	return errors.As(err, &e) && e.Code == "ServiceUnavailable" && strings.Contains(e.Message, text)
}

type noTasks struct{}

func (noTasks) Start(context.Context, sfn.TaskCall, func(sfn.TaskResult)) {}
func (noTasks) Cancel(string, uint64)                                     {}

// TestStuckDisk: calls on a disk that takes no writes are answered in time, what they
// asked for takes effect when it does again, and asking again takes effect once.
func TestStuckDisk(t *testing.T) {
	ctx := t.Context()
	store := &stuckStore{Store: memkv.New(nil)}
	var full error
	h, err := Open(Config{Store: store, Account: "111111111111", Region: "us-east-1", Tasks: noTasks{}, Admit: func() error { return full }})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(context.Background())
	m, err := h.CreateStateMachine(ctx, sfn.NewStateMachine{Name: "m", RoleARN: "arn:aws:iam::111111111111:role/r",
		Definition: `{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`})
	if err != nil {
		t.Fatal(err)
	}
	start := func(ctx context.Context, name string) (sfn.Started, error) {
		return h.StartExecution(ctx, sfn.Start{StateMachineARN: m.ARN, Name: name})
	}
	store.set(true)
	began := time.Now()
	if _, err := start(ctx, "a"); !unavailable(err, "not known") {
		t.Fatalf("a start on a stuck disk: %v", err)
	}
	if !h.Stalled() {
		t.Error("it is not known that the disk is stuck")
	}
	// From here on nobody waits.
	for name, f := range map[string]func() error{
		"start": func() error { _, err := start(ctx, "b"); return err },
		"list": func() error {
			_, _, err := h.ListExecutions(ctx, sfn.ListExecutions{StateMachineARN: m.ARN})
			return err
		},
		"update": func() error {
			role := "arn:aws:iam::111111111111:role/other"
			_, err := h.UpdateStateMachine(ctx, m.ARN, sfn.StateMachineUpdate{RoleARN: &role})
			return err
		},
	} {
		if err := f(); !unavailable(err, "takes no writes") {
			t.Errorf("%s on a stuck disk: %v", name, err)
		}
	}
	if d := time.Since(began); d > 2*patience {
		t.Errorf("all that took %v", d)
	}
	store.set(false)
	first, err := start(ctx, "a") // may be refused until the stall is over
	for unavailable(err, "") && time.Since(began) < time.Minute {
		first, err = start(ctx, "a")
	}
	if err != nil && !errors.As(err, new(*sfn.Error)) || first.ExecutionARN == "" && !isExists(err) {
		t.Errorf("the same start again: %+v, %v", first, err)
	}
	x, err := h.DescribeExecution(ctx, sfn.ExecutionARN("us-east-1", "111111111111", "m", "a"))
	if err != nil || x.Status != sfn.Succeeded {
		t.Errorf("what was on its way: %+v, %v", x.Status, err)
	}
	if _, err := h.DescribeExecution(ctx, sfn.ExecutionARN("us-east-1", "111111111111", "m", "b")); err == nil {
		t.Error("what was not taken is there")
	}

	full = &sfn.Error{Code: "ServiceUnavailable", Message: "no room"}
	if _, err := start(ctx, "c"); !unavailable(err, "no room") {
		t.Errorf("new work without room: %v", err)
	}
	if _, err := start(ctx, ""); !unavailable(err, "no room") {
		t.Errorf("new work without a name: %v", err)
	}
	if _, err := start(ctx, "a"); unavailable(err, "") {
		t.Errorf("a name that is taken: %v", err)
	}
	if _, err := start(sfn.Owed(ctx), "d"); err != nil {
		t.Errorf("what belongs to work that was taken: %v", err)
	}
	if _, err := h.RedriveExecution(ctx, x.ARN, ""); !unavailable(err, "no room") {
		t.Errorf("a redrive: %v", err)
	}
}

func isExists(err error) bool {
	var e *sfn.Error
	return errors.As(err, &e) && e.Code == "ExecutionAlreadyExists"
}
