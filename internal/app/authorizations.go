package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"stile/internal/config"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/task/connection"
	"stile/policy"
	"stile/policy/exchange"
)

// authorizations gives policies the tokens of the project's connections that
// stile.yaml names authorizations for, as it stands at that moment.
type authorizations struct {
	project func() *project
	keeper  func() *connection.Keeper
	tokens  policy.Tokens
	now     func() time.Time
}

func (s *server) authorizations() authorizations {
	return authorizations{s.current.Load, func() *connection.Keeper { return s.connections },
		gateway.NewTokens(identity.NewVerifier(s.issuer, identity.HTTPGet(s.opts.providers), time.Now)), time.Now}
}

var (
	errNoAuthorization = errors.New(config.FileName + " has no such authorization")
	errNotAuthorized   = errors.New("the identity may not use this authorization")
)

// Authorization gives the token of a connection. What the token's provider says
// beside it is not kept, so that there are no claims.
func (a authorizations) Authorization(ctx context.Context, q policy.AuthorizationQuery) (*exchange.Authorization, error) {
	p := a.project()
	if p == nil {
		return nil, errNoAuthorization
	}
	for _, known := range p.Config.Authorizations {
		if known.Provider != q.Provider || known.ID != q.Authorization {
			continue
		}
		if q.IdentityType != "managed" {
			if err := a.identify(ctx, known.Identities, q.Identity.Reveal()); err != nil {
				return nil, err
			}
		}
		c := p.Connections[known.Connection]
		if c == nil || c.OAuth == nil {
			return nil, errNoAuthorization
		}
		given, err := a.keeper().Authorize(ctx, connectionDefinition(c))
		if err != nil {
			return nil, err
		}
		for _, h := range given.Header {
			if token, ok := strings.CutPrefix(h.Value.Reveal(), "Bearer "); ok && strings.EqualFold(h.Name, "Authorization") {
				return &exchange.Authorization{AccessToken: exchange.Redact(token)}, nil
			}
		}
		return nil, errors.New("the connection gave no token")
	}
	return nil, errNoAuthorization
}

// identify takes a token of Microsoft Entra ID for one of the identities.
func (a authorizations) identify(ctx context.Context, may []config.AuthorizedIdentity, token string) error {
	token = strings.TrimPrefix(token, "Bearer ")
	asked := map[string]bool{}
	for _, i := range may {
		if asked[i.Tenant] {
			continue
		}
		asked[i.Tenant] = true
		base := "https://login.microsoftonline.com/" + i.Tenant
		claims, err := a.tokens.Verify(ctx, token, []policy.KeySource{{URL: base + "/v2.0/.well-known/openid-configuration"},
			{URL: base + "/.well-known/openid-configuration"}}, nil)
		if err != nil || !a.current(claims) {
			continue
		}
		for _, other := range may {
			if other.Tenant == i.Tenant && one(claims, "tid", i.Tenant) && one(claims, "oid", other.Object) &&
				(one(claims, "iss", base+"/v2.0") || one(claims, "iss", "https://sts.windows.net/"+i.Tenant+"/")) {
				return nil
			}
		}
	}
	return errNotAuthorized
}

// current reports whether a token may be used now.
func (a authorizations) current(c policy.Claims) bool {
	ends, ok := c.Time("exp")
	if begins, has := c.Time("nbf"); has && a.now().Before(begins) {
		return false
	}
	return ok && a.now().Before(ends)
}

func one(c policy.Claims, name, want string) bool {
	got := c.Claim(name)
	return len(got) == 1 && strings.EqualFold(got[0], want)
}
