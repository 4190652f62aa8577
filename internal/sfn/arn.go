package sfn

import "strings"

// ARN is a Step Functions ARN in its parts: arn:PARTITION:states:REGION:ACCOUNT:KIND:NAME[:SUB].
type ARN struct {
	Partition, Region, Account string
	// Kind is stateMachine, execution, activity, express, mapRun.
	Kind string
	// Name is the state machine's (or activity's) name; Sub the execution's name.
	Name, Sub string
}

// ParseARN splits a Step Functions ARN; ok is false for anything else.
func ParseARN(s string) (a ARN, ok bool) {
	var p [6]string
	rest := s
	for i := range p {
		var more bool
		if p[i], rest, more = strings.Cut(rest, ":"); !more {
			return ARN{}, false
		}
	}
	name, below, _ := strings.Cut(rest, ":")
	if p[0] != "arn" || p[2] != "states" || p[5] == "" || name == "" {
		return ARN{}, false
	}
	return ARN{Partition: p[1], Region: p[3], Account: p[4], Kind: p[5], Name: name, Sub: below}, true
}

// String gives the ARN's text.
func (a ARN) String() string {
	s := "arn:" + a.Partition + ":states:" + a.Region + ":" + a.Account + ":" + a.Kind + ":" + a.Name
	if a.Sub != "" {
		s += ":" + a.Sub
	}
	return s
}

// StateMachineARN names a state machine.
func StateMachineARN(region, account, name string) string {
	return ARN{Partition: "aws", Region: region, Account: account, Kind: "stateMachine", Name: name}.String()
}

// ActivityARN names an activity.
func ActivityARN(region, account, name string) string {
	return ARN{Partition: "aws", Region: region, Account: account, Kind: "activity", Name: name}.String()
}

// IsActivity reports whether a Task's resource is an activity.
func IsActivity(resource string) bool {
	a, ok := ParseARN(resource)
	return ok && a.Kind == "activity"
}

// ExecutionARN names an execution.
func ExecutionARN(region, account, machine, name string) string {
	return ARN{Partition: "aws", Region: region, Account: account, Kind: "execution", Name: machine, Sub: name}.String()
}

// RoleName is the last part of a role ARN (arn:aws:iam::ACCOUNT:role/NAME, a path
// before NAME left out); ok is false for anything else.
func RoleName(roleARN string) (name string, ok bool) {
	var p [5]string
	rest, more := roleARN, true
	for i := range p {
		if p[i], rest, more = strings.Cut(rest, ":"); !more {
			return "", false
		}
	}
	if p[0] != "arn" || p[2] != "iam" || !strings.HasPrefix(rest, "role/") {
		return "", false
	}
	name = rest[strings.LastIndexByte(rest, '/')+1:]
	return name, name != ""
}
