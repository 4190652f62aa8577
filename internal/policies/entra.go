package policies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// validateAzureADToken is
// https://learn.microsoft.com/azure/api-management/validate-azure-ad-token-policy.
// It takes tokens of Microsoft Entra ID alone: the discovery documents it asks are
// those of the tenant at one of Entra's own endpoints.
var validateAzureADToken = policy.Descriptor{
	Name: "validate-azure-ad-token", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "tenant-id", Required: true, Expression: true},
			{Name: "header-name", Expression: true}, {Name: "query-parameter-name", Expression: true}, {Name: "token-value", Expression: true},
			{Name: "authentication-endpoint", Default: publicCloud},
			{Name: "failed-validation-httpcode", Expression: true, Kind: policy.IntKind, Default: "401"},
			{Name: "failed-validation-error-message", Expression: true},
			{Name: "output-token-variable-name"},
		},
		Ordered: true,
		Children: []policy.Child{
			{Name: "backend-application-ids", Schema: listOf("application-id")},
			{Name: "client-application-ids", Schema: listOf("application-id")},
			{Name: "audiences", Schema: listOf("audience")},
			{Name: "required-claims", Schema: claimsSchema},
			{Name: "decryption-keys", Schema: decryptionKeysSchema},
		},
	},
	Doc:     "Refuses a request without a valid token of Microsoft Entra ID.",
	Compile: compileValidateAzureADToken,
}

// entraPolicy is a compiled validate-azure-ad-token: the checks of validate-jwt,
// with Entra's own rules for issuers and applications.
type entraPolicy struct {
	jwt               jwtPolicy
	tenant            policy.Value
	endpoint          string
	clients, backends []policy.Value
}

func compileValidateAzureADToken(c *policy.Compiler, e *policy.Element) policy.Run {
	p := &entraPolicy{tenant: c.Value(e, "tenant-id"),
		clients:  childTexts(c, e, "client-application-ids", "application-id"),
		backends: childTexts(c, e, "backend-application-ids", "application-id"),
		jwt: jwtPolicy{header: c.Value(e, "header-name"), query: c.Value(e, "query-parameter-name"), token: c.Value(e, "token-value"),
			status: c.Value(e, "failed-validation-httpcode"), message: c.Value(e, "failed-validation-error-message"),
			requireExpiry: policy.Literal("true"), signed: policy.Literal("true"), skew: policy.Literal("0"),
			variable: c.Value(e, "output-token-variable-name").Constant(), audiences: newTextList(childTexts(c, e, "audiences", "audience"))}}
	checkStatus(c, e, "failed-validation-httpcode")
	p.jwt.compileClaims(c, e.Child("required-claims"))
	p.jwt.compileDecryption(c, e.Child("decryption-keys"))
	p.compileSource(c, e)
	p.compileTenant(c, e)
	if len(p.clients)+len(p.backends)+len(p.jwt.audiences.values) == 0 {
		c.Warn(e, policy.CodeNoChild, "any token of the tenant passes, whatever application it was made for",
			"add <audiences> or <client-application-ids>")
	}
	return p.run
}

// compileSource defaults to the Authorization header.
func (p *entraPolicy) compileSource(c *policy.Compiler, e *policy.Element) {
	sources := 0
	for _, v := range []policy.Value{p.jwt.header, p.jwt.query, p.jwt.token} {
		if v.Set() {
			sources++
		}
	}
	switch {
	case sources == 0:
		p.jwt.header = policy.Literal("Authorization")
	case sources > 1:
		c.Fault(e, policy.CodeAttribute, "<validate-azure-ad-token> has several places for the token",
			"keep one of header-name, query-parameter-name and token-value")
	}
}

func (p *entraPolicy) compileTenant(c *policy.Compiler, e *policy.Element) {
	var ok bool
	if p.endpoint, ok = endpoint(c.Value(e, "authentication-endpoint").Constant()); !ok {
		c.Fault(e.Attr("authentication-endpoint"), policy.CodeValue, "this is not an endpoint of Microsoft Entra ID",
			"it is "+strings.Join(endpoints(), ", "))
	}
	a := e.Attr("tenant-id")
	if a == nil || p.tenant.IsExpression() {
		return
	}
	if _, err := tenantAt(p.tenant.Constant(), p.endpoint); err != nil {
		c.Fault(a, policy.CodeValue, fmt.Sprintf("tenant-id cannot be %q: %s", c.Shown(a), err),
			"write the tenant's GUID or domain, or organizations, common or consumers")
	}
}

func (p *entraPolicy) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	return p.jwt.answer(ex, env, p.check(ctx, ex, env))
}

func (p *entraPolicy) check(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	if env.Tokens == nil {
		return errors.New("the gateway verifies no tokens")
	}
	text, err := p.tenant.Text(ex, env)
	if err != nil {
		return err
	}
	t, err := tenantAt(text, p.endpoint)
	if err != nil {
		return policy.FailValue("tenant-id: " + err.Error())
	}
	token, err := p.jwt.find(ex, env)
	if err != nil {
		return err
	}
	if token == "" {
		return refused(noToken, "JWT not present.")
	}
	if token, err = p.jwt.opened(ex, env, token); err != nil {
		return err
	}
	claims, err := p.jwt.verify(ctx, ex, env, token, t.sources(p.tenant.IsExpression()))
	if err != nil {
		return err
	}
	if err := t.checkIssuer(claims); err != nil {
		return err
	}
	if err := p.jwt.checkTimes(ex, env, claims); err != nil {
		return err
	}
	if err := p.jwt.checkAudience(ex, env, claims); err != nil {
		return err
	}
	if err := p.checkApplications(ex, env, claims); err != nil {
		return err
	}
	if err := p.jwt.checkClaims(ex, env, claims); err != nil {
		return err
	}
	keepSubject(ex, claims)
	return p.jwt.keep(ex, token)
}

// checkApplications compares the application that asked for the token (appid in
// version 1, azp in version 2), and the one that the token is for.
func (p *entraPolicy) checkApplications(ex *exchange.Exchange, env *policy.Env, claims policy.Claims) error {
	clients, err := texts(p.clients, ex, env)
	if err != nil {
		return err
	}
	if len(clients) > 0 {
		name := "appid"
		if len(claims.Claim(name)) == 0 {
			name = "azp"
		}
		got := claims.Claim(name)
		if len(got) == 0 {
			return refused(noClaim, "JWT token is missing the following claims: appid, azp. Access denied.")
		}
		if len(got) != 1 || !containsFold(clients, got[0]) {
			return refused(badClaim, "Claim %s value of %s is not allowed. Access denied.", name, strings.Join(got, ","))
		}
	}
	backends, err := texts(p.backends, ex, env)
	if err != nil || len(backends) == 0 {
		return err
	}
	got := claims.Claim("aud")
	if slices.ContainsFunc(got, func(a string) bool { return containsFold(backends, strings.TrimPrefix(a, "api://")) }) {
		return nil
	}
	return refused(badAudience, "The token's audience %q is not allowed. Access denied.", strings.Join(got, ","))
}

func containsFold(list []string, text string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, text) })
}
