package maprun

import (
	"bufio"
	"strings"
	"testing"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

func TestResults(t *testing.T) {
	cause, name := "why", "Bad"
	at := time.UnixMilli(1700000000000)
	done := &sfn.Execution{ARN: "arn:aws:states:us-east-1:1:execution:m/L:c", Name: "c", StateMachineARN: "arn:aws:states:us-east-1:1:stateMachine:m/L",
		Status: sfn.Succeeded, Input: jsonval.MustParse(`{"a":1}`), Output: jsonval.MustParse(`[1,2]`), StartDate: at, StopDate: at}
	bad := &sfn.Execution{ARN: done.ARN, Name: "c", StateMachineARN: done.StateMachineARN, Status: sfn.Failed, Input: done.Input, Error: &name, Cause: &cause,
		StartDate: at, StopDate: at}
	head := `"ExecutionArn":"arn:aws:states:us-east-1:1:execution:m/L:c","Input":"{\"a\":1}","InputDetails":{"Included":true},"Name":"c",`
	tail := `"StateMachineArn":"arn:aws:states:us-east-1:1:stateMachine:m/L","Status":`
	for _, test := range []struct {
		x     *sfn.Execution
		form  string
		lines bool
		want  string
	}{
		{done, Compact, false, `[[1,2]]`},
		{done, "", true, "[1,2]\n"},
		{done, Flat, false, `[1,2]`},
		{done, Flat, true, "1\n2\n"},
		{done, Whole, false, `[{` + head + `"Output":"[1,2]","OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE",` +
			`"RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven","StartDate":"2023-11-14T22:13:20.000Z",` + tail +
			`"SUCCEEDED","StopDate":"2023-11-14T22:13:20.000Z"}]`},
		{bad, Whole, false, `[{"Cause":"why","Error":"Bad",` + head + `"RedriveCount":0,"RedriveStatus":"REDRIVABLE_BY_MAP_RUN",` +
			`"StartDate":"2023-11-14T22:13:20.000Z",` + tail + `"FAILED","StopDate":"2023-11-14T22:13:20.000Z"}]`},
	} {
		var b strings.Builder
		w := bufio.NewWriter(&b)
		f := NewFile(w, test.lines)
		if err := EachResult(test.x, test.form, f.Add); err != nil {
			t.Fatal(err)
		}
		if err := f.End(); err != nil {
			t.Fatal(err)
		}
		if w.Flush(); b.String() != test.want {
			t.Errorf("%s:\n%s\n%s", test.form, b.String(), test.want)
		}
	}
	want := `{` + head + tail + `"PENDING"}`
	if got := Pending(done.ARN, done.Input).Text(); got != want {
		t.Errorf("%s\n%s", got, want)
	}
}

func TestEmptyFile(t *testing.T) {
	var b strings.Builder
	w := bufio.NewWriter(&b)
	if err := NewFile(w, false).End(); err != nil || w.Flush() != nil || b.String() != "[]" {
		t.Errorf("%q, %v", b.String(), err)
	}
}
