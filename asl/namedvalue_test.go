package asl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
)

func refsOf(t *testing.T, resource, parameters string) []NamedValueRef {
	t.Helper()
	p, faults := Parse(diag.NewSource("d.asl.json", `{"StartAt":"A","States":{"A":{"Type":"Task","End":true,"Resource":"`+resource+`",
		"Parameters":`+parameters+`}}}`))
	if p == nil {
		t.Fatal(faults)
	}
	return p.States["A"].Task.NamedValues
}

const invoke = "arn:aws:states:::http:invoke"

// TestNamedValuesAreFoundInLiterals: in the three fields, in nested literals, several
// in one string, and with keys that a JSON pointer escapes.
func TestNamedValuesAreFoundInLiterals(t *testing.T) {
	got := refsOf(t, invoke+".waitForTaskToken", `{
		"ApiEndpoint": "https://acme.example/{{url}}", "Method": "{{method}}",
		"Headers": {"Authorization-X": "Bearer {{key}}", "{{name}}": "plain", "X-Both": ["{{a}}-{{b-2}}-{{a}}", "{{c.d_e}}"]},
		"QueryParameters": {"a/b~c": "{{q}}"},
		"RequestBody": {"deep": [1, {"list": ["x", "{{inner}}"]}], "input.$": "$.input", "token.$": "$$.Task.Token"}}`)
	want := []NamedValueRef{
		{"/Headers/Authorization-X", "key"}, {"/Headers/X-Both/0", "a"}, {"/Headers/X-Both/0", "b-2"}, {"/Headers/X-Both/1", "c.d_e"},
		{"/QueryParameters/a~1b~0c", "q"}, {"/RequestBody/deep/1/list/1", "inner"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]NamedValueRef{{"/RequestBody", "all"}}, refsOf(t, "arn:aws:states:::apigateway:invoke", `{"RequestBody":"{{all}}"}`)); diff != "" {
		t.Error(diff)
	}
}

// TestNamedValuesAreNotFoundElsewhere: in expressions, intrinsics, other fields,
// other resources, and what only looks like a reference.
func TestNamedValuesAreNotFoundElsewhere(t *testing.T) {
	for _, c := range [][2]string{
		{invoke, `{"Headers":{"X.$":"States.Format('{}{{key}}', $.a)"},"RequestBody.$":"$.body"}`},
		{invoke, `{"ApiEndpoint":"https://a.example/{{key}}","InvocationConfig":{"ConnectionArn":"{{key}}"}}`},
		{invoke, `{"RequestBody":"{{ key }} {key} {{}} {{a b}} {{a} }} {{ä}}"}`},
		{"arn:aws:states:::lambda:invoke", `{"Headers":{"X":"{{key}}"},"RequestBody":"{{key}}"}`},
		{"arn:aws:lambda:us-east-1:1:function:f", `{"Headers":"{{key}}"}`},
	} {
		if got := refsOf(t, c[0], c[1]); got != nil {
			t.Errorf("%s %s: found %v", c[0], c[1], got)
		}
	}
}
