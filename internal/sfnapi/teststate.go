package sfnapi

import (
	"context"
	"math"

	"stile/internal/sfn"
	"stile/internal/teststate"
	"stile/jsonval"
)

// Tester tests one state. Refusals are *sfn.Error.
type Tester interface {
	Test(ctx context.Context, r teststate.Request) (teststate.Result, error)
}

// The shapes of TestState.
var (
	inspectionLevel = text{enum: []string{"INFO", "DEBUG", "TRACE"}}
	validationMode  = text{enum: []string{"STRICT", "PRESENT", "NONE"}}
	testedName      = text{min: 1, max: 80, sensitive: true}
)

func testState(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	t := teststate.Request{
		Definition: r.required("definition", definition),
		RoleARN:    r.optional("roleArn", arnShape),
	}
	input, hasInput := r.text("input", data)
	t.Level = r.optional("inspectionLevel", inspectionLevel)
	t.Reveal = r.flag("revealSecrets", false)
	variables, hasVariables := r.text("variables", data)
	t.StateName = r.optional("stateName", testedName)
	t.Mock = readMock(r.object("mock"))
	object, hasObject := r.text("context", data)
	readTestConfiguration(r.object("stateConfiguration"), &t.Configuration)
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	if t.Level == "" {
		t.Level = "INFO"
	}
	var err error
	if hasInput {
		if t.Input, err = testedText(input, "InvalidExecutionInput", "Invalid State Machine Execution Input: "); err != nil {
			return jsonval.Value{}, err
		}
	}
	if hasVariables {
		if t.Variables, err = testedText(variables, "ValidationException", "Invalid variables provided: "); err != nil {
			return jsonval.Value{}, err
		}
	}
	if hasObject {
		if t.Context, err = testedText(object, "ValidationException", "Invalid Context object provided: "); err != nil {
			return jsonval.Value{}, err
		}
	}
	if t.RoleARN != "" {
		if err := checkRole(t.RoleARN); err != nil {
			return jsonval.Value{}, err
		}
	}
	if err := s.permit(ctx, "states:TestState", []string{"*"}); err != nil {
		return jsonval.Value{}, err
	}
	if t.Reveal {
		if err := s.permit(ctx, "states:RevealSecrets", []string{"*"}); err != nil {
			return jsonval.Value{}, err
		}
	}
	t.Subject = s.may.Subject(ctx)
	res, err := s.tester.Test(ctx, t)
	if err != nil {
		return jsonval.Value{}, err
	}
	if res.Unchecked {
		s.log.Info("a mocked result was not checked: no model of its service is at hand", "action", "TestState")
	}
	return tested(&res), nil
}

// testedText reads a parameter that holds JSON.
func testedText(s, code, prefix string) (jsonval.Value, error) {
	v, fault := parseData(s, "Invalid execution input.")
	if fault != "" {
		return v, &sfn.Error{Code: code, Message: prefix + "'" + fault + "'"}
	}
	return v, nil
}

func readMock(in *input) *teststate.Mock {
	if in == nil {
		return nil
	}
	m := &teststate.Mock{Mode: in.optional("fieldValidationMode", validationMode)}
	if m.Mode == "" {
		m.Mode = "STRICT"
	}
	if result, ok := in.text("result", data); ok {
		m.Result = &result
	}
	if e := in.object("errorOutput"); e != nil {
		m.Error = &teststate.MockError{Error: e.optional("error", errorShape), Cause: e.optional("cause", causeShape)}
	}
	return m
}

func readTestConfiguration(in *input, c *teststate.Configuration) {
	if in == nil {
		return
	}
	c.RetrierRetryCount = int64(in.integer("retrierRetryCount", 0, math.MaxInt32))
	c.ErrorCausedByState = in.optional("errorCausedByState", testedName)
	if v := in.value.Get("mapIterationFailureCount"); v.Exists() && !v.IsNull() {
		n := int64(in.integer("mapIterationFailureCount", 0, math.MaxInt32))
		c.MapIterationFailureCount = &n
	}
	if text, ok := in.text("mapItemReaderData", data); ok {
		c.MapItemReaderData = &text
	}
}

// tested writes TestState's answer.
func tested(res *teststate.Result) jsonval.Value {
	var o jsonval.Object
	if res.Output.Exists() {
		o.AddString("output", res.Output.Text())
	}
	addPointer(&o, "error", res.Error)
	addPointer(&o, "cause", res.Cause)
	if res.Inspection != nil {
		o.Add("inspectionData", inspected(res.Inspection))
	}
	addText(&o, "nextState", res.Next)
	return o.AddString("status", string(res.Status)).Value()
}

func inspected(in *teststate.Inspection) jsonval.Value {
	var o jsonval.Object
	for _, m := range in.Stages {
		o.AddString(m.Name, m.Value.Text())
	}
	for _, m := range in.Numbers {
		o.Add(m.Name, m.Value)
	}
	var e jsonval.Object
	index := func(name string, i *int) {
		if i != nil {
			e.AddInt(name, int64(*i))
		}
	}
	index("catchIndex", in.CatchIndex)
	index("retryIndex", in.RetryIndex)
	addNumber(&e, "retryBackoffIntervalSeconds", in.BackoffSeconds)
	if in.CatchIndex != nil || in.RetryIndex != nil {
		o.Add("errorDetails", e.Value())
	}
	if t := in.Trace; t != nil {
		var q jsonval.Object
		q.AddString("protocol", t.Request.Protocol).AddString("method", t.Request.Method).AddString("url", t.Request.URL)
		q.AddString("headers", t.Request.Headers)
		addText(&q, "body", t.Request.Body)
		o.Add("request", q.Value())
		if a := t.Response; a != nil {
			var p jsonval.Object
			p.AddString("protocol", a.Protocol).AddString("statusCode", a.StatusCode).AddString("statusMessage", a.StatusMessage)
			o.Add("response", p.AddString("headers", a.Headers).AddString("body", a.Body).Value())
		}
	}
	return o.Value()
}
