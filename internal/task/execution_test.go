package task

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

const child = "arn:aws:states:us-east-1:111111111111:stateMachine:child"

// engine is one execution that starts and ends as it is told.
type engine struct {
	*Ends
	mu      sync.Mutex
	started []sfn.Start
	stopped []string
	refuses error
	// held keeps a start back until it closes; nil does not.
	held chan struct{}
	x    sfn.Execution
}

func (e *engine) StartExecution(_ context.Context, in sfn.Start) (sfn.Started, error) {
	if e.held != nil {
		<-e.held
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.started = append(e.started, in)
	if e.refuses != nil {
		return sfn.Started{}, e.refuses
	}
	return sfn.Started{ExecutionARN: e.x.ARN, StartDate: e.x.StartDate}, nil
}

func (e *engine) DescribeExecution(context.Context, string) (sfn.Execution, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.x.ARN == "" {
		return e.x, errors.New("none")
	}
	x := e.x
	x.RedriveStatus = sfn.Redrivable
	if x.Status == sfn.Succeeded {
		x.RedriveStatus, x.RedriveReason = sfn.NotRedrivable, "Execution is SUCCEEDED and cannot be redriven"
	}
	return x, nil
}

func (e *engine) StopExecution(_ context.Context, arn, _, _ string) (time.Time, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = append(e.stopped, arn)
	return time.Time{}, nil
}

func (e *engine) end(status string) {
	e.mu.Lock()
	e.x.Status = status
	e.mu.Unlock()
	e.Notice(sfn.Notice{ExecutionARN: e.x.ARN, Status: status})
}

func newEngine() *engine {
	return &engine{Ends: NewEnds(), x: sfn.Execution{ARN: "arn:child:1", Name: "1", StateMachineARN: child, Status: sfn.Running,
		StartDate: time.UnixMilli(1500), StopDate: time.UnixMilli(2500), Input: jsonval.MustParse(`{"a":1.0}`), Output: jsonval.MustParse(`[2]`)}}
}

// nestedRunner gives a runner on e and what it answers.
func nestedRunner(t *testing.T, e *engine, may error) (start func(pattern, parameters string), cancel func(), results *[]sfn.TaskResult) {
	t.Helper()
	cfg := Config{Executions: e, NewGUID: func() string { return "guid" }}
	if may != nil {
		cfg.MayStart = func(sfn.TaskCall, string) error { return may }
	}
	r, err := New(cfg, Table())
	if err != nil {
		t.Fatal(err)
	}
	results = new([]sfn.TaskResult)
	start = func(pattern, parameters string) {
		call := sfn.TaskCall{ExecutionARN: "parent", Command: 1, Attempt: 1, Send: 1, Resource: startResource + pattern, IdempotencyKey: "key",
			Parameters: jsonval.MustParse(parameters), Owner: "demo", Subject: "user:ann", TraceID: "trace", Span: "span"}
		if pattern == ".waitForTaskToken" {
			call.TaskToken = "token"
		}
		go r.Start(t.Context(), call, func(res sfn.TaskResult) { *results = append(*results, res) })
		synctest.Wait()
	}
	return start, func() { r.Cancel("parent", 1); synctest.Wait() }, results
}

func TestStartExecutionPatterns(t *testing.T) {
	const begun = `{"ExecutionArn":"arn:child:1","StartDate":1500}`
	const ended = `"Name":"1","Output":"[2]","OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE",` +
		`"RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven","StartDate":1500,"StateMachineArn":"` + child + `","Status":"SUCCEEDED","StopDate":2500}`
	const asText = `{"ExecutionArn":"arn:child:1","Input":"{\"a\":1.0}","InputDetails":{"Included":true},` + ended
	for pattern, want := range map[string][]string{
		"":                  {begun},
		".waitForTaskToken": {"submitted " + begun},
		".sync":             {"submitted " + begun, asText},
		".sync:2": {"submitted " + begun, strings.Replace(strings.Replace(asText, `"{\"a\":1.0}"`, `{"a":1.0}`, 1),
			`"[2]"`, `[2]`, 1)},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newEngine()
			start, _, results := nestedRunner(t, e, nil)
			start(pattern, `{"StateMachineArn":"`+child+`","Input":{"a":1.0},"TraceHeader":"Root=1"}`)
			if len(*results) != 1 {
				t.Fatalf("%s: %+v", pattern, *results)
			}
			e.end(sfn.Succeeded)
			synctest.Wait()
			for i, res := range *results {
				got := res.Output.Text()
				if res.Submitted {
					got = "submitted " + got
				}
				if i >= len(want) || got != want[i] || res.Error != "" {
					t.Errorf("%s: %d: %s %s", pattern, i, got, res.Error)
				}
			}
			s := e.started[0]
			if len(*results) != len(want) || s.Owner != "demo" || s.Subject != "user:ann" || s.TraceID != "trace" || s.ParentSpan != "span" ||
				s.TraceHeader != "Root=1" || s.Input.Text() != `{"a":1.0}` || len(s.Name) != 36 {
				t.Errorf("%s: %d results, %+v", pattern, len(*results), s)
			}
		})
	}
}

