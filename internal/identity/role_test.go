package identity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
)

const orderRole = `{
  "Version": "2012-10-17",
  "subscription": "demo",
  "Statement": [
    {"Effect": "Allow", "Action": "apim:Invoke",
     "Resource": ["api/inventory/operation/*", "api/payments/operation/charge"]},
    {"Effect": "Deny", "Action": "apim:*", "Resource": "api/payments/operation/refund"},
    {"Effect": "Allow", "Action": ["states:StartExecution", "apim:Invoke"], "Resource": "api/payments/**"}
  ]
}
`

func role(t *testing.T, text string) *Role {
	t.Helper()
	r, faults := ParseRole(diag.NewSource("roles/order-role.json", text))
	if r == nil {
		t.Fatal(faults)
	}
	return r
}

func TestDecide(t *testing.T) {
	r := role(t, orderRole)
	if r.Name != "order-role" || r.Subscription != "demo" || r.Line != 4 {
		t.Errorf("role %+v", r)
	}
	file := "roles/order-role.json"
	for _, tt := range []struct {
		action    string
		resources []string
		want      Decision
	}{
		{"apim:Invoke", []string{"api/inventory/operation/reserve"}, Decision{Allowed: true, File: file, Line: 5}},
		{"APIM:INVOKE", []string{"api/inventory/operation/reserve"}, Decision{Allowed: true, File: file, Line: 5}},
		{"apim:Invoke", []string{"api/inventory/operation/a/b"}, Decision{File: file, Line: 4}},
		{"apim:Invoke", []string{"api/shipping/operation/ship"}, Decision{File: file, Line: 4}},
		{"apim:Invoke", []string{"api/payments/operation/refund"}, Decision{Explicit: true, File: file, Line: 7}},
		{"apim:Invoke", []string{"x", "api/payments/operation/list"}, Decision{Allowed: true, File: file, Line: 8}},
		{"states:StopExecution", []string{"api/payments/operation/list"}, Decision{File: file, Line: 4}},
	} {
		if diff := cmp.Diff(tt.want, r.Decide(tt.action, tt.resources...)); diff != "" {
			t.Errorf("%s on %v: %s", tt.action, tt.resources, diff)
		}
	}
	if d := (*Role)(nil).Decide("apim:Invoke", "api/x"); d.Allowed {
		t.Error("a nil role allows")
	}
}

func TestResourcePatterns(t *testing.T) {
	for _, tt := range []struct {
		pattern, resource string
		want              bool
	}{
		{"**", "arn:aws:states:us-east-1:1:stateMachine:order", true},
		{"*", "api/x", false},
		{"api/*", "api/x", true},
		{"api/*", "api/x/operation/y", false},
		{"api/**", "api/x/operation/y", true},
		{"api/*/operation/get-*", "api/x/operation/get-one", true},
		{"api/*/operation/get-*", "api/x/operation/put-one", false},
		{"arn:aws:states:*:*:stateMachine:order", "arn:aws:states:us-east-1:1:stateMachine:order", true},
		{"arn:aws:states:*:stateMachine:order", "arn:aws:states:us-east-1:1:stateMachine:order", false},
		{"stateMachine/order/state/*", "stateMachine/order/state/Charge", true},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "aXbY", false},
		{"", "", true},
	} {
		if got := matchResource(tt.pattern, tt.resource); got != tt.want {
			t.Errorf("matchResource(%q, %q) = %v", tt.pattern, tt.resource, got)
		}
	}
}

func TestRoleFaults(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"several at once", `{
  "Version": "2008-10-17",
  "Subscription": "demo",
  "Statement": [{
    "Effect": "allow", "Action": ["apim:Invok", "apim:invoke", "states:StopExecutoin", "lambda:UpdateFunction", "Invoke"], "Resource": ["", "*"],
    "Condition": {}
  }]
}`, []string{
			`roles/r.json:2:14: "2008-10-17" is not allowed here [STL-C003]`,
			`roles/r.json:3:3: unknown key "Subscription" in a role [STL-C002]`,
			`roles/r.json:5:15: "allow" is not allowed here [STL-C003]`,
			`roles/r.json:5:35: unknown action "apim:Invok" [STL-C010]`,
			`roles/r.json:5:64: unknown action "states:StopExecutoin" [STL-C010]`,
			`roles/r.json:5:88: the action "lambda:UpdateFunction" is not used [STL-C006]`,
			`roles/r.json:5:113: "Invoke" is no action [STL-C010]`,
			`roles/r.json:5:137: an empty resource matches nothing [STL-C011]`,
			"roles/r.json:5:141: `*` matches one segment only, so this names no resource [STL-C011]",
			`roles/r.json:6:5: unknown key "Condition" in a statement [STL-C002]`,
		}},
		{"nothing in it", `{}`, []string{
			`roles/r.json:1:1: a role has no "Statement" [STL-C004]`,
			`roles/r.json:1:1: a role has no "Version" [STL-C004]`,
		}},
		{"not JSON", `{"Version": `, []string{`roles/r.json:1:13: not readable JSON: the text ends too early [STL-C001]`}},
		{"many stars", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"apim:Invoke","Resource":"*a*b*c*d*e*f*g*h*i"}}`,
			[]string{`roles/r.json:1:89: a pattern has at most 8 stars [STL-C011]`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, faults := ParseRole(diag.NewSource("roles/r.json", tt.text))
			if r != nil {
				t.Error("a role with errors was taken")
			}
			if diff := cmp.Diff(strings.Join(tt.want, "\n"), faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
