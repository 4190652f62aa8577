package contract

import (
	"slices"
	"strings"

	"stile/asl"
	"stile/diag"
	"stile/jsonval"
)

// starts judges a Task that starts an execution of a state machine which its
// parameters name.
func (c *checker) starts(m Machine, s *asl.State, params jsonval.Value) {
	arn, _ := params.Get("StateMachineArn").Str()
	parts := strings.Split(arn, ":")
	if len(parts) < 7 || parts[5] != "stateMachine" {
		return // decided by its input, or no ARN: AWS's refusal tells of it
	}
	name := parts[6]
	if !slices.Contains(c.p.Names, name) {
		c.warn(m, s, CodeWorkflow, "the project has no state machine "+name+": state "+s.Name+
			" fails with StepFunctions.StateMachineDoesNotExistException", c.near(name))
		return
	}
	if m.Role != nil { // else files has told of it
		resource := "stateMachine/" + name
		// A version or an alias has its state machine's names too.
		machine := strings.Join(parts[:7], ":")
		c.decided(m, s, m.Role.Decide("states:StartExecution", arn, machine, resource), "start "+name, "states:StartExecution on "+resource)
	}
}

// near is what to do about the name of a state machine that is not there.
func (c *checker) near(name string) string {
	if near, ok := diag.Nearest(name, c.p.Names); ok {
		return "did you mean " + near + "?"
	}
	return "add workflows/" + name + ".asl.json, or name one that is there"
}
