package engine

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/jsonval"
)

// mockedDefinition waits for a token, for a job and between attempts; none of what
// it calls is there.
const mockedDefinition = `{"StartAt": "Ask", "States": {
 "Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {"t.$": "$$.Task.Token"}, "Next": "Job"},
 "Job": {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "Next": "All"},
 "All": {"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 1, "End": true, "ItemProcessor": {"StartAt": "Call", "States": {
   "Call": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true,
     "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2}]}}}}}}`

const mockedAnswers = `{"Ask": {"0": {"Return": "yes"}}, "Job": {"0": {"Return": [1, 2]}},
 "Call": {"0": {"Return": {"Payload": "first"}}, "1": {"Throw": {"Error": "Busy", "Cause": "c"}}, "2": {"Return": {"Payload": "third"}}}}`

func mockRunner(t *testing.T) *task.Runner {
	t.Helper()
	r, err := task.New(task.Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// onlyCase is a mock file with one case.
func onlyCase(machine, testCase string) (jsonval.Value, error) {
	if testCase != "one" {
		return jsonval.Value{}, sfn.NoTestCase(machine, testCase, "no such case")
	}
	return jsonval.MustParse(mockedAnswers), nil
}

// TestAMockedExecutionSurvivesCrashes cuts the power around every sync of an
// execution of a test case. What is left ends as if nothing had been, by the
// answers that it began with: the mock file is gone.
func TestAMockedExecutionSurvivesCrashes(t *testing.T) {
	for _, keep := range []float64{0, 1} {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			h := host(t, store, nil, func(c *Config) { c.Tasks, c.TestCases = mockRunner(t), onlyCase })
			machine := create(t, h, "m", mockedDefinition)
			var left []*memkv.Store
			store.SetGap(func() { left = append(left, store.Crash(keep, 1)) })
			started, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: machine, Name: "x", TestCase: "one"})
			if err != nil {
				t.Fatal(err)
			}
			x := ends(t, h, started.ExecutionARN)
			store.SetGap(nil)
			if x.Status != sfn.Succeeded || x.Output.Text() != `["first","third"]` || x.TestCase != "one" || x.StateMachineARN != machine {
				t.Fatalf("%+v", x)
			}
			_, want, err := history(h, x.ARN)
			if err != nil || !slices.Contains(want, "TaskSubmitted") {
				t.Fatal(want, err)
			}
			found := 0
			for i, l := range left {
				after := host(t, l, nil, func(c *Config) { c.Tasks = mockRunner(t) })
				time.Sleep(time.Minute)
				synctest.Wait()
				if _, err := after.DescribeExecution(t.Context(), x.ARN); code(err) == "ExecutionDoesNotExist" {
					shut(t, after)
					l.Close()
					continue // cut before the start was durable
				}
				found++
				y := ends(t, after, x.ARN)
				_, got, err := history(after, x.ARN)
				if err != nil || y.Output.Text() != x.Output.Text() || y.TestCase != "one" {
					t.Errorf("crash %d: %v, %+v", i, err, y)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("crash %d: %s", i, d)
				}
				shut(t, after)
				l.Close()
			}
			if found < 5 {
				t.Errorf("%d of %d crashes found the execution", found, len(left))
			}
		})
	}
}

// TestStartsOfTestCases: a case that is not there, or any where there are none, is
// refused; the case belongs to what a repeated start must have in common.
func TestStartsOfTestCases(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil, func(c *Config) { c.TestCases = onlyCase })
		machine := create(t, h, "m", state(waitState(100)))
		for _, c := range []struct{ testCase, want string }{{"two", "InvalidName"}, {"one", ""}, {"one", ""}, {"", "ExecutionAlreadyExists"}} {
			_, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: machine, Name: "x", TestCase: c.testCase})
			if c.want == "" && err != nil || c.want != "" && code(err) != c.want {
				t.Errorf("%q: %v, want %q", c.testCase, err, c.want)
			}
		}
		shut(t, h)
		h = host(t, store, nil)
		if _, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: machine, TestCase: "one"}); code(err) != "InvalidName" {
			t.Error(err)
		}
	})
}
