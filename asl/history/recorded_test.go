package history_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/asl/history/historytest"
	"stile/internal/recorded"
)

// TestRecordedHistories holds every history recorded on AWS against the rules: a rule
// that AWS's own break is none.
func TestRecordedHistories(t *testing.T) {
	histories, events, sorted := 0, 0, 0
	root := recorded.Path(t, "conformance", "asl")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			return err
		}
		for _, list := range lists(doc) {
			var raws []json.RawMessage
			whole := true
			for _, e := range list {
				// Events inside a Parallel lost their ids when they were recorded.
				if _, number := e.(map[string]any)["id"].(float64); !number {
					whole = false
				}
				raw, err := json.Marshal(e)
				if err != nil {
					return err
				}
				raws = append(raws, raw)
			}
			if !whole {
				sorted++
				continue
			}
			histories, events = histories+1, events+len(raws)
			for _, wrong := range historytest.Wrong(raws) {
				t.Errorf("%s: %s", strings.TrimPrefix(path, root), wrong)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("figure: %d recorded histories, %d events, complaints 0; %d were recorded without ids", histories, events, sorted)
	if histories < 450 {
		t.Errorf("only %d histories", histories)
	}
}

// lists finds the histories in a document.
func lists(doc any) (out [][]any) {
	switch v := doc.(type) {
	case map[string]any:
		if list, ok := v["events"].([]any); ok && len(list) > 0 {
			if first, ok := list[0].(map[string]any); ok && first["type"] == "ExecutionStarted" {
				out = append(out, list)
			}
		}
		for _, m := range v {
			out = append(out, lists(m)...)
		}
	case []any:
		for _, m := range v {
			out = append(out, lists(m)...)
		}
	}
	return out
}
