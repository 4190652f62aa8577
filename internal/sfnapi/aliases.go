package sfnapi

import (
	"context"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Aliases is what the actions on aliases need of a host.
type Aliases interface {
	CreateStateMachineAlias(ctx context.Context, in sfn.NewAlias) (sfn.Alias, error)
	DescribeStateMachineAlias(ctx context.Context, arn string) (sfn.Alias, error)
	UpdateStateMachineAlias(ctx context.Context, arn string, u sfn.AliasUpdate) (sfn.Alias, error)
	DeleteStateMachineAlias(ctx context.Context, arn string) error
	ListStateMachineAliases(ctx context.Context, arn string, p sfn.Page) ([]sfn.Alias, string, error)
}

// aliasName is CharacterRestrictedName of the service model.
var aliasName = text{required: true, min: 1, max: 80, matches: sfn.LegalAlias, pattern: `^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$`}

func createStateMachineAlias(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	in := sfn.NewAlias{
		Description: r.optional("description", descriptionText),
		Name:        r.required("name", aliasName),
	}
	var given bool
	if in.Routing, given = readRouting(r.input); !given {
		r.missing("routingConfiguration")
	}
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	machine, err := checkRouting(in.Routing)
	if err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onMachine(ctx, "states:CreateStateMachineAlias", machine); err != nil {
		return jsonval.Value{}, err
	}
	a, err := s.aliases.CreateStateMachineAlias(ctx, in)
	if err != nil {
		return jsonval.Value{}, err
	}
	return aliasItem(a), nil
}

// readRouting reads the routes of an alias; given is false where there are none.
func readRouting(in *input) (routes []sfn.Route, given bool) {
	items, given := in.list("routingConfiguration")
	shown := make([]string, len(items))
	for i, item := range items {
		r := sfn.Route{VersionARN: item.required("stateMachineVersionArn", arnShape)}
		if w := item.value.Get("weight"); !w.Exists() || w.IsNull() {
			item.missing("weight")
		}
		r.Weight = item.integer("weight", 0, 100)
		shown[i] = "RoutingConfigurationListItem(stateMachineVersionArn=" + r.VersionARN + ", weight=" + strconv.Itoa(r.Weight) + ")"
		routes = append(routes, r)
	}
	value := " '[" + strings.Join(shown, ", ") + "]'"
	switch {
	case given && len(items) == 0:
		in.broken("routingConfiguration", value, "have length greater than or equal to 1")
	case len(items) > 2:
		in.broken("routingConfiguration", value, "have length less than or equal to 2")
	}
	return routes, given
}

// checkRouting gives the ARN of the state machine that routes lead to.
func checkRouting(routes []sfn.Route) (machine string, err error) {
	for _, r := range routes {
		if err := checkARN(r.VersionARN, "stateMachine"); err != nil {
			return "", err
		}
	}
	return sfn.CheckRouting(routes)
}

func aliasItem(a sfn.Alias) jsonval.Value {
	var o jsonval.Object
	return o.AddString("stateMachineAliasArn", a.ARN).Add("creationDate", timestamp(a.Created)).Value()
}

func describeStateMachineAlias(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn, err := aliasFor(s, ctx, r, "states:DescribeStateMachineAlias")
	if err != nil {
		return jsonval.Value{}, err
	}
	a, err := s.aliases.DescribeStateMachineAlias(ctx, arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	var routes jsonval.Array
	for _, r := range a.Routing {
		var o jsonval.Object
		routes.Add(o.AddString("stateMachineVersionArn", r.VersionARN).AddInt("weight", int64(r.Weight)).Value())
	}
	var o jsonval.Object
	o.AddString("stateMachineAliasArn", a.ARN).AddString("name", a.Name)
	addText(&o, "description", a.Description)
	o.Add("routingConfiguration", routes.Value())
	return o.Add("creationDate", timestamp(a.Created)).Add("updateDate", timestamp(a.Updated)).Value(), nil
}

// aliasFor reads the ARN of an alias, and refuses who may not do the action on it.
func aliasFor(s *server, ctx context.Context, r *request, action string) (string, error) {
	arn := r.required("stateMachineAliasArn", arnShape)
	err := firstOf(r.check(), checkARN(arn, "stateMachine"), checkQualifier(arn, false))
	if err == nil {
		err = s.onMachine(ctx, action, arn)
	}
	return arn, err
}

func updateStateMachineAlias(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	var u sfn.AliasUpdate
	if text, ok := r.text("description", descriptionText); ok {
		u.Description = &text
	}
	var routed bool
	u.Routing, routed = readRouting(r.input)
	arn, err := aliasFor(s, ctx, r, "states:UpdateStateMachineAlias")
	if err != nil {
		return jsonval.Value{}, err
	}
	if u.Description == nil && !routed {
		return jsonval.Value{}, &sfn.Error{Code: "ValidationException", Reason: "MISSING_REQUIRED_PARAMETER",
			Message: "Either the description or the RoutingConfiguration must be specified"}
	}
	if routed {
		if _, err := checkRouting(u.Routing); err != nil {
			return jsonval.Value{}, err
		}
	}
	a, err := s.aliases.UpdateStateMachineAlias(ctx, arn, u)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	return o.Add("updateDate", timestamp(a.Updated)).Value(), nil
}

func deleteStateMachineAlias(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn, err := aliasFor(s, ctx, r, "states:DeleteStateMachineAlias")
	if err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.aliases.DeleteStateMachineAlias(ctx, arn)
}

func listStateMachineAliases(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("stateMachineArn", arnShape)
	page := r.page(pageToken)
	if err := firstOf(r.check(), checkARN(arn, "stateMachine")); err != nil {
		return jsonval.Value{}, err
	}
	if _, qualifier := sfn.Unqualified(arn); qualifier != "" {
		if err := checkQualifier(arn, true); err != nil {
			return jsonval.Value{}, err
		}
	}
	if err := s.onMachine(ctx, "states:ListStateMachineAliases", arn); err != nil {
		return jsonval.Value{}, err
	}
	found, next, err := s.aliases.ListStateMachineAliases(ctx, arn, page)
	if err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	for _, a := range found {
		list.Add(aliasItem(a))
	}
	return listing("stateMachineAliases", list, next), nil
}
