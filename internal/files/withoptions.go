package files

import (
	"path/filepath"

	"stile/diag"
)

// WithOptions reads one definition as Definition does, with the options that lie
// beside it, NAME.workflow.yaml, where there are any.
func WithOptions(path string) (sm StateMachine, faults diag.List, ok bool) {
	if sm, faults, ok = Definition(path); !ok {
		return sm, faults, false
	}
	l := &loader{dir: filepath.Dir(path)}
	l.options(&sm, "")
	return sm, append(faults, l.faults...).Sort(), true
}
