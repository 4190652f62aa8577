package asl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
)

// TestNamedValuePlaces: the places are those of the references that the Program has,
// in nested states too, and of nothing else.
func TestNamedValuePlaces(t *testing.T) {
	src := diag.NewSource("d.asl.json", `{"Comment": "{{no}}", "StartAt": "A", "States": {
		"A": {"Type": "Task", "Resource": "`+invoke+`", "Next": "B", "Parameters": {"ApiEndpoint": "https://x.example/{{no}}", "Method": "GET",
			"Headers": {"X-A": "{{one}}", "X-B": ["{{two}} {{one}}"], "{{no}}": "x", "X-C.$": "States.Format('{}{{no}}', $.a)"},
			"RequestBody": {"deep": [{"a.$": "$.b", "b": "\u007b{three}}"}]}}},
		"B": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "C", "States": {"C": {"Type": "Map", "End": true, "ItemProcessor": {
			"StartAt": "D", "States": {"D": {"Type": "Task", "End": true, "Resource": "arn:aws:states:::apigateway:invoke",
				"Parameters": {"ApiEndpoint": "x", "Method": "GET", "QueryParameters": {"q": ["{{four}}"]}}}}}}}}]}}}`)
	p, faults := Parse(src)
	if p == nil {
		t.Fatal(faults)
	}
	var got, want []string
	for _, at := range NamedValuePlaces(src) {
		got = append(got, at.State+" "+at.Name)
		if src.Text()[at.Offset] != '"' {
			t.Errorf("%+v is not at a string", at)
		}
	}
	for _, s := range p.Ordered {
		if s.Task != nil {
			for _, r := range s.Task.NamedValues {
				want = append(want, s.Name+" "+r.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"A one", "A two", "A one", "A three", "D four"}, got); diff != "" || len(want) != len(got) {
		t.Error(diff, want)
	}
	if NamedValuePlaces(diag.NewSource("d.asl.json", "{")) != nil {
		t.Error("places in what is no JSON")
	}
}
