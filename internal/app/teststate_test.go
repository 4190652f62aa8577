package app

import (
	"encoding/json"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/identity"
)

// TestATestedStateCallsAsItsRole, through the same gate as an execution's, and the
// test that called is in the audit; one with a mock calls nothing and is not.
func TestATestedStateCallsAsItsRole(t *testing.T) {
	backend, calls := answering(t)
	p := dev(t, folder(t, backend, invoke, "roles/other.json", roleAllowing("api/none/operation/none")), t.TempDir())
	test := func(role, rest string) (status int, answer string) {
		definition, _ := json.Marshal(oneTask(invoke))
		return send(t, "POST", p.Console+"/", `{"definition":`+string(definition)+`,"stateName":"Reserve","inspectionLevel":"TRACE",`+
			`"roleArn":"arn:aws:iam::111111111111:role/`+role+`"`+rest+`}`,
			"X-Amz-Target", "AWSStepFunctions.TestState", "Content-Type", "application/x-amz-json-1.0")
	}
	status, answer := test("one-role", "")
	if status != 200 || calls.Load() != 1 || !strings.Contains(answer, `"status":"SUCCEEDED"`) || !strings.Contains(answer, "r-1") {
		t.Errorf("%d %s, %d calls", status, answer, calls.Load())
	}
	if _, answer = test("other", ""); calls.Load() != 1 || !strings.Contains(answer, `"error":"States.Permissions"`) {
		t.Errorf("another role: %s, %d calls", answer, calls.Load())
	}
	if _, answer = test("other", `,"mock":{"result":"{\"m\":1}"}`); calls.Load() != 1 || !strings.Contains(answer, `"output":"{\"m\":1}"`) {
		t.Errorf("mocked: %s, %d calls", answer, calls.Load())
	}
	_, answer = send(t, "GET", p.Console+"/-/v1/audit?action=states:TestState", "")
	if got := strings.Count(answer, `"action":"states:TestState"`); got != 2 || !strings.Contains(answer, "role/one-role") || !strings.Contains(answer, "role/other") {
		t.Errorf("%d records: %s", got, answer)
	}
}

// TestStatesAreTestedByWhoMayDoSoAnywhere: a test calls as any role, so leave on
// some things is not enough.
func TestStatesAreTestedByWhoMayDoSoAnywhere(t *testing.T) {
	for resource, want := range map[string]bool{"**": true, "stateMachine/*": false, "stateMachine/**": false} {
		role, faults := identity.ParseRole(diag.NewSource("roles/r.json",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"states:TestState","Resource":"`+resource+`"}]}`))
		if faults.HasErrors() {
			t.Fatal(faults)
		}
		list, faults := identity.ParseAssignments(diag.NewSource("assignments.yaml", "- {principal: user:ada, role: r}\n"), identity.Known{Roles: []string{"r"}})
		if faults.HasErrors() {
			t.Fatal(faults)
		}
		a := identity.NewAccess(map[string]*identity.Role{"r": role}, list)
		if got := a.Decide(identity.Caller{Kind: "user", ID: "ada"}, "states:TestState", "*").Allowed; got != want {
			t.Errorf("%s: %v, want %v", resource, got, want)
		}
	}
}
