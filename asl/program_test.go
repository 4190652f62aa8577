package asl

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/jsonval"
)

const order = `{
  "Comment": "an order",
  "Version": "1.0",
  "TimeoutSeconds": 3600,
  "StartAt": "Charge",
  "States": {
    "Charge": {
      "Type": "Task",
      "Resource": "arn:aws:states:::http:invoke",
      "Parameters": {"Method": "POST", "RequestBody.$": "$"},
      "TimeoutSeconds": 30, "HeartbeatSecondsPath": "$.beat",
      "ResultSelector": {"id.$": "$.ResponseBody.id"},
      "ResultPath": "$.charge",
      "Credentials": {"RoleArn.$": "$.role"},
      "Assign": {"paid": true},
      "Retry": [
        {"ErrorEquals": ["States.Timeout"]},
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 0, "BackoffRate": 1.5, "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}
      ],
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed", "ResultPath": null, "Assign": {"why.$": "$.Cause"}}],
      "Next": "Approve"
    },
    "Approve": {"Type": "Task", "Resource": "arn:aws:states:::apigateway:invoke.waitForTaskToken", "InputPath": null, "OutputPath": "$.o", "Next": "Both"},
    "Both": {"Type": "Parallel", "Next": "Each", "Branches": [
      {"StartAt": "L", "States": {"L": {"Type": "Wait", "Seconds": 0, "End": true}}},
      {"StartAt": "R", "States": {"R": {"Type": "Wait", "TimestampPath": "$.at", "End": true}}}]},
    "Each": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "Parameters": {"i.$": "$$.Map.Item.Value"},
      "Iterator": {"StartAt": "Item", "States": {"Item": {"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:111111111111:function:f:1", "End": true}}},
      "Next": "Work"},
    "Work": {"Type": "Task", "Resource": "arn:aws:states:eu-west-1:111111111111:activity:a", "Next": "Old"},
    "Old": {"Type": "Pass", "Result": {"n": [1, null]}, "Next": "Done"},
    "Done": {"Type": "Succeed"},
    "Failed": {"Type": "Fail", "Error": "Charge", "CausePath": "$why"}
  }
}`

func TestProgram(t *testing.T) {
	p, list := Parse(diag.NewSource("order.asl.json", order))
	if p == nil || list.HasErrors() {
		t.Fatal(list)
	}
	var names []string
	for i, st := range p.Ordered {
		names = append(names, st.Name)
		if st.Index != i || p.States[st.Name] != st {
			t.Errorf("%s is at %d with index %d", st.Name, i, st.Index)
		}
	}
	if diff := cmp.Diff([]string{"Charge", "Approve", "Both", "L", "R", "Each", "Item", "Work", "Old", "Done", "Failed"}, names); diff != "" {
		t.Error(diff)
	}
	if p.TimeoutSeconds != 3600 || p.QueryLanguage != JSONPath || p.Version != "1.0" || p.Comment != "an order" {
		t.Errorf("%+v", p)
	}
	charge := p.States["Charge"]
	if p.Body.StartAt != charge || charge.Next != p.States["Approve"] || charge.Line != 7 || charge.Column != 5 {
		t.Errorf("Charge starts in %d:%d and leads to %v", charge.Line, charge.Column, charge.Next)
	}
	want := []Retrier{
		{ErrorEquals: []string{"States.Timeout"}, IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2},
		{ErrorEquals: []string{"States.ALL"}, IntervalSeconds: 2, BackoffRate: 1.5, MaxDelaySeconds: 9, FullJitter: true},
	}
	if diff := cmp.Diff(want, charge.Retry); diff != "" {
		t.Error(diff)
	}
	if c := charge.Catch[0]; c.Next != p.States["Failed"] || !c.ResultPath.Discard || c.Assign == nil {
		t.Errorf("catcher %+v", c)
	}
	k := charge.Task
	if k.Kind != Integration || k.Service != "http" || k.API != "invoke" || k.Pattern != "" || k.TimeoutSeconds != 30 ||
		k.HeartbeatPath.Text() != "$.beat" || k.Credentials == nil || charge.ResultPath.Path.Text() != "$.charge" {
		t.Errorf("task %+v", k)
	}
	approve := p.States["Approve"]
	if approve.Task.Pattern != "waitForTaskToken" || !approve.InputPath.Null || approve.OutputPath.Path.Text() != "$.o" {
		t.Errorf("%+v", approve)
	}
	if both := p.States["Both"].Parallel; len(both) != 2 || both[1].StartAt != p.States["R"] || !p.States["L"].Wait.HasSeconds {
		t.Errorf("%+v", both)
	}
	each := p.States["Each"]
	if each.Map.Processor.StartAt != p.States["Item"] || each.Map.ItemSelector == nil || each.Parameters != nil || each.Map.MaxConcurrency.Literal != 2 {
		t.Errorf("%+v", each.Map)
	}
	if p.States["Item"].Task.Kind != LambdaARN || p.States["Work"].Task.Kind != ActivityARN {
		t.Error("kinds of resources")
	}
	if r := p.States["Old"].Result; r == nil || r.Text() != `{"n":[1,null]}` {
		t.Errorf("result %v", r)
	}
	if f := p.States["Failed"].Fail; *f.Error != "Charge" || f.Cause != nil || f.CausePath.Variable() != "why" {
		t.Errorf("%+v", f)
	}
}

