package sfnapi

import (
	"context"

	"stile/internal/sfn"
	"stile/jsonval"
)

var machineType = text{enum: []string{sfn.Standard, sfn.Express}}

func createStateMachine(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	m := sfn.NewStateMachine{
		Name:       r.required("name", nameShape),
		Definition: r.required("definition", definition),
		RoleARN:    r.required("roleArn", arnShape),
		Type:       r.optional("type", machineType),
	}
	c, checkConfigurations := readConfigurations(r.input)
	tags, tagsErr := readTags(r.input)
	publish, described := readPublish(r.input)
	if m.Type == "" {
		m.Type = sfn.Standard
	}
	err := firstOf(r.check(), checkName(m.Name), checkRole(m.RoleARN), checkConfigurations(),
		tagsErr, checkPublish(publish, described), checkType(m.Type))
	if err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:CreateStateMachine", s.machineARN(m.Name)); err != nil {
		return jsonval.Value{}, err
	}
	c = c.withDefaults()
	m.Logging, m.Tracing, m.Encryption, m.Tags = c.logging, c.tracing, c.encryption, tags
	made, err := s.machines.CreateStateMachine(ctx, m)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	return o.AddString("stateMachineArn", made.ARN).Add("creationDate", timestamp(made.Created)).Value(), nil
}

func readPublish(in *input) (publish, described bool) {
	publish = in.flag("publish", false)
	_, described = in.text("versionDescription", text{max: 256, sensitive: true})
	return publish, described
}

// checkPublish refuses versions, which this server does not keep yet: taking
// publish silently would start executions of a version that is not there.
func checkPublish(publish, described bool) error {
	if publish {
		return &sfn.Error{Code: "ValidationException",
			Message: "This server does not publish versions yet: leave publish out or set it to false"}
	}
	if described {
		return &sfn.Error{Code: "ValidationException",
			Message: "Version description can only be set when publish is true"}
	}
	return nil
}

func checkType(kind string) error {
	if kind == sfn.Express {
		return &sfn.Error{Code: "StateMachineTypeNotSupported",
			Message: "State Machine Type Not Supported: 'EXPRESS': this server runs STANDARD state machines only"}
	}
	return nil
}

func updateStateMachine(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("stateMachineArn", arnShape)
	var u sfn.StateMachineUpdate
	if text, ok := r.text("definition", definition.optional()); ok {
		u.Definition = &text
	}
	role, hasRole := r.text("roleArn", arnShape.optional())
	c, checkConfigurations := readConfigurations(r.input)
	publish, described := readPublish(r.input)
	if err := firstOf(r.check(), checkARN(arn, "stateMachine")); err != nil {
		return jsonval.Value{}, err
	}
	if hasRole {
		u.RoleARN = &role
		if err := checkRole(role); err != nil {
			return jsonval.Value{}, err
		}
	}
	u.Logging, u.Tracing, u.Encryption = c.logging, c.tracing, c.encryption
	if u.Definition == nil && u.RoleARN == nil && !u.Logging.Exists() && !u.Tracing.Exists() && !u.Encryption.Exists() {
		return jsonval.Value{}, &sfn.Error{Code: "MissingRequiredParameter", Message: "Either the definition, the role ARN, " +
			"the LoggingConfiguration, or the TracingConfiguration must be specified"}
	}
	if err := firstOf(checkConfigurations(), checkPublish(publish, described)); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:UpdateStateMachine", arn); err != nil {
		return jsonval.Value{}, err
	}
	m, err := s.machines.UpdateStateMachine(ctx, arn, u)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	o.Add("updateDate", timestamp(m.Updated))
	addText(&o, "revisionId", m.RevisionID)
	return o.Value(), nil
}

func describeStateMachine(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("stateMachineArn", arnShape)
	included := r.optional("includedData", includedData)
	if err := firstOf(r.check(), checkARN(arn, "stateMachine")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:DescribeStateMachine", arn); err != nil {
		return jsonval.Value{}, err
	}
	m, err := s.machines.DescribeStateMachine(ctx, arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	o := describe(m, included)
	o.AddString("status", m.Status).AddString("type", m.Type).Add("creationDate", timestamp(m.Created))
	return o.Value(), nil
}

func describeStateMachineForExecution(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("executionArn", arnShape)
	included := r.optional("includedData", includedData)
	if err := firstOf(r.check(), checkARN(arn, "execution")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onExecution(ctx, "states:DescribeStateMachineForExecution", arn); err != nil {
		return jsonval.Value{}, err
	}
	m, err := s.machines.DescribeStateMachineForExecution(ctx, arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	o := describe(m, included)
	updated := m.Updated
	if updated.IsZero() {
		updated = m.Created
	}
	return o.Add("updateDate", timestamp(updated)).Value(), nil
}

// describe writes the members that both Describe actions share.
func describe(m sfn.StateMachine, included string) *jsonval.Object {
	var o jsonval.Object
	text := m.Definition
	if included == "METADATA_ONLY" {
		text = "{}"
	}
	o.AddString("stateMachineArn", m.ARN).AddString("name", m.Name).AddString("definition", text)
	o.AddString("roleArn", m.RoleARN)
	o.Add("loggingConfiguration", or(m.Logging, defaultLogging()))
	o.Add("tracingConfiguration", or(m.Tracing, tracing(false)))
	o.Add("encryptionConfiguration", m.Encryption)
	addText(&o, "revisionId", m.RevisionID)
	return &o
}

func listStateMachines(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	page := r.page(pageToken)
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	found, next, err := s.visibleMachines(ctx, page)
	if err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	for _, m := range found {
		var o jsonval.Object
		o.AddString("stateMachineArn", m.ARN).AddString("name", m.Name).AddString("type", m.Type)
		list.Add(o.Add("creationDate", timestamp(m.Created)).Value())
	}
	return listing("stateMachines", list, next), nil
}

// visibleMachines gives a page of the state machines that the caller may list. It
// is filled from as many of the host's pages as it takes, so that neither its
// length nor its token tells of others; who may list none at all is refused.
func (s *server) visibleMachines(ctx context.Context, page sfn.Page) (out []sfn.StateMachine, next string, err error) {
	const action = "states:ListStateMachines"
	if err := s.judge(ctx, action, s.machineARN("*"), s.may.Anywhere(ctx, action)); err != nil {
		return nil, "", err
	}
	if page.Max == 0 {
		page.Max = 100
	}
	full := "" // the token behind a full page
	for want := page.Max; ; {
		found, next, err := s.machines.ListStateMachines(ctx, page)
		if err != nil {
			return nil, "", err
		}
		for _, m := range found {
			switch {
			case !s.may.Permit(ctx, action, sfn.MachineResources(m.ARN)...).Allowed:
			case full != "": // there is something of theirs behind it
				return out, full, nil
			default:
				out = append(out, m)
			}
		}
		if page.Max, page.Token = want-len(out), next; next == "" {
			return out, "", nil
		}
		if page.Max == 0 {
			page.Max = 100
			if full == "" {
				full = next
			}
		}
	}
}

func deleteStateMachine(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("stateMachineArn", arnShape)
	if err := firstOf(r.check(), checkARN(arn, "stateMachine")); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:DeleteStateMachine", arn); err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.machines.DeleteStateMachine(ctx, arn)
}
