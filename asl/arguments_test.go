package asl

import (
	"strings"
	"testing"

	"stile/diag"
	"stile/jsonval"
)

// TestArgumentFaults: in AWS's words, wherever the Task stands.
func TestArgumentFaults(t *testing.T) {
	p, list := Parse(diag.NewSource("", `{"StartAt":"A","States":{
"A":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2","Parameters":null,"Next":"B"},
"B":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{},"Next":"C"},
"C":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:f","Next":"P"},
"P":{"Type":"Parallel","Branches":[{"StartAt":"D","States":{"D":{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::http:invoke","End":true}}}],"End":true}}}`))
	if p == nil {
		t.Fatal(list)
	}
	const want = "SCHEMA_VALIDATION_FAILED: Parameters field is required for resource ARN: arn:aws:states:::states:startExecution.sync:2 at /States/A/Resource, " +
		"SCHEMA_VALIDATION_FAILED: Arguments field is required for resource ARN: arn:aws:states:::http:invoke at /States/P/Branches[0]/States/D/Resource"
	if got := WireMessage(ArgumentFaults(p)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestMissingArguments: the causes of functions whose paths find nothing, as AWS was
// seen to give them.
func TestMissingArguments(t *testing.T) {
	s := &Scope{Input: jsonval.MustParse(`{"other":1,"items":[1,2]}`)}
	for text, want := range map[string]string{
		"States.Format('{}',$.nope)": "The function 'States.Format('{}',$.nope)' had the following error: " +
			"The JsonPath argument for the field '$.nope' could not be found in the input '" + s.Input.Text() + "'",
		"States.Format('{}', States.Format('{}', $.items[5].x))": "The function 'States.Format('{}', States.Format('{}', $.items[5].x))' had the following error: " +
			"The JsonPath argument for the field '$.items[5].x' could not be found in the input '" + s.Input.Text() + "'",
		"States.Array($$.Nope.Deep)": "The function 'States.Array($$.Nope.Deep)' had the following error: " +
			"The JsonPath argument for the field '$.Nope.Deep' could not be found in the input '" + s.Input.Text() + "'",
		"States.Array($.other[0])": "Filter: [0] can only be applied to arrays. Current context is: 1",
		"$$.Nope.Deep":             "The JSONPath '$.Nope.Deep' specified for the field 'v.$' could not be found in the input '{}'",
		"$.other[1:]":              "Filter: [1:] can only be applied to arrays. Current context is: 1",
		"$.items[5].x":             "The JSONPath '$.items[5].x' specified for the field 'v.$' could not be found in the input '" + s.Input.Text() + "'",
	} {
		e, err := compileExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, fault := e.member(s, "v.$"); fault == nil || fault.Name != ErrRuntime || fault.Cause != want {
			t.Errorf("%s: %v, want %s", text, fault, want)
		}
	}
	e, _ := compileExpr("$.items[5]")
	if v, fault := e.member(s, "v.$"); fault != nil || !v.IsNull() {
		t.Errorf("behind the end: %s %v", v.Text(), fault)
	}
}

// TestRequiredArguments: a field may be literal, a path or an expression; where one
// expression gives the whole, nothing is known of its fields.
func TestRequiredArguments(t *testing.T) {
	for text, want := range map[string]string{
		`"Resource":"arn:aws:states:::lambda:invoke","Parameters":{"Payload.$":"$"}`:                                             "FunctionName at /States/A/Parameters",
		`"Resource":"arn:aws:states:::lambda:invoke","Parameters":{}`:                                                            "FunctionName at /States/A/Parameters",
		`"Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName.$":"$.f"}`:                                      "",
		`"Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f","P.$":"$$.Task.Token"}`:   "",
		`"QueryLanguage":"JSONata","Resource":"arn:aws:states:::sqs:sendMessage","Arguments":{"QueueUrl":"{% $states.input %}"}`: "MessageBody at /States/A/Arguments",
		`"QueryLanguage":"JSONata","Resource":"arn:aws:states:::sqs:sendMessage","Arguments":"{% $states.input %}"`:              "",
		`"Resource":"arn:aws:states:::aws-sdk:sqs:sendMessage","Parameters":{}`:                                                  "",
	} {
		p, list := Parse(diag.NewSource("", `{"StartAt":"A","States":{"A":{"Type":"Task","End":true,`+text+`}}}`))
		if p == nil {
			t.Fatal(text, list)
		}
		if want != "" {
			name, path, _ := strings.Cut(want, " at ")
			want = "SCHEMA_VALIDATION_FAILED: The field '" + name + "' is required but was missing at " + path
		}
		if got := WireMessage(ArgumentFaults(p)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
