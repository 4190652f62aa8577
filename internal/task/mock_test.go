package task

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/sfn"
	"stile/jsonval"
)

// TestMocks: a call with a mock is answered by it and reaches nothing.
func TestMocks(t *testing.T) {
	const http = "arn:aws:states:::http:invoke"
	const function = "arn:aws:lambda:us-east-1:111111111111:function:f"
	ok := func(out string) sfn.TaskResult {
		return sfn.TaskResult{Output: jsonval.MustParse(out), Definite: true}
	}
	submitted := func(out string) sfn.TaskResult {
		r := ok(out)
		r.Submitted = true
		return r
	}
	for name, c := range map[string]struct {
		resource, mock string
		want           []sfn.TaskResult
	}{
		"a result":                 {"arn:aws:states:::sqs:sendMessage", `{"Return": {"MessageId": "1"}}`, []sfn.TaskResult{ok(`{"MessageId": "1"}`)}},
		"null":                     {"arn:aws:states:::sqs:sendMessage", `{"Return": null}`, []sfn.TaskResult{ok(`null`)}},
		"an integration of ours":   {http, `{"Return": 1}`, []sfn.TaskResult{ok(`1`)}},
		"an error":                 {http, `{"Throw": {"Error": "E", "Cause": "c"}}`, []sfn.TaskResult{{Error: "E", Cause: "c", Definite: true}}},
		"an error without a cause": {http, `{"Throw": {"Error": "E"}}`, []sfn.TaskResult{{Error: "E", Definite: true}}},
		"a job":                    {"arn:aws:states:::states:startExecution.sync:2", `{"Return": {"Output": {}}}`, []sfn.TaskResult{submitted(`{"Output": {}}`), ok(`{"Output": {}}`)}},
		"a token":                  {"arn:aws:states:::sqs:sendMessage.waitForTaskToken", `{"Return": "x"}`, []sfn.TaskResult{submitted(`"x"`), ok(`"x"`)}},
		"a job's error":            {"arn:aws:states:::glue:startJobRun.sync", `{"Throw": {"Error": "E"}}`, []sfn.TaskResult{{Error: "E", Definite: true}}},
		"the API of a function":    {"arn:aws:states:::lambda:invoke", `{"Return": {"Payload": {"n": 1}}}`, []sfn.TaskResult{ok(`{"Payload": {"n": 1}}`)}},
		"a function":               {function, `{"Return": {"StatusCode": 200, "Payload": {"n": 1}}}`, []sfn.TaskResult{ok(`{"n": 1}`)}},
		"a function of a version":  {function + ":7", `{"Return": {"Payload": null}}`, []sfn.TaskResult{ok(`null`)}},
		"a function, bare":         {function, `{"Return": ["n"]}`, []sfn.TaskResult{ok(`["n"]`)}},
		"a function named so":      {function + ".sync", `{"Return": 1}`, []sfn.TaskResult{ok(`1`)}},
		"an activity":              {"arn:aws:states:us-east-1:111111111111:activity:a", `{"Return": 1}`, []sfn.TaskResult{ok(`1`)}},
	} {
		g := &gate{}
		var minted int
		var got []sfn.TaskResult
		runner(t, g, &minted).Start(context.Background(), sfn.TaskCall{Resource: c.resource, Mock: jsonval.MustParse(c.mock), TaskToken: "t"},
			func(r sfn.TaskResult) { got = append(got, r) })
		if d := cmp.Diff(c.want, got, cmp.Comparer(sameValue)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if g.seen != nil || minted != 0 {
			t.Errorf("%s: something was called", name)
		}
	}
}

func sameValue(a, b jsonval.Value) bool {
	return a.Exists() == b.Exists() && (!a.Exists() || jsonval.Equal(a, b))
}

// TestNoIntegration: what AWS knows and this table does not ends the execution, and
// the cause names it.
func TestNoIntegration(t *testing.T) {
	for _, resource := range []string{"arn:aws:states:::aws-sdk:s3:getObject", "arn:aws:states:::glue:startJobRun.sync", "arn:aws:states:::lambda:invoke",
		"arn:aws:lambda:us-east-1:111111111111:function:f", "arn:aws:states:us-east-1:111111111111:activity:a"} {
		var minted int
		var got []sfn.TaskResult
		runner(t, &gate{}, &minted).Start(context.Background(), sfn.TaskCall{Resource: resource, TaskToken: "t"},
			func(r sfn.TaskResult) { got = append(got, r) })
		want := []sfn.TaskResult{{Error: "States.Runtime", Cause: "The resource '" + resource + "' has no integration here."}}
		if d := cmp.Diff(want, got, cmp.Comparer(sameValue)); d != "" {
			t.Error(d)
		}
	}
}
