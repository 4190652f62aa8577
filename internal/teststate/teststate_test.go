package teststate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/sfn"
	"stile/internal/teststate"
	"stile/jsonval"
)

// callee answers Tasks and keeps what it was asked.
type callee struct {
	asked  []sfn.TaskCall
	reveal bool
	answer func(ctx context.Context) sfn.TaskResult
	bad    string
}

func (c *callee) Try(ctx context.Context, call sfn.TaskCall, reveal bool) (sfn.TaskResult, *sfn.HTTPTrace) {
	c.asked, c.reveal = append(c.asked, call), reveal
	return c.answer(ctx), &sfn.HTTPTrace{Request: sfn.HTTPRequest{Method: "GET"}}
}

func (c *callee) CheckParameters(string, jsonval.Value) string { return c.bad }

func newTester(c teststate.Calls) *teststate.Tester {
	return teststate.New(teststate.Config{Calls: c, Account: "111111111111", Region: "us-east-1", Now: time.Now,
		NewID: func() string { return "01234567-89ab-4cde-8f01-23456789abcd" }})
}

func test(t *testing.T, c teststate.Calls, r teststate.Request) teststate.Result {
	t.Helper()
	if r.Level == "" {
		r.Level = "DEBUG"
	}
	res, err := newTester(c).Test(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func refusal(t *testing.T, r teststate.Request) string {
	t.Helper()
	_, err := newTester(nil).Test(t.Context(), r)
	var e *sfn.Error
	if !errors.As(err, &e) {
		t.Fatalf("no refusal but %v", err)
	}
	return e.Error()
}

func stage(res teststate.Result, name string) string {
	for _, m := range append(res.Inspection.Stages, res.Inspection.Numbers...) {
		if m.Name == name {
			return m.Value.Text()
		}
	}
	return ""
}

func mocked(result string) *teststate.Mock { return &teststate.Mock{Result: &result, Mode: "NONE"} }

const role = "arn:aws:iam::111111111111:role/r"

const httpTask = `{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"a.$":"$.x"},"ResultSelector":{"s.$":"$.StatusCode"},` +
	`"Retry":[{"ErrorEquals":["States.Timeout"],"IntervalSeconds":3}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Else","ResultPath":"$.e"}],"Next":"Then"`

func TestATaskWithoutAMockIsCalled(t *testing.T) {
	c := &callee{answer: func(context.Context) sfn.TaskResult {
		return sfn.TaskResult{Output: jsonval.MustParse(`{"StatusCode":200}`)}
	}}
	res := test(t, c, teststate.Request{Definition: httpTask + "}", RoleARN: role, Input: jsonval.MustParse(`{"x":1}`), Level: "TRACE", Reveal: true, Subject: "me"})
	if res.Status != "SUCCEEDED" || res.Output.Text() != `{"s":200}` || res.Next != "Then" || res.Inspection.Trace == nil ||
		res.Called != "arn:aws:states:::http:invoke" {
		t.Errorf("%+v", res)
	}
	call := c.asked[0]
	if call.Parameters.Text() != `{"a":1}` || call.RoleARN != role || call.Subject != "me" || !c.reveal || call.Deadline.IsZero() {
		t.Errorf("call %+v", call)
	}
	if !strings.HasPrefix(call.ExecutionARN, "arn:aws:states:us-east-1:111111111111:express:") {
		t.Errorf("execution %s", call.ExecutionARN)
	}
}

func TestACallThatFailsIsCaught(t *testing.T) {
	c := &callee{answer: func(context.Context) sfn.TaskResult {
		return sfn.TaskResult{Error: "States.Http.StatusCode.500", Cause: "no"}
	}}
	res := test(t, c, teststate.Request{Definition: httpTask + "}", RoleARN: role, Input: jsonval.MustParse(`{"x":1}`)})
	if res.Status != "CAUGHT_ERROR" || res.Next != "Else" || *res.Inspection.CatchIndex != 0 || res.Inspection.RetryIndex != nil ||
		res.Output.Text() != `{"x":1,"e":{"Error":"States.Http.StatusCode.500","Cause":"no"}}` {
		t.Errorf("%+v", res)
	}
	if stage(res, "afterParameters") != `{"a":1}` || stage(res, "result") != "" {
		t.Errorf("stages %+v", res.Inspection.Stages)
	}
}

func TestATestEndsInTime(t *testing.T) {
	hang := &callee{answer: func(ctx context.Context) sfn.TaskResult {
		<-ctx.Done()
		return sfn.TaskResult{Error: "States.Http.Socket", Cause: ctx.Err().Error()}
	}}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := teststate.Request{Definition: httpTask + "}", RoleARN: role, Input: jsonval.MustParse(`{"x":1}`)}
		res := test(t, hang, r)
		if took := time.Since(began); took != teststate.MaxDuration || res.Status != "FAILED" || *res.Error != "States.Timeout" {
			t.Errorf("after %v: %+v", took, res)
		}
		r.Definition = httpTask + `,"TimeoutSeconds":2}`
		res = test(t, hang, r)
		if res.Status != "RETRIABLE" || *res.Inspection.RetryIndex != 0 || *res.Inspection.BackoffSeconds != 3 {
			t.Errorf("its own timeout: %+v", res)
		}
	})
}

func TestWaitDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		res := test(t, nil, teststate.Request{Definition: `{"Type":"Wait","Seconds":1000,"Next":"Then"}`, Input: jsonval.MustParse(`[1]`)})
		if time.Since(began) != 0 || res.Status != "SUCCEEDED" || res.Next != "Then" || res.Output.Text() != "[1]" {
			t.Errorf("%+v", res)
		}
	})
}

func TestCausesHaveNoPlaceInFront(t *testing.T) {
	res := test(t, nil, teststate.Request{Definition: `{"Type":"Pass","Parameters":{"a.$":"$.no"},"End":true}`})
	if res.Status != "FAILED" || *res.Error != "States.Runtime" || !strings.HasPrefix(*res.Cause, "The JSONPath '$.no'") {
		t.Errorf("%s: %s", *res.Error, *res.Cause)
	}
}

// TestAFailedExpressionOfAMap is retried and caught as any error of it.
func TestAFailedExpressionOfAMap(t *testing.T) {
	const text = `{"Type":"Map","QueryLanguage":"JSONata","Items":"{% $states.input.no %}","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true`
	const cause = "The JSONata expression '$states.input.no' specified for the field 'Items' returned nothing (undefined)."
	for more, want := range map[string]string{"}": "FAILED", `,"Retry":[{"ErrorEquals":["States.ALL"]}]}`: "RETRIABLE", `,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"N"}]}`: "CAUGHT_ERROR"} {
		res := test(t, nil, teststate.Request{Definition: text + more, Mock: mocked("[]")})
		if string(res.Status) != want || *res.Cause != cause {
			t.Errorf("%s: %s: %s, want %s", more, res.Status, *res.Cause, want)
		}
	}
}

func TestVariablesAfterTheState(t *testing.T) {
	res := test(t, nil, teststate.Request{Definition: `{"Type":"Pass","Assign":{"b.$":"$a","c":3},"End":true}`,
		Variables: jsonval.MustParse(`{"a":1,"b":2}`)})
	if got := stage(res, "variables"); got != `{"a":1,"b":1,"c":3}` {
		t.Errorf("variables %s", got)
	}
}

const itemMap = `{"Type":"Map","ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":%,"ItemsPointer":"/in"},` +
	`"Parameters":{"Bucket":"b","Key":"k"}},"ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value"},` +
	`"ItemBatcher":{"MaxItemsPerBatch":2},"ToleratedFailurePercentage":50,"MaxConcurrency":7,` +
	`"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}`

