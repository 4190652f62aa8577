package express

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

const (
	pass  = `{"StartAt":"P","States":{"P":{"Type":"Pass","Result":{"a":1},"End":true}}}`
	fails = `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Bad","Cause":"why"}}}`
	task  = `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","TimeoutSeconds":20,"End":true,
		"Parameters":{"Method":"GET","ApiEndpoint":"https://x.example","Authentication":{"ConnectionArn":"arn:aws:events:us-east-1:111111111111:connection/c/1"}},
		"Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":2,"MaxAttempts":1}]}}}`
	loop = `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Default":"A","Choices":[{"Variable":"$.never","IsPresent":true,"Next":"Z"}]},"Z":{"Type":"Succeed"}}}`
)

func waits(seconds string) string {
	return `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":` + seconds + `,"End":true}}}`
}

func start(name, input string) sfn.Start {
	return sfn.Start{StateMachineARN: arnOf(name), Input: jsonval.MustParse(input)}
}

func code(err error) string {
	var refused *sfn.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// TestSyncExecution: what the caller learns of each end, and that it was never kept.
func TestSyncExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, book{"pass": pass, "fails": fails, "wait": waits("2"), "long": waits("400"), "standard": pass}, nil).begin(t)
		for _, tt := range []struct {
			machine, status, output, problem string
			took                             time.Duration
			billed                           int64
		}{
			{machine: "pass", status: "SUCCEEDED", output: `{"a":1}`, billed: 100},
			{machine: "fails", status: "FAILED", problem: "Bad", billed: 100},
			{machine: "wait", status: "SUCCEEDED", output: `{"in":1}`, took: 2 * time.Second, billed: 2000},
			{machine: "long", status: "TIMED_OUT", problem: "States.Timeout", took: 300 * time.Second, billed: 300_000},
		} {
			began := time.Now()
			in := start(tt.machine, `{"in":1}`)
			in.Name, in.TraceHeader = "n", "Root=1"
			x, err := r.StartSyncExecution(t.Context(), in)
			if err != nil {
				t.Fatal(tt.machine, err)
			}
			problem := ""
			if x.Error != nil {
				problem = *x.Error
			}
			if x.Status != tt.status || x.Output.Text() != tt.output || problem != tt.problem || x.BilledMilliseconds != tt.billed || x.BilledMegabytes != 64 {
				t.Errorf("%s: %s %s %s, %d ms, %d MB", tt.machine, x.Status, x.Output.Text(), problem, x.BilledMilliseconds, x.BilledMegabytes)
			}
			if got := time.Since(began); got != tt.took || x.StopDate.Sub(x.StartDate) != tt.took {
				t.Errorf("%s took %v, and says %v", tt.machine, got, x.StopDate.Sub(x.StartDate))
			}
			head := "arn:aws:states:us-east-1:111111111111:express:" + tt.machine + ":n:"
			if !strings.HasPrefix(x.ARN, head) || len(x.ARN) != len(head)+36 || x.Name != "n" || x.Input.Text() != `{"in":1}` || x.TraceHeader != "Root=1" {
				t.Errorf("%s: %+v", tt.machine, x.Execution)
			}
		}
		if r.kept(t) != 0 || r.Open() != 0 {
			t.Errorf("%d starts kept, %d open", r.kept(t), r.Open())
		}
		_, err := r.StartSyncExecution(t.Context(), start("standard", "1"))
		if code(err) != "StateMachineTypeNotSupported" {
			t.Errorf("STANDARD: %v", err)
		}
		if _, err = r.StartSyncExecution(t.Context(), start("none", "1")); code(err) != "StateMachineDoesNotExist" {
			t.Errorf("none: %v", err)
		}
		awaited := start("pass", "1")
		awaited.Awaited = true
		if _, err = r.StartExecution(t.Context(), awaited); code(err) != "StateMachineTypeNotSupported" {
			t.Errorf("awaited: %v", err)
		}
	})
}