// TestNamesOfAnAttempt: the same attempt has the same name, whenever it is sent.
func TestNamesOfAnAttempt(t *testing.T) {
	call := sfn.TaskCall{IdempotencyKey: "a", Attempt: 1, Send: 1}
	first := derivedName(call)
	call.Send = 2
	if derivedName(call) != first || !sfn.LegalName(first) || first[14] != '8' {
		t.Errorf("%s, then %s", first, derivedName(call))
	}
	call.Attempt = 2
	second := derivedName(call)
	call.IdempotencyKey, call.Attempt = "b", 1
	if second == first || derivedName(call) == first {
		t.Errorf("names %s %s %s", first, second, derivedName(call))
	}
}

func TestInputsOfANestedExecution(t *testing.T) {
	for parameters, want := range map[string]string{
		``:                              `{}`,
		`,"Input":null`:                 `{}`,
		`,"Input":"{ \"a\": [1.0] }"`:   `{"a":[1.0]}`,
		`,"Input":"\"text\""`:           `"text"`,
		`,"Input":[1,{"b":null}]`:       `[1,{"b":null}]`,
		`,"Input":0,"Name":"n-1_é.x"`:   `0`,
		`,"Input":false,"Name":null`:    `false`,
		`,"TraceHeader":null,"Input":1`: `1`,
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newEngine()
			start, _, results := nestedRunner(t, e, nil)
			start("", `{"StateMachineArn":"`+child+`"`+parameters+`}`)
			if (*results)[0].Error != "" || e.started[0].Input.Text() != want {
				t.Errorf("%s: %+v %+v", parameters, *results, e.started)
			}
		})
	}
}

func TestRefusedStarts(t *testing.T) {
	long := strings.Repeat("x", 81)
	of := func(code, message string) error { return &sfn.Error{Code: code, Message: message} }
	for name, c := range map[string]struct {
		parameters   string
		refuses      error
		error, cause string
	}{
		"no ARN":           {`{}`, nil, "States.Runtime", "'StateMachineArn' has an invalid format"},
		"a number":         {`{"StateMachineArn":1}`, nil, "States.Runtime", "'StateMachineArn' has an invalid format"},
		"a name's kind":    {`{"StateMachineArn":"` + child + `","Name":1}`, nil, "States.Runtime", "'Name' has an invalid format"},
		"no such form":     {`{"StateMachineArn":"child"}`, nil, "StepFunctions.InvalidArnException", "Invalid Arn: 'Invalid ARN prefix: child' (Service: AWSStepFunctions; Status Code: 400; Error Code: InvalidArn; Request ID: guid; Proxy: null)"},
		"an execution":     {`{"StateMachineArn":"arn:aws:states:us-east-1:1:execution:a:b"}`, nil, "StepFunctions.InvalidArnException", "Resource type not valid in this context: execution"},
		"an empty name":    {`{"StateMachineArn":"` + child + `","Name":""}`, nil, "StepFunctions.ValidationException", "greater than or equal to 1"},
		"a long name":      {`{"StateMachineArn":"` + child + `","Name":"` + long + `"}`, nil, "StepFunctions.ValidationException", "less than or equal to 80"},
		"a name's letters": {`{"StateMachineArn":"` + child + `","Name":"a b"}`, nil, "StepFunctions.InvalidNameException", "Invalid Name: 'a b'"},
		"a long header":    {`{"StateMachineArn":"` + child + `","TraceHeader":"` + strings.Repeat("x", 257) + `"}`, nil, "StepFunctions.ValidationException", "traceHeader"},
		"an input":         {`{"StateMachineArn":"` + child + `","Input":"{"}`, nil, "StepFunctions.InvalidExecutionInputException", "Invalid State Machine Execution Input"},
		"deleted":          {`{"StateMachineArn":"` + child + `"}`, of("StateMachineDeleting", "State Machine Is Deleting"), "StepFunctions.StateMachineDeletingException", "Error Code: StateMachineDeleting;"},
		"the store":        {`{"StateMachineArn":"` + child + `"}`, errors.New("disk"), "States.TaskFailed", "disk"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine()
				e.refuses, e.x.ARN = c.refuses, ""
				start, _, results := nestedRunner(t, e, nil)
				start(".sync", c.parameters)
				if len(*results) != 1 || (*results)[0].Error != c.error || !strings.Contains((*results)[0].Cause, c.cause) || (*results)[0].Submitted {
					t.Errorf("%+v", *results)
				}
			})
		})
	}
}

func TestADeniedStartIsNotMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		start, _, results := nestedRunner(t, e, &exchange.PermissionDenied{Action: "states:StartExecution", Resource: "stateMachine/child", Role: "r",
			State: "S", File: "roles/r.json", Line: 3})
		start(".sync", `{"StateMachineArn":"`+child+`"}`)
		res := (*results)[0]
		if len(*results) != 1 || res.Error != "States.Permissions" || !strings.Contains(res.Cause, "roles/r.json:3") || len(e.started) != 0 ||
			res.Call.Get("permission").Get("resource").Text() != `"stateMachine/child"` || sfn.TroubleOf(res.Error, res.Call) != sfn.TroublePermission {
			t.Errorf("%+v %s", *results, res.Call.Text())
		}
	})
}

func TestAFailedJobDescribesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		name, why := "Mine", "so"
		e.x.Error, e.x.Cause, e.x.Output, e.x.TraceHeader = &name, &why, jsonval.Value{}, "Root=1"
		start, _, results := nestedRunner(t, e, nil)
		start(".sync:2", `{"StateMachineArn":"`+child+`"}`)
		e.end(sfn.Failed)
		synctest.Wait()
		const want = `{"Cause":"so","Error":"Mine","ExecutionArn":"arn:child:1","Input":"{\"a\":1.0}","InputDetails":{"Included":true},"Name":"1",` +
			`"RedriveCount":0,"RedriveStatus":"REDRIVABLE","StartDate":1500,"StateMachineArn":"` + child + `","Status":"FAILED","StopDate":2500,"TraceHeader":"Root=1"}`
		if res := (*results)[1]; res.Error != "States.TaskFailed" || res.Cause != want || !res.Definite {
			t.Errorf("%+v", res)
		}
	})
}

// TestCancelStopsTheJob: while it is waited for, while it is being started, and only
// where the pattern waits; nobody is answered afterwards.
func TestCancelStopsTheJob(t *testing.T) {
	for name, c := range map[string]struct {
		pattern string
		early   bool
		stopped int
	}{
		"waits": {".sync", false, 1}, "starts": {".sync", true, 1}, "request-response": {"", true, 0}, "token": {".waitForTaskToken", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine()
				if c.early {
					e.held = make(chan struct{})
				}
				start, cancel, results := nestedRunner(t, e, nil)
				start(c.pattern, `{"StateMachineArn":"`+child+`"}`)
				cancel()
				if c.early {
					close(e.held)
					synctest.Wait()
				}
				e.end(sfn.Aborted)
				synctest.Wait()
				if len(e.stopped) != c.stopped || len(*results) != 1 {
					t.Errorf("stopped %v, results %+v", e.stopped, *results)
				}
				if len(e.waiting) != 0 {
					t.Errorf("%d are waited for", len(e.waiting))
				}
			})
		})
	}
}

// TestTheEndOfTheContextStopsNothing: the process ends, and the next one goes on.
func TestTheEndOfTheContextStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		r, err := New(Config{Executions: e, NewGUID: func() string { return "guid" }}, Table())
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		call := sfn.TaskCall{ExecutionARN: "parent", Command: 1, Attempt: 1, Send: 1, Resource: startResource + ".sync",
			Parameters: jsonval.MustParse(`{"StateMachineArn":"` + child + `"}`)}
		n := 0
		go r.Start(ctx, call, func(sfn.TaskResult) { n++ })
		synctest.Wait()
		end()
		synctest.Wait()
		if len(e.stopped) != 0 || n != 1 {
			t.Errorf("stopped %v, %d results", e.stopped, n)
		}
		r.Cancel("parent", 1) // the engine ends the context first, then says why
		synctest.Wait()
		if len(e.stopped) != 1 {
			t.Error("the job goes on although it was cancelled")
		}
	})
}

// TestANoticeThatIsNoEndIsWaitedOver: who is woken for nothing asks, and waits again.
func TestANoticeThatIsNoEndIsWaitedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		start, _, results := nestedRunner(t, e, nil)
		start(".sync", `{"StateMachineArn":"`+child+`"}`)
		e.Notice(sfn.Notice{ExecutionARN: e.x.ARN, Status: sfn.Running})
		synctest.Wait()
		e.Notice(sfn.Notice{ExecutionARN: e.x.ARN, Status: "another"})
		synctest.Wait()
		e.Notice(sfn.Notice{ExecutionARN: "arn:other", Status: sfn.Failed})
		synctest.Wait()
		if len(*results) != 1 || len(e.waiting[e.x.ARN]) != 1 {
			t.Fatalf("%+v, %d wait", *results, len(e.waiting))
		}
		e.end(sfn.Succeeded)
		synctest.Wait()
		if len(*results) != 2 || len(e.waiting) != 0 {
			t.Errorf("%+v, %d wait", *results, len(e.waiting))
		}
	})
}

func TestWithoutExecutionsThereIsNoIntegration(t *testing.T) {
	r, err := New(Config{}, Table())
	if err != nil {
		t.Fatal(err)
	}
	var got sfn.TaskResult
	r.Start(t.Context(), sfn.TaskCall{Resource: startResource}, func(res sfn.TaskResult) { got = res })
	if got.Error != "States.Runtime" || !strings.Contains(got.Cause, "no integration") {
		t.Errorf("%+v", got)
	}
}
