package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// options loads a project with one state machine and its options file.
func optionsOf(t *testing.T, text string) (*Project, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"workflows/m.asl.json": `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`, "workflows/m.workflow.yaml": text} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, faults := Load(dir)
	var out strings.Builder
	for _, d := range faults {
		d.File = filepath.Base(d.File)
		out.WriteString(d.String() + "\n")
	}
	return p, out.String()
}

func TestApproval(t *testing.T) {
	p, faults := optionsOf(t, `states:
  A:
    approval:
      title: Large order
      show: [$.total, $$.Execution.Name]
      choices:
        - {label: Approve, output: {approved: true, level: 2}}
        - {label: Later, output: [1, "x"]}
        - {label: Reject, error: Rejected, cause: too dear}
`)
	if faults != "" {
		t.Fatal(faults)
	}
	a := p.StateMachines[0].State("A").Approval
	if a.Title != "Large order" || len(a.Show) != 2 || a.Show[1].Text != "$$.Execution.Name" || len(a.Choices) != 3 || a.Line != 4 {
		t.Errorf("%+v", a)
	}
	if c := a.Choices[0]; c.Fail || c.Output.Text() != `{"approved":true,"level":2}` {
		t.Errorf("%+v", c)
	}
	if c := a.Choices[2]; !c.Fail || c.Error != "Rejected" || c.Cause != "too dear" || c.Output.Exists() {
		t.Errorf("%+v", c)
	}
	if p.StateMachines[0].State("B") != nil {
		t.Error("options of a state that has none")
	}
}

func TestApprovalFaults(t *testing.T) {
	_, got := optionsOf(t, `states:
  A:
    approval:
      titel: x
      show: [$.a, "total", "$[", 1]
      choices:
        - {label: Yes}
        - {label: Both, output: {}, error: E}
        - {output: {}}
        - {label: Yes, output: {}}
        - {label: L, error: `+strings.Repeat("e", 257)+`}
        - 3
  B:
    approval: {choices: []}
  C: 4
`)
	for _, want := range []string{"4:7:", `"total" is no JSONPath`, `"$[" is no JSONPath`, "7:11: a choice either has output, or error and cause",
		"8:11: a choice either", "9:11", `two choices have the label "Yes"`, "error has at most 256 characters", "12:11:", "choices has 1 to 20 entries", "15:6"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if _, got := optionsOf(t, "states: [A]\n"); !strings.Contains(got, "1:9: states must be a map") {
		t.Errorf("got %s", got)
	}
}
