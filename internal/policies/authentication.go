package policies

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// authenticationBasic is https://learn.microsoft.com/azure/api-management/authentication-basic-policy.
var authenticationBasic = policy.Descriptor{
	Name: "authentication-basic", Sections: policy.Inbound, Scopes: policy.AnyScope, Once: true,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "username", Required: true, Expression: true}, {Name: "password", Required: true, Expression: true}}},
	Doc: "Sends user name and password to the backend (Basic).",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		user, password := c.Value(e, "username"), c.Value(e, "password")
		if a := e.Attr("username"); a != nil && !user.IsExpression() && strings.Contains(user.Constant(), ":") {
			c.Fault(a, policy.CodeValue, "a user name cannot hold a colon", "the colon parts name and password (RFC 7617)")
		}
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			name, err := user.Text(ex, env)
			if err != nil {
				return err
			}
			secret, err := password.Text(ex, env)
			if err != nil {
				return err
			}
			if strings.Contains(name, ":") {
				return policy.FailValue("a user name cannot hold a colon")
			}
			ex.Request.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(name+":"+secret)))
			return nil
		}
	},
}

// authenticationManagedIdentity is
// https://learn.microsoft.com/azure/api-management/authentication-managed-identity-policy.
// Its page allows it in inbound only, documents in use have it in outbound too. The
// tokens come from Env.Identity. With output-token-variable-name the token goes
// into the variable only.
var authenticationManagedIdentity = policy.Descriptor{
	Name: "authentication-managed-identity", Sections: policy.Inbound | policy.Outbound,
	Scopes: policy.Global | policy.Product | policy.API | policy.Operation,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "resource", Required: true, Expression: true}, {Name: "client-id"}, {Name: "output-token-variable-name"},
		{Name: "ignore-error", Kind: policy.BoolKind, Default: "false"}}},
	Doc:     "Sends a token of a managed identity to the backend, or puts it into a variable.",
	Compile: compileManagedIdentity,
}

var errNoIdentity = errors.New("a managed identity is needed, and none is configured")

func compileManagedIdentity(c *policy.Compiler, e *policy.Element) policy.Run {
	if !c.ManagedIdentity() {
		c.Warn(e, policy.CodeNoIdentity, "no managed identity is configured: this policy fails when it runs",
			"write `managed-identity: {source: azure}` into stile.yaml, or send a credential of your own with set-header")
	}
	resource, client := c.Value(e, "resource"), c.Value(e, "client-id").Constant()
	variable := c.Value(e, "output-token-variable-name").Constant()
	lenient := strings.EqualFold(c.Value(e, "ignore-error").Constant(), "true")
	workspace := c.Workspace()
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		name, err := resource.Text(ex, env)
		if err != nil {
			return err
		}
		token, err := identityToken(ctx, env, workspace, name, client)
		if err != nil {
			if lenient {
				env.Note("no token: " + err.Error())
				return nil
			}
			return fmt.Errorf("no token for %s: %w", name, err)
		}
		ex.Recording.Hide([]string{token})
		if variable != "" {
			setVariableTo(ex, variable, token)
			return nil
		}
		ex.Request.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// identityToken gives a token of a managed identity. Those are the service's: a document
// of a workspace has none.
func identityToken(ctx context.Context, env *policy.Env, workspace, resource, client string) (string, error) {
	if env.Identity == nil || workspace != "" {
		return "", errNoIdentity
	}
	token, err := env.Identity.Token(ctx, resource, client)
	if err == nil && token == "" {
		err = errors.New("the identity gave an empty token")
	}
	return token, err
}
