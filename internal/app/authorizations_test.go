package app

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"stile/internal/config"
	"stile/internal/files"
	"stile/internal/secret"
	"stile/internal/task/connection"
	"stile/policy"
	"stile/policy/exchange"
)

// plainSecrets gives one value for every reference.
type plainSecrets struct{}

func (plainSecrets) Get(context.Context, secret.Ref) (secret.Value, error) {
	return secret.NewValue("client secret"), nil
}

func (plainSecrets) Refetch(context.Context, secret.Ref, secret.Value) (secret.Value, bool) {
	return secret.Value{}, false
}

// entra verifies tokens by their text.
type entra map[string]map[string]string

func (entra) OwnIssuer() string                                          { return "https://own" }
func (entra) Decrypt(t string, _ []policy.DecryptionKey) (string, error) { return t, nil }
func (e entra) Verify(_ context.Context, token string, sources []policy.KeySource, _ []policy.SigningKey) (policy.Claims, error) {
	c, ok := e[token]
	if !ok || !slices.ContainsFunc(sources, func(s policy.KeySource) bool {
		return s.URL == "https://login.microsoftonline.com/"+c["keys"]+"/v2.0/.well-known/openid-configuration"
	}) {
		return nil, errors.New("not verified")
	}
	return entraClaims(c), nil
}

type entraClaims map[string]string

func (c entraClaims) Claim(name string) []string {
	if v, ok := c[name]; ok {
		return []string{v}
	}
	return nil
}

func (c entraClaims) Time(name string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, c[name])
	return t, err == nil
}
func (entraClaims) Issuers() []string { return nil }

// TestAuthorizations: a token of the connection that stile.yaml names, for the gateway
// itself and for identities that are listed, with a token of theirs that counts now.
func TestAuthorizations(t *testing.T) {
	const tenant, object = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}`))
	}))
	defer issuer.Close()
	keeper := connection.New(connection.Config{Secrets: plainSecrets{}, Transport: http.DefaultTransport, Now: time.Now})
	p := &project{Project: &files.Project{
		Config: &config.Config{Authorizations: []config.Authorization{{Provider: "github", ID: "repo", Connection: "hub",
			Identities: []config.AuthorizedIdentity{{Tenant: tenant, Object: object}}}}},
		Connections: map[string]*files.Connection{"hub": {Name: "hub", AuthorizationType: connection.OAuth,
			OAuth: &files.OAuth{AuthorizationEndpoint: issuer.URL, HTTPMethod: "POST", ClientID: "me"}}}}}
	good := map[string]string{"keys": tenant, "tid": tenant, "oid": object, "iss": "https://sts.windows.net/" + tenant + "/", "exp": "2026-01-01T01:00:00Z"}
	with := func(name, value string) map[string]string {
		out := map[string]string{name: value}
		for k, v := range good {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	a := authorizations{func() *project { return p }, func() *connection.Keeper { return keeper }, entra{"good": good, "old": with("exp", "2025-12-31T23:00:00Z"),
		"early": with("nbf", "2026-01-01T00:30:00Z"), "stranger": with("oid", "x"), "foreign": with("tid", "x"), "forged": with("iss", "https://evil")},
		func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }}
	for _, x := range []struct {
		q    policy.AuthorizationQuery
		want error
	}{
		{policy.AuthorizationQuery{Provider: "github", Authorization: "repo", IdentityType: "managed"}, nil},
		{policy.AuthorizationQuery{Provider: "github", Authorization: "other", IdentityType: "managed"}, errNoAuthorization},
		{policy.AuthorizationQuery{Provider: "github", Authorization: "repo", IdentityType: "jwt", Identity: exchange.Redact("Bearer good")}, nil},
		{policy.AuthorizationQuery{Provider: "github", Authorization: "repo", IdentityType: "jwt", Identity: exchange.Redact("old")}, errNotAuthorized},
		{policy.AuthorizationQuery{Provider: "github", Authorization: "repo", IdentityType: "jwt", Identity: exchange.Redact("early")}, errNotAuthorized},
		{policy.AuthorizationQuery{Provider: "github", Authorization: "repo", IdentityType: "jwt", Identity: exchange.Redact("stranger")}, errNotAuthorized},
		{policy.AuthorizationQuery{Provider: "github", Authorization: "repo", IdentityType: "jwt", Identity: exchange.Redact("foreign")}, errNotAuthorized},
		{policy.AuthorizationQuery{Provider: "github", Authorization: "repo", IdentityType: "jwt", Identity: exchange.Redact("forged")}, errNotAuthorized},
		{policy.AuthorizationQuery{Provider: "github", Authorization: "repo", IdentityType: "jwt"}, errNotAuthorized},
	} {
		got, err := a.Authorization(t.Context(), x.q)
		if !errors.Is(err, x.want) || err == nil && got.AccessToken.Reveal() != "token-1" {
			t.Errorf("%+v gave %v, %v; want %v", x.q, got, err, x.want)
		}
	}
}
