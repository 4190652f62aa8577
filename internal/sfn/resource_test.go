package sfn

import (
	"slices"
	"testing"
)

func TestResources(t *testing.T) {
	const machine, execution = "arn:aws:states:us-east-1:1:stateMachine:order", "arn:aws:states:us-east-1:1:execution:order:e1"
	for _, tt := range []struct{ got, want []string }{
		{MachineResources(machine), []string{machine, "stateMachine/order"}},
		{ExecutionResources(execution), []string{execution, "stateMachine/order"}},
		{StateResources(execution, "Approve"), []string{"stateMachine/order/state/Approve", machine, "stateMachine/order"}},
		// What divides a resource in a state's name must not make it another's.
		{StateResources(execution, "a/b:c%"), []string{"stateMachine/order/state/a%2Fb%3Ac%25", machine, "stateMachine/order"}},
		{StateResources(execution, ""), []string{machine, "stateMachine/order"}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestAccessDenied(t *testing.T) {
	for explicit, want := range map[bool]string{
		false: "AccessDeniedException: User: user:ada is not authorized to perform: states:StopExecution on resource: r because no identity-based policy allows the states:StopExecution action",
		true:  "AccessDeniedException: User: user:ada is not authorized to perform: states:StopExecution on resource: r with an explicit deny in an identity-based policy",
	} {
		if got := AccessDenied("user:ada", "states:StopExecution", "r", explicit).Error(); got != want {
			t.Error(got)
		}
	}
}
