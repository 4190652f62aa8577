package asl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"stile/diag"
	"stile/internal/recorded"
)

// Every definition that ran on AWS must be taken.
func TestDefinitionsThatAWSTook(t *testing.T) {
	dir := recorded.Path(t, "conformance", "asl")
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	taken := 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Kind       string
			Definition json.RawMessage
		}
		if json.Unmarshal(raw, &c) != nil || c.Kind != "execution" || len(c.Definition) < 5 {
			continue
		}
		p, list := Parse(diag.NewSource(filepath.Base(f), string(c.Definition)))
		if p != nil {
			taken++
			for _, d := range ArgumentFaults(p) {
				t.Errorf("%s: %v", f, d)
			}
			continue
		}
		for _, d := range list {
			if d.Severity == diag.Error {
				t.Errorf("%s: %v", f, d)
			}
		}
	}
	t.Logf("%d taken", taken)
}
