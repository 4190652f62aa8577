package files

import (
	"fmt"
	"strings"
	"testing"

	"stile/internal/config"
)

func loadOptions(t *testing.T, options string) ([]IndexField, string) {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, "workflows/order.asl.json", `{"StartAt":"S","States":{"S":{"Type":"Succeed"}}}`)
	put(t, dir, "workflows/order.workflow.yaml", options)
	l := &loader{dir: dir}
	list := l.stateMachines(&config.Config{Workflows: config.WorkflowsPath{Path: "workflows"}})
	var text strings.Builder
	for _, d := range l.faults.Sort() {
		fmt.Fprintf(&text, "%d:%d %s %s [%s]\n", d.Line, d.Column, d.Severity, d.Message, d.Code)
	}
	if len(list) == 0 {
		t.Fatal(text.String())
	}
	return list[0].Index, text.String()
}

func TestIndex(t *testing.T) {
	got, faults := loadOptions(t, "index:\n  sku: $.input.sku\n  first: $.input.items[0].id\n  odd: $.input['a b']\n  total: $.output.total\n  at: $.output[0]\n")
	if faults != "" {
		t.Fatal(faults)
	}
	var text []string
	for _, f := range got {
		text = append(text, fmt.Sprintf("%s %t %s", f.Name, f.Output, f.Path.Text()))
	}
	if want := "at true $[0]|first false $.items[0].id|odd false $['a b']|sku false $.sku|total true $.total"; strings.Join(text, "|") != want {
		t.Errorf("%v", text)
	}
}

func TestIndexFaults(t *testing.T) {
	many := "index:\n"
	for i := range 17 {
		many += fmt.Sprintf("  f%d: $.input.a\n", i)
	}
	for options, want := range map[string]string{
		"index: [sku]\n":                             "1:8 error index is a map of names and paths [STL-C003]\n",
		"index: {sku: $.sku}\n":                      "1:14 error a field's place is below $.input or $.output [STL-C026]\n",
		"index: {sku: $.input}\n":                    "1:14 error a field's place is below $.input or $.output [STL-C026]\n",
		"index: {sku: $.inputs.sku}\n":               "1:14 error a field's place is below $.input or $.output [STL-C026]\n",
		"index: {sku: '$.input..sku'}\n":             "1:14 error this is no reference path: names and indexes alone lead to a field [STL-C026]\n",
		"index: {sku: '$.input.items[*].id'}\n":      "1:14 error this is no reference path: names and indexes alone lead to a field [STL-C026]\n",
		"index: {1st: $.input.a, 'a b': $.input}\n":  "1:9 error a field's name has 1 to 64 letters, digits, - and _, and begins with a letter [STL-C026]\n1:25 error a field's name has 1 to 64 letters, digits, - and _, and begins with a letter [STL-C026]\n1:32 error a field's place is below $.input or $.output [STL-C026]\n",
		"index: {sku: 7}\n":                          "1:14 error a field's place is below $.input or $.output [STL-C026]\n",
		many:                                         "18:3 error a state machine has at most 16 fields [STL-C026]\n",
		"index: {a: $.input.a, a: $.input.b}\n":      "1:23 error ",
		"type: EXPRESS\nindex: {sku: $.input.sku}\n": "2:8 warning EXPRESS executions are not listed, so that they are found by no field [STL-C026]\n",
	} {
		if _, got := loadOptions(t, options); got != want && !strings.HasSuffix(want, "error ") || !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", options, got, want)
		}
	}
}