func TestWireMessage(t *testing.T) {
	_, list := Parse(diag.NewSource("", `{"StartAt":"pass1","States":{"pass1":{"Type":"Pass","Next":"pass3"},"pass2":{"Type":"Pass","End":true}}}`))
	// The very answer AWS gives for this definition, but for the order of its parts.
	want := `MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at /States/pass1/Next, MISSING_TRANSITION_TARGET: State "pass2" is not reachable. at /States/pass2`
	if got := WireMessage(list); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_, list = Parse(diag.NewSource("", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B","Parameters":{"x":"$.y"}},"B":{"Type":"Pass","Next":"A"}}}`))
	if got, want := WireMessage(list), "MISSING_END_STATE: Workflow has no terminal state at null"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestExpressFaults(t *testing.T) {
	p := mustParse(t, `{"StartAt":"A","States":{
		"A":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Next":"B"},
		"B":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2","Next":"C"},
		"C":{"Type":"Task","Resource":"arn:aws:states:us-east-1:111111111111:activity:a","Next":"P"},
		"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"D","States":{
			"D":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","End":true}}}]}}}`)
	want := "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync:2' service integration at /States/B/Resource, " +
		"SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/C/Resource, " +
		"SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/P/Branches[0]/States/D/Resource"
	if got := WireMessage(ExpressFaults(p)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Thousands of wrong names must not cost a comparison of each with each.
func TestManyFaultsStayCheap(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"StartAt":"state-0","States":{`)
	for i := range 5000 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(jsonval.Quote("state-"+strings.Repeat("x", i%60)+string(rune('a'+i%26))+jsonval.OfInt(int64(i)).Text()) + `:{"Type":"Pass","Next":"nowhere-at-all"}`)
	}
	b.WriteString(`}}`)
	_, list := Parse(diag.NewSource("", b.String()))
	if list.Errors() != 10001 {
		t.Errorf("%d errors", list.Errors())
	}
}

// Whatever the text: no panic, a program or errors, and every expression of a
// program can be evaluated on any JSON without panic.
func FuzzParse(f *testing.F) {
	f.Add(order, `{"beat":1}`)
	f.Add(`{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a[?(@.b == 1)]","StringMatches":"*"}],"Next":"D"}],"Default":"D"},"D":{"Type":"Succeed"}}}`, `{"a":[{"b":1}]}`)
	f.Add(`{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Output":"{% 1 %}","End":true}}}`, `1`)
	f.Add(`{"QueryLanguage":"JSONata","StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.a[b=1] = $v %}","Output":{"x":["{%\u0020$count($states.input.a) %}"]},"Next":"D"}],"Default":"D"},
		"D":{"Type":"Wait","Seconds":"{% $number($states.input.s) %}","Assign":{"v":"{% ($f := function($x){$x & $v}; $map([1..3], $f)) %}"},"Next":"E"},
		"E":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{% $states.context %}","Output":"{% $states.result ~> |$|{'a': 1}| %}","TimeoutSeconds":"{% 1 %}","End":true,
		"Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $states.errorOutput.Error %}","Next":"D"}]}}}`, `{"a":[{"b":1}],"s":"5"}`)
	f.Fuzz(func(t *testing.T, text, in string) {
		p, list := Parse(diag.NewSource("f", text))
		if (p == nil) != list.HasErrors() {
			t.Fatalf("program %v with %v", p, list)
		}
		v, err := jsonval.ParseString(in)
		if p == nil || err != nil {
			return
		}
		s := testScope(`{}`)
		s.Input = v
		for _, st := range p.Ordered {
			evalAll(t, st, s)
		}
	})
}

func waitSeconds(st *State) *Template {
	if st.Wait == nil {
		return nil
	}
	return st.Wait.SecondsQuery
}

func evalAll(t *testing.T, st *State, s *Scope) {
	t.Helper()
	check := func(v jsonval.Value, err *EvalError) {
		if err == nil {
			if _, bad := jsonval.Parse(v.Raw()); bad != nil {
				t.Fatalf("state %s makes no JSON: %q", st.Name, v.Text())
			}
		}
	}
	for _, tpl := range []*Template{st.Parameters, st.ResultSelector, st.Assign, st.Arguments, st.Output, waitSeconds(st)} {
		if tpl != nil {
			check(tpl.Eval(s))
		}
	}
	check(st.InputPath.Eval(s, "InputPath"))
	check(st.OutputPath.Eval(s, "OutputPath"))
	check(st.ResultPath.Apply(s.Input, jsonval.TrueValue))
	if st.Choice != nil {
		if p, err := st.Choice.Pick(s); (p.Next == nil) == (err == nil) {
			t.Fatalf("Pick gives %v and %v", p.Next, err)
		}
	}
	if st.Fail != nil && st.Fail.CausePath != nil {
		check(st.Fail.CausePath.EvalField(s, "CausePath"))
	}
	if st.Map != nil {
		check(st.Map.ItemsPath.Eval(s, "ItemsPath"))
	}
}
