package files

import (
	"strings"
	"testing"
)

// TestNamedValuesAreListedOnce: names with their places; a name twice, an empty one
// and what is no list are faults.
func TestNamedValuesAreListedOnce(t *testing.T) {
	dir := t.TempDir()
	load := func(options string) (StateMachine, string) {
		t.Helper()
		put(t, dir, "workflows/one.asl.json", `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)
		put(t, dir, "workflows/one.workflow.yaml", options)
		p, faults := Load(dir)
		if p == nil || len(p.StateMachines) != 1 {
			t.Fatal(faults)
		}
		return p.StateMachines[0], faults.Error()
	}
	m, faults := load("named-values:\n  - key\n  - other\n")
	if !m.Uses("key") || !m.Uses("other") || m.Uses("third") || m.NamedValues[1] != (NamedValueUse{"other", 3, 5}) || strings.Contains(faults, "workflow.yaml") {
		t.Errorf("%+v %s", m.NamedValues, faults)
	}
	for options, want := range map[string]string{
		"named-values: [key, key]": "named-values lists key twice", "named-values: ['']": "empty", "named-values: {a: b}": "list",
	} {
		if _, faults := load(options); !strings.Contains(faults, want) {
			t.Errorf("%s: %s", options, faults)
		}
	}
}
