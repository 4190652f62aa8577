package asl_test

import (
	"testing"

	"stile/asl"
	"stile/diag"
)

// TestParseState: a state alone may lead anywhere, and has its own faults at AWS's
// places; bodies inside it are whole.
func TestParseState(t *testing.T) {
	for _, tt := range []struct{ text, faults string }{
		{`{"Type":"Succeed"}`, ""},
		{`{"Type":"Pass","Next":"Elsewhere"}`, ""},
		{`{"Type":"Pass","Next":"StateName"}`, ""},
		{`{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"A"}],"Default":"B"}`, ""},
		{`{"Type":"Parallel","Branches":[],"End":true}`, "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches"},
		{`{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"Elsewhere"}}}]}`,
			"MISSING_TRANSITION_TARGET: Missing 'Next' target: Elsewhere at /States/StateName/Branches[0]/States/A/Next"},
		{`{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}}}]}`,
			"MISSING_END_STATE: Workflow has no terminal state at /States/StateName/Branches[0]"},
		{`[]`, "INVALID_JSON_DESCRIPTION: The definition must be a valid JSON object at null"},
	} {
		p, faults := asl.ParseState(diag.NewSource("", tt.text))
		if got := asl.WireMessage(faults); got != tt.faults || (p == nil) != (got != "") {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.faults)
		}
		if p == nil {
			continue
		}
		if st := p.Body.StartAt; st.Name != asl.TestedState || len(p.Ordered) != 1 || p.States[st.Name] != st {
			t.Errorf("%s: %+v", tt.text, p)
		}
	}
	p, _ := asl.ParseState(diag.NewSource("", `{"Type":"Pass","Next":"Elsewhere"}`))
	if next := p.Body.StartAt.Next; next == nil || next.Name != "Elsewhere" {
		t.Errorf("next %+v", next)
	}
}
