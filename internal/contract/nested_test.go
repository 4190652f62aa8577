package contract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const starting = `{"StartAt": "A", "States": {
 "A": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": true,
  "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:order"}}}}`

func TestStateMachinesThatATaskStarts(t *testing.T) {
	allow := role(`{"Effect":"Allow","Action":"states:StartExecution","Resource":"stateMachine/order"}`)
	for name, c := range map[string]struct {
		old, new, role string
		want           []string
	}{
		"kept":       {role: allow},
		"by its ARN": {role: role(`{"Effect":"Allow","Action":"states:*","Resource":"arn:aws:states:*:*:stateMachine:order"}`)},
		"a version, by its machine's ARN": {"stateMachine:order", "stateMachine:order:7",
			role(`{"Effect":"Allow","Action":"states:*","Resource":"arn:aws:states:*:*:stateMachine:order"}`), nil},
		"an alias, by its own": {"stateMachine:order", "stateMachine:order:PROD",
			role(`{"Effect":"Allow","Action":"states:*","Resource":"arn:aws:states:*:*:stateMachine:order:PROD"}`), nil},
		"an alias, by another's": {"stateMachine:order", "stateMachine:order:PROD",
			role(`{"Effect":"Allow","Action":"states:*","Resource":"arn:aws:states:*:*:stateMachine:order:TEST"}`), []string{`STL-X003 m.asl.json "A"`}},
		"not there":      {"stateMachine:order", "stateMachine:ordr", allow, []string{`STL-X005 m.asl.json "A"`}},
		"by input":       {`"StateMachineArn"`, `"StateMachineArn.$": "$.arn", "x"`, allow, nil},
		"no ARN":         {"arn:aws:states:us-east-1:111111111111:stateMachine:order", "order", allow, nil},
		"nothing allows": {role: role(all), want: []string{`STL-X003 m.asl.json "A"`}},
		"another is allowed": {role: role(`{"Effect":"Allow","Action":"states:StartExecution","Resource":"stateMachine/refund"}`),
			want: []string{`STL-X003 m.asl.json "A"`}},
	} {
		t.Run(name, func(t *testing.T) {
			def := starting
			if c.old != "" {
				def = strings.Replace(def, c.old, c.new, 1)
			}
			if diff := cmp.Diff(c.want, told(Check(project(t, def, c.role)))); diff != "" {
				t.Error(diff)
			}
		})
	}
	l := Check(project(t, starting, role(`{"Effect":"Deny","Action":"states:StartExecution","Resource":"stateMachine/**"}`)))
	const want = "state A may not start order: a statement of role r denies states:StartExecution on stateMachine/order (roles/r.json:1)"
	if len(l) != 1 || l[0].Message != want {
		t.Errorf("%v", l)
	}
	l = Check(project(t, strings.Replace(starting, "stateMachine:order", "stateMachine:ordr", 1), allow))
	if l[0].Hint != "did you mean order?" || !strings.Contains(l[0].Message, "state A fails with StepFunctions.StateMachineDoesNotExistException") {
		t.Errorf("%+v", l[0])
	}
}