func TestAMapTellsItsItems(t *testing.T) {
	data, failures := `{"in":[10,20,30]}`, int64(1)
	r := teststate.Request{Definition: strings.Replace(itemMap, "%", `"JSON"`, 1), Mock: mocked(`[1,2,3]`)}
	r.Configuration = teststate.Configuration{MapItemReaderData: &data, MapIterationFailureCount: &failures}
	res := test(t, nil, r)
	if res.Status != "SUCCEEDED" || res.Output.Text() != "[1,2,3]" {
		t.Errorf("%+v", res)
	}
	for name, want := range map[string]string{
		"afterItemsPointer": `[10,20,30]`, "afterItemSelector": `[{"i":0,"v":10},{"i":1,"v":20},{"i":2,"v":30}]`,
		"afterItemBatcher": `[{"Items":[{"i":0,"v":10},{"i":1,"v":20}]},{"Items":[{"i":2,"v":30}]}]`,
		"maxConcurrency":   "7", "toleratedFailurePercentage": "50", "toleratedFailureCount": "",
	} {
		if got := stage(res, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	failures = 2
	if res = test(t, nil, r); res.Status != "FAILED" || *res.Error != "States.ExceedToleratedFailureThreshold" {
		t.Errorf("%+v", res)
	}
	failures = 4
	if got := refusal(t, r); !strings.Contains(got, "Map iteration failure count must be") {
		t.Error(got)
	}
	data, failures = `{"other":1}`, 1
	if res = test(t, nil, r); res.Status != "FAILED" || *res.Error != "States.ItemReaderFailed" {
		t.Errorf("%+v", res)
	}
}

func TestItemReaderData(t *testing.T) {
	for _, tt := range []struct{ kind, data, want string }{
		{`"JSONL"`, "1\n\n{\"a\":2}\n", `[1,{"a":2}]`},
		{`"CSV","CSVHeaderLocation":"FIRST_ROW"`, "a,b\n1,2\n3\n", `[{"a":"1","b":"2"},{"a":"3"}]`},
		{`"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["x","y"],"CSVDelimiter":"PIPE"`, "1|2\n", `[{"x":"1","y":"2"}]`},
	} {
		text := strings.Replace(itemMap, `,"ItemsPointer":"/in"`, "", 1)
		r := teststate.Request{Definition: strings.Replace(text, "%", tt.kind, 1), Mock: mocked(`[]`)}
		r.Configuration.MapItemReaderData = &tt.data
		res := test(t, nil, r)
		if got := stage(res, "afterItemsPath"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.kind, got, tt.want)
		}
	}
}

func TestAStateInsideAMapHasItsItem(t *testing.T) {
	res := test(t, nil, teststate.Request{StateName: "In", Input: jsonval.MustParse(`"x"`), Definition: `{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":
		{"StartAt":"In","States":{"In":{"Type":"Pass","Parameters":{"m.$":"$$.Map"},"End":true}}}}}}`})
	if res.Output.Text() != `{"m":{"Item":{"Index":0,"Value":"x"}}}` {
		t.Errorf("%+v", res)
	}
}

func TestRefusals(t *testing.T) {
	task := `{"Type":"Task","Resource":"arn:aws:states:::RES","Parameters":{"t.$":"$$.Task.Token"},"End":true}`
	for _, tt := range []struct {
		name, want string
		r          teststate.Request
	}{
		{"unknown state", "State 'No' is not in the definition", teststate.Request{StateName: "No", Definition: `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`}},
		{"token", "'.waitForTaskToken'", teststate.Request{RoleARN: role, Definition: strings.Replace(task, "RES", "sqs:sendMessage.waitForTaskToken", 1)}},
		{"role", "RoleArn must be specified", teststate.Request{Definition: strings.Replace(task, "RES", "sqs:sendMessage", 1)}},
		{"empty mock", "[result, errorOutput]", teststate.Request{Definition: httpTask + "}", Mock: &teststate.Mock{}}},
		{"branches", "same number of items as number of Parallel branches", teststate.Request{Mock: mocked("[]"),
			Definition: `{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}]}`}},
		{"context alone", "when a mock is specified", teststate.Request{Definition: `{"Type":"Succeed"}`, Context: jsonval.EmptyObject}},
		{"variables", "must be a JSON object", teststate.Request{Definition: `{"Type":"Succeed"}`, Variables: jsonval.OfInt(1)}},
	} {
		if got := refusal(t, tt.r); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}
