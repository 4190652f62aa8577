package identity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
)

func assignments(t *testing.T, text string, known Known) ([]Assignment, []string) {
	t.Helper()
	list, faults := ParseAssignments(diag.NewSource("assignments.yaml", text), known)
	var told []string
	for _, d := range faults {
		told = append(told, d.String()+" | "+d.Hint)
	}
	return list, told
}

func TestParseAssignments(t *testing.T) {
	list, told := assignments(t, `
- {principal: "user:ada@example.com", provider: entra, role: operator}
- principal: "group:4f"
  role: viewer
  scope: stateMachine/order
- {principal: "key:AKID", role: viewer, scope: "**"}
`, Known{Roles: []string{"operator", "viewer"}, Providers: []string{"entra"}})
	if told != nil {
		t.Fatal(told)
	}
	want := []string{"user ada@example.com entra operator ** 2", "group 4f  viewer stateMachine/order 3", "key AKID  viewer ** 6"}
	for i, a := range list {
		got := strings.Join([]string{a.Kind, a.ID, a.Provider, a.Role, a.Scope.String(), string(rune('0' + a.Line))}, " ")
		if got != want[i] || a.File != "assignments.yaml" {
			t.Errorf("got %s, want %s", got, want[i])
		}
	}
	for _, empty := range []string{"", "# none yet\n", "[]\n"} {
		if list, told := assignments(t, empty, Known{}); list != nil || told != nil {
			t.Errorf("%q: %v %v", empty, list, told)
		}
	}
}

func TestAssignmentFaults(t *testing.T) {
	known := Known{Roles: []string{"operator", "viewer"}, Providers: []string{"entra", "okta"}}
	for _, tt := range []struct {
		text string
		want []string
	}{
		{`- {principal: "user:a", provider: okta, role: oprator}`, []string{
			"assignments.yaml:1:47: role oprator has no file roles/oprator.json [STL-C008] | did you mean operator?"}},
		{`- {principal: "usr:a", provider: okta, role: viewer}`, []string{
			`assignments.yaml:1:15: "usr:a" is no principal [STL-C003] | did you mean user:a?`}},
		{`- {principal: ada, role: viewer}`, []string{
			`assignments.yaml:1:15: "ada" is no principal [STL-C003] | write user:SUBJECT, group:ID, app:CLIENT-ID or key:ACCESS-KEY-ID`}},
		{`- {principal: "user:", role: viewer}`, []string{
			`assignments.yaml:1:15: "user:" is no principal [STL-C003] | write user:SUBJECT, group:ID, app:CLIENT-ID or key:ACCESS-KEY-ID`}},
		{`- {principal: "user:a", provider: otka, role: viewer}`, []string{
			"assignments.yaml:1:35: there is no identity provider otka [STL-C008] | did you mean okta?"}},
		{`- {principal: "user:a", role: viewer}`, []string{
			"assignments.yaml:1:3: user:a has no provider, so that it is this user of every provider [STL-C003] | write provider: one of entra, okta"}},
		{`- {principal: "key:a", provider: okta, role: viewer}`, []string{
			"assignments.yaml:1:3: no provider vouches for an access key [STL-C003] | remove the provider"}},
		{`- {principal: "key:a", role: viewer, scope: stateMachine/}`, []string{
			`assignments.yaml:1:45: "stateMachine/" is no scope [STL-C003] | ` + scopeForms}},
		{`- {principal: "key:a", role: viewer, scope: "api/*"}`, []string{
			`assignments.yaml:1:45: "api/*" is no scope [STL-C003] | ` + scopeForms}},
		{"- principal: key:a\n  role: viewer\n  scope:\n", []string{
			"assignments.yaml:3:10: scope has no value [STL-C003] | remove the line for all that the role allows, or " + scopeForms}},
		{`- {principal: "key:a", roles: viewer}`, []string{
			`assignments.yaml:1:3: an assignment has no "role" [STL-C004] | add "role"`,
			`assignments.yaml:1:24: unknown key "roles" in an assignment [STL-C002] | did you mean "role"?`}},
		{`principal: "user:a"`, []string{"assignments.yaml:1:1: this must be a list, not a map [STL-C003] | "}},
	} {
		list, told := assignments(t, tt.text, known)
		if diff := cmp.Diff(tt.want, told); diff != "" {
			t.Errorf("%s\n%s", tt.text, diff)
		}
		if len(list) > 0 && !strings.Contains(told[0], "every provider") {
			t.Errorf("a faulty assignment was taken: %s", tt.text)
		}
	}
}

func TestScopes(t *testing.T) {
	for _, tt := range []struct {
		scope, resource string
		want            bool
	}{
		{"", "anything", true}, {"**", "anything", true},
		{"stateMachine/order", "stateMachine/order", true},
		{"stateMachine/order", "stateMachine/order/state/Approve", true},
		{"stateMachine/order", "stateMachine/orders", false},
		{"stateMachine/order/state/Approve", "stateMachine/order", false},
		{"stateMachine/order/state/Approve", "stateMachine/order/state/Approve", true},
		{"stateMachine/order/state/Approve", "stateMachine/order/state/Approved", false},
		// A name that goes on behind the state's is another state's.
		{"stateMachine/order/state/Approve", "stateMachine/order/state/Approve/x", false},
		{"api/payments", "api/payments/operation/charge", true},
		{"api/payments/operation/charge", "api/payments", false},
		{"named-value/n", "named-value/n", true}, {"activity/a", "activity/a", true}, {"activity/a", "activity/ab", false}, {"named-value/n", "named-value/nn", false},
	} {
		s, ok := ParseScope(tt.scope)
		if !ok || s.Has("other", tt.resource) != tt.want {
			t.Errorf("%q has %q: %v", tt.scope, tt.resource, !tt.want)
		}
	}
	for _, bad := range []string{"*", "order", "stateMachine", "stateMachine//state/a", "stateMachine/a/state", "api/a/state/b", "a/b", "api/a/operation/b/c"} {
		if _, ok := ParseScope(bad); ok {
			t.Errorf("%q is a scope", bad)
		}
	}
}

func TestDecisionsNameTheirPlace(t *testing.T) {
	r := role(t, orderRole)
	a := NewAccess(map[string]*Role{"order-role": r}, []Assignment{{Kind: KindUser, ID: "ada", Role: "order-role"}, {Kind: KindUser, ID: "bob", Role: "gone"}})
	ada := Caller{Kind: KindUser, ID: "ada"}
	for _, tt := range []struct {
		c        Caller
		resource string
		want     Decision
	}{
		{ada, "api/inventory/operation/x", Decision{Allowed: true, File: r.File, Line: 5}},
		{ada, "api/payments/operation/refund", Decision{Explicit: true, File: r.File, Line: 7}},
		{ada, "api/none", Decision{File: r.File, Line: 4}},
		{Caller{Kind: KindUser, ID: "bob"}, "api/inventory/operation/x", Decision{}},
		{Caller{}, "api/inventory/operation/x", Decision{}},
	} {
		if got := a.Decide(tt.c, "apim:Invoke", tt.resource); got != tt.want {
			t.Errorf("%s on %s: %+v, want %+v", tt.c, tt.resource, got, tt.want)
		}
	}
	if d := a.Anywhere(ada, "states:StartExecution"); !d.Allowed || d.Line != 8 {
		t.Errorf("Anywhere: %+v", d)
	}
	if d := a.Anywhere(ada, "states:StopExecution"); d.Allowed || d.Line != 4 {
		t.Errorf("Anywhere: %+v", d)
	}
}
