package sfnapi

import (
	"context"

	"stile/asl/history"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/jsonval"
)

// permit refuses an action on the thing that resources names, its ARN first.
func (s *server) permit(ctx context.Context, action string, resources []string) error {
	return s.judge(ctx, action, resources[0], s.may.Permit(ctx, action, resources...))
}

func (s *server) judge(ctx context.Context, action, resource string, d identity.Decision) error {
	if d.Allowed {
		return nil
	}
	s.may.Refused(ctx, action, resource, d)
	return sfn.AccessDenied(s.may.User(ctx), action, resource, d.Explicit)
}

// machineARN is the ARN that a state machine of this name has, or would have.
func (s *server) machineARN(name string) string {
	return sfn.StateMachineARN(s.region, s.account, name)
}

// onMachine refuses an action on a state machine; onExecution one on an execution.
func (s *server) onMachine(ctx context.Context, action, arn string) error {
	return s.permit(ctx, action, sfn.MachineResources(arn))
}

func (s *server) onExecution(ctx context.Context, action, arn string) error {
	return s.permit(ctx, action, sfn.ExecutionResources(arn))
}

// onToken refuses an action on the state that a task token stands for. A token
// that does not open stands for nothing: who may complete some task learns that it
// is none, as on AWS.
func (s *server) onToken(ctx context.Context, action, token string) error {
	of, ok := s.may.TokenOf(ctx, token)
	if !ok {
		return s.judge(ctx, action, "*", s.may.Anywhere(ctx, action))
	}
	resources := sfn.StateResources(of.ExecutionARN, of.State)
	a, _ := sfn.ParseARN(of.ExecutionARN)
	a.Kind, a.Sub = "stateMachine", ""
	return s.judge(ctx, action, a.String(), s.may.Permit(ctx, action, resources...))
}

// payloads reports whether the caller may read what an execution was given and
// gave. Who may not gets what AWS gives of metadata alone.
func (s *server) payloads(ctx context.Context, arn string) bool {
	return s.may.Permit(ctx, "states:ReadPayload", sfn.ExecutionResources(arn)...).Allowed
}

// EncodeMetadata gives a history event for who may not read payloads: as
// EncodeEvent without data, and without the cause of an error, which often holds
// what a backend answered.
func EncodeMetadata(ev history.Event) jsonval.Value {
	ev.Details.Cause = nil
	return EncodeEvent(ev, false)
}
