package console

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"stile/asl"
	"stile/asl/history"
	"stile/diag"
	"stile/internal/recorded"
)

func compiled(t testing.TB, text string) *asl.Program {
	t.Helper()
	p, list := asl.Parse(diag.NewSource("test.asl.json", text))
	if list.HasErrors() {
		t.Fatal(list)
	}
	return p
}

func TestClasses(t *testing.T) {
	a, err := txtar.ParseFile("testdata/classes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	p := compiled(t, string(a.Files[0].Data))
	for _, script := range a.Files[1:] {
		t.Run(script.Name, func(t *testing.T) {
			tr := NewTracker(p)
			asserted := false
			for n, line := range strings.Split(strings.TrimSpace(string(script.Data)), "\n") {
				w := strings.Fields(line)
				if w[0] == "@" {
					id, _ := strconv.ParseInt(w[1], 10, 64)
					if got := tr.StateOf(id); got != w[2] {
						t.Errorf("line %d: event %d is of %q, want %s", n+1, id, got, w[2])
					}
					continue
				}
				if w[0] == "=" {
					asserted = true
					if got := tr.Class(w[1]); got != w[2] {
						t.Errorf("line %d: %s is %s, want %s", n+1, w[1], got, w[2])
					}
					continue
				}
				ev := history.Event{Type: w[2]}
				ev.ID, _ = strconv.ParseInt(w[0], 10, 64)
				ev.Previous, _ = strconv.ParseInt(w[1], 10, 64)
				if len(w) > 3 {
					ev.Details.Name = w[3]
				}
				tr.Apply(ev)
			}
			if !asserted {
				t.Error("the script checks nothing")
			}
		})
	}
}

// TestRecordedHistories follows every recorded history of a definition that this
// version compiles: after the end nothing goes on, a success leaves no state
// failed that ended last, a failure leaves one.
func TestRecordedHistories(t *testing.T) {
	dir := recorded.Path(t, "conformance/asl")
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for _, name := range files {
		var c struct {
			Kind           string
			Definition     json.RawMessage
			DefinitionText string `json:"definition_text"`
			Expected       struct{ Events []map[string]any }
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// Only executions with events are of interest; other kinds have other shapes.
		if json.Unmarshal(b, &c) != nil || c.Kind != "execution" || len(c.Expected.Events) == 0 {
			continue
		}
		text := c.DefinitionText
		if text == "" {
			text = string(c.Definition)
		}
		p, list := asl.Parse(diag.NewSource(name, text))
		if list.HasErrors() {
			continue
		}
		tr := NewTracker(p)
		end := ""
		for _, e := range c.Expected.Events {
			ev := recordedEvent(e)
			tr.Apply(ev)
			end = ev.Type
		}
		followed++
		checkEnd(t, filepath.Base(name), end, tr.Classes())
	}
	if followed < 200 {
		t.Errorf("only %d histories were followed", followed)
	}
}

func checkEnd(t *testing.T, name, end string, classes []NodeClass) {
	t.Helper()
	failed := false
	for _, n := range classes {
		switch n.Class {
		case Running, Waiting, Retrying:
			if strings.HasPrefix(end, "Execution") {
				t.Errorf("%s: %s is %s after %s", name, n.State, n.Class, end)
			}
		case Failed:
			failed = true
		}
	}
	if end == "ExecutionFailed" && !failed {
		t.Errorf("%s: nothing failed: %v", name, classes)
	}
}

func recordedEvent(e map[string]any) history.Event {
	ev := history.Event{Type: e["type"].(string)}
	if id, ok := e["id"].(float64); ok {
		ev.ID = int64(id)
	}
	if id, ok := e["previousEventId"].(float64); ok {
		ev.Previous = int64(id)
	}
	for k, v := range e {
		if d, ok := v.(map[string]any); ok && strings.HasSuffix(k, "EventDetails") {
			ev.Details.Name, _ = d["name"].(string)
			ev.Details.State, _ = d["state"].(string)
		}
	}
	return ev
}
