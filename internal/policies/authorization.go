package policies

import (
	"context"
	"errors"

	"stile/policy"
	"stile/policy/exchange"
)

// ReasonAuthorization is LastError.Reason where get-authorization-context got no
// token; APIM's pages name none.
const ReasonAuthorization = "AuthorizationContextFailure"

// getAuthorizationContext is
// https://learn.microsoft.com/azure/api-management/get-authorization-context-policy.
// Its page has it in inbound only, documents in use in backend and outbound too.
var getAuthorizationContext = policy.Descriptor{
	Name: "get-authorization-context", Sections: policy.Inbound | policy.BackendSection | policy.Outbound,
	Scopes: policy.Global | policy.Product | policy.API | policy.Operation,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "provider-id", Required: true, Expression: true}, {Name: "authorization-id", Required: true, Expression: true},
		{Name: "context-variable-name", Required: true, Expression: true},
		{Name: "identity-type", Expression: true, Values: []string{"managed", "jwt"}, Default: "managed"},
		{Name: "identity", Expression: true}, {Name: "ignore-error", Expression: true, Kind: policy.BoolKind, Default: "false"},
	}},
	Doc:     "Puts the token of a connection of the credential manager into a variable.",
	Compile: compileGetAuthorizationContext,
}

var errNoAuthorizations = errors.New("no authorizations are configured")

func compileGetAuthorizationContext(c *policy.Compiler, e *policy.Element) policy.Run {
	provider, id, variable := c.Value(e, "provider-id"), c.Value(e, "authorization-id"), c.Value(e, "context-variable-name")
	kind, identity, lenient := c.Value(e, "identity-type"), c.Value(e, "identity"), c.Value(e, "ignore-error")
	if !identity.Set() && !kind.IsExpression() && kind.Constant() == "jwt" {
		c.Fault(e, policy.CodeNoAttribute, `identity-type="jwt" needs identity`, `add identity="@(…)", the token`)
	}
	workspace := c.Workspace()
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		given, err := texts([]policy.Value{provider, id, variable, kind, identity}, ex, env)
		if err != nil {
			return err
		}
		ignore, err := lenient.Bool(ex, env)
		if err != nil {
			return err
		}
		if given[3] != "managed" && given[3] != "jwt" {
			return policy.FailValue("identity-type is neither managed nor jwt")
		}
		q := policy.AuthorizationQuery{Provider: given[0], Authorization: given[1], IdentityType: given[3]}
		if q.IdentityType == "jwt" {
			q.Identity = exchange.Redact(given[4])
		}
		got, err := authorization(ctx, env, workspace, q)
		switch {
		case err == nil:
			ex.Recording.Hide([]string{got.AccessToken.Reveal()})
			setVariableTo(ex, given[2], got)
			return nil
		case ignore && ctx.Err() == nil:
			env.Note("no authorization: " + err.Error())
			setVariableTo(ex, given[2], nil)
			return nil
		}
		return &policy.Failure{Reason: ReasonAuthorization, Message: "no authorization " + q.Provider + "/" + q.Authorization + ": " + err.Error()}
	}
}

// authorization gets a token. Authorizations are the service's: a document of a
// workspace has none.
func authorization(ctx context.Context, env *policy.Env, workspace string, q policy.AuthorizationQuery) (*exchange.Authorization, error) {
	if env.Authorizations == nil || workspace != "" {
		return nil, errNoAuthorizations
	}
	got, err := env.Authorizations.Authorization(ctx, q)
	if err == nil && (got == nil || got.AccessToken.Reveal() == "") {
		err = errors.New("the provider gave an empty token")
	}
	return got, err
}
