package contract

import (
	"slices"
	"strings"

	"stile/asl"
	"stile/diag"
)

// worked judges a Task that a worker of an activity carries out.
func (c *checker) worked(m Machine, s *asl.State) {
	parts := strings.SplitN(s.Task.Resource, ":", 7) // asl lets nothing shorter through
	name := parts[6]
	if slices.Contains(c.p.Activities, name) {
		return
	}
	hint := "add " + name + " to activities in stile.yaml, or create it by the Step Functions API"
	if near, ok := diag.Nearest(name, c.p.Activities); ok {
		hint = "did you mean " + near + "?"
	}
	c.warn(m, s, CodeActivity, "the project has no activity "+name+": state "+s.Name+" fails with States.Runtime while there is none", hint)
}
