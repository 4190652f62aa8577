package interp

import (
	"strings"
	"testing"
)

// distributed cases belong to Map Runs, which have histories of their own.
func distributed(c *recorded) bool {
	return strings.Contains(c.definition(), `"DISTRIBUTED"`) || strings.Contains(c.definition(), `"ItemReader"`)
}

// gone cases are those whose activity was deleted before they began: the host says so
// with each event.
func gone(c *recorded) bool {
	cause, _ := c.Expected.Cause.(string)
	return strings.Contains(cause, "The activity ") && strings.HasSuffix(cause, " does not exist.")
}

// areas are the recordings that need nothing beyond this package, with how many
// cases of each must pass.
var areas = []struct {
	name  string
	floor int
}{
	{"base", 13}, {"choice", 249}, {"intrinsic", 100}, {"scenarios", 67}, {"assign", 25}, {"context-object", 5},
	{"logs", 25}, {"query-language", 11}, {"error-handling", 28}, {"timeouts", 5}, {"callback", 16},
	{"activities", 5}, {"services", 55}, {"comments", 1}, {"credentials", 6}, {"arguments", 4}, {"outputdecl", 11},
	{"jsonata", 16}, {"error-output", 8}, {"local-mocking", 16},
}

// TestRecorded runs recorded executions and compares status, output, error,
// cause and the whole history with AWS's. Each case runs three times: in memory,
// restored from its frames before each event, and replayed from its journal.
func TestRecorded(t *testing.T) {
	for _, area := range areas {
		t.Run(area.name, func(t *testing.T) {
			passed, total := 0, 0
			for _, c := range corpus(t, area.name) {
				if distributed(&c) {
					continue
				}
				total++
				ok := t.Run(c.Name, func(t *testing.T) {
					r := c.run(t, live)
					for _, d := range c.compare(r) {
						t.Error(d)
					}
					r.replay()
					other := c.run(t, restored)
					if len(other.trace) != len(r.trace) {
						t.Fatalf("%d events, restored before each %d", len(r.trace), len(other.trace))
					}
					for i := range r.trace {
						if r.trace[i] != other.trace[i] {
							t.Fatalf("event %d gives, restored:\n%s\ninstead of\n%s", i, other.trace[i], r.trace[i])
						}
					}
				})
				if ok {
					passed++
				}
			}
			t.Logf("figure: %s in memory: %d of %d pass", area.name, passed, total)
			if passed < area.floor {
				t.Errorf("%d cases pass, %d did before", passed, area.floor)
			}
		})
	}
}
