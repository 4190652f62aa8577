package contract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/sfn"
)

const invoking = `{"StartAt": "A", "States": {
 "A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "charge:PROD"}, "Next": "B"},
 "B": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:charge", "End": true}}}`

func TestFunctionsThatATaskInvokes(t *testing.T) {
	behind := func(f Function) func(sfn.Function) (Function, bool) {
		return func(of sfn.Function) (Function, bool) { return f, of.Name == "charge" }
	}
	operation := behind(Function{API: "pay", Operation: "charge"})
	const invokes = `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"function/charge"}`
	allowed := role(all + "," + invokes)
	for name, c := range map[string]struct {
		function func(sfn.Function) (Function, bool)
		old, new string
		role     string
		want     []string
	}{
		"kept":                       {function: operation, role: allowed},
		"by the ARN":                 {function: operation, role: role(all + `,{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:charge"}`)},
		"the qualified ARN alone":    {function: operation, role: role(all + `,{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:charge:*"}`), want: []string{`STL-X003 m.asl.json "B"`}},
		"may not invoke":             {function: operation, role: role(all), want: []string{`STL-X003 m.asl.json "A"`, `STL-X003 m.asl.json "B"`}},
		"may not call the operation": {function: operation, role: role(invokes), want: []string{`STL-X003 m.asl.json "A"`, `STL-X003 m.asl.json "B"`}},
		"past the gateway":           {function: behind(Function{Past: "127.0.0.1:3001"}), role: allowed, want: []string{`STL-X006 m.asl.json "A"`, `STL-X006 m.asl.json "B"`}},
		"another function":           {operation, "charge:PROD", "refund", role(all + `,{"Effect":"Allow","Action":"lambda:*","Resource":"**"}`), []string{`STL-A003 m.asl.json "A"`}},
		"nothing behind any":         {role: allowed, want: []string{`STL-A003 m.asl.json "A"`, `STL-A003 m.asl.json "B"`}},
		"by input":                   {operation, `"FunctionName"`, `"FunctionName.$": "$.f", "x"`, allowed, nil},
		"by input, nothing behind":   {nil, `"FunctionName"`, `"FunctionName.$": "$.f", "x"`, allowed, []string{`STL-A003 m.asl.json "A"`, `STL-A003 m.asl.json "B"`}},
	} {
		t.Run(name, func(t *testing.T) {
			p := project(t, strings.Replace(invoking, c.old, c.new, 1), c.role)
			p.Function, p.Account, p.Region = c.function, "111111111111", "us-east-1"
			if diff := cmp.Diff(c.want, told(Check(p))); diff != "" {
				t.Error(diff)
			}
		})
	}
	p := project(t, invoking, allowed)
	p.Function = operation
	p.Machines[0].Role.Statements = nil
	l := Check(p)
	if len(l) != 4 || l[1].Message != "state A may not invoke charge: no statement of role r allows lambda:InvokeFunction on function/charge (roles/r.json:1)" {
		t.Errorf("%v", l)
	}
}
