package sfn

import "strings"

// MachineResources are the names of a state machine in roles: its ARN as it was
// asked for, that without a version or an alias, and stateMachine/NAME.
func MachineResources(arn string) []string {
	a, _ := ParseARN(arn)
	if machine, qualifier := Unqualified(arn); qualifier != "" {
		return []string{arn, machine, MachineResource(a.Name)}
	}
	return []string{arn, MachineResource(a.Name)}
}

// ExecutionResources are the names of an execution in roles: its ARN, and its
// state machine's stateMachine/NAME.
func ExecutionResources(arn string) []string { return MachineResources(arn) }

// StateResources are the names in roles of a state of an execution: the state's
// own (none where it is not known), its state machine's two.
func StateResources(executionARN, state string) []string {
	a, _ := ParseARN(executionARN)
	a.Kind, a.Sub = "stateMachine", ""
	out := MachineResources(a.String())
	if state != "" {
		out = append([]string{StateResource(a.Name, state)}, out...)
	}
	return out
}

// MachineResource is a state machine as roles name it: stateMachine/NAME.
// A Map's label behind the name is left out.
func MachineResource(machine string) string { return "stateMachine/" + unlabelled(machine) }

// StateResource is a state as roles name it: stateMachine/NAME/state/STATE. What
// divides a resource stands percent-encoded in a state's name.
func StateResource(machine, state string) string {
	return MachineResource(machine) + "/state/" + stateEscapes.Replace(state)
}

var stateEscapes = strings.NewReplacer("%", "%25", "/", "%2F", ":", "%3A")

// AccessDenied says as AWS does that user may not perform an action on a resource.
func AccessDenied(user, action, resource string, explicit bool) *Error {
	because := "because no identity-based policy allows the " + action + " action"
	if explicit {
		because = "with an explicit deny in an identity-based policy"
	}
	return &Error{Code: "AccessDeniedException", Message: "User: " + user + " is not authorized to perform: " + action +
		" on resource: " + resource + " " + because}
}
