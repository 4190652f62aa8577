package sfnapi

import (
	"context"
	"maps"
	"slices"

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
	tags, _, tagsErr := readTags(r.input)
	checkPublish := readPublish(r.input, &m.Publish, &m.VersionDescription)
	if m.Type == "" {
		m.Type = sfn.Standard
	}
	err := firstOf(r.check(), checkName(m.Name), checkRole(m.RoleARN), checkConfigurations(),
		tagsErr, checkPublish(), s.checkType(m.Type))
	if err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:CreateStateMachine", s.machineARN(m.Name)); err != nil {
		return jsonval.Value{}, err
	}
	if err := checkArguments(m.Definition); err != nil {
		return jsonval.Value{}, err
	}
	c = c.withDefaults()
	m.Logging, m.Tracing, m.Encryption, m.Tags = c.logging, c.tracing, c.encryption, tags
	made, err := s.machines.CreateStateMachine(ctx, m)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	o.AddString("stateMachineArn", made.ARN).Add("creationDate", timestamp(made.Created))
	addText(&o, "stateMachineVersionArn", made.VersionARN)
	return o.Value(), nil
}

// readPublish reads whether a version is to be published, and how it is described;
// the returned check comes after all constraints.
func readPublish(in *input, publish *bool, description *string) (check func() error) {
	*publish = in.flag("publish", false)
	text, described := in.text("versionDescription", descriptionText)
	*description = text
	return func() error {
		if described && !*publish {
			return &sfn.Error{Code: "ValidationException", Message: "Version description can only be set when publish is true"}
		}
		return nil
	}
}

func (s *server) checkType(kind string) error {
	if kind == sfn.Express && s.sync == nil {
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
	checkPublish := readPublish(r.input, &u.Publish, &u.VersionDescription)
	if err := firstOf(r.check(), checkMachine(arn)); err != nil {
		return jsonval.Value{}, err
	}
	if hasRole {
		u.RoleARN = &role
		if err := checkRole(role); err != nil {
			return jsonval.Value{}, err
		}
	}
	u.Logging, u.Tracing, u.Encryption = c.logging, c.tracing, c.encryption
	// Before what was given is counted: a configuration with a fault is none.
	if err := checkConfigurations(); err != nil {
		return jsonval.Value{}, err
	}
	if u.Definition == nil && u.RoleARN == nil && !u.Logging.Exists() && !u.Tracing.Exists() && !u.Encryption.Exists() {
		return jsonval.Value{}, &sfn.Error{Code: "MissingRequiredParameter", Message: "Either the definition, the role ARN, " +
			"the LoggingConfiguration, or the TracingConfiguration must be specified"}
	}
	if err := checkPublish(); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:UpdateStateMachine", arn); err != nil {
		return jsonval.Value{}, err
	}
	if u.Definition != nil {
		if err := checkArguments(*u.Definition); err != nil {
			return jsonval.Value{}, err
		}
	}
	m, err := s.machines.UpdateStateMachine(ctx, arn, u)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	o.Add("updateDate", timestamp(m.Updated))
	addText(&o, "revisionId", m.RevisionID)
	addText(&o, "stateMachineVersionArn", m.VersionARN)
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
	addText(o, "mapRunArn", m.MapRunARN)
	addText(o, "label", m.Label)
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
	encryption := m.Encryption
	if m.Variables != nil {
		// AWS shows it since July 2024, and has taken such a definition only since then.
		encryption = or(encryption, ownedKey())
	}
	o.Add("encryptionConfiguration", encryption)
	addText(&o, "revisionId", m.RevisionID)
	addText(&o, "description", m.Description)
	if included != "METADATA_ONLY" && len(m.Variables) > 0 {
		o.Add("variableReferences", variableReferences(m.Variables))
	}
	return &o
}

func variableReferences(of map[string][]string) jsonval.Value {
	var o jsonval.Object
	for _, state := range slices.Sorted(maps.Keys(of)) {
		var names jsonval.Array
		for _, name := range of[state] {
			names.Add(jsonval.OfString(name))
		}
		o.Add(state, names.Value())
	}
	return o.Value()
}

func listStateMachines(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	page := r.page(pageToken)
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	found, next, err := visible(s, ctx, "states:ListStateMachines", s.machineARN("*"), page, s.machines.ListStateMachines,
		func(m sfn.StateMachine) []string { return sfn.MachineResources(m.ARN) })
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

// visible gives a page of what the caller may list by an action; all names all of it.
// It is filled from as many of the host's pages as it takes, so that neither its
// length nor its token tells of others; who may list none at all is refused.
func visible[T any](s *server, ctx context.Context, action, all string, page sfn.Page,
	list func(context.Context, sfn.Page) ([]T, string, error), names func(T) []string) (out []T, next string, err error) {
	if err := s.judge(ctx, action, all, s.may.Anywhere(ctx, action)); err != nil {
		return nil, "", err
	}
	if page.Max == 0 {
		page.Max = 100
	}
	full := "" // the token behind a full page
	for want := page.Max; ; {
		found, next, err := list(ctx, page)
		if err != nil {
			return nil, "", err
		}
		for _, m := range found {
			switch {
			case !s.may.Permit(ctx, action, names(m)...).Allowed:
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
	if err := firstOf(r.check(), checkMachine(arn)); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:DeleteStateMachine", arn); err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.machines.DeleteStateMachine(ctx, arn)
}