// TestTasksOfAnExecution: a call has what STANDARD ones have, another attempt after an
// answer another key, and an answer in time.
func TestTasksOfAnExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, book{"task": task}, nil).begin(t)
		r.tasks.do = func(c sfn.TaskCall) sfn.TaskResult {
			if c.Attempt == 1 {
				return sfn.TaskResult{Error: "Busy", Cause: "try later", Definite: true}
			}
			return sfn.TaskResult{Output: jsonval.MustParse(`{"ok":true}`), Definite: true}
		}
		in := start("task", `{}`)
		in.Subject, in.TraceID, in.ParentSpan = "user:ada", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
		began := time.Now()
		x, err := r.StartSyncExecution(t.Context(), in)
		if err != nil || x.Status != sfn.Succeeded || x.Output.Text() != `{"ok":true}` || time.Since(began) != 2*time.Second {
			t.Fatalf("%+v %v after %v", x, err, time.Since(began))
		}
		calls, _, _ := r.tasks.seen()
		if len(calls) != 2 || calls[0].IdempotencyKey == calls[1].IdempotencyKey {
			t.Fatalf("%d calls: %+v", len(calls), calls)
		}
		c := calls[0]
		if c.ExecutionARN != x.ARN || c.ExecutionName != x.Name || c.RoleARN != "arn:aws:iam::111111111111:role/r" || c.State != "T" || c.Subject != "user:ada" ||
			c.TraceID != in.TraceID || c.Span == "" || !c.Deadline.Equal(began.Add(20*time.Second)) || c.Parameters.Get("Method").Text() != `"GET"` {
			t.Errorf("%+v", c)
		}
		want := []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskFailed", "TaskScheduled", "TaskStarted", "TaskSucceeded",
			"TaskStateExited", "ExecutionSucceeded"}
		if got := r.types(); !slices.Equal(got, want) {
			t.Errorf("told %v", got)
		}
	})
}

// TestATaskThatTakesTooLongIsCancelled, and its late answer changes nothing.
func TestATaskThatTakesTooLongIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, book{"task": task}, nil).begin(t)
		x, err := r.StartSyncExecution(t.Context(), start("task", `{}`))
		if err != nil || x.Status != sfn.Failed || *x.Error != "States.Timeout" {
			t.Fatalf("%+v %v", x.Execution, err)
		}
		synctest.Wait()
		if calls, abandoned, cancelled := r.tasks.seen(); len(calls) != 1 || abandoned != 1 || cancelled != 1 {
			t.Errorf("%d calls, %d abandoned, %d cancelled", len(calls), abandoned, cancelled)
		}
	})
}

// TestTheCallerMayLeave: the execution goes on without it.
func TestTheCallerMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, book{"wait": waits("10")}, nil).begin(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.StartSyncExecution(ctx, start("wait", `{}`)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if r.Open() != 1 {
			t.Error("it was stopped")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := r.types(); r.Open() != 0 || got[len(got)-1] != "ExecutionSucceeded" {
			t.Errorf("%d open, told %v", r.Open(), got)
		}
	})
}

// hurried is a clock whose timers of minutes go off at once.
type hurried struct{ realClock }

func (h hurried) AfterFunc(d time.Duration, f func()) func() {
	if d > time.Minute {
		d = 0
	}
	return h.realClock.AfterFunc(d, f)
}

// TestALoopEndsInTime: one that never waits takes in its timer all the same.
func TestALoopEndsInTime(t *testing.T) {
	r := newRig(t, book{"loop": loop}, func(c *Config) { c.Clock = hurried{} }).begin(t)
	x, err := r.StartSyncExecution(t.Context(), start("loop", `{}`))
	if err != nil || x.Status != sfn.TimedOut {
		t.Fatalf("%s %v", x.Status, err)
	}
}

// TestBounds: as many as the host runs at once, and no more bytes than it holds.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, book{"wait": waits("10"), "pass": pass}, func(c *Config) { c.MaxOpen, c.MaxBytes = 2, 100 }).begin(t)
		for range 2 {
			go func() { _, _ = r.StartSyncExecution(t.Context(), start("wait", `{}`)) }()
		}
		synctest.Wait()
		if _, err := r.StartSyncExecution(t.Context(), start("pass", `{}`)); code(err) != "ThrottlingException" {
			t.Errorf("a third: %v", err)
		}
		if _, err := r.StartExecution(t.Context(), start("pass", `{}`)); code(err) != "ThrottlingException" {
			t.Errorf("a third: %v", err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if _, err := r.StartSyncExecution(t.Context(), start("pass", `{}`)); err != nil {
			t.Errorf("with room again: %v", err)
		}
		if _, err := r.StartSyncExecution(t.Context(), start("pass", `"`+strings.Repeat("x", 200)+`"`)); code(err) != "ThrottlingException" {
			t.Errorf("beyond the bytes: %v", err)
		}
	})
}

// TestAPanicTakesOneExecution out of service, and no other.
func TestAPanicTakesOneExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, book{"task": task, "pass": pass}, func(c *Config) {
			c.CheckParameters = func(string, jsonval.Value) string { panic("a broken invariant") }
		}).begin(t)
		if _, err := r.StartSyncExecution(t.Context(), start("task", `{}`)); code(err) != "InternalFailure" {
			t.Errorf("%v", err)
		}
		if !strings.Contains(r.log.String(), "quarantine") || r.Open() != 0 {
			t.Errorf("%d open, log: %s", r.Open(), r.log)
		}
		if x, err := r.StartSyncExecution(t.Context(), start("pass", `{}`)); err != nil || x.Status != sfn.Succeeded {
			t.Errorf("another: %v", err)
		}
	})
}
