package sfnapi

import (
	"context"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Versions is what the actions on versions need of a host.
type Versions interface {
	PublishStateMachineVersion(ctx context.Context, in sfn.NewVersion) (sfn.Version, error)
	ListStateMachineVersions(ctx context.Context, arn string, p sfn.Page) ([]sfn.Version, string, error)
	DeleteStateMachineVersion(ctx context.Context, arn string) error
}

// descriptionText is the description of a version or an alias.
var descriptionText = text{max: 256, sensitive: true}

func publishStateMachineVersion(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	in := sfn.NewVersion{
		StateMachineARN: r.required("stateMachineArn", arnShape),
		RevisionID:      r.optional("revisionId", text{}),
		Description:     r.optional("description", descriptionText),
	}
	if err := firstOf(r.check(), checkMachine(in.StateMachineARN)); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:PublishStateMachineVersion", in.StateMachineARN); err != nil {
		return jsonval.Value{}, err
	}
	v, err := s.versions.PublishStateMachineVersion(ctx, in)
	if err != nil {
		return jsonval.Value{}, err
	}
	return versionItem(v), nil
}

func versionItem(v sfn.Version) jsonval.Value {
	var o jsonval.Object
	return o.AddString("stateMachineVersionArn", v.ARN).Add("creationDate", timestamp(v.Created)).Value()
}

func listStateMachineVersions(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("stateMachineArn", arnShape)
	page := r.page(pageToken)
	if err := firstOf(r.check(), checkMachine(arn)); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:ListStateMachineVersions", arn); err != nil {
		return jsonval.Value{}, err
	}
	found, next, err := s.versions.ListStateMachineVersions(ctx, arn, page)
	if err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	for _, v := range found {
		list.Add(versionItem(v))
	}
	return listing("stateMachineVersions", list, next), nil
}

func deleteStateMachineVersion(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("stateMachineVersionArn", text{required: true, min: 1, max: 2000})
	if err := firstOf(r.check(), checkARN(arn, "stateMachine"), checkQualifier(arn, true)); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:DeleteStateMachineVersion", arn); err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.versions.DeleteStateMachineVersion(ctx, arn)
}

// checkMachine refuses what is not the ARN of a state machine alone.
func checkMachine(arn string) error {
	if err := checkARN(arn, "stateMachine"); err != nil {
		return err
	}
	if _, qualifier := sfn.Unqualified(arn); qualifier != "" {
		return invalidARN("Qualified ARN not valid in this context: " + arn)
	}
	return nil
}

// checkQualifier refuses the ARN of a state machine that names no version, or no
// alias, of it.
func checkQualifier(arn string, version bool) error {
	_, qualifier := sfn.Unqualified(arn)
	_, isVersion := sfn.VersionNumber(qualifier)
	switch {
	case version && !isVersion:
		return invalidARN("Not the ARN of a state machine version: " + arn)
	case !version && (isVersion || !sfn.LegalAlias(qualifier)):
		return invalidARN("Not the ARN of a state machine alias: " + arn)
	}
	return nil
}

// checkLabel refuses the ARN of a distributed Map state within a state machine.
func checkLabel(a sfn.ARN) error {
	if a.Kind != "stateMachine" || !strings.Contains(a.Name, "/") {
		return nil
	}
	return &sfn.Error{Code: "ValidationException", Reason: "API_DOES_NOT_SUPPORT_LABELED_ARNS",
		Message: "This operation does not support labeled state machine ARNs: '" + a.String() + "'"}
}
