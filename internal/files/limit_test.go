package files

import (
	"strings"
	"testing"
	"time"

	"stile/diag"
	"stile/internal/config/doctree"
)

func TestLimit(t *testing.T) {
	read := func(text string) (d time.Duration, faults diag.List) {
		src := diag.NewSource("one.workflow.yaml", text)
		root, faults := doctree.ParseYAML(src)
		if faults.HasErrors() {
			t.Fatal(faults)
		}
		var sm StateMachine
		r := doctree.NewReader(src)
		sm.states(r)(root)
		if o := sm.State("Settle"); o != nil {
			d = o.Limit
		}
		return d, r.Faults()
	}
	if d, faults := read("Settle: {limit: 30m}"); d != 30*time.Minute || faults.HasErrors() {
		t.Error(d, faults)
	}
	for _, text := range []string{"5", "10ms", "-1m", "soon", "[5m]"} {
		if d, faults := read("Settle: {limit: " + text + "}"); d != 0 || !strings.Contains(faults.Error(), "a duration of 1s or more") {
			t.Errorf("%s: %v %v", text, d, faults)
		}
	}
}
