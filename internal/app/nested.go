package app

import (
	"stile/internal/engine"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/policy/exchange"
)

// nestedExecutions is the engine for states that start executions.
type nestedExecutions struct {
	*engine.Host
	*task.Ends
}

// mayStart is task.Config.MayStart: the role of the state's machine decides, as it
// stands now; what starts runs with its own.
func (a *authority) mayStart(call sfn.TaskCall, stateMachineARN string) error {
	const action = "states:StartExecution"
	name, _ := sfn.RoleName(call.RoleARN)
	machine, _ := sfn.ParseARN(stateMachineARN)
	denied := &exchange.PermissionDenied{Action: action, Resource: "stateMachine/" + machine.Name, Role: name, State: call.State}
	role := a.project().roles[name]
	if role == nil {
		if a.lax {
			a.warn(name)
			return nil
		}
		return denied
	}
	d := role.Decide(action, sfn.MachineResources(stateMachineARN)...)
	if d.Allowed {
		return nil
	}
	denied.File, denied.Line, denied.Explicit = d.File, d.Line, d.Explicit
	return denied
}
