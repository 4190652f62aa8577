package files

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLogging: what the options say of the log, and their faults.
func TestLogging(t *testing.T) {
	for text, want := range map[string]Logging{
		"type: EXPRESS":           {},
		"logging: {level: ERROR}": {Level: "ERROR", Group: "/aws/vendedlogs/states/m"},
		"logging: {level: ALL, include-execution-data: true, group: /shop/m}": {Level: "ALL", Data: true, Group: "/shop/m"},
		"logging: {group: /shop/m}":            {Level: "fault"},
		"logging: {level: SOME}":               {Level: "fault"},
		"logging: {level: ALL, group: a/../b}": {Level: "fault"},
		"logging: {level: ALL, to: x}":         {Level: "fault"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"stile.yaml": "name: x\n", "workflows/m.asl.json": "{}", "workflows/m.workflow.yaml": text} {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		p, faults := Load(dir)
		if faults.HasErrors() != (want.Level == "fault") {
			t.Errorf("%s: %v", text, faults)
			continue
		}
		if want.Level != "fault" && p.StateMachines[0].Logging != want {
			t.Errorf("%s: %+v", text, p.StateMachines[0].Logging)
		}
	}
}
