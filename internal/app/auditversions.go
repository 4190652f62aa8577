package app

import (
	"context"

	"stile/internal/audit"
	"stile/internal/sfn"
	"stile/jsonval"
)

func (h auditedHost) PublishStateMachineVersion(ctx context.Context, in sfn.NewVersion) (sfn.Version, error) {
	v, err := h.Host.PublishStateMachineVersion(ctx, in)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:PublishStateMachineVersion", Resource: v.ARN})
	}
	return v, err
}

func (h auditedHost) DeleteStateMachineVersion(ctx context.Context, arn string) error {
	err := h.Host.DeleteStateMachineVersion(ctx, arn)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:DeleteStateMachineVersion", Resource: arn})
	}
	return err
}

func (h auditedHost) CreateStateMachineAlias(ctx context.Context, in sfn.NewAlias) (sfn.Alias, error) {
	a, err := h.Host.CreateStateMachineAlias(ctx, in)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:CreateStateMachineAlias", Resource: a.ARN, Verdict: routeMember(a)})
	}
	return a, err
}

func (h auditedHost) UpdateStateMachineAlias(ctx context.Context, arn string, u sfn.AliasUpdate) (sfn.Alias, error) {
	a, err := h.Host.UpdateStateMachineAlias(ctx, arn, u)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:UpdateStateMachineAlias", Resource: arn, Verdict: routeMember(a)})
	}
	return a, err
}

func (h auditedHost) DeleteStateMachineAlias(ctx context.Context, arn string) error {
	err := h.Host.DeleteStateMachineAlias(ctx, arn)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:DeleteStateMachineAlias", Resource: arn})
	}
	return err
}

// routeMember tells which versions get the starts of an alias from now on.
func routeMember(a sfn.Alias) jsonval.Value {
	var routes, o jsonval.Object
	for _, r := range a.Routing {
		routes.AddInt(r.VersionARN, int64(r.Weight))
	}
	return o.Add("routing", routes.Value()).Value()
}

func (h auditedHost) TagResource(ctx context.Context, arn string, tags []sfn.Tag) error {
	err := h.Host.TagResource(ctx, arn, tags)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:TagResource", Resource: arn})
	}
	return err
}

func (h auditedHost) UntagResource(ctx context.Context, arn string, keys []string) error {
	err := h.Host.UntagResource(ctx, arn, keys)
	if err == nil {
		err = h.audit.record(ctx, h.via, audit.Entry{Action: "states:UntagResource", Resource: arn})
	}
	return err
}
