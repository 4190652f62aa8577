package asl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/recorded"
)

// Every definition that ran on AWS must be taken, or refused only for what this
// version does not take.
func TestDefinitionsThatAWSTook(t *testing.T) {
	dir := recorded.Path(t, "conformance", "asl")
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	taken, refused := 0, map[string]int{}
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
			continue
		}
		code := ""
		for _, d := range list {
			if d.Severity != diag.Error {
				continue
			}
			if code = d.Code; !strings.HasPrefix(code, "STL-A00") {
				t.Errorf("%s: %v", f, d)
			}
		}
		refused[code]++
	}
	t.Logf("%d taken; not taken by this version: JSONata %d, distributed Map %d",
		taken, refused[CodeJSONata], refused[CodeDistributed])
}
