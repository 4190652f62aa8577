package app

import (
	"context"

	"stile/internal/identity"
	"stile/internal/sfn"
)

// access joins who calls with what the project's assignments let them do, as they
// stand at that moment. The AWS API, the control API and the pages ask it. Who
// calls was put into the context by the listener (login, signatures); a context
// without a caller is nobody's, and nobody may do anything.
type access struct {
	project func() *project
	// tokenOf reads a task token.
	tokenOf func(ctx context.Context, token string) (sfn.TokenOf, bool)
	// Denied is told of every refusal; nil: nobody listens.
	Denied func(ctx context.Context, action, resource string, d identity.Decision)
}

func (s *server) newAccess() *access {
	return &access{project: s.current.Load, tokenOf: s.host.TokenOf}
}

// Permit decides on an action of who calls, on a thing by all of its names.
func (a *access) Permit(ctx context.Context, action string, resources ...string) identity.Decision {
	return a.project().access.Decide(identity.CallerFrom(ctx), action, resources...)
}

// Anywhere says whether who calls may do an action on anything at all.
func (a *access) Anywhere(ctx context.Context, action string) identity.Decision {
	return a.project().access.Anywhere(identity.CallerFrom(ctx), action)
}

// User is who calls, as refusals name them.
func (a *access) User(ctx context.Context) string { return identity.CallerFrom(ctx).String() }

// Subject is who calls, as an execution keeps who started it; empty for nobody.
func (a *access) Subject(ctx context.Context) string { return identity.CallerFrom(ctx).Subject() }

// TokenOf says which state of which execution a task token stands for.
func (a *access) TokenOf(ctx context.Context, token string) (sfn.TokenOf, bool) {
	return a.tokenOf(ctx, token)
}

// Refused tells of a refusal that was answered.
func (a *access) Refused(ctx context.Context, action, resource string, d identity.Decision) {
	if a.Denied != nil {
		a.Denied(ctx, action, resource, d)
	}
}
